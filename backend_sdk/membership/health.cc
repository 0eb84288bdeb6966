// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/health.h"

#include <algorithm>

namespace understudy {

void Health::worse(TimePoint now) {
  score_ = std::min(score_ + 1, kScoreMax);
  calm_since_ = now;
}

Duration Health::on_call(TimePoint now, TimePoint promised) {
  const bool is_late = promised != TimePoint::max() && now > promised;
  const Duration late = is_late ? now - promised : Duration::zero();
  if (late > interval_) {
    worse(now);
    quiet_until_ = now + interval_;
    return late;
  }
  if (score_ > 0 && now - calm_since_ >= kCalmIntervals * interval_) {
    --score_;
    calm_since_ = now;
  }
  return late > interval_ / kToleratedPart ? late : Duration::zero();
}

void Health::on_round_over(bool helpers_answered, TimePoint now) {
  if (!helpers_answered) worse(now);
}

}  // namespace understudy
