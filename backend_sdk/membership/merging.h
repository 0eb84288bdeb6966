// SPDX-License-Identifier: Apache-2.0
// Merging: how one group goes over to another that it has met, so that no member loses its life and
// no two quorums name the same members (models/merge.pml). The weaker group's leader publishes a
// view that yields, waits until a quorum of its own has it, and then sends MERGE until a view of
// the other group names its members. Pure; meeting.h sends and publishes. One for each leader's
// term.
//
// No clock of any machine decides which group goes on: what there is to lose does.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>

#include "backend_sdk/membership/view.h"
#include "base/clock.h"

namespace understudy {

// Compared between two groups: the greater one goes on.
struct Strength {
  bool has_quorum = false;
  size_t usable = 0;  // members that have come and are known to a quorum; 0: the leader is lost
  GroupId group = kNoGroup;
  auto operator<=>(const Strength&) const = default;
};

class Merging final {
 public:
  // In T.
  static constexpr int kPatience = 10;    // until a yield that led to nothing is taken back
  static constexpr int kBackOffMin = 5;   // then it is not tried again for this long,
  static constexpr int kBackOffMax = 80;  // doubled each time

  explicit Merging(Duration interval) : interval_(interval), back_off_(kBackOffMin * interval) {}

  struct Met {
    Strength strength;
    GroupId yields_to = kNoGroup;
  };
  // Should our group, which yields to none yet, yield to the one that we met?
  bool should_yield(const Strength& ours, const Met& theirs, TimePoint now) const;
  void begin(const Yield& target, TimePoint now);
  // A new leader goes on with the yield of the view; MERGE may have been sent.
  void resume(const Yield& target, TimePoint now);
  bool is_yielding() const { return target_.group != kNoGroup; }
  const Yield& target() const { return target_; }

  enum class Step { kNone, kSendMerge, kTakeBack };
  // `is_known`: a quorum of ours has the view that yields, and is in touch. `is_target_gone`: the
  // other group's leader is proven dead, and it has named no other for a while.
  Step advance(TimePoint now, bool is_known, bool is_target_gone);
  TimePoint due() const;
  // Heard of by a view of the other group: who leads it now. Its answers count, no longer the old
  // one's.
  void on_target(const Peer& leader, uint64_t version, TimePoint now);
  // kMergeNo. True: taken back; no other member can still say yes.
  bool on_refused(MemberId by, uint64_t refused, uint64_t sent, TimePoint now);
  // The other group yields to ours: of the two the one with the lower id goes over, and the other
  // takes its yield back, once MERGE cannot be taken any more. True: taken back.
  bool on_mutual(GroupId ours, TimePoint now);
  void take_back(TimePoint now);

 private:
  Duration interval_;
  Yield target_;
  uint64_t target_version_ = 0;
  TimePoint since_{};
  TimePoint next_{};
  bool may_be_taken_ = false;  // MERGE was sent, by us or by the leader before
  Duration back_off_;
  TimePoint not_before_{};
};

}  // namespace understudy
