// SPDX-License-Identifier: Apache-2.0
// What a quorum is measured by when counted members have died: whose votes go, and who follows
// them.
#include <gtest/gtest.h>

#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/reports.h"
#include "backend_sdk/membership/view_writer.h"
#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));
constexpr uint64_t kSeeds = 20;

// All of them counted.
MemberView view_of(std::initializer_list<MemberId> mids) {
  MemberView view;
  for (const MemberId mid : mids) {
    Member member;
    member.mid = member.join_seq = mid;
    member.name = "m" + std::to_string(mid);
    member.is_counted = member.is_confirmed = true;
    view.members.push_back(member);
  }
  return view;
}

TEST(Reports, WhereNoCountedMemberMayLiveEachOfTheOthersMustHaveIt) {
  MemberView view = view_of({1, 2, 3});
  view.members[0].liveness = Liveness::kDead;
  view.members[0].is_proven = true;
  view.members[1].is_counted = view.members[2].is_counted = false;
  Reports reports(4);
  EXPECT_FALSE(reports.is_known(7, view, 2, {3})) << "3 may be on another side";
  reports.note(3, 7, 0);
  EXPECT_FALSE(reports.is_known(7, view, 2, {3}));
  EXPECT_TRUE(reports.is_known(7, view, 2, {}));
}

// Two of three are off, and come back as new lives: their old votes must not hinder for as long as
// tombstones last.
TEST(Measure, VotesOfTheProvenDeadGoWhenAllOthersAreSeenAndOneMayGoOnAlone) {
  for (const bool one_goes_on_alone : {true, false}) {
    SCOPED_TRACE(one_goes_on_alone);
    MemberView view = view_of({1, 2, 3});
    for (Member& member : view.members) member.is_counted = member.is_confirmed = true;
    ViewWriter writer(view, 4,
                      {.members_max = 9,
                       .tombstones_max = 9,
                       .tombstone_age = seconds(600),
                       .one_goes_on_alone = one_goes_on_alone},
                      kStart);
    writer.mark(2, Liveness::kDead, Evidence::kSilence, kStart);
    writer.mark(3, Liveness::kDead, Evidence::kSilence, kStart);
    writer.mark(2, Liveness::kDead, Evidence::kLateProof, kStart);
    writer.publish(kStart, true);
    writer.tend(kStart + seconds(60), seconds(5), true);
    EXPECT_FALSE(is_quorate(writer.draft())) << "3 may be on another side";
    writer.mark(3, Liveness::kDead, Evidence::kLateProof, kStart + seconds(60));
    writer.publish(kStart + seconds(60), true);
    writer.tend(kStart + seconds(69), seconds(5), true);
    EXPECT_FALSE(is_quorate(writer.draft())) << "another side may still look for us";
    writer.tend(kStart + seconds(70), seconds(5), true);
    EXPECT_EQ(is_quorate(writer.draft()), one_goes_on_alone);
    writer.tend(kStart + seconds(359), seconds(5), true);
    EXPECT_EQ(is_quorate(writer.draft()), one_goes_on_alone);
    writer.tend(kStart + seconds(360), seconds(5), true);
    EXPECT_TRUE(is_quorate(writer.draft())) << "no old copy is left";
  }
}

// Five minutes are more than a copy that was passed over is kept.
TEST(Measure, SurvivorsWaitUntilNoMemberWasOutOfTouchForHalfATombstonesLife) {
  for (const bool one_goes_on_alone : {true, false}) {
    SCOPED_TRACE(one_goes_on_alone);
    MemberView view = view_of({1, 2, 3});
    view.members[1].is_counted = view.members[2].is_counted = false;
    ViewWriter writer(view, 4,
                      {.self = 2,
                       .members_max = 9,
                       .tombstones_max = 9,
                       .tombstone_age = seconds(600),
                       .one_goes_on_alone = one_goes_on_alone},
                      kStart);
    writer.mark(1, Liveness::kDead, Evidence::kSilence, kStart);
    writer.mark(1, Liveness::kDead, Evidence::kLateProof, kStart + seconds(1));
    writer.publish(kStart + seconds(1), true);
    const auto is_proposed_at = [&](int second, bool is_in_touch) {
      writer.tend(kStart + seconds(second), seconds(5), is_in_touch);
      return is_measure_proposed(writer.draft());
    };
    EXPECT_FALSE(is_proposed_at(10, true));
    EXPECT_EQ(is_proposed_at(11, true), one_goes_on_alone);
    if (one_goes_on_alone) continue;
    EXPECT_FALSE(is_proposed_at(200, false)) << "one may have been elsewhere";
    EXPECT_FALSE(is_proposed_at(499, true));
    EXPECT_TRUE(is_proposed_at(500, true));
    EXPECT_FALSE(is_quorate(writer.draft())) << "not all have it yet";
    writer.publish(kStart + seconds(500), true);
    writer.confirm([](uint64_t) { return true; }, [](MemberId, uint64_t) { return true; });
    EXPECT_TRUE(is_quorate(writer.draft()));
  }
}

// A newcomer that leads because all others are gone has come, whatever a quorum knew of it.
TEST(Measure, ALeaderThatIsNotConfirmedIsNotExpectedByItself) {
  MemberView view = view_of({1, 2});
  view.members[1].is_counted = view.members[1].is_confirmed = false;
  ViewWriter writer(
      view, 4, {.self = 2, .members_max = 9, .tombstones_max = 9, .tombstone_age = seconds(600)},
      kStart);
  EXPECT_FALSE(writer.is_expected(2));
  MemberView other = view_of({2});
  other.group = 9;
  writer.begin_yield({9, {2, {}}}, other);
  EXPECT_NE(writer.draft().find(2), nullptr);
}

// M28. Two newcomers are left, which were not counted yet; the counted members died on the other
// side of a cut, so that their deaths are proven late.
TEST(Measure, OfCountedMembersThatAllDiedUnseenGoesToTheSurvivors) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.one_goes_on_alone = false;
    cluster.start_all("abc");
    cluster.network.run_for(seconds(3));
    cluster.start("d");
    cluster.start("e");
    ASSERT_TRUE(cluster.run_until_agreed("abcde", milliseconds(900)));
    for (const std::string name : {"a", "b", "c"}) cluster.cut(name, "de");
    cluster.network.run_for(seconds(2));
    for (const std::string name : {"a", "b", "c"}) cluster.kill(name);
    cluster.network.heal();
    ASSERT_TRUE(cluster.run_until_agreed("de")) << cluster.describe();
    cluster.network.run_for(std::chrono::minutes(4));
    EXPECT_FALSE(cluster.at("d").has_quorum()) << "an old copy may still be there";
    cluster.network.run_for(std::chrono::minutes(2));
    EXPECT_TRUE(cluster.at("d").has_quorum()) << cluster.describe();
    EXPECT_TRUE(cluster.at("e").has_quorum());
    cluster.start("a", "de");
    ASSERT_TRUE(cluster.run_until_agreed("ade"));
  }
}

// P25: a frame that TCP has carried through a cut comes after its sender's death. Until then a may
// have gone on with others, so it keeps its vote (simulator, accounts --overlapping 90220).
TEST(Measure, AFrameThatWasUnderWayForLongDoesNotMakeADeathOneBeforeOurEyes) {
  VirtualCluster cluster(8);
  cluster.one_goes_on_alone = false;
  cluster.start_all("ab");
  cluster.network.run_for(seconds(3));
  const MemberId leader = cluster.at("a").mid();
  ASSERT_EQ(cluster.leader("b"), "a");
  cluster.cut("a", "b");
  cluster.network.run_for(seconds(1));
  cluster.kill("a");
  cluster.at("b").on_sign_of_life(leader);
  cluster.network.heal();
  ASSERT_TRUE(cluster.run_until_agreed("b")) << cluster.describe();
  const Member* dead = cluster.at("b").view().find(leader);
  ASSERT_NE(dead, nullptr);
  EXPECT_TRUE(dead->is_proven);
  EXPECT_TRUE(dead->is_counted);
  EXPECT_FALSE(cluster.at("b").has_quorum());
}

// a lets b and c in and dies before it can say so to c; b, which no quorum knows yet, needs c's
// vote.
TEST(Measure, AMemberThatWasLetInAndNotToldIsToldByAnother) {
  int tried = 0;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    VirtualCluster cluster(seed);
    cluster.one_goes_on_alone = false;
    cluster.start_all("a");
    cluster.start("b");
    cluster.start("c");
    const auto are_let_in = [&] { return cluster.usable("a").size() == 3; };
    ASSERT_TRUE(cluster.network.run_until(are_let_in, seconds(2)));
    if (cluster.at("c").is_admitted()) continue;
    cluster.cut("c", "ab");
    const auto is_told = [&] { return cluster.usable("b").size() == 3; };
    ASSERT_TRUE(cluster.network.run_until(is_told, seconds(1)));
    cluster.kill("a");
    cluster.network.run_for(milliseconds(50));
    if (cluster.at("b").is_leader()) continue;
    cluster.network.heal();
    ASSERT_TRUE(cluster.run_until_agreed("bc")) << cluster.describe();
    ++tried;
  }
  EXPECT_GT(tried, 0);
}

}  // namespace
}  // namespace understudy
