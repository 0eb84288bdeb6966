// SPDX-License-Identifier: Apache-2.0
// Placing: which members this one gives copies to: the best of the view, and of these rather one
// that has not failed a moment ago. Knows no channels. Owned by Replicator, loop thread only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/replication/options.h"
#include "base/clock.h"

namespace understudy {

class Placing final {
 public:
  Placing(const ReplicationOptions& options, MemberId self) : options_(options), self_(self) {}

  void on_view(const MemberView& view, TimePoint now);
  // A secondary was silent, or had no room: the others come first for a while, and for longer if
  // it happens again and again. By name, for a member that dies again and again has a new life each
  // time; but where all have failed, one that lives anew is a target at once.
  void note_failure(MemberId member, TimePoint now);
  // Best first; `any`: also lives that have failed a moment ago.
  const std::vector<MemberId>& targets(bool any) const { return any ? targets_any_ : targets_; }
  bool is_target(MemberId member) const;

  void advance(TimePoint now);
  TimePoint wake_at() const { return wake_at_; }

 private:
  struct Reputation {
    TimePoint avoid_until{};
    std::deque<TimePoint> failures;  // at most flaps_max + 1
    MemberId failed = kNobody;       // the life that failed last
  };
  void refresh(TimePoint now);
  bool is_avoided(const Member& member, TimePoint now) const;

  const ReplicationOptions& options_;
  const MemberId self_;
  MemberView view_;
  std::map<std::string, Reputation> reputations_;  // by name; the view's and recent ones
  std::vector<MemberId> targets_;  // of the best class, without and with avoided ones
  std::vector<MemberId> targets_any_;
  TimePoint wake_at_ = TimePoint::max();  // when a member is avoided no longer
};

}  // namespace understudy
