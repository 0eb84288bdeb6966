// SPDX-License-Identifier: Apache-2.0
// Upgrades over HTTP/1.1, over TCP and over a pair of sockets: nothing passes before the member's
// 101, everything behind it, and each side ends by itself.
#include <gtest/gtest.h>

#include <string>

#include "tests/cookies/test_keys.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

const std::string kSwitch =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

std::string handshake(std::string_view more = {}, std::string_view protocol = "websocket") {
  return "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: " +
         std::string(protocol) +
         "\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
         std::string(more) + "\r\n";
}

class Tunnels : public ::testing::TestWithParam<bool> {
 protected:
  void open(TestProxy::Options options = {}) {
    proxy_ = std::make_unique<TestProxy>(options);
    client_ = &connect();
  }
  Peer& connect() { return GetParam() ? proxy_->connect() : proxy_->connect_in_memory(); }
  Peer& client() { return *client_; }
  Peer& member() { return proxy_->member().connection(); }
  bool run_until(const std::function<bool()>& done) { return proxy_->run_until(done); }
  bool run_until_asked() {
    return run_until(
        [&] { return proxy_->member().received().find("\r\n\r\n") != std::string::npos; });
  }
  // Up to the client's 101.
  void switch_protocols() {
    client().send(handshake());
    ASSERT_TRUE(run_until_asked());
    member().take();
    member().send(kSwitch);
    ASSERT_TRUE(
        run_until([&] { return client().received().find("\r\n\r\n") != std::string::npos; }));
    client().take();
  }
  const WorkerCounters& counters() { return proxy_->worker().counters; }

  std::unique_ptr<TestProxy> proxy_;
  Peer* client_ = nullptr;
};
INSTANTIATE_TEST_SUITE_P(Streams, Tunnels, ::testing::Values(true, false),
                         [](const auto& which) { return which.param ? "Tcp" : "Memory"; });

TEST_P(Tunnels, ThatBeginAreAnswersLikeOthers) {
  TestProxy::Options options;
  options.dialect = Dialect::kInsert;
  options.keyring = ring();
  options.session_cookie = "STICK";
  options.adjust = [](config::VirtualHost&, config::Location& location) {
    location.edits.response.push_back({.name = "X-Served", .value = {{.text = "by a proxy"}}});
  };
  open(options);
  client().send(handshake());
  ASSERT_TRUE(run_until_asked());
  member().send(kSwitch);
  ASSERT_TRUE(run_until([&] { return client().received().find("\r\n\r\n") != std::string::npos; }));
  const std::string answer = client().take();
  EXPECT_NE(answer.find("Set-Cookie: STICK="), std::string::npos) << answer;
  EXPECT_NE(answer.find("X-Served: by a proxy\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Connection: upgrade\r\n"), std::string::npos) << answer;
}

TEST_P(Tunnels, TheHandshakeTravelsWholeAndThenBytesDo) {
  open();
  client().send(handshake("Sec-WebSocket-Protocol: chat\r\n"));
  ASSERT_TRUE(run_until_asked());
  const std::string request = member().take();
  EXPECT_NE(request.find("Connection: upgrade\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Upgrade: websocket\r\n"), std::string::npos) << request;
  EXPECT_NE(request.find("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), std::string::npos);
  EXPECT_NE(request.find("Sec-WebSocket-Protocol: chat\r\n"), std::string::npos);
  member().send(kSwitch);
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("\r\n\r\n"); }));
  const std::string answer = client().take();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << answer;
  EXPECT_NE(answer.find("Connection: upgrade\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Upgrade: websocket\r\n"), std::string::npos) << answer;
  EXPECT_NE(answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"),
            std::string::npos);
  EXPECT_EQ(answer.find("Content-Length"), std::string::npos);
  EXPECT_EQ(counters().tunnels_open, 1u);
  // What looks like HTTP is not read as such, in either direction.
  client().send("GET / HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return member().received() == "GET / HTTP/1.1\r\n\r\n"; }));
  member().send("HTTP/1.1 200 OK\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return client().received() == "HTTP/1.1 200 OK\r\n\r\n"; }));
}

TEST_P(Tunnels, BytesThatCameEarlyWaitForThe101AndKeepTheirOrder) {
  open();
  client().send(handshake() + "early,");
  ASSERT_TRUE(run_until_asked());
  client().send("later,");
  proxy_->run_a_little();
  EXPECT_TRUE(member().received().ends_with("\r\n\r\n")) << member().received();
  member().take();
  // Its first bytes come along with the 101.
  member().send(kSwitch + "hello");
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("\r\n\r\nhello"); }));
  client().send("last");
  ASSERT_TRUE(run_until([&] { return member().received() == "early,later,last"; }));
}

TEST_P(Tunnels, WhatCameEarlyIsTheNextRequestWhenTheMemberDeclines) {
  open();
  proxy_->member().answer = [](std::string_view request) {
    return ok(request.starts_with("GET /chat") ? "no" : "next");
  };
  client().send(handshake() + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("next"); }));
  EXPECT_TRUE(client().received().starts_with("HTTP/1.1 200 OK\r\n"));
  // Who was asked to switch is not asked anything else on that connection.
  EXPECT_EQ(proxy_->member().accepted(), 2u);
  EXPECT_EQ(counters().tunnels, 0u);
  EXPECT_EQ(proxy_->worker().tunnels, 0u);
}

TEST_P(Tunnels, A101ToAnotherProtocolIs502) {
  open();
  client().send(handshake());
  ASSERT_TRUE(run_until_asked());
  member().send("HTTP/1.1 101 Sure\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\nPRI");
  ASSERT_TRUE(run_until([&] { return message_bytes(client().received()) != 0; }));
  EXPECT_TRUE(client().received().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(client().received().find("PRI"), std::string::npos);
}

// Each row is forwarded as an ordinary request, so that nobody switches.
TEST_P(Tunnels, AnUpgradeThatIsNotPassedOnLeavesAnOrdinaryRequest) {
  struct Row {
    const char* what;
    std::string request;
  };
  const std::string body_follows =
      "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
  const Row rows[] = {
      {"a body of known length", body_follows + "Content-Length: 4\r\n\r\nbody"},
      {"a chunked body", body_follows + "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"},
      {"no Connection: upgrade", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n"},
      {"HTTP/1.0",
       "GET / HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"},
      {"h2c", handshake({}, "h2c")},
      {"HTTP/2.0", handshake({}, "HTTP/2.0")},
      {"TLS", handshake({}, "TLS/1.0")},
      {"a list", handshake({}, "websocket, h2c")},
      {"two fields", handshake("Upgrade: h2c\r\n")},
      {"an empty one", handshake({}, "")},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    open();
    std::string seen;
    proxy_->member().answer = [&](std::string_view request) {
      seen = request;
      return ok("plain");
    };
    client().send(row.request);
    ASSERT_TRUE(run_until([&] { return client().received().ends_with("plain"); }));
    EXPECT_EQ(seen.find("pgrade:"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Connection:"), std::string::npos) << seen;
    EXPECT_EQ(proxy_->worker().tunnels, 0u);
  }
}

TEST_P(Tunnels, OtherProtocolsAreUpgradedTo) {
  open();
  client().send(handshake({}, "AnyThing/7"));
  ASSERT_TRUE(run_until_asked());
  member().send("HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: anything/7\r\n\r\nyes");
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("yes"); }));
}

TEST_P(Tunnels, EachSideEndsByItself) {
  for (const bool client_first : {true, false}) {
    SCOPED_TRACE(client_first);
    open();
    switch_protocols();
    Peer& first = client_first ? client() : member();
    Peer& second = client_first ? member() : client();
    first.send("bye");
    first.shutdown_write();
    ASSERT_TRUE(run_until([&] { return second.is_closed(); }));
    EXPECT_EQ(second.received(), "bye");
    EXPECT_FALSE(second.was_reset());
    // The other direction is still open.
    second.send("one more");
    ASSERT_TRUE(run_until([&] { return first.received() == "one more"; }));
    second.shutdown_write();
    ASSERT_TRUE(run_until([&] { return first.is_closed(); }));
    EXPECT_FALSE(first.was_reset());
    ASSERT_TRUE(run_until([&] { return proxy_->open_connections() == 0; }));
    EXPECT_EQ(counters().tunnels_open, 0u);
    EXPECT_EQ(counters().tunnels, 1u);
    ASSERT_EQ(proxy_->log().lines.size(), 1u);
    const auto& line = proxy_->log().lines.front();
    EXPECT_EQ(line.status, 101u);
    EXPECT_EQ(line.bytes, client_first ? 8u : 3u);
    EXPECT_FALSE(line.aborted);
    EXPECT_EQ(line.target, "/chat");
  }
}

TEST_P(Tunnels, ASideThatBreaksOffIsSeenByTheOther) {
  for (const bool client_first : {true, false}) {
    SCOPED_TRACE(client_first);
    // A pair of sockets knows no reset: there it is an orderly end.
    if (client_first && !GetParam()) continue;
    open();
    switch_protocols();
    Peer& first = client_first ? client() : member();
    Peer& second = client_first ? member() : client();
    first.reset();
    ASSERT_TRUE(run_until([&] { return second.is_closed(); }));
    ASSERT_TRUE(run_until([&] { return proxy_->open_connections() == 0; }));
    EXPECT_EQ(counters().tunnels_open, 0u);
    ASSERT_EQ(proxy_->log().lines.size(), 1u);
    EXPECT_TRUE(proxy_->log().lines.front().aborted);
    // The member's connection serves nobody else.
    EXPECT_EQ(proxy_->cluster()
                  .connections(*proxy_->cluster().routing().table().members().front())
                  .idle_count(),
              0u);
  }
}

TEST_P(Tunnels, ASlowSideHoldsUpTheOtherAndGetsEveryByte) {
  for (const bool to_member : {true, false}) {
    SCOPED_TRACE(to_member);
    open();
    switch_protocols();
    Peer& from = to_member ? client() : member();
    Peer& to = to_member ? member() : client();
    to.reads_by_itself = false;
    constexpr std::size_t kBytes = 24'000'000;
    std::string all(kBytes, '\0');
    for (std::size_t i = 0; i < kBytes; ++i) all[i] = static_cast<char>(i * 31 >> 7);
    std::size_t sent = 0;
    const auto send = [&] { sent += from.send_some(std::string_view(all).substr(sent)); };
    std::size_t turns_without = 0;
    ASSERT_TRUE(run_until([&] {
      const std::size_t before = sent;
      send();
      turns_without = sent == before ? turns_without + 1 : 0;
      return turns_without > 50;
    }));
    EXPECT_LT(sent, kBytes) << "nothing held the sender up";
    EXPECT_LE(proxy_->blocks().in_use(), 8u);
    ASSERT_TRUE(run_until([&] {
      send();
      to.pump();
      return to.received().size() == kBytes;
    }));
    EXPECT_TRUE(to.received() == all);
  }
}

TEST_P(Tunnels, OneInWhichNothingMovesHoldsNoBlockAndEndsInTime) {
  TestProxy::Options options;
  options.tunnel_idle_timeout = std::chrono::milliseconds(60);
  open(options);
  switch_protocols();
  client().send("x");
  ASSERT_TRUE(run_until([&] { return member().received() == "x"; }));
  member().send("y");
  ASSERT_TRUE(run_until([&] { return client().received() == "y"; }));
  EXPECT_EQ(proxy_->blocks().in_use(), 0u);
  ASSERT_TRUE(run_until([&] { return client().is_closed() && member().is_closed(); }));
  EXPECT_EQ(proxy_->log().lines.back().failure, "WebSocketIdleTimeout");
}

TEST_P(Tunnels, TrafficInEitherDirectionKeepsItOpen) {
  for (const bool by_client : {true, false}) {
    TestProxy::Options options;
    options.tunnel_idle_timeout = std::chrono::milliseconds(500);
    open(options);
    switch_protocols();
    Peer& from = by_client ? client() : member();
    Peer& to = by_client ? member() : client();
    const TimePoint end = proxy_->loop().now() + std::chrono::milliseconds(1200);
    std::size_t sent = 0;
    ASSERT_TRUE(run_until([&] {
      if (to.received().size() == sent && !from.is_closed()) sent += from.send_some("p");
      return proxy_->loop().now() > end;
    }));
    EXPECT_FALSE(client().is_closed());
    EXPECT_FALSE(member().is_closed());
  }
}

TEST_P(Tunnels, AsManyAsAllowedAndNotOneMore) {
  TestProxy::Options options;
  options.tunnels_max = 2;
  open(options);
  switch_protocols();
  Peer& second = connect();
  second.send(handshake());
  ASSERT_TRUE(run_until([&] { return proxy_->member().accepted() == 2; }));
  // A request that only asks counts too.
  Peer& third = connect();
  third.send(handshake());
  ASSERT_TRUE(run_until([&] { return message_bytes(third.received()) != 0; }));
  EXPECT_TRUE(third.received().starts_with("HTTP/1.1 503 "));
  EXPECT_EQ(counters().tunnels_refused, 1u);
  EXPECT_EQ(proxy_->log().lines.back().failure, "MaxWebSocketClients");
  // Ordinary requests are still served, and a place that is free again is given away.
  client().close();
  proxy_->member().connections().front()->close();
  ASSERT_TRUE(run_until([&] { return proxy_->worker().tunnels == 1; }));
  third.take();
  third.send(handshake());
  ASSERT_TRUE(run_until([&] { return proxy_->member().accepted() == 3; }));
}

TEST_P(Tunnels, TheWorkersShareTheLimit) {
  TestProxy::Options options;
  options.tunnels_max = 3;
  open(options);
  proxy_->worker().workers = 2;
  switch_protocols();
  Peer& second = connect();
  second.send(handshake());
  ASSERT_TRUE(run_until([&] { return proxy_->member().accepted() == 2; }));
  Peer& third = connect();
  third.send(handshake());
  ASSERT_TRUE(run_until([&] { return message_bytes(third.received()) != 0; }));
  EXPECT_TRUE(third.received().starts_with("HTTP/1.1 503 "));
}

TEST_P(Tunnels, AGracefulStopLeavesThemRunning) {
  open();
  switch_protocols();
  proxy_->worker().stopping = true;
  proxy_->connection().stop();
  client().send("still");
  ASSERT_TRUE(run_until([&] { return member().received() == "still"; }));
  proxy_->connection().abandon();
  ASSERT_TRUE(run_until([&] { return member().is_closed() && client().is_closed(); }));
}

TEST_P(Tunnels, TheCookieOfTheHandshakeSticks) {
  TestProxy::Options options;
  options.members = 3;
  open(options);
  client().send(handshake("Cookie: JSESSIONID=abc.m2\r\n"));
  ASSERT_TRUE(run_until([&] { return !proxy_->member(2).received().empty(); }));
  proxy_->member(2).connection().send(
      "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
      "Set-Cookie: JSESSIONID=abc.m2\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("\r\n\r\n"); }));
  EXPECT_NE(client().received().find("Set-Cookie: JSESSIONID=abc.m2\r\n"), std::string::npos);
}

TEST_P(Tunnels, AMemberThatRefusesIsReplacedBeforeTheSwitch) {
  TestProxy::Options options;
  options.members = 2;
  open(options);
  proxy_->member(0).kill();
  client().send(handshake("Cookie: JSESSIONID=abc.m0\r\n"));
  ASSERT_TRUE(run_until([&] { return !proxy_->member(1).received().empty(); }));
  EXPECT_NE(proxy_->member(1).received().find("Upgrade: websocket\r\n"), std::string::npos);
  proxy_->member(1).connection().send(kSwitch + "hi");
  ASSERT_TRUE(run_until([&] { return client().received().ends_with("hi"); }));
}

}  // namespace
}  // namespace understudy::test
