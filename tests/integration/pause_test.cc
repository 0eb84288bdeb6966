// SPDX-License-Identifier: Apache-2.0
// A member is stopped (SIGSTOP) and continued: its sessions go on elsewhere, also those of requests
// that were already waiting for it, and what comes back serves nothing stale.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <map>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::ClientResponse;
using loadtest::HttpClient;
using loadtest::make_request;

struct Client {
  std::string cookie;
  std::string session;
  uint64_t count = 0;
};

std::string member_of(const ClientResponse& response) {
  return parse_json(response.body)["member"].asString();
}

// Sessions whose primary is `member`, five counts each.
std::vector<Client> clients_of(Site& site, const std::string& member, size_t wanted) {
  std::vector<Client> clients;
  while (clients.size() < wanted) {
    const auto first = site.post("/count");
    EXPECT_EQ(first.status, 200) << first.body;
    if (first.status != 200) return clients;
    if (member_of(first) != member) continue;
    Client client{.cookie = first.set_cookie(site.cookie_name()),
                  .session = parse_json(first.body)["session"].asString(),
                  .count = 1};
    while (client.count < 5) {
      EXPECT_EQ(parse_json(site.post("/count", client.cookie).body)["count"].asUInt64(),
                ++client.count);
    }
    clients.push_back(std::move(client));
  }
  return clients;
}

class Pause : public ::testing::TestWithParam<const char*> {};

TEST_P(Pause, WaitingRequestsGoOnWithinASecondWithoutOtherTraffic) {
  const std::string victim = GetParam();
  Site site;
  site.open({.heartbeat = "200ms"}, {.location = "  SessionReplay On\n"});
  auto clients = clients_of(site, victim, 20);
  ASSERT_EQ(clients.size(), 20u);

  site.member(victim).signal(SIGSTOP);
  // All are sent at once to a member that will never answer, and then nothing else is.
  HttpClient http(site.loop(), site.proxy_address());
  const TimePoint stopped = SystemClock().now();
  size_t answered = 0;
  Duration longest{};
  for (auto& client : clients) {
    http.send(make_request({.method = "POST", .target = "/count"}, site.proxy_address(),
                           {"Cookie: " + client.cookie}),
              [&](ClientResponse response) {
                ++answered;
                longest = std::max(longest, SystemClock().now() - stopped);
                ASSERT_EQ(response.status, 200) << response.error << response.body;
                const Json::Value answer = parse_json(response.body);
                EXPECT_EQ(answer["session"].asString(), client.session);
                EXPECT_EQ(answer["count"].asUInt64(), ++client.count);
                EXPECT_NE(answer["member"].asString(), victim);
                const auto moved = response.set_cookie(site.cookie_name());
                EXPECT_FALSE(moved.empty()) << "the cookie must name the new primary";
                if (!moved.empty()) client.cookie = moved;
              });
  }
  ASSERT_TRUE(site.wait_until([&] { return answered == clients.size(); }));
  std::printf("longest wait after SIGSTOP of %s: %lld ms\n", victim.c_str(),
              static_cast<long long>(
                  std::chrono::duration_cast<std::chrono::milliseconds>(longest).count()));
  site.member(victim).signal(SIGCONT);
}

TEST_P(Pause, WhatComesBackServesNothingStaleAndRejoins) {
  const std::string victim = GetParam();
  Site site;
  site.open({.heartbeat = "200ms"}, {.location = "  SessionReplay On\n"});
  auto clients = clients_of(site, victim, 10);
  std::map<std::string, std::string> old_cookies;
  for (const auto& client : clients) old_cookies[client.session] = client.cookie;

  site.member(victim).signal(SIGSTOP);
  for (auto& client : clients) {
    const auto response = site.post("/count", client.cookie);
    ASSERT_EQ(response.status, 200) << response.body;
    ASSERT_EQ(parse_json(response.body)["count"].asUInt64(), ++client.count);
    if (const auto moved = response.set_cookie(site.cookie_name()); !moved.empty()) {
      client.cookie = moved;
    }
  }
  site.member(victim).signal(SIGCONT);
  // Asked directly, with the cookie it had given itself, at once and again until it has rejoined:
  // it may send us elsewhere or ask for patience, but never show its old count.
  const Address address = site.member_address(victim);
  auto ask_all_old = [&] {
    for (const auto& client : clients) {
      const auto response = site.fetch(
          address,
          make_request({.target = "/value"}, address, {"Cookie: " + old_cookies[client.session]}));
      ASSERT_NE(response.status, 0) << response.error;
      if (response.status != 200) {
        EXPECT_TRUE(response.status == 421 || response.status == 503) << response.status;
        continue;
      }
      const Json::Value answer = parse_json(response.body);
      if (answer["session"].asString() == client.session) {
        EXPECT_GE(answer["count"].asUInt64(), client.count) << "stale: " << response.body;
      }
    }
  };
  ask_all_old();
  EXPECT_TRUE(site.wait_until([&] {
    ask_all_old();
    return ::testing::Test::HasFailure() || site.wait_for_view({"a", "b", "c"});
  }));
  for (auto& client : clients) {
    const auto response = site.get("/value", client.cookie);
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(parse_json(response.body)["count"].asUInt64(), client.count);
    EXPECT_EQ(parse_json(response.body)["session"].asString(), client.session);
  }
  const std::string log = site.member(victim).log();
  EXPECT_NE(log.find("the others hold us for dead"), std::string::npos)
      << "its own log says that it stepped down:\n"
      << log;
}

// Long before anybody else notices: reads that name no session are asked of a second member.
TEST(HedgedReads, DoNotWaitForAMemberThatIsStopped) {
  Site site;
  // Beats so slow that no view drops the member meanwhile.
  site.open({.heartbeat = "2s"}, {.location = "  HedgeDelay 100ms\n"});
  site.member("a").signal(SIGSTOP);
  std::map<std::string, int> shares;
  const TimePoint began = SystemClock().now();
  for (int i = 0; i < 12; ++i) {
    const auto response = site.get("/value");
    ASSERT_EQ(response.status, 200) << response.body;
    ++shares[member_of(response)];
  }
  EXPECT_LT(SystemClock().now() - began, std::chrono::seconds(5));
  EXPECT_EQ(shares.count("a"), 0u);
  const Json::Value status = site.status();
  EXPECT_GE(status["counters"]["hedges_won"].asUInt64(), 1u) << status.toStyledString();
  site.member("a").signal(SIGCONT);
}

INSTANTIATE_TEST_SUITE_P(Of, Pause, ::testing::Values("a", "c"));

}  // namespace
}  // namespace understudy::testing
