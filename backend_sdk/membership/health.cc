// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/health.h"

#include <algorithm>

namespace understudy {

void Health::worse(TimePoint now) {
  score_ = std::min(score_ + 1, kScoreMax);
  calm_since_ = now;
}

void Health::on_call(TimePoint now, TimePoint promised) {
  if (promised != TimePoint::max() && now > promised && now - promised > interval_) {
    worse(now);
    quiet_until_ = now + interval_;
    return;
  }
  if (score_ > 0 && now - calm_since_ >= kCalmIntervals * interval_) {
    --score_;
    calm_since_ = now;
  }
}

void Health::on_round_over(bool helpers_answered, TimePoint now) {
  if (!helpers_answered) worse(now);
}

}  // namespace understudy
