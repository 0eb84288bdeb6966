// SPDX-License-Identifier: Apache-2.0
// ViewWriter: the leader's pen. Changes are made on a draft; publish() turns the draft into the
// next version, at most ten in a second. Exists only at the leader of a term. Pure.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
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
    MemberId self = kNobody;
    size_t members_max;
    size_t tombstones_max;
    Duration tombstone_age;
    bool one_goes_on_alone = true;
  };

  // A new group of one.
  static MemberView founded(const Member& founder, GroupId group);
  // The leader of `term` goes on from `view`. It has come itself, confirmed or not.
  ViewWriter(const MemberView& view, uint32_t term, const Limits& limits, TimePoint now);

  enum class Admission { kAdmitted, kKnown, kLater };
  // kKnown: it is a member already. kLater: too many at once, ask again.
  std::variant<Admission, JoinNoMessage> admit(Member joiner, TimePoint now);
  // kDead or kLeft; a tombstone may only gain its proof.
  void mark(MemberId mid, Liveness liveness, Evidence evidence, TimePoint now);
  void set_operator_state(MemberId mid, OperatorState state);
  // Once in a T. Drops old tombstones and who was expected for long and never came. When the view
  // has been quiet for `settle_after`, proposes it as the measure of quorums. `is_in_touch`: with
  // all that are usable, at this moment.
  void tend(TimePoint now, Duration settle_after, bool is_in_touch);
  // Draws the conclusions from what others have reported: `is_known` says of a version whether a
  // quorum has it, `has_come` whether this member has it.
  using IsKnown = std::function<bool(uint64_t version)>;
  using HasCome = std::function<bool(MemberId mid, uint64_t version)>;
  void confirm(const IsKnown& is_known, const HasCome& has_come);

  // This group goes over to another, or does not any more. Who of the other one is still expected
  // here is not expected any more.
  void begin_yield(const Yield& yield, const MemberView& other);
  void end_yield();
  // Why `other` cannot come over; nothing changes then.
  std::optional<std::string> objection_to(const MemberView& other) const;
  // All of `other` come over: lives kept, numbered after ours, dead ones as tombstones. Who is dead
  // in one view and alive in the other is dead: its channels may have been taken over.
  void absorb(const MemberView& other, TimePoint now);
  // It comes from another group and has not been heard in this one yet.
  bool is_expected(MemberId mid) const { return expected_.contains(mid); }

  // Something seems wrong at a member: the next version repeats everything.
  void touch() { is_changed_ = true; }

  // Something waits for confirm().
  bool is_pending() const;
  bool is_changed() const { return is_changed_; }
  TimePoint due() const;  // of the next publish(); max() when nothing changed
  // The next version, or nullopt: nothing changed, or too soon. `is_urgent` spends without asking.
  std::optional<MemberView> publish(TimePoint now, bool is_urgent);
  const MemberView& draft() const { return draft_; }

 private:
  Member* find(MemberId mid);
  void drop_tombstones(TimePoint now);
  void drop_expected(TimePoint now);
  void note_versions();
  void note_touch(TimePoint now, bool is_in_touch);
  void give_measure(TimePoint now, Duration settle_after);
  void note_absorbed(GroupId group, uint64_t version);

  const Limits limits_;
  MemberView draft_;
  bool is_changed_ = true;
  TimePoint changed_at_;
  TimePoint apart_at_;  // the last moment at which a member of the view may have been elsewhere
  std::map<MemberId, TimePoint> died_at_;
  std::map<MemberId, TimePoint> expected_;  // since
  // The version in which it was published first, of what a quorum has yet to know.
  std::map<MemberId, uint64_t> admitted_in_;
  std::map<GroupId, uint64_t> absorbed_in_;
  uint64_t proposed_in_ = 0;
  RateCap changes_;
  RateCap joins_;
};

}  // namespace understudy
