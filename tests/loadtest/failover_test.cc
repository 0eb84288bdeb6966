// SPDX-License-Identifier: Apache-2.0
#include "loadtest/failover.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class Failover : public ::testing::Test {
 protected:
  void slow(Duration at, Duration latency) { timeline_.on_succeeded(at, latency); }
  std::vector<FaultCost> costs() { return fault_costs(timeline_); }

  Timeline timeline_{milliseconds(100)};
};

TEST_F(Failover, AFaultCostsTheLongestWaitBehindIt) {
  timeline_.on_event(seconds(5), "kill a");
  slow(milliseconds(4800), milliseconds(900));  // before
  slow(milliseconds(5010), milliseconds(40));
  slow(milliseconds(6000), milliseconds(70));
  timeline_.on_failed(milliseconds(5020));
  slow(seconds(16), milliseconds(800));  // too late to be its doing
  const auto all = costs();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].kind, "kill");
  EXPECT_EQ(all[0].longest, Duration(milliseconds(70)));
  EXPECT_EQ(all[0].failed, 1u);
}

TEST_F(Failover, WhatTheNextFaultDoesIsTheNextOnes) {
  timeline_.on_event(milliseconds(5050), "kill a");
  timeline_.on_event(milliseconds(7050), "start a");
  slow(milliseconds(5060), milliseconds(10));
  slow(milliseconds(7010), milliseconds(500));
  const auto all = costs();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].longest, Duration(milliseconds(10)));
  EXPECT_EQ(all[1].longest, Duration(milliseconds(500)));
}

TEST_F(Failover, WhatIsNoFaultCostsNothing) {
  timeline_.on_event(seconds(1), "a has joined again");
  timeline_.on_event(seconds(2), "continue a");
  slow(seconds(3), milliseconds(1));
  EXPECT_TRUE(costs().empty());
}

TEST_F(Failover, AFaultAfterTheLastRequestCostsNothing) {
  slow(seconds(1), milliseconds(1));
  timeline_.on_event(seconds(9), "kill a");
  ASSERT_EQ(costs().size(), 1u);
  EXPECT_EQ(costs()[0].longest, Duration{});
}

TEST_F(Failover, KindsAreSummedUp) {
  const std::vector<FaultCost> all = {
      {.at = {}, .text = "kill a", .kind = "kill", .longest = milliseconds(5), .failed = 1},
      {.at = {}, .text = "stop a", .kind = "stop", .longest = milliseconds(600), .failed = 0},
      {.at = {}, .text = "kill b", .kind = "kill", .longest = milliseconds(9), .failed = 2},
      {.at = {}, .text = "kill c", .kind = "kill", .longest = milliseconds(7), .failed = 0}};
  const auto kinds = by_kind(all);
  ASSERT_EQ(kinds.size(), 2u);
  EXPECT_EQ(kinds[0].kind, "kill");
  EXPECT_EQ(kinds[0].times, 3u);
  EXPECT_EQ(kinds[0].failed, 3u);
  EXPECT_EQ(kinds[0].median, Duration(milliseconds(7)));
  EXPECT_EQ(kinds[0].longest, Duration(milliseconds(9)));
}

}  // namespace
}  // namespace understudy::loadtest
