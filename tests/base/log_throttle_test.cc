// SPDX-License-Identifier: Apache-2.0
#include "base/log_throttle.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;

TEST(LogThrottle, LetsALineThroughEachSecondAndCountsTheOthers) {
  LogThrottle throttle;
  const TimePoint start{};
  EXPECT_EQ(throttle.admit(start), 0u);
  EXPECT_EQ(throttle.admit(start), std::nullopt);
  EXPECT_EQ(throttle.admit(start + milliseconds(999)), std::nullopt);
  EXPECT_EQ(throttle.admit(start + milliseconds(1000)), 2u);
  EXPECT_EQ(throttle.admit(start + milliseconds(2000)), 0u);
  EXPECT_EQ(repeated(0), "");
  EXPECT_EQ(repeated(2), " (and 2 more such lines)");
}

}  // namespace
}  // namespace understudy
