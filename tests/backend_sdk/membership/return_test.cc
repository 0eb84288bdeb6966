// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: members that were paused, cut off or started again.
#include <gtest/gtest.h>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeeds = 20;

TEST(Return, AResumedMemberFindsItselfExpelledAndComesBackAsANewOne) {
  for (const std::string victim : {"a", "b"}) {
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE("pause " + victim + ", seed " + std::to_string(seed));
      VirtualCluster cluster(seed);
      cluster.start_all("abc");
      cluster.pause(victim);
      cluster.network.run_for(seconds(3));
      cluster.resume(victim);
      ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(2)));
      EXPECT_EQ(cluster.expulsions(victim), 1);
      for (const auto& told : cluster.deaths_at(victim)) EXPECT_EQ(told.name, victim);
      EXPECT_NE(cluster.leader("c"), "a" == victim ? "a" : "x");
    }
  }
}

TEST(Return, WhoKnowsOfOthersStartsNoGroupOnTheirSilence) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.pause("c");
  cluster.network.run_for(seconds(3));
  // Just when it learns that it is out, the others fall silent for 25 T.
  cluster.resume("c");
  ASSERT_TRUE(cluster.network.run_until([&] { return cluster.expulsions("c") == 1; }, seconds(2)));
  cluster.pause("a");
  cluster.pause("b");
  cluster.network.run_for(25 * VirtualCluster::kBeat);
  EXPECT_FALSE(cluster.at("c").is_admitted());
  cluster.resume("a");
  cluster.resume("b");
  ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(5))) << cluster.describe();
  EXPECT_EQ(cluster.expulsions("c"), 1);
}

TEST(Return, WhoIsRefusedByAllOthersStartsAGroupSoon) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.pause("c");
  cluster.network.run_for(seconds(3));
  cluster.resume("c");
  ASSERT_TRUE(cluster.network.run_until([&] { return cluster.expulsions("c") == 1; }, seconds(2)));
  cluster.kill("a");
  cluster.kill("b");
  EXPECT_TRUE(cluster.run_until_agreed("c", 4 * VirtualCluster::kBeat)) << cluster.describe();
}

TEST(Return, WhoseOthersLostPowerStartsAGroupInTheEnd) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.pause("c");
  cluster.network.run_for(seconds(3));
  cluster.resume("c");
  ASSERT_TRUE(cluster.network.run_until([&] { return cluster.expulsions("c") == 1; }, seconds(2)));
  cluster.network.power_off(cluster.address("a"));
  cluster.network.power_off(cluster.address("b"));
  EXPECT_FALSE(cluster.run_until_agreed("c", 29 * VirtualCluster::kBeat));
  EXPECT_TRUE(cluster.run_until_agreed("c", 2 * VirtualCluster::kBeat)) << cluster.describe();
}

TEST(Return, ALeaderThatWasCutOffExpelsNobody) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.start_all("abcd");
    // The one that would succeed it is slow to find the others, too.
    cluster.cut("a", "bcd");
    cluster.cut("b", "cd");
    cluster.network.run_for(milliseconds(900));
    cluster.network.heal();
    ASSERT_TRUE(cluster.run_until_agreed("abcd", seconds(5))) << cluster.describe();
    EXPECT_EQ(cluster.expulsions("c") + cluster.expulsions("d"), 0);
  }
}

TEST(Return, AShortPauseIsForgiven) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  for (const std::string name : {"a", "b", "c"}) {
    cluster.pause(name);
    cluster.network.run_for(milliseconds(300));
    cluster.resume(name);
    cluster.network.run_for(seconds(2));
    EXPECT_TRUE(cluster.agree("abc")) << name;
    EXPECT_TRUE(cluster.deaths_at(name).empty());
  }
}

TEST(Return, ALeaderThatWasPausedJudgesNobodyByItsOwnPause) {
  VirtualCluster cluster(8);
  cluster.start_all("ab");
  // b cannot elect itself while it is paused as well; a must not blame it for the common pause.
  cluster.pause("a");
  cluster.pause("b");
  cluster.network.run_for(seconds(5));
  cluster.resume("a");
  cluster.resume("b");
  cluster.network.run_for(seconds(2));
  EXPECT_TRUE(cluster.agree("ab"));
  EXPECT_TRUE(cluster.deaths_at("a").empty());
  EXPECT_TRUE(cluster.deaths_at("b").empty());
}

TEST(Return, ARestartedProcessProvesTheDeathOfItsEarlierLife) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.network.power_off(cluster.address("b"));
  cluster.network.run_for(milliseconds(100));
  cluster.start("b");
  ASSERT_TRUE(cluster.run_until_agreed("abc", milliseconds(500)));
  ASSERT_FALSE(cluster.deaths_at("a").empty());
  EXPECT_TRUE(cluster.deaths_at("a").back().is_proven);
}

// P24: a channel may wait for that proof, and the view has no tombstone any more.
TEST(Return, TheNextLifeProvesTheDeathOfOneThatTheViewHasForgotten) {
  VirtualCluster cluster(8);
  cluster.one_goes_on_alone = false;
  cluster.start_all("abc");
  cluster.network.run_for(seconds(3));
  const MemberId earlier = cluster.at("c").mid();
  cluster.network.power_off(cluster.address("c"));
  cluster.network.run_for(std::chrono::minutes(11));
  ASSERT_EQ(cluster.at("a").view().find(earlier), nullptr);
  EXPECT_EQ(cluster.at("a").fates().fate(earlier), Fate::kDead);
  cluster.start("c");
  ASSERT_TRUE(cluster.run_until_agreed("abc"));
  cluster.network.run_for(2 * VirtualCluster::kBeat);
  EXPECT_EQ(cluster.at("a").fates().fate(earlier), Fate::kProven);
  EXPECT_EQ(cluster.at("b").fates().fate(earlier), Fate::kProven);
  EXPECT_TRUE(cluster.deaths_at("a").back().is_proven);
}

TEST(Return, AProofThatComesLateIsToldAsWell) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  cluster.network.power_off(cluster.address("b"));
  cluster.network.run_for(seconds(2));
  ASSERT_EQ(cluster.deaths_at("c").size(), 1u);
  EXPECT_FALSE(cluster.deaths_at("c")[0].is_proven);
  cluster.start("b");
  ASSERT_TRUE(
      cluster.network.run_until([&] { return cluster.deaths_at("c").size() == 2; }, seconds(1)));
  EXPECT_TRUE(cluster.deaths_at("c")[1].is_proven);
}

}  // namespace
}  // namespace understudy
