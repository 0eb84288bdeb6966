// SPDX-License-Identifier: Apache-2.0
// The network between the proxy and one member is cut without a word; the members see each other.
// Needs root and iproute2, because each process lives in a network namespace of its own.
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <vector>

#include "tests/integration/support/site.h"

namespace understudy::testing {
namespace {

using loadtest::ClientResponse;
using loadtest::HttpClient;
using loadtest::make_request;

constexpr const char* kVictim = "a";
constexpr std::size_t kClients = 6;

struct Client {
  std::string cookie;
  std::uint64_t count = 1;
  std::string served_by;
};

std::vector<Client> clients_of_the_victim(Site& site) {
  std::vector<Client> clients;
  while (clients.size() < kClients) {
    const auto first = site.post("/count");
    EXPECT_EQ(first.status, 200) << first.body;
    if (first.status != 200) break;
    if (parse_json(first.body)["member"].asString() != kVictim) continue;
    clients.push_back({.cookie = first.set_cookie(site.cookie_name())});
  }
  return clients;
}

// One request of each client, all at once; every other one is a POST. `answered` counts them.
void ask_all(Site& site, HttpClient& http, std::vector<Client>& clients, std::size_t& answered) {
  for (std::size_t i = 0; i < clients.size(); ++i) {
    Client& client = clients[i];
    const std::string method = i % 2 == 0 ? "POST" : "GET";
    const std::string request = make_request({.method = method, .target = "/count"},
                                             site.proxy_address(), {"Cookie: " + client.cookie});
    http.send(request, [&client, &answered, &site](const ClientResponse& response) {
      ++answered;
      EXPECT_EQ(response.status, 200) << response.error << response.body;
      const Json::Value answer = parse_json(response.body);
      EXPECT_EQ(answer["count"].asUInt64(), ++client.count);
      client.served_by = answer["member"].asString();
      const std::string moved = response.set_cookie(site.cookie_name());
      if (!moved.empty()) client.cookie = moved;
    });
  }
}

enum class Asked { kBeforeTheCut, kIntoTheCut };

class Partition : public ::testing::TestWithParam<Asked> {};

TEST_P(Partition, WhatIsUnderWayIsAnsweredOnceByTheSecondaryWhileTheCutLasts) {
  Site site;
  if (!site.open_network()) GTEST_SKIP() << "needs root and iproute2";
  // A beat so slow that nobody calls the member dead while it is stopped for a moment.
  site.open({.heartbeat = "2s"}, {.location = "  SessionReplay On\n"});
  auto clients = clients_of_the_victim(site);
  ASSERT_EQ(clients.size(), kClients);
  HttpClient http(site.loop(), site.proxy_address());
  std::size_t answered = 0;
  // A connection for each of them, which is kept.
  site.member(kVictim).signal(SIGSTOP);
  ask_all(site, http, clients, answered);
  ASSERT_TRUE(site.wait_until([&] { return site.in_flight() == clients.size(); }));
  if (GetParam() == Asked::kBeforeTheCut) site.part(kVictim, "proxy");
  // The member runs what it was sent, and its answers are lost if the network is cut by now.
  site.member(kVictim).signal(SIGCONT);
  if (GetParam() == Asked::kIntoTheCut) {
    ASSERT_TRUE(site.wait_until([&] { return answered == clients.size(); }));
    answered = 0;
    site.part(kVictim, "proxy");
    ask_all(site, http, clients, answered);
  }
  ASSERT_TRUE(site.wait_until([&] { return answered == clients.size(); })) << answered;
  // What the member had run is answered from the copy of its answer, which names it.
  if (GetParam() == Asked::kIntoTheCut) {
    for (const Client& client : clients) EXPECT_NE(client.served_by, kVictim);
  }
  // The session is there, and has counted nothing twice, with the network as without it.
  for (const bool is_healed : {false, true}) {
    if (is_healed) site.heal(kVictim, "proxy");
    answered = 0;
    ask_all(site, http, clients, answered);
    ASSERT_TRUE(site.wait_until([&] { return answered == clients.size(); })) << answered;
    for (const Client& client : clients) EXPECT_NE(client.served_by, kVictim);
  }
}

INSTANTIATE_TEST_SUITE_P(When, Partition,
                         ::testing::Values(Asked::kBeforeTheCut, Asked::kIntoTheCut));

}  // namespace
}  // namespace understudy::testing
