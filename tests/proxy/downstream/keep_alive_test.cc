// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The same promises over TCP and over unix sockets.
class KeepAlive : public testing::TestWithParam<bool> {
 protected:
  Peer& connect(TestProxy& proxy) {
    return GetParam() ? proxy.connect() : proxy.connect_in_memory();
  }
};
INSTANTIATE_TEST_SUITE_P(OverTcpAndUnix, KeepAlive, testing::Bool());

TEST_P(KeepAlive, RequestsShareTheClientsAndTheMembersConnection) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  Peer& client = connect(proxy);
  for (int i = 0; i < 5; ++i) {
    client.send(kGet);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.take(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  }
  EXPECT_EQ(proxy.member().accepted(), 1u);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST_P(KeepAlive, WhatManyRequestsAtOnceNeededGoesWhenNobodyNeedsIt) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  std::vector<Peer*> clients;
  for (int i = 0; i < 4; ++i) clients.push_back(&connect(proxy));
  for (Peer* client : clients) client->send("GET / HTTP/1.1\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.blocks().in_use() == 4; }));
  for (Peer* client : clients) client->send("Host: a\r\n\r\n");
  for (Peer* client : clients) {
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client->received()) != 0; }));
    client->take();
  }
  EXPECT_EQ(proxy.downstreams().spare_count(), 4u);
  proxy.downstreams().shrink();
  EXPECT_EQ(proxy.downstreams().spare_count(), 4u) << "they were needed just now";
  for (int i = 0; i < 3; ++i) proxy.downstreams().shrink();
  EXPECT_EQ(proxy.downstreams().spare_count(), 0u);
  for (Peer* client : clients) {
    client->send(kGet);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client->received()) != 0; }));
  }
  EXPECT_EQ(proxy.open_connections(), 4u);
}

TEST_P(KeepAlive, PipelinedRequestsAreAnsweredOneByOneInOrder) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view request) { return ok(request.substr(5, 1)); };
  Peer& client = connect(proxy);
  std::string all;
  for (char c = 'a'; c <= 'z'; ++c) {
    all += std::string("GET /") + c + " HTTP/1.1\r\nHost: a\r\n\r\n";
  }
  client.send(all);
  ASSERT_TRUE(proxy.run_until([&] { return count_of(client.received(), "HTTP/1.1 200") == 26; }));
  std::string order;
  const std::string text = client.take();
  for (std::size_t at = text.find("\r\n\r\n"); at != std::string::npos;
       at = text.find("\r\n\r\n", at + 1)) {
    order += text[at + 4];
  }
  EXPECT_EQ(order, "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(proxy.member().accepted(), 1u);
}

// A large body lets the next request of its connection be read into a large block: bodies of every
// size around the blocks' come through it whole, with requests behind them in the same bytes.
TEST_P(KeepAlive, LargeBodiesInARowArriveWhole) {
  const BlockPool::Options blocks;
  TestProxy proxy;
  proxy.member().answer = [](std::string_view request) {
    const std::string_view body = request.substr(request.find("\r\n\r\n") + 4);
    return ok(std::to_string(body.size()) +
              std::string(body.empty() ? "" : body.substr(body.size() - 1)));
  };
  Peer& client = connect(proxy);
  std::string all;
  std::string expected;
  char last = 'a';
  for (const std::size_t bytes :
       {blocks.small_bytes, blocks.small_bytes + 1, std::size_t{0}, blocks.large_bytes - 1,
        blocks.large_bytes, 3 * blocks.large_bytes + 1, std::size_t{1}}) {
    std::string body(bytes, 'x');
    if (!body.empty()) body.back() = last;
    all +=
        "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" + body;
    expected += ok(std::to_string(bytes) + (body.empty() ? "" : std::string(1, last)));
    ++last;
  }
  std::size_t sent = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    sent += client.send_some(std::string_view(all).substr(sent));
    return client.received().size() >= expected.size();
  }));
  EXPECT_EQ(client.take(), expected);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST_P(KeepAlive, ARequestMayComeByteByByte) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  Peer& client = connect(proxy);
  for (const char c : std::string(kGet)) {
    client.send({&c, 1});
    proxy.loop().run_once(Duration::zero());
  }
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
}

TEST_P(KeepAlive, AResponseMayComeByteByByte) {
  TestProxy proxy;
  Peer& client = connect(proxy);
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  for (const char c : ok("hello")) {
    proxy.member().connection().send({&c, 1});
    proxy.loop().run_once(Duration::zero());
  }
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("hello"));
}

TEST_P(KeepAlive, AClientThatSaysCloseIsClosedAfterItsResponse) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = connect(proxy);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_FALSE(client.was_reset());
  EXPECT_NE(client.received().find("Connection: close\r\n"), std::string::npos);
  EXPECT_EQ(proxy.open_connections(), 0u);
}

TEST_P(KeepAlive, AClientThatHasClosedItsSideBehindItsLastRequestStillGetsItsAnswer) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = connect(proxy);
  client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  client.shutdown_write();
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_TRUE(client.received().ends_with("x"));
}

TEST(KeepAliveLimits, TheLastAllowedRequestEndsTheConnection) {
  TestProxy::Options options;
  options.timeouts.requests_per_connection = 2;
  TestProxy proxy(options);
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.take().find("Connection:"), std::string::npos);
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_NE(client.received().find("Connection: close"), std::string::npos);
}

TEST(KeepAliveLimits, KeepAliveOffClosesAfterEachResponse) {
  TestProxy::Options options;
  options.timeouts.keep_alive.reset();
  TestProxy proxy(options);
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = proxy.connect();
  client.send(kGet);
  EXPECT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
}

TEST(KeepAliveLimits, AnHttp10ClientIsKeptOnlyIfItAsks) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& asks = proxy.connect();
  asks.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(asks.received()) != 0; }));
  EXPECT_NE(asks.received().find("Connection: keep-alive\r\n"), std::string::npos);
  Peer& does_not = proxy.connect();
  does_not.send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(proxy.run_until([&] { return does_not.is_closed(); }));
}

TEST(KeepAliveLimits, TimeForTheNextRequestRunsOut) {
  TestProxy::Options options;
  options.timeouts.keep_alive = std::chrono::milliseconds(20);
  TestProxy proxy(options);
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(count_of(client.received(), "HTTP/1.1"), 1u);
}

TEST(KeepAliveLimits, AHeadThatDoesNotComeInTimeIs408) {
  TestProxy::Options options;
  options.timeouts.request_head = std::chrono::milliseconds(20);
  TestProxy proxy(options);
  Peer& client = proxy.connect();
  client.send("GET / HTT");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(client.received().substr(9, 3), "408");
  Peer& silent = proxy.connect();
  ASSERT_TRUE(proxy.run_until([&] { return silent.is_closed(); }));
  EXPECT_TRUE(silent.received().empty());
}

TEST(KeepAliveLimits, ABodyThatDoesNotComeInTimeIs408) {
  TestProxy::Options options;
  options.timeouts.body_silence = std::chrono::milliseconds(20);
  TestProxy proxy(options);
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(client.received().substr(9, 3), "408");
}

TEST(GracefulStop, IdleConnectionsCloseAndBusyOnesSayClose) {
  TestProxy proxy;
  Peer& idle = proxy.connect();
  Peer& busy = proxy.connect();
  busy.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.worker().stopping = true;
  proxy.connection(1).stop();
  proxy.connection(0).stop();
  ASSERT_TRUE(proxy.run_until([&] { return idle.is_closed(); }));
  EXPECT_FALSE(busy.is_closed());
  proxy.member().connection().send(ok("bye"));
  ASSERT_TRUE(proxy.run_until([&] { return busy.is_closed(); }));
  EXPECT_NE(busy.received().find("Connection: close\r\n"), std::string::npos);
  EXPECT_TRUE(busy.received().ends_with("bye"));
}

TEST(Idle, TenThousandConnectionsHoldNoBuffer) {
  TestProxy proxy;
  // Two descriptors each, and as many as the system allows.
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const std::size_t connections = std::min<std::size_t>(10'000, (limit.rlim_cur - 200) / 2);
  for (std::size_t i = 0; i < connections; ++i) proxy.connect_in_memory().reads_by_itself = false;
  proxy.run_a_little();
  EXPECT_EQ(proxy.open_connections(), connections);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
  EXPECT_LE(sizeof(Http1Connection), 400u);
}

}  // namespace
}  // namespace understudy::test
