// SPDX-License-Identifier: Apache-2.0
// Bugs that peers had with members over HTTP/1.1. What one client is answered must never reach
// another: every test asks a second time, and looks whose answer comes.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kEvil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";

// The member answers the first request with `answer`, the second one well; what the second client
// gets.
std::string second_answer(const std::string& answer, std::string_view method = "GET") {
  TestProxy::Options options;
  options.failover.idempotent = false;
  TestProxy proxy(options);
  std::size_t asked = 0;
  proxy.member().answer = [&](std::string_view) { return ++asked == 1 ? answer : ok("mine"); };
  Peer& first = proxy.connect();
  first.send(std::string(method) + " /1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_TRUE(proxy.run_until(
      [&] { return first.received().find("\r\n\r\n") != std::string::npos || first.is_closed(); }));
  proxy.run_a_little();
  Peer& second = proxy.connect();
  second.send("GET /2 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(proxy.run_until([&] { return second.is_closed(); }));
  return second.take();
}

// Response queue poisoning: a second response behind the first, waiting for the next request.
TEST(HostileMember, AResponseBehindAnotherIsNobodysAnswer) {
  for (const std::string head :
       {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"}) {
    const std::string answer = second_answer(head + std::string(kEvil));
    EXPECT_TRUE(answer.ends_with("mine")) << answer;
  }
}

// A body where none may be: 204, 304 and the answer to HEAD end with their heads.
TEST(HostileMember, ABodyWhereNoneMayBeIsNobodysAnswer) {
  const struct {
    std::string_view method;
    std::string head;
  } rows[] = {
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 41\r\n\r\n"},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 41\r\n\r\n"},
  };
  for (const auto& row : rows) {
    const std::string answer = second_answer(row.head + std::string(kEvil), row.method);
    EXPECT_TRUE(answer.ends_with("mine")) << row.head << answer;
  }
}

// Response splitting and smuggling: a head that two readers could understand in two ways ends the
// connection, and the client is told 502.
TEST(HostileMember, AHeadThatCanBeReadInTwoWaysIsRefused) {
  for (const std::string lines :
       {"Content-Length: 41\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nContent-Length: 41\r\n", "Content-Length: 0, 41\r\n",
        "Content-Length: +0\r\n", "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding: xchunked\r\n", "Transfer-Encoding : chunked\r\n",
        "X: a\rContent-Length: 0\r\n", "X: a\nContent-Length: 0\r\n",
        "X: a\r\n b\r\nContent-Length: 0\r\n", ": x\r\nContent-Length: 0\r\n"}) {
    TestProxy proxy;
    proxy.member().answer = [&](std::string_view) {
      return "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + std::string(kEvil);
    };
    Peer& client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) > 0; })) << lines;
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 502")) << lines << client.received();
    EXPECT_EQ(client.received().find("evil"), std::string::npos) << lines;
    const std::string answer =
        second_answer("HTTP/1.1 200 OK\r\n" + lines + "\r\n" + std::string(kEvil));
    EXPECT_TRUE(answer.ends_with("mine")) << lines << answer;
  }
}

// A connection on which a response broke off is not used again.
TEST(HostileMember, AConnectionThatBrokeTheProtocolIsNotUsedAgain) {
  for (const std::string& broken :
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + std::string(kEvil),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n" + std::string(kEvil),
        "nonsense\r\n\r\n" + std::string(kEvil)}) {
    const std::string answer = second_answer(broken);
    EXPECT_TRUE(answer.ends_with("mine")) << broken << answer;
  }
}

}  // namespace
}  // namespace understudy::test
