// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: elections and partitions.
#include <gtest/gtest.h>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeeds = 20;

TEST(Election, TheOldestSurvivorLeads) {
  VirtualCluster cluster(8);
  cluster.start_all("abcde");
  const MemberView before = cluster.at("e").view();
  cluster.kill("a");
  ASSERT_TRUE(cluster.run_until_agreed("bcde", milliseconds(10)));
  EXPECT_EQ(cluster.at("e").view().term, before.term + 1);
  EXPECT_EQ(cluster.at("e").view().leader()->mid, before.members[1].mid);
}

TEST(Election, LeaderAndOldestSurvivorDyingTogetherAreReplaced) {
  VirtualCluster killed(8);
  killed.start_all("abcde");
  const std::string second = killed.at("a").view().members[1].name;
  std::string rest = "bcde";
  rest.erase(rest.find(second), 1);
  killed.kill("a");
  killed.kill(second);
  EXPECT_TRUE(killed.run_until_agreed(rest, milliseconds(50)));

  VirtualCluster stopped(8);
  stopped.start_all("abcde");
  stopped.pause("a");
  stopped.pause(stopped.at("a").view().members[1].name);
  EXPECT_TRUE(stopped.run_until_agreed(rest, seconds(3)));
}

TEST(Election, AMinorityElectsNobody) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.cut("c", "ab");
  cluster.network.run_for(seconds(10));
  EXPECT_FALSE(cluster.at("c").is_leader());
  EXPECT_FALSE(cluster.at("c").has_quorum());
  EXPECT_TRUE(cluster.deaths_at("c").empty());
  EXPECT_TRUE(cluster.agree("ab"));
  EXPECT_TRUE(cluster.at("a").has_quorum());
  cluster.network.heal();
  EXPECT_TRUE(cluster.run_until_agreed("abc", seconds(3)));
}

// Both halves have two of four: the one with the leader has the quorum, and the other one must not
// come back with a later term that expels it.
TEST(Election, TheHalfThatHasLostTheLeaderElectsNoneAgainstIt) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.start_all("abcd");
    const std::string leader = cluster.at("a").view().leader()->name;
    const std::string other = leader == "a" ? "b" : "a";
    std::string half;
    for (const std::string name : {"a", "b", "c", "d"}) {
      if (name != leader && name != other) half += name;
    }
    const uint32_t term = cluster.at(leader).view().term;
    for (const char name : half) cluster.cut(std::string(1, name), leader + other);
    cluster.network.run_for(seconds(10));
    for (const char name : half) EXPECT_FALSE(cluster.at(std::string(1, name)).is_leader());
    EXPECT_TRUE(cluster.at(leader).has_quorum());
    cluster.network.heal();
    ASSERT_TRUE(cluster.run_until_agreed("abcd", seconds(4)));
    EXPECT_EQ(cluster.at("a").view().term, term);
    EXPECT_EQ(cluster.expulsions(leader), 0);
    EXPECT_EQ(cluster.expulsions(other), 0);
  }
}

TEST(Election, ALeaderCutOffLosesItsQuorumAndReturnsAsAPlainMember) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.start_all("abcde");
    cluster.cut("a", "bcde");
    ASSERT_TRUE(cluster.run_until_agreed("bcde", milliseconds(800)));
    EXPECT_FALSE(cluster.at("a").has_quorum());
    cluster.network.run_for(seconds(3));
    EXPECT_FALSE(cluster.at("a").has_quorum());
    EXPECT_EQ(cluster.usable("a").size(), 5U) << "a silent member is suspected, and not buried";
    EXPECT_TRUE(cluster.at("b").has_quorum());
    cluster.network.heal();
    ASSERT_TRUE(cluster.run_until_agreed("abcde", seconds(4)));
    EXPECT_FALSE(cluster.at("a").is_leader());
    EXPECT_EQ(cluster.expulsions("a"), 1);
  }
}

TEST(Election, TwoMembersThatLoseEachOtherMeetAgain) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.start_all("ab");
    cluster.cut("a", "b");
    cluster.network.run_for(seconds(5));
    EXPECT_TRUE(cluster.agree("a"));
    EXPECT_TRUE(cluster.agree("b"));
    EXPECT_TRUE(cluster.at("a").has_quorum());
    EXPECT_FALSE(cluster.at("b").has_quorum());
    cluster.network.heal();
    EXPECT_TRUE(cluster.run_until_agreed("ab", seconds(4)));
  }
}

TEST(Election, AOneWayCutOfTheLeaderEndsInOneLeader) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  // Member a hears the others, and none of them hears it.
  cluster.network.cut_one_way(cluster.address("a"), cluster.address("b"));
  cluster.network.cut_one_way(cluster.address("a"), cluster.address("c"));
  ASSERT_TRUE(cluster.run_until_agreed("bc", seconds(2)));
  cluster.network.heal();
  ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(4)));
}

}  // namespace
}  // namespace understudy
