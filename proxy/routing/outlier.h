// SPDX-License-Identifier: Apache-2.0
// Whether a member stands out by failing again and again: so many failures in a row that it is
// ejected, each time for longer. A value inside Member; pure, time is passed in. Whether an
// ejection is allowed (a share of the members, never the last one) is member_table's decision.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/clock.h"
#include "proxy/config/balancing.h"

namespace understudy::routing {

class Outlier final {
 public:
  // `answered`: it did answer, with 502, 503 or 504. True when it has had its last chance.
  bool on_failure(bool answered, const config::Ejection& policy) {
    if (policy.failures == 0) return false;
    only_by_answers_ = answered && (failures_ == 0 || only_by_answers_);
    return ++failures_ >= policy.failures;
  }
  void on_success() { failures_ = 0; }
  void eject(TimePoint now, const config::Ejection& policy) {
    // One that has been well for as long as it was last away begins anew.
    if (now - until_ > last_time_) times_ = 0;
    times_ = std::min(times_ + 1, kTimesMax);
    last_time_ = std::min<Duration>(policy.time * times_, policy.longest);
    until_ = now + last_time_;
    by_answers_ = only_by_answers_;
    failures_ = 0;
  }
  // A health check has seen it work.
  void pardon() {
    failures_ = 0;
    until_ = {};
  }

  bool is_ejected(TimePoint now) const { return now < until_; }
  // Of an ejection: it has always answered. Then a session without a secondary stays.
  bool has_answered() const { return by_answers_; }
  bool has_failures() const { return failures_ != 0; }
  TimePoint until() const { return until_; }
  std::uint32_t times() const { return times_; }  // in a row

 private:
  static constexpr std::uint32_t kTimesMax = 1000;

  TimePoint until_{};
  Duration last_time_{};
  std::uint32_t failures_ = 0;  // in a row
  std::uint32_t times_ = 0;
  bool only_by_answers_ = false;
  bool by_answers_ = false;
};

}  // namespace understudy::routing
