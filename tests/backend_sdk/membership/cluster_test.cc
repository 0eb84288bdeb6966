// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: joining, confirmation, detection, leaving.
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

// M21: it has forgotten which newcomers it knew, and those have to have had the time to look for
// it.
TEST(Quorum, ANextLifeSpeaksForTheDeadAfterFiveBeats) {
  for (const bool one_goes_on_alone : {false, true}) {
    VirtualCluster cluster(2);
    cluster.one_goes_on_alone = one_goes_on_alone;
    cluster.start_all("abc");
    cluster.network.run_for(seconds(3));
    for (const char* name : {"b", "c"}) cluster.network.power_off(cluster.address(name));
    cluster.network.run_for(seconds(2));
    cluster.start("b");
    ASSERT_TRUE(
        cluster.network.run_until([&] { return cluster.at("b").is_admitted(); }, seconds(3)));
    const auto is_quorum = [&] { return cluster.at("a").is_quorum({cluster.at("b").mid()}); };
    cluster.network.run_for(4 * VirtualCluster::kBeat);
    EXPECT_EQ(is_quorum(), one_goes_on_alone);
    cluster.network.run_for(2 * VirtualCluster::kBeat);
    EXPECT_TRUE(is_quorum()) << cluster.describe();
  }
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

// The only other member is the only one that can be asked, and what it is asked gets lost, too.
TEST(Detection, AMemberHeardOnlyThroughOneOtherStaysAliveWhenDatagramsAreLost) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed, {.loss = 0.03});
    cluster.start_all("abc");
    cluster.cut("a", "c");
    cluster.network.run_for(seconds(60));
    EXPECT_TRUE(cluster.deaths_at("a").empty());
    EXPECT_TRUE(cluster.deaths_at("c").empty());
    EXPECT_EQ(cluster.expulsions(), 0);
  }
}

// D1: a session's frames count as beats do. A member whose link has come back before its beats
// would be buried otherwise, with votes and sessions that it has just got.
TEST(Detection, AFrameOfTheLayersAboveIsASignOfLife) {
  VirtualCluster cluster(6);
  cluster.start_all("abc");
  const std::string leader = cluster.leader("a");
  const std::string silent = leader == "c" ? "a" : "c";
  const MemberId mid = cluster.at(silent).mid();
  for (const std::string other : {"a", "b", "c"}) {
    if (other != silent) cluster.cut(silent, other);
  }
  for (int beats = 0; beats < 20; ++beats) {
    cluster.network.run_for(VirtualCluster::kBeat);
    cluster.at(leader).on_sign_of_life(mid);
  }
  EXPECT_TRUE(cluster.deaths_at(leader).empty());
  cluster.network.run_for(4 * VirtualCluster::kBeat);
  EXPECT_EQ(cluster.deaths_at(leader).size(), 1u) << "then there are no frames either";
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

}  // namespace
}  // namespace understudy
