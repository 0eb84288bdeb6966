// SPDX-License-Identifier: Apache-2.0
// Sessions of members that know nothing of us: what their values name, and who serves them while
// their member cannot.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "proxy/routing/affinity_choice.h"
#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

DecodedAffinity route_cookie(std::string_view value) {
  DecodedAffinity decoded = decode_route(value);
  EXPECT_TRUE(decoded) << value;
  return decoded;
}

TEST(PlainSession, SendsASessionOfADeadMemberToOneSubstituteAsLongAsThatIsThere) {
  TestCluster cluster("abcde");
  cluster.fail("a");
  std::map<std::string, int> served;
  for (int session = 0; session < 400; ++session) {
    const std::string value = "session" + std::to_string(session * 7919) + ".a";
    const std::string substitute = cluster.first(route_cookie(value));
    for (int i = 0; i < 3; ++i) {
      cluster.first();
      ASSERT_EQ(cluster.first(route_cookie(value)), substitute) << value;
    }
    ++served[substitute];
  }
  EXPECT_EQ(served.size(), 4U);
  for (const auto& [name, count] : served) EXPECT_GT(count, 50) << name;

  // Another worker, which has seen other clients, and a proxy whose members have another order.
  TestCluster other("edcba");
  other.fail("a");
  other.first();
  EXPECT_EQ(other.first(route_cookie("S1.a")), cluster.first(route_cookie("S1.a")));
  EXPECT_EQ(other.first(route_cookie("S2.a")), cluster.first(route_cookie("S2.a")));
}

TEST(PlainSession, AsksTheOthersOfASessionsSubstitutesInTurn) {
  TestCluster cluster("abcd");
  const std::string all = cluster.pass(route_cookie("S1.a"));
  EXPECT_EQ(all.size(), 4U);
  EXPECT_EQ(all[0], 'a');
  EXPECT_EQ(std::set<char>(all.begin(), all.end()).size(), 4U);
  EXPECT_EQ(all, cluster.pass(route_cookie("S1.a")));
}

TEST(PlainSession, FollowsRankedRoutesAndRoutesWithDots) {
  ClusterOptions options;
  options.seeds = {seed_of("c"), seed_of("d")};
  options.seeds[0].route = "tc1.example.com";
  options.seeds[1].route = "tc2.example.com";
  TestCluster cluster("ab", options);
  EXPECT_EQ(cluster.first(route_cookie("S.tc2.example.com")), "d");
  EXPECT_EQ(cluster.first(route_cookie("S.with.dots.tc1.example.com")), "c");
  EXPECT_EQ(cluster.first(route_cookie("S.with.b")), "b");
  EXPECT_EQ(cluster.first(route_cookie(".b")), "b");
  EXPECT_EQ(cluster.pass(route_cookie("S.b.a")).substr(0, 2), "ba");
  EXPECT_EQ(cluster.pass(route_cookie("S.b.tc1.example.com")).substr(0, 2), "bc");
  cluster.fail("b");
  EXPECT_EQ(cluster.first(route_cookie("S.b.a")), "a");
}

// Apache's rule: the route is all behind the first dot, and one that no member has binds nothing.
TEST(PlainSession, WithoutRanksARouteIsOneNameAndAnUnknownOneIsBalanced) {
  ClusterOptions options;
  options.ranks_routes = false;
  TestCluster cluster("ab", options);
  EXPECT_EQ(cluster.first(route_cookie("S.b")), "b");
  std::set<std::string> served;
  for (int i = 0; i < 4; ++i) served.insert(cluster.first(route_cookie("S.with.b")));
  EXPECT_EQ(served.size(), 2U);
  served.clear();
  for (int i = 0; i < 4; ++i) served.insert(cluster.first(route_cookie("S.gone")));
  EXPECT_EQ(served.size(), 2U);
}

TEST(PlainSession, ARedirectNamesTheSubstitute) {
  ClusterOptions options;
  options.seeds = {seed_of("x"), seed_of("y")};
  options.seeds[0].route = "r";
  options.seeds[0].redirect = "b";
  TestCluster cluster("ab", options);
  EXPECT_EQ(cluster.first(route_cookie("S.r")), "x");
  cluster.fail("x");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cluster.first(route_cookie("S.r")), "b");
}

TEST(PlainSession, TellsHowMuchASessionSaysOfItsMembers) {
  TestCluster cluster("abc");
  static_cast<void>(cluster.learn(view_of(1, {entry_of("a"), entry_of("b"), entry_of("c")})));
  const auto named = [&](const DecodedAffinity& cookie) {
    return cluster->named_by(cluster->begin(cookie));
  };
  EXPECT_EQ(named(TestCluster::no_cookie()), Named::kNothing);
  EXPECT_EQ(named({.refusal = AffinityRefusal::kBadMac}), Named::kNothing);
  EXPECT_EQ(named(route_cookie("S")), Named::kNoMember);
  EXPECT_EQ(named(route_cookie("S.elsewhere")), Named::kUnknown);
  EXPECT_EQ(named(TestCluster::cookie("x")), Named::kUnknown);
  EXPECT_EQ(named(TestCluster::cookie("x", "b")), Named::kKnown);
  EXPECT_EQ(named(route_cookie("S.b")), Named::kKnown);
}

}  // namespace
}  // namespace understudy::routing
