// SPDX-License-Identifier: Apache-2.0
// Requests that end the member which runs them, and answers that cannot be understood: neither is
// for the other members.
#include <gtest/gtest.h>

#include <array>
#include <string>

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
