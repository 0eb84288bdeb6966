// SPDX-License-Identifier: Apache-2.0
// Whole clusters in virtual time: connections that a firewall refuses, of members that live (P20).
#include <gtest/gtest.h>

#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// It answers with RST: connections of one member to another are refused.
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

// With NoWitness available one of two goes on alone; its only evidence must not be one refusal.
TEST(Firewall, OfTwoMembersNoneBelievesARefusalOfOneThatStillBeats) {
  for (const std::string from : {"a", "b"}) {
    SCOPED_TRACE(from + " is refused");
    const std::string to = from == "a" ? "b" : "a";
    VirtualCluster cluster(2);
    cluster.start_all("ab");
    cluster.network.refuse(cluster.address(from), cluster.address(to));
    cluster.network.break_links(cluster.address(from), cluster.address(to));
    cluster.network.run_for(seconds(20));
    EXPECT_TRUE(cluster.agree("ab")) << cluster.describe();
    EXPECT_EQ(cluster.expulsions(), 0);
    EXPECT_EQ(cluster.usable(from), cluster.usable(to));
    cluster.network.heal();
    EXPECT_TRUE(cluster.run_until_agreed("ab", seconds(2)));
  }
}

TEST(Firewall, OfTwoMembersTheDeadOneIsKnownABeatLater) {
  for (const std::string dead : {"a", "b"}) {
    VirtualCluster cluster(2);
    cluster.start_all("ab");
    cluster.kill(dead);
    cluster.network.run_for(VirtualCluster::kBeat);
    const std::string rest = dead == "a" ? "b" : "a";
    EXPECT_EQ(cluster.usable(rest).size(), 2U) << "its beat may be under way";
    EXPECT_TRUE(cluster.run_until_agreed(rest, VirtualCluster::kBeat / 2));
    EXPECT_TRUE(cluster.deaths_at(rest).back().is_proven);
    EXPECT_TRUE(cluster.at(rest).has_quorum());
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

}  // namespace
}  // namespace understudy
