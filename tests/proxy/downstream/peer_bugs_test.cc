// SPDX-License-Identifier: Apache-2.0
// Security bugs of other proxies that this layer could repeat. Each test carries the bug's name.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kInner = "GET /inner HTTP/1.1\r\nHost: a\r\n\r\n";

std::string upgrade_with_body() {
  return "GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: foo\r\nContent-Length: " +
         std::to_string(kInner.size()) + "\r\n\r\n" + std::string(kInner);
}

// nghttpx: Upgrade with Content-Length on a connection that was used again.
TEST(PeerBugs, Cve2026_58055_ABodyUnderUpgradeIsNeverTakenForARequest) {
  TestProxy proxy;
  std::string paths;
  proxy.member().answer = [&](std::string_view request) {
    EXPECT_EQ(request.find("Upgrade"), std::string_view::npos);
    EXPECT_TRUE(request.starts_with("GET /ws ") == request.ends_with(kInner));
    paths += request.substr(4, request.find(' ', 4) - 4);
    return ok("x");
  };
  Peer& client = proxy.connect();
  client.send(upgrade_with_body() + "GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return count_of(client.received(), "200 OK") == 2; }));
  EXPECT_EQ(paths, "/ws/next");
}

// Pingora: a tunnel before the backend's 101.
TEST(PeerBugs, Cve2026_2833_NoByteIsTunnelledBeforeA101) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n" +
              std::string(kInner));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.run_a_little();
  EXPECT_EQ(proxy.member().received().find("/inner"), std::string::npos);
}

TEST(PeerBugs, Cve2026_2833_A101ThatNobodyAskedForEndsTheExchange) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) {
    return std::string(
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n"
        "Upgrade: foo\r\n\r\n");
  };
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.received().substr(9, 3), "502");
}

// Pingora: the body was not drained before the connection was used again.
TEST(PeerBugs, Cve2025_4366_AnErrorPageToAPostDoesNotTurnItsBodyIntoARequest) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& client = proxy.connect();
  // TRACE is answered by the proxy itself.
  client.send("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kInner.size()) +
              "\r\n\r\n" + std::string(kInner));
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(count_of(client.received(), "HTTP/1.1 "), 1u);
  EXPECT_EQ(proxy.member().requests, 0u);
}

TEST(PeerBugs, Cve2025_4366_AnErrorPageWithTheBodyStillComing) {
  TestProxy::Options options;
  options.failover.connect_timeout = std::chrono::milliseconds(20);
  options.failover.connect_retry = std::chrono::milliseconds(10);
  TestProxy proxy(options);
  proxy.member().kill();
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kInner.size()) +
              "\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.take().substr(9, 3), "503");
  proxy.member().restart();
  std::string paths;
  proxy.member().answer = [&](std::string_view request) {
    paths += request.substr(4, request.find(' ', 4) - 4);
    return ok("x");
  };
  client.send(kInner);
  client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(paths, "/next");
}

// HAProxy: a malicious backend crashed the proxy.
TEST(PeerBugs, Cve2023_0056_HostileMembersAreAnsweredFor) {
  const std::string endless_head = "HTTP/1.1 200 OK\r\n" + [] {
    std::string lines;
    for (int i = 0; i < 2000; ++i) lines += "X-" + std::to_string(i) + ": y\r\n";
    return lines;
  }();
  std::string interims;
  for (int i = 0; i < 40; ++i) interims += "HTTP/1.1 102 Processing\r\n\r\n";
  const std::string hostile[] = {
      endless_head,
      "HTTP/1.1 200 OK\r\nX: " + std::string(70'000, 'x'),
      interims,
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello",
      "HTTP/1.1 999999 No\r\n\r\n",
      std::string("HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n", 27),
      "garbage without end",
  };
  for (const std::string& response : hostile) {
    SCOPED_TRACE(response.substr(0, 60));
    TestProxy proxy;
    proxy.member().answer = [&](std::string_view) { return response; };
    Peer& client = proxy.connect();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
    ASSERT_TRUE(proxy.run_until([&] { return proxy.member().requests == 1; }));
    proxy.run_a_little();
    if (response.starts_with("garbage")) proxy.member().connection().close();
    ASSERT_TRUE(
        proxy.run_until([&] { return client.received().find(" 502 ") != std::string::npos; }));
    EXPECT_EQ(client.received().find("hello"), std::string::npos);
    client.close();
    EXPECT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
    EXPECT_EQ(proxy.blocks().in_use(), 0u);
  }
}

TEST(PeerBugs, Cve2023_0056_EndlessTrailersEndTheConnection) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Peer& member = proxy.member().connection();
  member.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n");
  int sent = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    if (sent < 1000) member.send_some("X-Trailer-" + std::to_string(sent++) + ": y\r\n");
    return client.is_closed();
  }));
  EXPECT_LT(client.received().size(), 12'000u);
}

// Go: the final answer to an Expect left the pooled connection out of step.
TEST(PeerBugs, Go100ContinueDos_ThePoolStaysInStepAfterAnEarly417) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view request) {
    return request.find("Expect") != std::string_view::npos
               ? std::string("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
               : ok("fine");
  };
  for (int round = 0; round < 3; ++round) {
    Peer& client = proxy.connect();
    client.send(
        "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 0005\r\n\r\n");
    proxy.run_a_little();
    Peer& expects = proxy.connect();
    // The toy member answers complete requests only; this one is complete without its body.
    expects.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(expects.received()) != 0; }));
    EXPECT_TRUE(expects.received().ends_with("fine"));
    client.close();
    proxy.run_a_little();
  }
}

// Caddy, nghttpx: slow clients held memory and slots.
TEST(PeerBugs, Slowloris_AHundredSlowWritersHoldOneBlockEachAndTimeOut) {
  TestProxy::Options options;
  options.timeouts.request_head = std::chrono::milliseconds(60);
  TestProxy proxy(options);
  std::vector<Peer*> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(&proxy.connect_in_memory());
  std::size_t at = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    const std::string_view request = "GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ";
    for (Peer* client : clients) {
      if (!client->is_closed()) client->send_some(request.substr(at % request.size(), 1));
    }
    ++at;
    EXPECT_LE(proxy.blocks().in_use(), 101u);
    return proxy.open_connections() == 0;
  }));
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST(PeerBugs, Slowloris_SlowReadersHoldBoundedMemoryAndTimeOut) {
  TestProxy::Options options;
  options.timeouts.silence = std::chrono::milliseconds(60);
  TestProxy proxy(options);
  const std::string response = ok(std::string(150'000, 'r'));
  proxy.member().answer = [&](std::string_view) { return response; };
  for (int i = 0; i < 20; ++i) {
    Peer& client = proxy.connect_in_memory();
    client.reads_by_itself = false;
    for (int n = 0; n < 20; ++n) client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  }
  std::size_t most = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    most = std::max(most, proxy.blocks().in_use());
    return proxy.open_connections() == 0;
  }));
  EXPECT_LE(most, 20u * 3);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

}  // namespace
}  // namespace understudy::test
