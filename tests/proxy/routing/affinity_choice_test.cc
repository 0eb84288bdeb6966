// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/affinity_choice.h"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>
#include <string>

#include "base/random.h"
#include "cookies/contract.h"
#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

using std::chrono_literals::operator""s;

ClusterView three_alive() {
  return view_of(1, {entry_of("a"), entry_of("b"), entry_of("c")});
}

TestCluster three() {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn(three_alive()));
  return cluster;
}

TEST(AffinityChoice, SpreadsNewClientsInOrderAndEvenly) {
  TestCluster cluster("abc");
  std::string names;
  for (int i = 0; i < 9; ++i) names += cluster.first();
  EXPECT_EQ(names, "abcabcabc");
}

TEST(AffinityChoice, KeepsASessionAtItsPrimary) {
  TestCluster cluster = three();
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(cluster.first(TestCluster::cookie("b", "c")), "b");
}

TEST(AffinityChoice, AsksPrimaryThenSecondaryThenTheRest) {
  TestCluster cluster("abcd");
  static_cast<void>(
      cluster.learn(view_of(1, {entry_of("a"), entry_of("b"), entry_of("c"), entry_of("d")})));
  EXPECT_EQ(cluster.pass(TestCluster::cookie("c", "a")).substr(0, 2), "ca");
  const std::string all = cluster.pass(TestCluster::cookie("c", "a"));
  EXPECT_EQ(std::set<char>(all.begin(), all.end()).size(), 4U);
  EXPECT_EQ(all.size(), 4U);
}

TEST(AffinityChoice, SendsEachSessionOfADeadPrimaryToItsOwnSecondary) {
  TestCluster cluster = three();
  static_cast<void>(cluster.learn(
      "b", view_of(2, {entry_of("a", AliveState::kDead), entry_of("b"), entry_of("c")})));
  std::map<std::string, int> served;
  for (int session = 0; session < 1000; ++session) {
    const std::string secondary = session % 2 == 0 ? "b" : "c";
    const std::string member = cluster.first(TestCluster::cookie("a", secondary));
    ASSERT_EQ(member, secondary);
    ++served[member];
  }
  EXPECT_EQ(served["b"], 500);
  EXPECT_EQ(served["c"], 500);
}

TEST(AffinityChoice, TriesNobodyTwiceInAPassThoughOthersTakeTurns) {
  TestCluster cluster = three();
  Attempt attempt = cluster->begin(TestCluster::no_cookie());
  std::set<std::string> names;
  while (const Choice choice = cluster->choose(attempt, cluster.now())) {
    EXPECT_TRUE(names.insert(TestCluster::name_of(choice.member)).second);
    cluster.first();
    cluster.first();
  }
  EXPECT_EQ(names.size(), 3U);
  EXPECT_FALSE(cluster->choose(attempt, cluster.now()));
}

TEST(AffinityChoice, MayAskAllAgainInTheNextPass) {
  TestCluster cluster("a");
  Attempt attempt = cluster->begin(TestCluster::no_cookie());
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  EXPECT_FALSE(cluster->choose(attempt, cluster.now()));
  attempt.start_pass();
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  EXPECT_EQ(attempt.passes(), 2U);
  EXPECT_EQ(attempt.tries(), 2U);
}

TEST(AffinityChoice, EndsAPassAfterItsLimit) {
  for (const std::size_t members : {kTriesPerPassMax, kTriesPerPassMax + 1}) {
    ClusterOptions options;
    for (std::size_t i = 0; i < members; ++i) {
      const std::string text = "127.0.0.1:" + std::to_string(8000 + i);
      options.seeds.push_back({.address_text = text, .address = *Address::parse(text)});
    }
    TestCluster cluster("", options);
    Attempt attempt = cluster->begin(TestCluster::no_cookie());
    while (cluster->choose(attempt, cluster.now())) {
    }
    EXPECT_EQ(attempt.tries(), kTriesPerPassMax);
  }
}

TEST(AffinityChoice, SkipsAMemberThatFailedForItsTime) {
  TestCluster cluster("abc");
  cluster.fail("b");
  std::string names;
  for (int i = 0; i < 4; ++i) names += cluster.first();
  EXPECT_EQ(names, "acac");
  cluster.wait(10s);
  names.clear();
  for (int i = 0; i < 4; ++i) names += cluster.first();
  EXPECT_NE(names.find('b'), std::string::npos);
}

TEST(AffinityChoice, LetsOneExchangeTryAMemberWhoseSkipTimeIsOver) {
  TestCluster cluster("ab");
  cluster.fail("a");
  cluster.wait(10s);
  std::string names;
  for (int i = 0; i < 6; ++i) names += cluster.first();
  EXPECT_EQ(std::count(names.begin(), names.end(), 'a'), 1);
  cluster->on_success(*cluster.member("a"), cluster.now());
  names.clear();
  for (int i = 0; i < 6; ++i) names += cluster.first();
  EXPECT_EQ(std::count(names.begin(), names.end(), 'a'), 3);
}

TEST(AffinityChoice, AsksSkippedMembersWhenNobodyElseIsLeft) {
  TestCluster cluster("abc");
  cluster.fail("a");
  cluster.fail("b");
  Attempt attempt = cluster->begin(TestCluster::no_cookie());
  EXPECT_EQ(TestCluster::name_of(cluster->choose(attempt, cluster.now()).member), "c");
  EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kLastResort);
  EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kLastResort);
  EXPECT_FALSE(cluster->choose(attempt, cluster.now()));
}

TEST(AffinityChoice, GivesADrainingMemberItsOwnSessionsOnly) {
  TestCluster cluster = three();
  ViewEntry draining = entry_of("a");
  draining.operator_state = OperatorState::kDraining;
  static_cast<void>(cluster.learn(view_of(2, {draining, entry_of("b"), entry_of("c")})));
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  EXPECT_EQ(cluster.first(TestCluster::cookie("z", "a")), "a");
  EXPECT_EQ(cluster.pass().find('a'), std::string::npos);
}

TEST(AffinityChoice, GivesADisabledMemberNothing) {
  TestCluster cluster = three();
  ViewEntry disabled = entry_of("a");
  disabled.operator_state = OperatorState::kDisabled;
  static_cast<void>(cluster.learn(view_of(2, {disabled, entry_of("b"), entry_of("c")})));
  EXPECT_EQ(cluster.pass(TestCluster::cookie("a", "b")).find('a'), std::string::npos);
  EXPECT_EQ(cluster.pass().find('a'), std::string::npos);
}

TEST(AffinityChoice, LeavesASuspectItsSessionsButGivesItNoNewOnes) {
  TestCluster cluster = three();
  static_cast<void>(cluster.learn(
      view_of(2, {entry_of("a", AliveState::kSuspect), entry_of("b"), entry_of("c")})));
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  for (int i = 0; i < 6; ++i) EXPECT_NE(cluster.first(), "a");
}

TEST(AffinityChoice, LeavesAMemberThatAnswered503ItsSessionsButGivesItNoNewOnes) {
  TestCluster cluster = three();
  cluster.fail("a", Failure::kUnavailable);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a", "b")), "a");
  for (int i = 0; i < 6; ++i) EXPECT_NE(cluster.first(), "a");
}

TEST(AffinityChoice, FallsBackToTheConfiguredListWhenTheViewHasNobodyAlive) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_of(
      1, {entry_of("a"), entry_of("c"), entry_of("d")})));  // b has left, c and d have joined
  static_cast<void>(
      cluster.learn(view_of(2, {entry_of("a", AliveState::kDead), entry_of("c", AliveState::kDead),
                                entry_of("d", AliveState::kDead)})));
  Attempt attempt = cluster->begin(TestCluster::cookie("c", "d"));
  std::set<std::string> asked;
  while (const Choice choice = cluster->choose(attempt, cluster.now())) {
    EXPECT_EQ(choice.why, Why::kSeed);
    asked.insert(TestCluster::name_of(choice.member));
  }
  EXPECT_EQ(asked, (std::set<std::string>{"a", "b"}));
}

TEST(AffinityChoice, FollowsTheRouteOfAMisdirectedAnswerEvenToASkippedMember) {
  TestCluster cluster = three();
  cluster.fail("b");
  Attempt attempt = cluster->begin(TestCluster::cookie("b", "c"));
  EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kCookieSecondary);
  ASSERT_TRUE(cluster->follow_route(attempt, mid_of("b")));
  const Choice choice = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(TestCluster::name_of(choice.member), "b");
  EXPECT_EQ(choice.why, Why::kRouted);
}

TEST(AffinityChoice, FollowsNoRouteToTriedDeadOrUnknownMembersAndNotForEver) {
  TestCluster cluster("abcdef");
  static_cast<void>(
      cluster.learn(view_of(1, {entry_of("a"), entry_of("b"), entry_of("c"), entry_of("d"),
                                entry_of("e"), entry_of("f", AliveState::kDead)})));
  Attempt attempt = cluster->begin(TestCluster::cookie("a"));
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  EXPECT_FALSE(cluster->follow_route(attempt, mid_of("a")));
  EXPECT_FALSE(cluster->follow_route(attempt, mid_of("f")));
  EXPECT_FALSE(cluster->follow_route(attempt, 4711));
  for (const std::string_view name : {"b", "c", "d"}) {
    EXPECT_TRUE(cluster->follow_route(attempt, mid_of(name)));
    EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kRouted);
  }
  EXPECT_FALSE(cluster->follow_route(attempt, mid_of("e")));
}

TEST(AffinityChoice, SaysWhy) {
  TestCluster cluster = three();
  const auto why = [&](const DecodedAffinity& cookie) {
    Attempt attempt = cluster->begin(cookie);
    return std::string(ChoiceText(cluster->choose(attempt, cluster.now())).view());
  };
  EXPECT_EQ(why(TestCluster::no_cookie()), "no-cookie");
  EXPECT_EQ(why({.refusal = AffinityRefusal::kBadMac}), "invalid-cookie");
  EXPECT_EQ(why(TestCluster::cookie("a", "b")), "cookie-primary");
  EXPECT_EQ(why(TestCluster::cookie("y", "z")), "unknown-members:unknown");
  EXPECT_EQ(why(TestCluster::cookie("z", "b")), "cookie-secondary:unknown");
  cluster.fail("a", Failure::kReset);
  EXPECT_EQ(why(TestCluster::cookie("a", "b")), "cookie-secondary:skipped-reset");
  cluster.fail("b", Failure::kRefused);
  EXPECT_EQ(why(TestCluster::cookie("a", "b")), "rest:skipped-reset");
}

TEST(AffinityChoice, SaysWhyAfterAFailureInTheSameExchange) {
  TestCluster cluster = three();
  Attempt attempt = cluster->begin(TestCluster::cookie("a", "b"));
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  cluster->on_failure(attempt, *cluster.member("a"), Failure::kTimeout, cluster.now());
  const Choice choice = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(ChoiceText(choice).view(), "cookie-secondary:failed-timeout");
  EXPECT_EQ(choice.failover(), kFailoverTimeout);
}

TEST(AffinityChoice, ThatThePrimaryCannotBeReachedIsToldToWhomeverA421LeadsTo) {
  TestCluster cluster = three();
  Attempt attempt = cluster->begin(TestCluster::cookie("a", "z"));
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  cluster->on_failure(attempt, *cluster.member("a"), Failure::kUnreachable, cluster.now());
  const Choice stranger = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(stranger.failover(), kFailoverUnreachable);
  EXPECT_FALSE(cluster->follow_route(attempt, mid_of("a"))) << "it was tried";
  const char* const other = stranger.member->name == "b" ? "c" : "b";
  ASSERT_TRUE(cluster->follow_route(attempt, mid_of(other)));
  const Choice routed = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(routed.why, Why::kRouted);
  EXPECT_EQ(routed.failover(), kFailoverUnreachable);
}

TEST(AffinityChoice, TellsTheMemberWhyItIsAskedInsteadOfThePrimary) {
  TestCluster cluster = three();
  const auto failover = [&](const DecodedAffinity& cookie) {
    Attempt attempt = cluster->begin(cookie);
    return std::string(cluster->choose(attempt, cluster.now()).failover());
  };
  EXPECT_EQ(failover(TestCluster::no_cookie()), "");
  EXPECT_EQ(failover(TestCluster::cookie("a", "b")), "");
  EXPECT_EQ(failover(TestCluster::cookie("z", "b")), kFailoverView);
  cluster.fail("a");
  EXPECT_EQ(failover(TestCluster::cookie("a", "b")), kFailoverRefused);
  static_cast<void>(cluster.learn(
      "b", view_of(2, {entry_of("a", AliveState::kLeft), entry_of("b"), entry_of("c")})));
  EXPECT_EQ(failover(TestCluster::cookie("a", "b")), kFailoverView);
}

TEST(AffinityChoice, WhoIsAskedBesideAnotherTakesNobodysTurn) {
  TestCluster cluster = three();
  std::string firsts;
  for (int i = 0; i < 6; ++i) {
    Attempt attempt = cluster->begin(TestCluster::no_cookie());
    const Choice choice = cluster->choose(attempt, cluster.now());
    firsts += choice.member->name;
    Member* const other = cluster->beside(attempt, cluster.now());
    ASSERT_NE(other, nullptr);
    EXPECT_NE(other, choice.member);
    cluster->take(attempt, *other, cluster.now());
    EXPECT_TRUE(attempt.has_tried(*other));
    EXPECT_EQ(attempt.tries(), 2u);
  }
  EXPECT_EQ(firsts.substr(0, 3), firsts.substr(3));
  EXPECT_EQ(std::set<char>(firsts.begin(), firsts.end()).size(), 3u);
  cluster.fail("b");
  cluster.fail("c");
  Attempt attempt = cluster->begin(TestCluster::no_cookie());
  EXPECT_TRUE(cluster->choose(attempt, cluster.now()));
  EXPECT_EQ(cluster->beside(attempt, cluster.now()), nullptr) << "only who is good";
}

TEST(AffinityChoice, SaysThatTheDisabledPrimaryLives) {
  TestCluster cluster = three();
  cluster->table().set_order(cluster.member("a")->address_text,
                             OperatorOrder{.state = OperatorState::kDisabled}, cluster.now());
  Attempt attempt = cluster->begin(TestCluster::cookie("a", "b"));
  const Choice choice = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(choice.primary, PassedOver::kDisabled);
  EXPECT_EQ(choice.failover(), kFailoverDrain);
}

TEST(AffinityChoice, ClaimsNoViewWhereItHasNone) {
  TestCluster cluster("abc");
  Attempt attempt = cluster->begin(TestCluster::cookie("a", "b"));
  const Choice choice = cluster->choose(attempt, cluster.now());
  EXPECT_EQ(choice.primary, PassedOver::kUnseen);
  EXPECT_EQ(choice.failover(), "");
}

TEST(AffinityChoice, SticksToTheRouteThatACookieNames) {
  TestCluster cluster("abc", {.is_dynamic = false, .dialect = Dialect::kRoute});
  const DecodedAffinity cookie = cluster->codec().decode("session.b");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(cluster.first(cookie), "b");
  Attempt attempt = cluster->begin(cluster->codec().decode("session.unknown"));
  EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kUnknownMembers);
}

TEST(AffinityChoice, SticksToTheMemberThatOurOwnCookieNames) {
  TestCluster cluster("abc", {.is_dynamic = false, .dialect = Dialect::kInsert});
  const AffinityCodec& codec = cluster->codec();
  const auto cookie_for = [&](std::string_view name) {
    return std::string(
        codec.encode({.dialect = Dialect::kInsert, .member_tag = codec.member_tags(name)[0]})
            ->view());
  };
  const std::string named = cookie_for("b");
  for (int i = 0; i < 10; ++i) EXPECT_EQ(cluster.first(codec.decode(named)), "b");
  const std::string unknown = cookie_for("z");
  Attempt attempt = cluster->begin(codec.decode(unknown));
  EXPECT_EQ(cluster->choose(attempt, cluster.now()).why, Why::kUnknownMembers);
}

// Whatever a cookie says, only a member of the cluster is ever asked, and an altered one of the
// native dialect has no say at all.
TEST(AffinityChoice, IsNeverLedToANonMemberByAForgedCookie) {
  constexpr std::uint64_t kSeed = 20263;
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  TestCluster cluster = three();
  AffinityToken token;
  token.primary = mid_of("a");
  token.secondary = mid_of("b");
  const std::string good(cluster->codec().encode(token).value().view());
  for (int round = 0; round < 10000; ++round) {
    std::string forged = good;
    for (std::uint64_t edits = 1 + random.below(4); edits > 0; --edits) {
      forged[random.below(forged.size())] = static_cast<char>(random.below(256));
    }
    if (forged == good) continue;
    const DecodedAffinity cookie = cluster->codec().decode(forged);
    Attempt attempt = cluster->begin(cookie);
    const Choice choice = cluster->choose(attempt, cluster.now());
    ASSERT_TRUE(choice.member != nullptr);
    ASSERT_EQ(cluster->table().by_serial(choice.member->serial), choice.member);
    ASSERT_NE(choice.why, Why::kCookiePrimary) << forged;
    ASSERT_NE(choice.why, Why::kCookieSecondary) << forged;
  }
}

}  // namespace
}  // namespace understudy::routing
