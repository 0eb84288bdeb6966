// SPDX-License-Identifier: Apache-2.0
// A member is killed under load: nothing is lost, nothing counts twice, nothing goes back.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/integration/support/site.h"
#include "tests/integration/support/traffic.h"

namespace understudy::testing {
namespace {

TrafficReport kill_under_load(Site& site, const std::string& victim) {
  TrafficOptions options;
  options.requests = 4000;
  options.event_after = 1500;
  options.event = [&] { site.kill(victim); };
  TrafficReport report = run_traffic(site.loop(), site.proxy_address(), options);
  std::printf("%s", summary(report).c_str());
  return report;
}

void expect_intact(const TrafficReport& report) {
  EXPECT_EQ(report.faults.restarted, 0u);
  EXPECT_EQ(report.faults.went_back, 0u);
  EXPECT_EQ(report.faults.twice, 0u);
  EXPECT_EQ(report.faults.lost, 0u);
}

class KillUnderLoad : public ::testing::TestWithParam<const char*> {};

TEST_P(KillUnderLoad, WithSessionReplayNoRequestFailsAtAll) {
  Site site;
  site.open({}, {.location = "  SessionReplay On\n"});
  const TrafficReport report = kill_under_load(site, GetParam());
  EXPECT_TRUE(report.failures.empty());
  expect_intact(report);
  EXPECT_TRUE(site.wait_until([&] { return site.alive_in_view().size() == 2; }));
}

TEST_P(KillUnderLoad, WithoutItOnlyPostsInFlightAtTheKillGet502) {
  Site site;
  site.open({}, {.location = "  SessionReplay Off\n"});
  const TrafficReport report = kill_under_load(site, GetParam());
  for (const auto& failure : report.failures) {
    EXPECT_TRUE(failure.is_post) << "a GET failed: " << failure.error;
    EXPECT_EQ(failure.status, 502) << failure.error;
    // In flight at the kill: started shortly before it, or before anybody could know of it.
    EXPECT_LT(failure.after_event, std::chrono::seconds(1));
  }
  expect_intact(report);
}

// The leader, and one that is not.
INSTANTIATE_TEST_SUITE_P(Of, KillUnderLoad, ::testing::Values("a", "b"));

TEST(Failover, ASessionSurvivesOneDeathAfterAnother) {
  Site site;
  site.open({}, {.location = "  SessionReplay On\n"});
  auto response = site.post("/count");
  const std::string session = parse_json(response.body)["session"].asString();
  std::string cookie = response.set_cookie(site.cookie_name());
  uint64_t count = 1;
  for (int round = 0; round < 4; ++round) {
    const std::string primary = parse_json(response.body)["member"].asString();
    site.kill(primary);
    for (int i = 0; i < 5; ++i) {
      response = site.post("/count", cookie);
      ASSERT_EQ(response.status, 200) << response.body;
      EXPECT_EQ(parse_json(response.body)["session"].asString(), session);
      EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), ++count);
      const std::string moved = response.set_cookie(site.cookie_name());
      if (!moved.empty()) cookie = moved;
    }
    EXPECT_NE(parse_json(response.body)["member"].asString(), primary);
    site.start(primary);
    ASSERT_TRUE(site.wait_for_view({"a", "b", "c"}));
  }
}

}  // namespace
}  // namespace understudy::testing
