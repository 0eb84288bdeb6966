// SPDX-License-Identifier: Apache-2.0
// How many requests may be under way a second time, and what a member is told and blamed for.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string get(const std::string& lines = "") {
  return "GET /r HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

std::string status_of(Peer& client) {
  return client.received().substr(9, 3);
}

// Ten clients whose requests the members answer with 503 or not at all, while nobody has been sent
// anywhere else yet.
struct Storm {
  explicit Storm(TestProxy& proxy, std::size_t clients) : proxy(proxy) {
    for (std::size_t i = 0; i < clients; ++i) {
      peers.push_back(&proxy.connect());
      peers.back()->send(get("Cookie: JSESSIONID=x.m0\r\n"));
    }
  }
  bool all_asked() {
    return proxy.run_until(
        [&] { return count_of(proxy.member(0).received(), "GET /r") == peers.size(); });
  }
  void answer_all(const std::string& response) {
    for (auto& connection : proxy.member(0).connections()) {
      connection->take();
      connection->send(response);
    }
  }
  std::size_t answered(const std::string& status) {
    std::size_t count = 0;
    for (Peer* peer : peers) {
      count += message_bytes(peer->received()) != 0 && status_of(*peer) == status;
    }
    return count;
  }
  TestProxy& proxy;
  std::vector<Peer*> peers;
};

constexpr const char* k503 = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

TEST(RetryBudget, IsNotAskedWhenADyingMemberBreaksTheFreshConnectionToo) {
  TestProxy::Options options{.members = 2};
  options.failover.retry_percent = 0;
  options.failover.retry_floor = 0;
  TestProxy proxy(options);
  proxy.member(0).answer = [](std::string_view) { return ok("x"); };
  proxy.member(1).answer = [](std::string_view) { return ok("y"); };
  Peer& client = proxy.connect();
  client.send(get("Cookie: JSESSIONID=x.m0\r\n"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  client.take();
  proxy.member(0).answer = {};
  client.send(get("Cookie: JSESSIONID=x.m0\r\n"));
  Peer& kept = proxy.member(0).connection();
  ASSERT_TRUE(proxy.run_until([&] { return !kept.received().empty(); }));
  kept.reset();
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member(0).accepted() == 2; }));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member(0).connection().received().empty(); }));
  proxy.member(0).kill();
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("y")) << client.received();
}

TEST(RetryBudget, AllowsAShareOfWhatIsUnderWayOrItsFloor) {
  struct Row {
    std::size_t clients;
    unsigned percent;
    unsigned floor;
    std::size_t resent;
  };
  for (const Row& row : {Row{10, 20, 3, 3}, Row{20, 20, 3, 4}, Row{10, 0, 0, 0}, Row{10, 0, 1, 1},
                         Row{10, 50, 3, 5}, Row{10, 100, 0, 10}}) {
    SCOPED_TRACE(std::to_string(row.clients) + " at " + std::to_string(row.percent) + " %");
    TestProxy::Options options{.members = 2};
    options.failover.retry_percent = row.percent;
    options.failover.retry_floor = row.floor;
    options.failover.on_503_is_said = true;
    TestProxy proxy(options);
    Storm storm(proxy, row.clients);
    ASSERT_TRUE(storm.all_asked());
    // The others may finish first, and are then no longer under way; so all hear it in one turn.
    storm.answer_all(k503);
    ASSERT_TRUE(proxy.run_until([&] {
      return storm.answered("503") == row.clients - row.resent &&
             count_of(proxy.member(1).received(), "GET /r") == row.resent;
    })) << storm.answered("503");
    EXPECT_EQ(proxy.cluster().load().resends, row.resent);
    for (auto& connection : proxy.member(1).connections()) connection->send(ok("x"));
    ASSERT_TRUE(proxy.run_until([&] { return storm.answered("200") == row.resent; }));
    EXPECT_EQ(proxy.cluster().load().resends, 0u);
    EXPECT_EQ(proxy.cluster().load().exchanges, 0u);
    EXPECT_EQ(proxy.worker().counters.resends_over_budget, row.clients - row.resent);
    std::size_t said = 0;
    for (const auto& line : proxy.log().lines) said += line.failure == "RetryBudget is used up";
    EXPECT_EQ(said, row.clients - row.resent);
  }
}

TEST(RetryBudget, DoesNotCountWhatADeadMemberLeavesUnfinished) {
  TestProxy::Options options{.members = 2};
  options.failover.retry_percent = 0;
  options.failover.retry_floor = 0;
  TestProxy proxy(options);
  proxy.member(1).answer = [](std::string_view) { return ok("second"); };
  Storm storm(proxy, 10);
  ASSERT_TRUE(storm.all_asked());
  proxy.member(0).kill();
  EXPECT_TRUE(proxy.run_until([&] { return storm.answered("200") == 10; }));
  EXPECT_EQ(proxy.worker().counters.resends_over_budget, 0u);
}

TEST(RetryBudget, DoesNotCountWhatAMemberInNoClusterHasNotSeen) {
  for (const bool says_so : {true, false}) {
    SCOPED_TRACE(says_so);
    TestProxy::Options options;
    options.members = 2;
    options.failover.retry_percent = 0;
    options.failover.retry_floor = 0;
    TestProxy proxy(options);
    const std::string line = says_so ? "Understudy-Handled: no\r\n" : "";
    proxy.member(0).answer = [&](std::string_view) {
      return "HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n" + line + "\r\n";
    };
    proxy.member(1).answer = [](std::string_view) { return ok("served"); };
    // Each of two members is asked first once.
    for (int i = 0; i < 2; ++i) {
      Peer& client = proxy.connect();
      client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
      ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
      if (says_so) {
        EXPECT_TRUE(client.received().ends_with("served"));
      }
    }
    EXPECT_EQ(proxy.worker().counters.resends_over_budget, says_so ? 0u : 1u);
  }
}

TEST(RetryBudget, IsNotTheReasonWhenTwoMembersBreakOff) {
  TestProxy::Options options{.members = 3};
  options.failover.retry_percent = 0;
  options.failover.retry_floor = 0;
  TestProxy proxy(options);
  Peer& client = proxy.connect();
  client.send(get());
  for (std::size_t i = 0; i < 2; ++i) {
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(proxy.member(i).received()) != 0; }));
    proxy.member(i).connection().reset();
  }
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(status_of(client), "502");
  EXPECT_EQ(proxy.log().lines.at(0).failure, "two members broke off on it");
}

TEST(Draining, IsToldToTheMemberWithEachRequest) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  const auto told = [&](std::string_view header) {
    Peer& client = proxy.connect();
    std::string seen;
    proxy.member().answer = [&](std::string_view request) {
      seen = request;
      return ok("x");
    };
    client.send(get("Cookie: JSESSIONID=x.m0\r\nUnderstudy-Draining: forged\r\n"));
    EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(seen.find("forged"), std::string::npos);
    return count_of(seen, header);
  };
  routing::MemberTable& table = proxy.cluster().routing().table();
  const std::string address = proxy.member().address_text();
  EXPECT_EQ(told("Understudy-Draining"), 0u);
  table.set_order(address, routing::OperatorOrder{.state = OperatorState::kDraining},
                  proxy.loop().now());
  EXPECT_EQ(told("Understudy-Draining: keep\r\n"), 1u);
  table.set_order(
      address,
      routing::OperatorOrder{.state = OperatorState::kDraining, .mode = routing::DrainMode::kMove},
      proxy.loop().now());
  EXPECT_EQ(told("Understudy-Draining: move\r\n"), 1u);
}

TEST(Ejection, FollowsFromGatewayErrorsInARow) {
  for (const unsigned status : {502u, 503u, 504u, 500u}) {
    SCOPED_TRACE(status);
    TestProxy::Options options{.members = 2};
    options.balancing.ejection = {
        .failures = 3, .time = seconds(30), .longest = seconds(30), .percent_max = 10};
    options.failover.on_503 = config::Resend::kNone;
    TestProxy proxy(options);
    proxy.member(0).answer = [&](std::string_view) {
      return "HTTP/1.1 " + std::to_string(status) + " No\r\nContent-Length: 0\r\n\r\n";
    };
    proxy.member(1).answer = [](std::string_view) { return ok("x"); };
    Peer& client = proxy.connect();
    for (int i = 0; i < 3; ++i) {
      client.take();
      client.send(get("Cookie: JSESSIONID=x.m0\r\n"));
      ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
      EXPECT_EQ(status_of(client), std::to_string(status));
    }
    const auto& members = proxy.cluster().routing().table().members();
    EXPECT_EQ(members[0]->counters.ejections, status == 500 ? 0u : 1u);
    EXPECT_EQ(members[0]->outlier.is_ejected(proxy.loop().now()), status != 500);
  }
}

}  // namespace
}  // namespace understudy::test
