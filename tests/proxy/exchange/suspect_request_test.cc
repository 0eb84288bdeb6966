// SPDX-License-Identifier: Apache-2.0
// Requests that end the member which runs them, and answers that cannot be understood: neither is
// for the other members.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "proxy/exchange/quarantine.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr const char* kGet = "GET /r HTTP/1.1\r\nHost: a\r\n\r\n";

TEST(SuspectRequest, ThatEndsItsMembersEndsTwoOfThem) {
  TestProxy::Options options{.members = 3};
  options.failover.session_replay = true;
  TestProxy proxy(options);
  std::size_t runs = 0;
  std::array<bool, 3> is_dead{};
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] {
    for (std::size_t i = 0; i < 3; ++i) {
      Member& member = proxy.member(i);
      if (is_dead[i] || message_bytes(member.received()) == 0) continue;
      is_dead[i] = true;
      ++runs;
      member.kill();
    }
    return !client.received().empty();
  }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 502 ")) << client.received();
  EXPECT_EQ(runs, 2u);
  EXPECT_EQ(proxy.log().lines.back().failure, "two members broke off on it");
}

// What two members have served beside it has met one death only.
TEST(SuspectRequest, EndsNoOtherRequest) {
  TestProxy::Options options{.members = 3};
  options.failover.session_replay = true;
  TestProxy proxy(options);
  std::vector<Peer*> clients;
  for (std::size_t i = 0; i < 12; ++i) clients.push_back(&proxy.connect());
  Peer& poison = proxy.connect();
  for (Peer* client : clients) client->send(kGet);
  poison.send("GET /die HTTP/1.1\r\nHost: a\r\n\r\n");
  const auto arrived = [&] {
    std::size_t requests = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      for (const auto& peer : proxy.member(i).connections()) {
        requests += message_bytes(peer->received()) != 0 ? 1 : 0;
      }
    }
    return requests;
  };
  ASSERT_TRUE(proxy.run_until([&] { return arrived() == clients.size() + 1; }));
  std::array<bool, 3> is_dead{};
  ASSERT_TRUE(proxy.run_until([&] {
    for (std::size_t i = 0; i < 3; ++i) {
      Member& member = proxy.member(i);
      if (is_dead[i]) continue;
      is_dead[i] = member.received().find("/die") != std::string::npos;
      if (is_dead[i]) {
        member.kill();
        continue;
      }
      for (const auto& peer : member.connections()) {
        if (message_bytes(peer->received()) == 0) continue;
        peer->take();
        peer->send(ok("hello"));
      }
    }
    return !poison.received().empty() &&
           std::all_of(clients.begin(), clients.end(),
                       [](const Peer* client) { return !client->received().empty(); });
  }));
  EXPECT_TRUE(poison.received().starts_with("HTTP/1.1 502 ")) << poison.received();
  EXPECT_EQ(std::count(is_dead.begin(), is_dead.end(), true), 2);
  for (const Peer* client : clients) {
    EXPECT_TRUE(client->received().starts_with("HTTP/1.1 200 ")) << client->received();
  }
}

TEST(Quarantine, HasOnePlaceAtEachMember) {
  Quarantine quarantine;
  const Address a = Address::loopback(1);
  const TimePoint now{};
  Quarantine::Place first = quarantine.enter(a, now);
  EXPECT_TRUE(first);
  EXPECT_FALSE(quarantine.enter(a, now));
  EXPECT_TRUE(quarantine.enter(Address::loopback(2), now));
  first.reset();
  first = quarantine.enter(a, now);
  EXPECT_TRUE(first);
  // Its turn is over, and the place is the next one's: the first one's end does not free it.
  const Quarantine::Place second = quarantine.enter(a, now + kQuarantineTurn);
  EXPECT_TRUE(second);
  first.reset();
  EXPECT_FALSE(quarantine.enter(a, now + kQuarantineTurn));
}

TEST(MembersAnswer, ThatCannotBeUnderstoodIsAnAnswer) {
  std::string many = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i <= 500; ++i) many += "A: b\r\n";
  std::string interims;
  for (int i = 0; i < 17; ++i) interims += "HTTP/1.1 103 x\r\n\r\n";
  for (const std::string& answer :
       {std::string("garbage\r\n\r\n"), std::string("HTTP/1.1 99 x\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        many + "\r\n", interims, "HTTP/1.1 200 OK\r\nA: " + std::string(9'000, 'x') + "\r\n\r\n"}) {
    SCOPED_TRACE(answer.substr(0, 60));
    TestProxy::Options options{.members = 2};
    options.connections.field_bytes_max = 8192;
    TestProxy proxy(options);
    for (std::size_t i = 0; i < 2; ++i) {
      proxy.member(i).answer = [&](std::string_view) { return answer; };
    }
    Peer& client = proxy.connect();
    client.send(kGet);
    ASSERT_TRUE(
        proxy.run_until([&] { return client.received().find("502 ") != std::string::npos; }));
    EXPECT_EQ(proxy.member(0).requests + proxy.member(1).requests, 1u);
    EXPECT_EQ(proxy.log().lines.back().tries, 1u);
    EXPECT_EQ(proxy.log().lines.back().failure, "the answer cannot be understood");
  }
}

TEST(MembersAnswer, WithALargeHeadArrives) {
  TestProxy proxy;
  const std::string large = "Location: /" + std::string(12'000, 'a') + "\r\n";
  std::string many;
  for (int i = 0; i < 400; ++i) many += "Set-Cookie: c" + std::to_string(i) + "=1\r\n";
  for (const std::string& lines : {large, many}) {
    proxy.member().answer = [&](std::string_view) { return ok("hello", lines); };
    Peer& client = proxy.connect();
    client.send(kGet);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200 ")) << client.received().substr(0, 80);
    EXPECT_NE(client.received().find(lines.substr(0, lines.size() - 2)), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::test
