// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: groups that were founded apart become one.
#include <gtest/gtest.h>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::seconds;

TEST(Merging, TheLargerGroupGoesOnAndNoMemberIsExpelled) {
  VirtualCluster cluster(9);
  cluster.cut("a", "bc");
  // The cut is silent, so each side waits longer than for a refusal: 10 T.
  for (const char* name : {"b", "c"}) cluster.start(name);
  cluster.network.run_for(seconds(1));
  cluster.start("a");
  cluster.network.run_for(seconds(3));
  EXPECT_TRUE(cluster.agree("a"));
  EXPECT_TRUE(cluster.agree("bc"));
  cluster.network.heal();
  ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(5)));
  EXPECT_EQ(cluster.leader("a"), "b");
  EXPECT_EQ(cluster.expulsions(), 0);
}

// Two groups of three with a cut between them; the members of one know the others' addresses only.
class TwoGroups : public testing::TestWithParam<uint64_t> {
 protected:
  TwoGroups() : cluster(GetParam()) {
    cluster.cut("abc", "defgh");
    for (const char name : std::string("abc")) cluster.start(std::string(1, name), "abcd");
    for (const char name : std::string("defgh")) cluster.start(std::string(1, name), "defa");
  }
  // Founds them, and lets them become the measure of quorums.
  void found() {
    ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(10)));
    ASSERT_TRUE(cluster.run_until_agreed("defgh", seconds(10)));
    cluster.network.run_for(10 * VirtualCluster::kBeat);
  }
  bool is_yielding(const std::string& name) { return cluster.at(name).view().is_yielding(); }
  void expect_one_group_and_all_lives(const std::string& names = "abcdefgh") {
    ASSERT_TRUE(cluster.run_until_agreed(names, seconds(30))) << cluster.describe();
    EXPECT_EQ(cluster.expulsions(), 0) << cluster.describe();
    const std::string first = names.substr(0, 1);
    EXPECT_TRUE(
        cluster.network.run_until([&] { return cluster.at(first).has_quorum(); }, seconds(30)));
  }
  VirtualCluster cluster;
};
INSTANTIATE_TEST_SUITE_P(Seeds, TwoGroups, testing::Range(uint64_t{1}, uint64_t{11}));

TEST_P(TwoGroups, BecomeOneAndAllMembersKeepTheirLives) {
  found();
  const MemberId a = cluster.at("a").mid(), d = cluster.at("d").mid();
  cluster.network.heal();
  expect_one_group_and_all_lives();
  EXPECT_EQ(cluster.at("a").mid(), a);
  EXPECT_EQ(cluster.at("d").mid(), d);
  EXPECT_EQ(cluster.leader("a"), cluster.leader("h")) << "the larger group's";
  EXPECT_NE(cluster.leader("a"), "a");
  for (const char name : std::string("abcdefgh")) {
    EXPECT_TRUE(cluster.deaths_at(std::string(1, name)).empty());
  }
}

TEST_P(TwoGroups, AWrongClockDoesNoHarm) {
  found();
  // No clock is sent any more; a machine whose clock runs fast or slow is a member like others.
  cluster.network.set_clock_rate(cluster.address("a"), 1.01);
  cluster.network.set_clock_rate(cluster.address("d"), 0.99);
  cluster.network.heal();
  expect_one_group_and_all_lives();
}

TEST_P(TwoGroups, HaveNoQuorumWhileTheyYieldAndOneAfterwards) {
  found();
  cluster.network.heal();
  ASSERT_TRUE(cluster.network.run_until([&] { return is_yielding("a"); }, seconds(10)));
  EXPECT_FALSE(cluster.at("a").has_quorum());
  EXPECT_TRUE(cluster.at("d").has_quorum());
  expect_one_group_and_all_lives();
  EXPECT_TRUE(cluster.at("a").has_quorum());
}

TEST_P(TwoGroups, AYieldThatACutInterruptsIsResumed) {
  found();
  cluster.network.heal();
  ASSERT_TRUE(cluster.network.run_until([&] { return is_yielding("a"); }, seconds(10)));
  // Somewhere between the view that yields and the one that names all.
  cluster.network.run_for(Duration(cluster.network.random().below(1'500'000)));
  cluster.cut("abc", "defgh");
  cluster.network.run_for(seconds(12));
  cluster.network.heal();
  expect_one_group_and_all_lives();
}

TEST_P(TwoGroups, AYieldThatItsLeadersDeathInterruptsIsResumed) {
  found();
  const std::string leader = cluster.leader("a");
  cluster.network.heal();
  ASSERT_TRUE(cluster.network.run_until([&] { return is_yielding("a"); }, seconds(10)));
  cluster.network.run_for(Duration(cluster.network.random().below(1'500'000)));
  cluster.kill(leader);
  std::string rest = "abcdefgh";
  rest.erase(rest.find(leader), 1);
  expect_one_group_and_all_lives(rest);
}

TEST_P(TwoGroups, TheDeathOfTheOthersLeaderDoesNotExpelWhoHasYielded) {
  found();
  const std::string leader = cluster.leader("d");
  cluster.network.heal();
  ASSERT_TRUE(cluster.network.run_until([&] { return is_yielding("a"); }, seconds(10)));
  cluster.network.run_for(Duration(cluster.network.random().below(1'500'000)));
  cluster.kill(leader);
  std::string rest = "abcdefgh";
  rest.erase(rest.find(leader), 1);
  expect_one_group_and_all_lives(rest);
}

TEST(Merging, OneWhoseNameIsTakenStaysOutsideAndBothGroupsGoOn) {
  VirtualCluster cluster(3);
  cluster.cut("A", "bc");
  cluster.start("b", "bca");
  cluster.start("c", "bca");
  cluster.start_as("A", "b", "bA");
  cluster.network.run_for(seconds(8));
  ASSERT_TRUE(cluster.agree("bc"));
  ASSERT_TRUE(cluster.at("A").is_admitted());
  cluster.network.heal();
  cluster.network.run_for(seconds(10));
  EXPECT_TRUE(cluster.agree("bc")) << cluster.describe();
  EXPECT_EQ(cluster.expulsions(), 0);
  EXPECT_NE(cluster.at("A").view().group, cluster.at("b").view().group);
}

}  // namespace
}  // namespace understudy
