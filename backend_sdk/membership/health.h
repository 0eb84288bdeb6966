// SPDX-License-Identifier: Apache-2.0
// Health: how far a process may trust its own judgement of others. A process that was stopped, or
// starved, or whose own network is ill, finds all others silent and is wrong about each. So:
// called more than T late, it judges none for one T; and a score from 0 (good) to 8 stretches its
// timeouts. Pure. Owned by membership.h's core.
#pragma once

#include "base/clock.h"

namespace understudy {

class Health final {
 public:
  static constexpr int kScoreMax = 8;
  static constexpr int kCalmIntervals = 10;  // without trouble, for one point less
  static constexpr int kToleratedPart = 16;  // of T: timers are coarse

  explicit Health(Duration interval) : interval_(interval) {}

  // Every entry into the core: it had asked to be called at `promised`. Returns how long it did not
  // listen: silence of that time counts against no member.
  Duration on_call(TimePoint now, TimePoint promised);
  // Third members that were asked for a probe round: did at least one say anything at all?
  void on_round_over(bool helpers_answered, TimePoint now);

  bool may_judge(TimePoint now) const { return now >= quiet_until_; }
  TimePoint quiet_until() const { return quiet_until_; }
  int score() const { return score_; }
  // T as long as we need it to be: a quarter more for each point.
  Duration stretched() const { return interval_ * (4 + score_) / 4; }

 private:
  void worse(TimePoint now);
  Duration interval_;
  TimePoint quiet_until_{};
  TimePoint calm_since_{};
  int score_ = 0;
};

}  // namespace understudy
