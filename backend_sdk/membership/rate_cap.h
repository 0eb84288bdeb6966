// SPDX-License-Identifier: Apache-2.0
// RateCap: at most so many per second, with as much saved up for a burst. Pure.
#pragma once

#include "base/clock.h"

namespace understudy {

class RateCap final {
 public:
  // Full at first.
  RateCap(int per_second, TimePoint now) : cost_(Duration(std::chrono::seconds(1)) / per_second) {
    free_at_ = now - std::chrono::seconds(1);
  }

  bool take(TimePoint now);
  // When take() succeeds again.
  TimePoint next() const { return free_at_ + cost_; }

 private:
  Duration cost_;
  TimePoint free_at_;  // everything before is spent
};

}  // namespace understudy
