// SPDX-License-Identifier: Apache-2.0
// A member is killed under load: nothing is lost, nothing counts twice, nothing goes back.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>

#include "loadtest/report.h"
#include "loadtest/session_load.h"
#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::make_request;
using loadtest::SessionLoad;

// 500 sessions at 500 requests/s, and the victim dies in the middle.
std::unique_ptr<SessionLoad> kill_under_load(Site& site, const std::string& victim) {
  loadtest::SessionLoadOptions options;
  options.schedule.arrivals.curve = {.points = {{.requests_per_second = 500}}};
  options.schedule.requests_max = 4000;
  auto load = std::make_unique<SessionLoad>(site.loop(), site.proxy_address(), options);
  const auto opened = load->open_sessions();
  EXPECT_TRUE(opened.has_value()) << opened.error().detail;
  bool is_killed = false;
  load->run([&] {
    if (is_killed || load->started() < 1500) return;
    is_killed = true;
    load->mark("kill " + victim);
    site.kill(victim);
  });
  const auto read = load->read_ends();
  EXPECT_TRUE(read.has_value()) << read.error().detail;
  std::fputs(to_text(make_report(*load, true, options.sessions)).c_str(), stdout);
  return load;
}

void expect_intact(const SessionLoad& load) {
  const auto& faults = load.checker().faults();
  EXPECT_EQ(faults.restarted, 0u);
  EXPECT_EQ(faults.went_back, 0u);
  EXPECT_EQ(faults.twice, 0u);
  EXPECT_EQ(faults.lost, 0u);
}

class KillUnderLoad : public ::testing::TestWithParam<const char*> {};

TEST_P(KillUnderLoad, WithSessionReplayNoRequestFailsAtAll) {
  Site site;
  site.open({}, {.location = "  SessionReplay On\n"});
  const auto load = kill_under_load(site, GetParam());
  EXPECT_TRUE(load->failures().empty());
  expect_intact(*load);
  EXPECT_TRUE(site.wait_until([&] { return site.alive_in_view().size() == 2; }));
}

TEST_P(KillUnderLoad, WithoutItNothingButPostsInFlightAtTheKillGets502) {
  Site site;
  site.open({}, {.location = "  SessionReplay Off\n"});
  const auto load = kill_under_load(site, GetParam());
  const Duration killed_at = load->timeline().events().at(0).at;
  for (const auto& failure : load->failures()) {
    EXPECT_TRUE(failure.is_post) << "a GET failed: " << failure.error;
    EXPECT_EQ(failure.status, 502) << failure.error;
    // In flight at the kill: started shortly before it, or before anybody could know of it.
    EXPECT_LT(failure.at, killed_at + std::chrono::seconds(1));
  }
  expect_intact(*load);
}

// The requests are certainly in flight at the kill: their member has been stopped before they came.
TEST_P(KillUnderLoad, WhatIsInFlightIsAnsweredByTheRules) {
  struct Client {
    std::string cookie;
    uint64_t count = 1;
    int status = 0;
    uint64_t counted = 0;
  };
  const auto is_post = [](size_t index) { return index % 2 == 0; };
  for (const bool replay : {true, false}) {
    SCOPED_TRACE(replay ? "SessionReplay On" : "SessionReplay Off");
    const std::string victim = GetParam();
    Site site;
    // A beat so slow that the connection breaks before anybody calls the stopped member dead.
    site.open({.heartbeat = "1s"},
              {.location = replay ? "  SessionReplay On\n" : "  SessionReplay Off\n"});
    std::vector<Client> clients;
    while (clients.size() < 10) {
      const auto first = site.post("/count");
      ASSERT_EQ(first.status, 200) << first.body;
      if (parse_json(first.body)["member"].asString() != victim) continue;
      clients.push_back({.cookie = first.set_cookie(site.cookie_name())});
    }
    site.member(victim).signal(SIGSTOP);
    loadtest::HttpClient http(site.loop(), site.proxy_address());
    size_t answered = 0;
    for (size_t index = 0; index < clients.size(); ++index) {
      Client& client = clients[index];
      const std::string request =
          make_request({.method = is_post(index) ? "POST" : "GET", .target = "/count"},
                       site.proxy_address(), {"Cookie: " + client.cookie});
      http.send(request, [&](const loadtest::ClientResponse& response) {
        ++answered;
        client.status = response.status;
        if (response.status != 200) return;
        client.counted = parse_json(response.body)["count"].asUInt64();
        const auto moved = response.set_cookie(site.cookie_name());
        if (!moved.empty()) client.cookie = moved;
      });
    }
    ASSERT_TRUE(site.wait_until([&] { return site.in_flight() == clients.size(); }));
    EXPECT_EQ(answered, 0u);
    site.kill(victim);
    ASSERT_TRUE(site.wait_until([&] { return answered == clients.size(); }));
    for (size_t index = 0; index < clients.size(); ++index) {
      SCOPED_TRACE(index);
      Client& client = clients[index];
      const bool fails = !replay && is_post(index);
      EXPECT_EQ(client.status, fails ? 502 : 200);
      if (!fails) {
        EXPECT_EQ(client.counted, ++client.count);
      }
      // What failed has changed nothing: a stopped member runs nothing.
      const auto next = site.post("/count", client.cookie);
      ASSERT_EQ(next.status, 200) << next.body;
      EXPECT_EQ(parse_json(next.body)["count"].asUInt64(), ++client.count);
    }
  }
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
