// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/rate_cap.h"

#include <algorithm>

namespace understudy {

bool RateCap::take(TimePoint now) {
  free_at_ = std::max(free_at_, now - std::chrono::seconds(1));
  if (free_at_ + cost_ > now) return false;
  free_at_ += cost_;
  return true;
}

}  // namespace understudy
