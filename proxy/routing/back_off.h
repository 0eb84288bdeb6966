// SPDX-License-Identifier: Apache-2.0
// When a member that failed is asked again: skipped for MaxSkipTime, then one exchange tries it
// while the others still pass it by; a success ends it. A value inside Member; pure, time is
// passed in. Whether a failure counts at all is proxy/exchange's decision.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"

namespace understudy::routing {

// What was seen of a member, in the words of Understudy-Failover.
enum class Failure : std::uint8_t {
  kNone,
  kRefused,      // nothing listens at its address
  kUnreachable,  // no connection could be made: it, or the way to it, is broken
  kTimeout,      // no answer in time
  kReset,        // the connection broke before the answer
  kUnavailable,  // it answered 503
};
std::string_view to_text(Failure failure);

class BackOff final {
 public:
  void on_failure(Failure failure, TimePoint now, Duration skip) {
    last_ = failure;
    blocked_until_ = now + skip;
  }
  void on_success() {
    last_ = Failure::kNone;
    blocked_until_ = TimePoint::min();
  }
  // One exchange is about to try it: until that has ended, or for `skip`, the others do not.
  void begin_trial(TimePoint now, Duration skip) { blocked_until_ = now + skip; }

  bool is_blocked(TimePoint now) const { return now < blocked_until_; }
  // Failed, and not yet seen to work again.
  bool is_on_trial(TimePoint now) const { return last_ != Failure::kNone && !is_blocked(now); }
  Failure last_failure() const { return last_; }
  TimePoint blocked_until() const { return blocked_until_; }

 private:
  TimePoint blocked_until_ = TimePoint::min();
  Failure last_ = Failure::kNone;
};

}  // namespace understudy::routing
