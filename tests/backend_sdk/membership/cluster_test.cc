// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: joining, detection, election, partitions, returns.
#include <gtest/gtest.h>

#include <iostream>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t kSeeds = 20;

// ---- joining

TEST(Joining, OneMemberAloneStartsAGroup) {
  VirtualCluster cluster(1);
  cluster.start("a", "a");
  EXPECT_TRUE(cluster.run_until_agreed("a", milliseconds(10)));
  EXPECT_TRUE(cluster.at("a").is_leader());
  EXPECT_TRUE(cluster.at("a").has_quorum());
}

TEST(Joining, AMemberIsLetInThroughAnyMember) {
  VirtualCluster cluster(1);
  cluster.start_all("ab");
  cluster.start("d", "b");
  EXPECT_TRUE(cluster.run_until_agreed("abd", milliseconds(50)));
  EXPECT_EQ(cluster.leader("d"), "a");
}

TEST(Joining, MembersThatStartAtTheSameMomentEndInOneGroupOfTheLowestAddress) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    for (const char* name : {"c", "a", "b"}) cluster.start(name);
    ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(1)));
    EXPECT_EQ(cluster.leader("c"), "a");
    EXPECT_EQ(cluster.expulsions("a") + cluster.expulsions("b") + cluster.expulsions("c"), 0);
  }
}

TEST(Joining, SeedsThatNameOnlyTheOthersMakeOneGroup) {
  VirtualCluster cluster(3);
  cluster.start("a", "b");
  cluster.start("b", "a");
  EXPECT_TRUE(cluster.run_until_agreed("ab", seconds(2)));
}

TEST(Joining, ManyMembersJoinAtOnce) {
  VirtualCluster cluster(5);
  const std::string names = "abcdefghijklmnopqrstuvwxy";
  for (const char name : names) cluster.start(std::string(1, name));
  EXPECT_TRUE(cluster.run_until_agreed(names, seconds(5)));
}

TEST(Joining, ANameThatIsTakenIsRefused) {
  VirtualCluster cluster(1);
  cluster.start_all("ab");
  VirtualNetwork::Life& life = cluster.network.start({77, cluster.address("z")});
  Member impostor = *cluster.at("a").view().leader();
  impostor.mid = 77;
  impostor.cluster_address = cluster.address("z");
  struct Quiet final : VirtualNetwork::Process, Membership::Listener {
    void on_wake() override {}
    void on_frame(const Peer& from, Frame frame) override {
      types.push_back(frame.type);
      membership->on_frame(from, std::move(frame));
    }
    void on_link_down(const Peer&, LinkDown) override {}
    void on_datagram(MemberId, const Datagram&) override {}
    void on_probe_failed(const Peer&, LinkDown) override {}
    void on_probe_answered(const Peer&) override {}
    void on_view(const MemberView&) override {}
    void on_dead(const Peer&, bool) override {}
    void on_alive(const Peer&) override {}
    void on_expelled() override {}
    std::unique_ptr<Membership> membership;
    std::vector<FrameType> types;
  } process;
  process.membership = std::make_unique<Membership>(
      MembershipOptions{.self = impostor, .seeds = {cluster.address("a")}}, life.clock(),
      cluster.network.random(), life, process);
  life.attach(process);
  process.membership->start();
  cluster.network.run_for(milliseconds(100));
  EXPECT_FALSE(process.membership->is_admitted());
  ASSERT_FALSE(process.types.empty());
  EXPECT_EQ(process.types.front(), FrameType::kJoinNo);
  EXPECT_TRUE(cluster.agree("ab"));
}

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
    EXPECT_TRUE(cluster.network.run_until([&] { return cluster.at(first).has_quorum(); },
                                          seconds(30)));
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

// A firewall that answers with RST: connections of one member to another are refused.
TEST(Firewall, ARefusalThatOneMemberSeesBuriesNobody) {
  for (const std::string from : {"a", "b", "c"}) {
    for (const std::string to : {"a", "b", "c"}) {
      if (from == to) continue;
      SCOPED_TRACE(from + " is refused by " + to);
      VirtualCluster cluster(2);
      cluster.start_all("abc");
      cluster.network.refuse(cluster.address(from), cluster.address(to));
      cluster.network.break_links(cluster.address(from), cluster.address(to));
      cluster.network.run_for(seconds(20));
      EXPECT_TRUE(cluster.agree("abc")) << cluster.describe();
      EXPECT_EQ(cluster.expulsions(), 0);
      const MemberId mid = cluster.at(to).mid();
      EXPECT_EQ(cluster.at(from).fates().fate(mid), Fate::kUsable) << "the proof was withdrawn";
    }
  }
}

TEST(Firewall, AMemberThatDiesBehindOneIsBuriedAllTheSame) {
  VirtualCluster cluster(2);
  cluster.start_all("abcd");
  cluster.network.refuse(cluster.address("a"), cluster.address("c"));
  cluster.network.break_links(cluster.address("a"), cluster.address("c"));
  cluster.network.run_for(seconds(5));
  cluster.kill("c");
  EXPECT_TRUE(cluster.run_until_agreed("abd", seconds(2))) << cluster.describe();
}

TEST(Detection, AKilledMemberIsKnownWithinAFewRoundTrips) {
  // A round trip takes at most 0.6 ms here.
  for (const std::string victim : {"a", "b", "e"}) {
    VirtualCluster cluster(2);
    cluster.start_all("abcde");
    cluster.kill(victim);
    std::string rest = "abcde";
    rest.erase(rest.find(victim), 1);
    EXPECT_TRUE(cluster.run_until_agreed(rest, milliseconds(4))) << victim;
  }
}

TEST(Confirmed, AMemberIsOnceAQuorumHasTheViewThatAdmittedIt) {
  VirtualCluster cluster(2);
  cluster.start_all("abc");
  cluster.cut("a", "bc");
  cluster.start("d", "a");
  ASSERT_TRUE(cluster.network.run_until([&] { return cluster.at("d").is_admitted(); }, seconds(1)));
  const MemberId d = cluster.at("d").mid();
  cluster.network.run_for(milliseconds(300));
  EXPECT_FALSE(cluster.at("a").view().find(d)->is_confirmed) << "the others go on without both";

  cluster.network.heal();
  cluster.start("e", "b");
  ASSERT_TRUE(cluster.network.run_until([&] { return cluster.at("e").is_admitted(); }, seconds(3)));
  const MemberId e = cluster.at("e").mid();
  const auto is_confirmed = [&] {
    const Member* member = cluster.at("b").view().find(e);
    return member && member->is_confirmed;
  };
  EXPECT_TRUE(cluster.network.run_until(is_confirmed, VirtualCluster::kBeat)) << cluster.describe();
}

TEST(Confirmed, AGroupOfOneConfirmsWithinABeat) {
  VirtualCluster cluster(2);
  cluster.start_all("a");
  EXPECT_TRUE(cluster.at("a").view().members[0].is_confirmed);
  cluster.start("b", "a");
  const auto is_confirmed = [&] {
    const auto& members = cluster.at("a").view().members;
    return members.size() == 2 && members[1].is_confirmed;
  };
  EXPECT_TRUE(cluster.network.run_until(is_confirmed, milliseconds(5)));
}

TEST(Quorum, IsCountedFromThoseThatHaveAnswered) {
  VirtualCluster cluster(2);
  cluster.start_all("abcde");
  const auto mid = [&](const char* name) { return cluster.at(name).mid(); };
  EXPECT_FALSE(cluster.at("a").is_quorum({}));
  EXPECT_FALSE(cluster.at("a").is_quorum({mid("b")}));
  EXPECT_TRUE(cluster.at("a").is_quorum({mid("b"), mid("e")}));
  EXPECT_TRUE(cluster.at("e").is_quorum({mid("b"), mid("c")}));
  EXPECT_FALSE(cluster.at("e").is_quorum({77, 78})) << "strangers";
}

TEST(Views, AreFetchedFromAnyMember) {
  VirtualCluster cluster(2);
  cluster.start_all("abcd");
  cluster.cut("a", "b");
  cluster.at("a").set_operator_state(OperatorState::kDraining);
  cluster.network.run_for(milliseconds(5));
  const MemberId a = cluster.at("a").mid();
  ASSERT_EQ(cluster.at("c").view().find(a)->operator_state, OperatorState::kDraining);
  ASSERT_EQ(cluster.at("b").view().find(a)->operator_state, OperatorState::kReady);
  cluster.at("b").ask_for_view(cluster.at("b").view().find(cluster.at("c").mid())->peer());
  cluster.network.run_for(milliseconds(5));
  EXPECT_EQ(cluster.at("b").view().find(a)->operator_state, OperatorState::kDraining);
}

TEST(Joining, MembersThatStartWithinMillisecondsOnASlowNetworkEndInOneGroup) {
  // As on a busy machine: whatever one asks the other takes longer than 2 T.
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed, {.delay_min = milliseconds(120), .delay_max = milliseconds(300)});
    for (const char* name : {"b", "a", "c"}) {
      cluster.start(name);
      cluster.network.run_for(Duration(cluster.network.random().below(20'000'000)));
    }
    ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(5))) << cluster.describe();
    EXPECT_EQ(cluster.expulsions("a") + cluster.expulsions("b") + cluster.expulsions("c"), 0);
  }
}

TEST(Joining, ALoneMemberWhoseSeedsRefuseStartsAfterTwoBeats) {
  VirtualCluster cluster(1);
  cluster.start("b");
  cluster.network.run_for(2 * VirtualCluster::kBeat - milliseconds(1));
  EXPECT_FALSE(cluster.at("b").is_admitted());
  EXPECT_TRUE(cluster.run_until_agreed("b", milliseconds(20)));
}

// ---- detection

TEST(Detection, AKilledMemberIsKnownToAllWithinMilliseconds) {
  for (const std::string victim : {"a", "b", "c"}) {
    SCOPED_TRACE("kill " + victim);
    VirtualCluster cluster(2);
    cluster.start_all("abc");
    cluster.kill(victim);
    std::string rest = "abc";
    rest.erase(rest.find(victim), 1);
    ASSERT_TRUE(cluster.run_until_agreed(rest, milliseconds(10)));
    for (const char name : rest) {
      const auto& deaths = cluster.deaths_at(std::string(1, name));
      ASSERT_EQ(deaths.size(), 1u);
      EXPECT_EQ(deaths[0].name, victim);
      EXPECT_TRUE(deaths[0].is_proven);
      EXPECT_TRUE(cluster.at(std::string(1, name)).has_quorum());
    }
  }
}

TEST(Detection, AStoppedMemberIsDeadForAllWithinThreeAndAHalfBeats) {
  for (const std::string victim : {"a", "b", "c"}) {
    Duration slowest{};
    for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
      SCOPED_TRACE("stop " + victim + ", seed " + std::to_string(seed));
      VirtualCluster cluster(seed);
      cluster.start_all("abc");
      cluster.network.run_for(Duration(cluster.network.random().below(200'000'000)));
      cluster.pause(victim);
      const TimePoint stopped = cluster.network.now();
      std::string rest = "abc";
      rest.erase(rest.find(victim), 1);
      ASSERT_TRUE(cluster.run_until_agreed(rest, milliseconds(750)));
      slowest = std::max(slowest, cluster.network.now() - stopped);
      EXPECT_FALSE(cluster.deaths_at(rest.substr(0, 1)).at(0).is_proven);
    }
    std::cout << "stopped " << victim << ": slowest "
              << std::chrono::duration_cast<milliseconds>(slowest).count() << " ms\n";
  }
}

TEST(Detection, OfTwoMembersTheStoppedOneIsDeadForTheOther) {
  for (const std::string victim : {"a", "b"}) {
    VirtualCluster cluster(4);
    cluster.start_all("ab");
    cluster.pause(victim);
    EXPECT_TRUE(cluster.run_until_agreed(victim == "a" ? "b" : "a", milliseconds(750)));
  }
}

TEST(Detection, ASuspectIsShownAsSuchBeforeItIsDead) {
  VirtualCluster cluster(4);
  cluster.start_all("abc");
  cluster.pause("c");
  EXPECT_TRUE(cluster.network.run_until(
      [&] { return cluster.liveness("c", "b") == Liveness::kSuspect; }, milliseconds(500)));
}

TEST(Detection, AMemberHeardOnlyThroughOthersStaysAlive) {
  VirtualCluster cluster(6);
  cluster.start_all("abc");
  cluster.cut("a", "c");
  cluster.network.run_for(seconds(20));
  EXPECT_TRUE(cluster.deaths_at("a").empty());
  EXPECT_TRUE(cluster.deaths_at("c").empty());
  EXPECT_TRUE(cluster.agree("abc"));
}

TEST(Detection, NobodyIsFalselyDeadWhenOneDatagramInTenIsLost) {
  for (uint64_t seed = 1; seed <= 6; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed, {.loss = 0.1, .duplication = 0.01});
    cluster.start_all("abcdef");
    cluster.network.run_for(std::chrono::minutes(10));
    for (const char name : std::string("abcdef")) {
      EXPECT_TRUE(cluster.deaths_at(std::string(1, name)).empty());
    }
    EXPECT_TRUE(cluster.run_until_agreed("abcdef", seconds(2)));
  }
}

TEST(Detection, AResetLinkKillsNobody) {
  VirtualCluster cluster(6);
  cluster.start_all("abc");
  for (int i = 0; i < 20; ++i) {
    cluster.network.break_links(cluster.address("a"), cluster.address("b"));
    cluster.network.run_for(milliseconds(50));
  }
  EXPECT_TRUE(cluster.deaths_at("a").empty());
  EXPECT_TRUE(cluster.run_until_agreed("abc", seconds(1)));
  // And the links are there again: a kill is still known at once.
  cluster.kill("b");
  EXPECT_TRUE(cluster.run_until_agreed("ac", milliseconds(10)));
}

TEST(Detection, AMachineWithoutPowerIsDeadByThreeMisses) {
  VirtualCluster cluster(6);
  cluster.start_all("abc");
  cluster.network.power_off(cluster.address("a"));
  ASSERT_TRUE(cluster.run_until_agreed("bc", milliseconds(750)));
  EXPECT_FALSE(cluster.deaths_at("b").at(0).is_proven);
}

// ---- pause and return

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

// ---- leaving

TEST(Leaving, IsKnownAtOnce) {
  for (const std::string name : {"a", "b"}) {
    VirtualCluster cluster(8);
    cluster.start_all("abc");
    cluster.at(name).leave();
    ASSERT_TRUE(cluster.run_until_agreed(name == "a" ? "bc" : "ac", milliseconds(10)));
    EXPECT_EQ(cluster.liveness(name, "c"), Liveness::kLeft);
    EXPECT_TRUE(cluster.deaths_at("c").at(0).is_proven);
    cluster.kill(name);
    cluster.network.run_for(seconds(2));
    EXPECT_EQ(cluster.deaths_at("c").size(), 1u);
  }
}

TEST(Leaving, WhatTheOperatorWantsReachesEverybody) {
  VirtualCluster cluster(8);
  cluster.start_all("abc");
  for (const std::string name : {"a", "b"}) {
    cluster.at(name).set_operator_state(OperatorState::kDraining);
    EXPECT_TRUE(cluster.network.run_until(
        [&] {
          const auto* member = cluster.at("c").view().find(cluster.at(name).mid());
          return member->operator_state == OperatorState::kDraining;
        },
        milliseconds(300)));
  }
}

// ---- elections and partitions

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
    EXPECT_EQ(cluster.usable("a").size(), 5U) << "who is silent is a suspect, and not buried";
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
  // a hears everybody and is heard by nobody.
  cluster.network.cut_one_way(cluster.address("a"), cluster.address("b"));
  cluster.network.cut_one_way(cluster.address("a"), cluster.address("c"));
  ASSERT_TRUE(cluster.run_until_agreed("bc", seconds(2)));
  cluster.network.heal();
  ASSERT_TRUE(cluster.run_until_agreed("abc", seconds(4)));
}

}  // namespace
}  // namespace understudy
