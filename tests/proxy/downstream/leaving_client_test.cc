// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1 clients that leave before their answer is there: noticed at once, wherever the request
// is, and told apart from those that only close their side and go on listening.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
constexpr std::string_view kLastGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
constexpr std::string_view kOldGet = "GET / HTTP/1.0\r\n\r\n";

TestProxy::Options one_connection() {
  TestProxy::Options options;
  options.connections.per_member_max = 1;
  return options;
}

void leave(Peer& client, bool by_reset) {
  if (by_reset) return client.reset();
  client.close();
}

TEST(LeavingClient, IsNoticedWhileTheMemberThinks) {
  for (const bool by_reset : {false, true}) {
    SCOPED_TRACE(by_reset);
    TestProxy proxy;
    Peer& client = proxy.connect();
    client.send(kGet);
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    leave(client, by_reset);
    ASSERT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
    EXPECT_TRUE(proxy.run_until([&] { return proxy.member().connection().is_closed(); }));
    ASSERT_EQ(proxy.log().lines.size(), 1u);
    EXPECT_EQ(proxy.log().lines[0].failure, "client gone");
    EXPECT_EQ(proxy.log().lines[0].status, 499u);
  }
}

// A member that does not read holds up the body, so that nobody reads from the client either; with
// a large answer that the client did not read to its end, or without any.
TEST(LeavingClient, IsNoticedWhileItsBodyIsHeldUp) {
  constexpr std::size_t kBodyBytes = 20'000'000;
  const std::string body(kBodyBytes, 'x');
  for (const bool is_answered : {false, true}) {
    SCOPED_TRACE(is_answered);
    TestProxy proxy;
    Peer& client = proxy.connect();
    client.reads_by_itself = false;
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(kBodyBytes) +
                "\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return proxy.member().accepted() == 1; }));
    Peer& member = proxy.member().connection();
    member.reads_by_itself = false;
    if (is_answered) {
      member.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kBodyBytes) + "\r\n\r\n" +
                  std::string(300'000, 'y'));
      std::size_t relayed = 0;
      ASSERT_TRUE(proxy.run_until([&] {
        client.pump(100'000);
        relayed = client.received().size();
        return relayed > 300'000;
      }));
    }
    for (int idle = 0; idle < 20;) {
      idle = client.send_some(body) == 0 ? idle + 1 : 0;
      proxy.loop().run_once(Duration::zero());
    }
    client.reset();
    ASSERT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
    EXPECT_EQ(proxy.log().lines.at(0).failure, "client gone");
    EXPECT_EQ(proxy.blocks().in_use(), 0u);
  }
}

TEST(LeavingClient, IsNoticedThoughItLeftInTheSameMoment) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(kGet);
  client.close();
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.log().lines.empty(); }));
  EXPECT_EQ(proxy.log().lines[0].failure, "client gone");
}

TEST(LeavingClient, FreesItsPlaceInTheQueueAndNothingOfItIsSent) {
  for (const bool by_reset : {false, true}) {
    SCOPED_TRACE(by_reset);
    TestProxy proxy(one_connection());
    Peer& busy = proxy.connect();
    busy.send(kGet);
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    Peer& client = proxy.connect();
    client.send("GET /waits HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
    leave(client, by_reset);
    ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 0; }));
    proxy.member().connection().take();
    proxy.member().connection().send(ok("x"));
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(busy.received()) != 0; }));
    proxy.run_a_little();
    EXPECT_EQ(proxy.member().received(), "");
  }
}

TEST(LeavingClient, FreesItsPlaceWithAnUnfinishedUpload) {
  TestProxy proxy(one_connection());
  Peer& busy = proxy.connect();
  busy.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nbegun");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  client.close();
  EXPECT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 0; }));
}

TEST(LeavingClient, AnUploadThatWaitsInTheQueueArrivesWhole) {
  TestProxy proxy(one_connection());
  Peer& busy = proxy.connect();
  busy.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  client.send("56789");
  proxy.run_a_little();
  proxy.member().connection().take();
  proxy.member().connection().send(ok("x"));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().received().ends_with("0123456789"); }));
}

TEST(LeavingClient, IsNoticedInTheMiddleOfASlowAnswer) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !client.received().empty(); }));
  client.close();
  EXPECT_TRUE(proxy.run_until([&] { return proxy.member().connection().is_closed(); }));
}

struct HalfClose {
  const char* name;
  std::string request;
  bool aborts_on_close;
  bool is_answered;
  std::size_t answers = 1;
};

TEST(LeavingClient, IsToldApartFromOneThatStillListens) {
  const std::vector<HalfClose> cases = {
      {"keeps alive", std::string(kGet), true, false},
      {"keeps alive, AbortOnClose Off", std::string(kGet), false, true},
      {"its last request", std::string(kLastGet), true, true},
      {"HTTP/1.0", std::string(kOldGet), true, true},
      {"more requests behind it", std::string(kGet) + std::string(kLastGet), true, true, 2},
  };
  for (const HalfClose& one : cases) {
    SCOPED_TRACE(one.name);
    TestProxy::Options options;
    options.adjust = [&](config::VirtualHost& host, config::Location&) {
      host.aborts_on_close = one.aborts_on_close;
    };
    TestProxy proxy(options);
    Peer& client = proxy.connect();
    client.send(one.request);
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    client.shutdown_write();
    proxy.run_a_little();
    EXPECT_EQ(proxy.open_connections(), one.is_answered ? 1u : 0u);
    if (!one.is_answered) continue;
    proxy.member().answer = [](std::string_view) { return ok("yes"); };
    ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
    EXPECT_EQ(count_of(client.received(), "yes"), one.answers) << client.received();
    EXPECT_FALSE(client.was_reset());
    EXPECT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
  }
}

TEST(LeavingClient, AResetIsBelievedWhateverWasSaidBefore) {
  TestProxy::Options options;
  options.adjust = [](config::VirtualHost& host, config::Location&) {
    host.aborts_on_close = false;
  };
  TestProxy proxy(options);
  Peer& client = proxy.connect();
  client.send(kLastGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  client.reset();
  EXPECT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
}

TEST(LeavingClient, ARequestThatComesEarlyWaitsForItsTurn) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  client.send("GET /second HTTP/1.1\r\nHo");
  proxy.run_a_little();
  client.send("st: a\r\n\r\n");
  proxy.run_a_little();
  EXPECT_EQ(count_of(proxy.member().received(), "GET"), 1u);
  proxy.member().connection().take();
  proxy.member().connection().send(ok("x"));
  ASSERT_TRUE(proxy.run_until(
      [&] { return proxy.member().received().find("/second") != std::string::npos; }));
}

}  // namespace
}  // namespace understudy::test
