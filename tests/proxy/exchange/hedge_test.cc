// SPDX-License-Identifier: Apache-2.0
// Second tries of slow reads: when they are made, who wins, and what remains of the other one.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr const char* k503 = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";

TestProxy::Options hedging(std::size_t members = 2) {
  TestProxy::Options options{.members = members};
  options.failover.hedge_delay = milliseconds(8);
  return options;
}

std::string get(const std::string& lines = "", const std::string& method = "GET") {
  return method + " /r HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}

// A proxy of two members, one of which has been asked and says nothing.
class Hedging : public testing::Test {
 protected:
  explicit Hedging(TestProxy::Options options = hedging()) : proxy(options) {}

  void ask(const std::string& request = get()) {
    client = &proxy.connect();
    client->send(request);
    ASSERT_TRUE(proxy.run_until([&] { return is_asked(0) || is_asked(1); }));
    first = is_asked(0) ? 0 : 1;
  }
  bool is_asked(std::size_t member) { return !proxy.member(member).received().empty(); }
  bool run_until_hedged() {
    return proxy.run_until([&] { return is_asked(1 - first); });
  }
  void answer(std::size_t member, const std::string& response) {
    proxy.member(member).connection().take();
    proxy.member(member).connection().send(response);
  }
  bool run_until_answered() {
    return proxy.run_until([&] { return message_bytes(client->received()) != 0; });
  }
  std::size_t second() const { return 1 - first; }
  const RecordingLog::Line& line() { return proxy.log().lines.back(); }
  WorkerCounters& counters() { return proxy.worker().counters; }
  // Nobody is counted as waiting or busy any more.
  void expect_nothing_left() {
    EXPECT_EQ(proxy.cluster().load().resends, 0u);
    EXPECT_EQ(proxy.cluster().load().exchanges, 0u);
    for (const auto& member : proxy.cluster().routing().table().members()) {
      EXPECT_EQ(member->busy, 0u);
      EXPECT_EQ(member->counters.in_flight, 0u);
    }
  }

  TestProxy proxy;
  Peer* client = nullptr;
  std::size_t first = 0;
};

TEST_F(Hedging, TheSecondMemberIsAskedTheSameAndMayWin) {
  ask(get("X-Mine: 1\r\n"));
  const std::string asked = proxy.member(first).received();
  ASSERT_TRUE(run_until_hedged());
  EXPECT_EQ(proxy.member(second()).received(), asked);
  answer(second(), ok("second"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("second"));
  EXPECT_TRUE(proxy.run_until([&] { return proxy.member(first).connection().is_closed(); }))
      << "the first is told that nobody waits any more";
  EXPECT_EQ(line().hedge, HedgeOutcome::kWon);
  EXPECT_EQ(line().tries, 2u);
  EXPECT_EQ(line().member, proxy.member(second()).address_text());
  EXPECT_EQ(counters().hedges, 1u);
  EXPECT_EQ(counters().hedges_won, 1u);
  expect_nothing_left();
}

TEST_F(Hedging, TheFirstMemberMayWinAllTheSame) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  answer(first, ok("first"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("first"));
  EXPECT_TRUE(proxy.run_until([&] { return proxy.member(second()).connection().is_closed(); }));
  EXPECT_EQ(line().hedge, HedgeOutcome::kLost);
  EXPECT_EQ(line().tries, 1u);
  EXPECT_EQ(counters().hedges_won, 0u);
  expect_nothing_left();
}

TEST_F(Hedging, TheClientsConnectionServesTheNextRequest) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  answer(second(), ok("second"));
  ASSERT_TRUE(run_until_answered());
  client->take();
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("next"); };
  }
  client->send(get());
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("next"));
  EXPECT_EQ(line().hedge, HedgeOutcome::kNone);
  expect_nothing_left();
}

TEST_F(Hedging, ALargeAnswerOfTheSecondArrivesWhole) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  const std::string body(300'000, 'x');
  std::string response = ok(body);
  proxy.member(second()).connection().take();
  ASSERT_TRUE(proxy.run_until([&] {
    response.erase(0, proxy.member(second()).connection().send_some(response));
    return response.empty();
  }));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with(body));
}

TEST_F(Hedging, AQuickAnswerIsNotHedged) {
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("x"); };
  }
  client = &proxy.connect();
  client->send(get());
  ASSERT_TRUE(run_until_answered());
  EXPECT_EQ(counters().hedges, 0u);
}

class ErrorOfTheSecond : public Hedging, public testing::WithParamInterface<const char*> {};

TEST_P(ErrorOfTheSecond, DoesNotWin) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  answer(second(), GetParam());
  proxy.run_a_little();
  EXPECT_EQ(client->received(), "");
  answer(first, ok("good"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("good")) << client->received();
  expect_nothing_left();
}

INSTANTIATE_TEST_SUITE_P(Errors, ErrorOfTheSecond,
                         testing::Values(k503, "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
                                         "HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n",
                                         "this is not HTTP\r\n\r\n"));

TEST_F(Hedging, A503OfTheFirstLeavesTheSecond) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  answer(first, k503);
  proxy.run_a_little();
  EXPECT_EQ(client->received(), "");
  answer(second(), ok("second"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("second"));
  expect_nothing_left();
}

TEST_F(Hedging, AFailureOfTheFirstLeavesTheSecond) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  proxy.member(first).connection().reset();
  proxy.run_a_little();
  EXPECT_EQ(client->received(), "");
  answer(second(), ok("second"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("second"));
  expect_nothing_left();
}

TEST_F(Hedging, WhenBothHaveFailedTheRestOfTheStoryIsAsEver) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  proxy.member(first).connection().reset();
  proxy.run_a_little();
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [](std::string_view) { return ok("once more"); };
  }
  proxy.member(second()).connection().reset();
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("once more"));
  EXPECT_GE(line().tries, 3u);
  expect_nothing_left();
}

TEST_F(Hedging, AFailureOfTheSecondLeavesTheFirst) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  proxy.member(second()).connection().reset();
  proxy.run_a_little();
  answer(first, ok("first"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("first"));
  expect_nothing_left();
}

TEST_F(Hedging, ASecondThatRefusesConnectionsLeavesTheFirst) {
  ask();
  proxy.member(second()).kill();
  ASSERT_TRUE(proxy.run_until([&] { return counters().hedges == 1; }));
  proxy.run_a_little();
  answer(first, ok("first"));
  ASSERT_TRUE(run_until_answered());
  EXPECT_TRUE(client->received().ends_with("first"));
  expect_nothing_left();
}

TEST_F(Hedging, BothAreLetGoWhenTheClientLeaves) {
  ask();
  ASSERT_TRUE(run_until_hedged());
  client->close();
  EXPECT_TRUE(proxy.run_until([&] {
    return proxy.member(0).connection().is_closed() && proxy.member(1).connection().is_closed();
  }));
  expect_nothing_left();
}

TEST_F(Hedging, OnlyReadsThatNameNoSessionAreHedged) {
  const std::vector<std::string> requests = {get("Content-Length: 0\r\n", "POST"),
                                             get("", "DELETE"),
                                             get("", "OPTIONS"),
                                             get("Content-Length: 1\r\n") + "x",
                                             get("Cookie: JSESSIONID=x.m0\r\n"),
                                             get("Cookie: JSESSIONID=x.unknown\r\n")};
  for (const std::string& request : requests) {
    SCOPED_TRACE(request);
    TestProxy other(hedging());
    other.connect().send(request);
    ASSERT_TRUE(other.run_until([&] {
      return !other.member(0).received().empty() || !other.member(1).received().empty();
    }));
    const TimePoint asked = other.loop().now();
    ASSERT_TRUE(other.run_until([&] { return other.loop().now() > asked + milliseconds(40); }));
    EXPECT_EQ(other.worker().counters.hedges, 0u);
  }
  ask(get("", "HEAD"));
  EXPECT_TRUE(run_until_hedged());
}

TEST_F(Hedging, NobodyQueuesForASecondTry) {
  TestProxy::Options options = hedging();
  options.connections.per_member_max = 1;
  TestProxy other(options);
  for (int i = 0; i < 2; ++i) other.connect().send(get());
  ASSERT_TRUE(other.run_until(
      [&] { return !other.member(0).received().empty() && !other.member(1).received().empty(); }));
  const TimePoint asked = other.loop().now();
  ASSERT_TRUE(other.run_until([&] { return other.loop().now() > asked + milliseconds(40); }));
  EXPECT_EQ(other.worker().counters.hedges, 0u);
  EXPECT_EQ(other.cluster().queued(), 0u);
}

TEST_F(Hedging, StaysWithinTheRetryBudget) {
  for (const unsigned floor : {0u, 3u}) {
    SCOPED_TRACE(floor);
    TestProxy::Options options = hedging();
    options.failover.retry_percent = 0;
    options.failover.retry_floor = floor;
    TestProxy other(options);
    for (int i = 0; i < 10; ++i) other.connect().send(get());
    ASSERT_TRUE(other.run_until([&] {
      return other.worker().counters.hedges + other.worker().counters.hedges_over_budget == 10;
    }));
    EXPECT_EQ(other.worker().counters.hedges, floor);
    EXPECT_EQ(other.cluster().load().resends, floor);
  }
}

TEST_F(Hedging, WithoutADelayNobodyIsAskedTwice) {
  TestProxy::Options options = hedging();
  options.failover.hedge_delay = milliseconds(0);
  TestProxy other(options);
  other.connect().send(get());
  ASSERT_TRUE(other.run_until(
      [&] { return !other.member(0).received().empty() || !other.member(1).received().empty(); }));
  const TimePoint asked = other.loop().now();
  ASSERT_TRUE(other.run_until([&] { return other.loop().now() > asked + milliseconds(40); }));
  EXPECT_EQ(other.worker().counters.hedges, 0u);
}

}  // namespace
}  // namespace understudy::test
