// SPDX-License-Identifier: Apache-2.0
// When all connections to a member are in use: who waits, for how long, in which order, and who
// does not.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TestProxy::Options limited(std::size_t members, std::size_t connections) {
  TestProxy::Options options{.members = members};
  options.connections.per_member_max = connections;
  return options;
}

std::string get(const std::string& path, const std::string& route = "") {
  const std::string cookie = route.empty() ? "" : "Cookie: JSESSIONID=x." + route + "\r\n";
  return "GET " + path + " HTTP/1.1\r\nHost: a\r\n" + cookie + "\r\n";
}

std::string path_of(const std::string& request) {
  const std::size_t begin = request.find(' ') + 1;
  return request.substr(begin, request.find(' ', begin) - begin);
}

// What this member has been asked and has not answered.
std::string asked(Member& member) {
  const std::string text = member.received();
  return text.empty() ? "" : path_of(text);
}

void answer(Member& member) {
  for (auto& connection : member.connections()) {
    if (connection->received().empty()) continue;
    connection->take();
    connection->send(ok("x"));
  }
}

TEST(Queue, AFreshRequestGoesToAMemberThatHasRoom) {
  TestProxy proxy(limited(3, 1));
  Peer& first = proxy.connect();
  first.send(get("/1", "m1"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member(1)) == "/1"; }));
  for (int i = 0; i < 2; ++i) proxy.connect().send(get("/" + std::to_string(i + 2)));
  EXPECT_TRUE(proxy.run_until(
      [&] { return !asked(proxy.member(0)).empty() && !asked(proxy.member(2)).empty(); }));
  EXPECT_EQ(proxy.worker().counters.queued, 0u);
}

TEST(Queue, AKnownClientWaitsForItsMemberAlone) {
  TestProxy proxy(limited(2, 1));
  Peer& first = proxy.connect();
  Peer& second = proxy.connect();
  first.send(get("/1", "m0"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member(0)) == "/1"; }));
  second.send(get("/2", "m0"));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  proxy.run_a_little();
  EXPECT_EQ(asked(proxy.member(1)), "");
  answer(proxy.member(0));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member(0)) == "/2"; }));
  answer(proxy.member(0));
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(second.received()) != 0; }));
  EXPECT_EQ(proxy.member(0).accepted(), 1u);
  EXPECT_EQ(proxy.cluster().queued(), 0u);
}

TEST(Queue, KnownAndFreshClientsAreServedInTheOrderInWhichTheyCame) {
  TestProxy proxy(limited(1, 1));
  proxy.connect().send(get("/0"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/0"; }));
  const std::vector<std::string> routes = {"m0", "", "m0", "", "", "m0"};
  for (std::size_t i = 0; i < routes.size(); ++i) {
    proxy.connect().send(get("/" + std::to_string(i + 1), routes[i]));
    ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == i + 1; }));
  }
  for (std::size_t i = 1; i <= routes.size(); ++i) {
    answer(proxy.member());
    ASSERT_TRUE(proxy.run_until([&] { return !asked(proxy.member()).empty(); }));
    EXPECT_EQ(asked(proxy.member()), "/" + std::to_string(i));
  }
}

TEST(Queue, WhoComesLaterDoesNotPassByWhoWaits) {
  TestProxy proxy(limited(1, 1));
  Peer& busy = proxy.connect();
  busy.send(get("/busy"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/busy"; }));
  proxy.connect().send(get("/waits"));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  // The next request of the busy client comes with the answer to the one before.
  busy.send(get("/later", "m0"));
  answer(proxy.member());
  ASSERT_TRUE(proxy.run_until([&] { return !asked(proxy.member()).empty(); }));
  EXPECT_EQ(asked(proxy.member()), "/waits");
  answer(proxy.member());
  EXPECT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/later"; }));
}

TEST(Queue, EndsWithItsTimeAndSaysSo) {
  TestProxy::Options options = limited(1, 1);
  options.connections.queue_timeout = milliseconds(20);
  TestProxy proxy(options);
  proxy.connect().send(get("/1"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/1"; }));
  Peer& client = proxy.connect();
  client.send(get("/2", "m0"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.received().substr(9, 3), "503");
  ASSERT_EQ(proxy.log().lines.size(), 1u);
  EXPECT_EQ(proxy.log().lines[0].failure, "waited in the queue for too long");
  EXPECT_EQ(proxy.worker().counters.queue_timeouts, 1u);
  EXPECT_EQ(proxy.cluster().queued(), 0u);
}

TEST(Queue, HoldsSoManyAndNotOneMore) {
  TestProxy::Options options = limited(1, 1);
  options.connections.waiting_requests_max = 3;
  TestProxy proxy(options);
  proxy.connect().send(get("/1"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/1"; }));
  for (std::size_t i = 0; i < 3; ++i) {
    proxy.connect().send(get("/2", i % 2 == 0 ? "m0" : ""));
    ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == i + 1; }));
  }
  Peer& one_more = proxy.connect();
  one_more.send(get("/3"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(one_more.received()) != 0; }));
  EXPECT_EQ(one_more.received().substr(9, 3), "503");
  EXPECT_EQ(proxy.log().lines.at(0).failure, "queue is full");
  EXPECT_EQ(proxy.worker().counters.queue_refusals, 1u);
}

TEST(Queue, LetsGoOfAClientThatDoesNotWait) {
  TestProxy proxy(limited(1, 1));
  proxy.connect().send(get("/1"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member()) == "/1"; }));
  Peer& client = proxy.connect();
  client.send(get("/2"));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  client.reset();
  EXPECT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 0; }));
  answer(proxy.member());
  proxy.run_a_little();
  EXPECT_EQ(asked(proxy.member()), "");
}

TEST(Queue, OfAMemberThatDiesGoesElsewhere) {
  TestProxy::Options options = limited(2, 1);
  options.connections.skip_time = seconds(20);
  TestProxy proxy(options);
  proxy.member(1).answer = [](std::string_view) { return ok("other"); };
  proxy.connect().send(get("/1", "m0"));
  ASSERT_TRUE(proxy.run_until([&] { return asked(proxy.member(0)) == "/1"; }));
  Peer& client = proxy.connect();
  client.send(get("/2", "m0"));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.cluster().queued() == 1; }));
  proxy.member(0).kill();
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.received().substr(9, 3), "200");
}

TEST(Queue, CountsNobodyWhenAllIsOver) {
  TestProxy proxy(limited(2, 2));
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("x"); };
  }
  std::vector<Peer*> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(&proxy.connect());
    clients.back()->send(get("/", i % 3 == 0 ? "m0" : ""));
  }
  for (Peer* client : clients) {
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client->received()) != 0; }));
    EXPECT_EQ(client->received().substr(9, 3), "200");
  }
  EXPECT_EQ(proxy.cluster().queued(), 0u);
  EXPECT_EQ(proxy.cluster().load().exchanges, 0u);
  for (const auto& member : proxy.cluster().routing().table().members()) {
    EXPECT_EQ(member->busy, 0u);
  }
  EXPECT_LE(proxy.member(0).accepted(), 2u);
  EXPECT_LE(proxy.member(1).accepted(), 2u);
}

}  // namespace
}  // namespace understudy::test
