// SPDX-License-Identifier: Apache-2.0
// ViewWriter: the leader's pen. Changes are made on a draft; publish() turns the draft into the
// next version, at most ten in a second. Exists only at the leader of a term. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <variant>

#include "backend_sdk/membership/messages.h"
#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/rate_cap.h"
#include "backend_sdk/membership/view.h"

namespace understudy {

class ViewWriter final {
 public:
  static constexpr int kChangesPerSecond = 10;
  static constexpr int kJoinsPerSecond = 50;

  struct Limits {
    size_t members_max;
    size_t tombstones_max;
    Duration tombstone_age;
  };

  // A new group of one.
  static MemberView founded(const Member& founder, const GroupId& group);
  // The leader of `term` goes on from `view`.
  ViewWriter(const MemberView& view, uint32_t term, const Limits& limits, TimePoint now);

  enum class Admission { kAdmitted, kKnown, kLater };
  // kKnown: it is a member already. kLater: too many at once, ask again.
  std::variant<Admission, JoinNoMessage> admit(Member joiner, TimePoint now);
  // kDead or kLeft; a tombstone may only gain its proof.
  void mark(MemberId mid, Liveness liveness, Evidence evidence, TimePoint now);
  void set_operator_state(MemberId mid, OperatorState state);
  // Drops old tombstones and, when the view has been quiet for `settle_after`, makes it the
  // measure of quorums.
  void tend(TimePoint now, Duration settle_after, bool has_suspects);
  // Something seems wrong at a member: the next version repeats everything.
  void touch() { is_changed_ = true; }

  bool is_changed() const { return is_changed_; }
  TimePoint due() const;  // of the next publish(); max() when nothing changed
  // The next version, or nullopt: nothing changed, or too soon. `is_urgent` spends without asking.
  std::optional<MemberView> publish(TimePoint now, bool is_urgent);
  const MemberView& draft() const { return draft_; }

 private:
  Member* find(MemberId mid);
  void drop_tombstones(TimePoint now);

  const Limits limits_;
  MemberView draft_;
  bool is_changed_ = true;
  TimePoint changed_at_;
  std::map<MemberId, TimePoint> died_at_;
  RateCap changes_;
  RateCap joins_;
};

}  // namespace understudy
