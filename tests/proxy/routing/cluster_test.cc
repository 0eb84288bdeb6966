// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/cluster.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "tests/proxy/routing/test_cluster.h"

namespace understudy::routing {
namespace {

using std::chrono_literals::operator""s;

TEST(Cluster, ConfiguredWithOneMemberKnowsAllAfterOneView) {
  TestCluster cluster("a");
  static_cast<void>(cluster.learn(view_of(1, {entry_of("a"), entry_of("b"), entry_of("c")})));
  std::string names;
  for (int i = 0; i < 6; ++i) names += cluster.first();
  EXPECT_EQ(names, "abcabc");
}

TEST(Cluster, GivesAMemberThatJoinedNewSessions) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_of(1, {entry_of("a"), entry_of("b")})));
  static_cast<void>(cluster.learn(view_of(2, {entry_of("a"), entry_of("b"), entry_of("d")})));
  std::set<std::string> names;
  for (int i = 0; i < 3; ++i) names.insert(cluster.first());
  EXPECT_EQ(names, (std::set<std::string>{"a", "b", "d"}));
}

TEST(Cluster, DoesNotAskAMemberThatLeftTheView) {
  TestCluster cluster("a");
  static_cast<void>(cluster.learn(view_of(1, {entry_of("a"), entry_of("b")})));
  static_cast<void>(cluster.learn(view_of(2, {entry_of("a")})));
  EXPECT_EQ(cluster.pass(), "a");
  EXPECT_EQ(cluster.pass(TestCluster::cookie("b", "a")), "a");
}

TEST(Cluster, RecoversFromATotalOutageWithoutHelp) {
  TestCluster cluster("ab");
  static_cast<void>(cluster.learn(view_of(500, {entry_of("a"), entry_of("b"), entry_of("c")})));
  static_cast<void>(cluster.learn(
      view_of(501, {entry_of("a", AliveState::kDead), entry_of("b", AliveState::kDead),
                    entry_of("c", AliveState::kDead)})));
  cluster.wait(3600s);
  EXPECT_NE(cluster.first(), "-");
  ClusterView reborn = view_of(1, {entry_of("a"), entry_of("b")});
  reborn.group = 2;
  for (ViewEntry& entry : reborn.entries) entry.mid += 1000;
  EXPECT_EQ(cluster.learn("a", reborn).verdict, ViewVerdict::kNew);
  std::string names;
  for (int i = 0; i < 4; ++i) names += cluster.first();
  EXPECT_EQ(names.size(), 4U);
  EXPECT_EQ(names.find('-'), std::string::npos);
  EXPECT_EQ(cluster.first(TestCluster::cookie("a")),
            cluster.first(TestCluster::cookie("z")) == "a" ? "b" : "a")
      << "an old primary's name means nobody now";
}

TEST(Cluster, VerifiesCookiesOfItsOwnNameOnly) {
  TestCluster mine("a", {.cluster = "mine"});
  TestCluster other("a", {.cluster = "other"});
  AffinityToken token;
  token.primary = mid_of("a");
  const std::string cookie(mine->codec().encode(token).value().view());
  EXPECT_TRUE(mine->codec().decode(cookie));
  EXPECT_EQ(other->codec().decode(cookie).refusal, AffinityRefusal::kBadMac);
}

}  // namespace
}  // namespace understudy::routing
