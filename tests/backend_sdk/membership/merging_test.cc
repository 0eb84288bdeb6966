// SPDX-License-Identifier: Apache-2.0
// Which group goes on, the steps of the one that yields, and what the other one's pen writes.
#include "backend_sdk/membership/merging.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/reports.h"
#include "backend_sdk/membership/view_writer.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));
constexpr Duration kT = seconds(1);
constexpr GroupId kOurs = 5, kTheirs = 9;
const Peer kLeader{90, Address::loopback(90)};
const Peer kNextLeader{91, Address::loopback(91)};

TimePoint at(int intervals) {
  return kStart + intervals * kT;
}

Member member(MemberId mid) {
  Member member;
  member.mid = mid;
  member.name = "m" + std::to_string(mid);
  member.cluster_address = Address::loopback(static_cast<uint16_t>(mid));
  return member;
}

TEST(Strength, IsWhatThereIsToLose) {
  const struct {
    const char* why;
    Strength weaker, stronger;
  } cases[] = {
      {"a quorum beats any number", {false, 9, 1}, {true, 1, 2}},
      {"more members", {true, 2, 9}, {true, 3, 1}},
      {"an id at last", {true, 3, 1}, {true, 3, 2}},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.why);
    EXPECT_LT(item.weaker, item.stronger);
    const Merging merging(kT);
    EXPECT_TRUE(merging.should_yield(item.weaker, {.strength = item.stronger}, kStart));
    EXPECT_FALSE(merging.should_yield(item.stronger, {.strength = item.weaker}, kStart));
  }
}

TEST(Merging, YieldsToNoGroupThatCannotTakeIt) {
  const Merging merging(kT);
  const Strength ours{true, 1, kOurs};
  EXPECT_FALSE(
      merging.should_yield(ours, {.strength = {true, 3, kTheirs}, .yields_to = 77}, kStart));
  EXPECT_FALSE(merging.should_yield(ours, {.strength = {true, 0, kTheirs}}, kStart))
      << "its leader is lost";
}

class MergingTest : public testing::Test {
 protected:
  using Step = Merging::Step;
  MergingTest() { merging.begin({kTheirs, kLeader}, kStart); }
  Step advance(int intervals, bool is_known = true, bool is_gone = false) {
    return merging.advance(at(intervals), is_known, is_gone);
  }
  Merging merging{kT};
};

TEST_F(MergingTest, SendsMergeOnceAQuorumHasTheViewThatYieldsAndAgainInEachBeat) {
  EXPECT_EQ(advance(0, false), Step::kNone);
  EXPECT_EQ(advance(1), Step::kSendMerge);
  EXPECT_EQ(advance(1), Step::kNone);
  EXPECT_EQ(advance(2, false), Step::kNone) << "not while the quorum is out of touch";
  EXPECT_EQ(advance(2), Step::kSendMerge);
}

TEST_F(MergingTest, TakesTheYieldBackOnItsOwnOnlyBeforeMergeWasSent) {
  EXPECT_EQ(advance(9, false), Step::kNone);
  EXPECT_EQ(advance(10, false), Step::kTakeBack);
  merging.begin({kTheirs, kLeader}, kStart);
  EXPECT_EQ(advance(1), Step::kSendMerge);
  EXPECT_EQ(advance(1000, false), Step::kNone) << "the other group may have taken it";
  EXPECT_EQ(advance(1001, false, true), Step::kTakeBack) << "nobody is left there to say yes";
}

TEST_F(MergingTest, ANewLeaderAssumesThatMergeWasSent) {
  Merging next(kT);
  next.resume({kTheirs, kLeader}, kStart);
  EXPECT_EQ(next.advance(at(1000), false, false), Step::kNone);
  EXPECT_EQ(next.advance(at(1000), true, false), Step::kSendMerge);
}

TEST_F(MergingTest, ARefusalCountsFromTheLeaderThatWasAskedLast) {
  EXPECT_EQ(advance(0), Step::kSendMerge);
  EXPECT_FALSE(merging.on_refused(kLeader.mid, 6, 7, at(0))) << "of an earlier MERGE";
  merging.on_target(kNextLeader, 8, at(0));
  EXPECT_FALSE(merging.on_refused(kLeader.mid, 7, 7, at(0))) << "it leads no more";
  EXPECT_TRUE(merging.on_refused(kNextLeader.mid, 7, 7, at(0)));
  EXPECT_FALSE(merging.is_yielding());
}

TEST_F(MergingTest, ANewLeaderOfTheOtherGroupIsAskedAtOnceAndAnOlderViewIsNoNews) {
  EXPECT_EQ(advance(0), Step::kSendMerge);
  merging.on_target(kNextLeader, 8, at(0));
  EXPECT_EQ(advance(0), Step::kSendMerge);
  merging.on_target(kLeader, 7, at(0));
  EXPECT_EQ(merging.target().leader, kNextLeader);
}

TEST_F(MergingTest, OfTwoThatYieldToEachOtherTheLowerIdGoesOver) {
  EXPECT_FALSE(merging.on_mutual(kOurs, at(0)));
  EXPECT_TRUE(merging.is_yielding());
  EXPECT_TRUE(merging.on_mutual(kTheirs + 1, at(0)));
  EXPECT_FALSE(merging.is_yielding());
}

TEST_F(MergingTest, AYieldThatMayHaveBeenTakenWaitsForItsRefusal) {
  EXPECT_EQ(advance(0), Step::kSendMerge);
  EXPECT_FALSE(merging.on_mutual(kTheirs + 1, at(0)));
  EXPECT_TRUE(merging.is_yielding());
}

TEST_F(MergingTest, EachAttemptThatFailedIsFollowedByALongerPause) {
  const Strength ours{true, 1, kOurs};
  const Merging::Met theirs{.strength = {true, 3, kTheirs}};
  int now = 0;
  for (const int pause : {5, 10, 20, 40, 80, 80}) {
    merging.take_back(at(now));
    EXPECT_FALSE(merging.should_yield(ours, theirs, at(now + pause) - milliseconds(1)));
    EXPECT_TRUE(merging.should_yield(ours, theirs, at(now + pause)));
    now += pause;
    merging.begin({kTheirs, kLeader}, at(now));
  }
}

// ---- what a quorum knows

MemberView view_of(std::initializer_list<MemberId> counted) {
  MemberView view;
  for (const MemberId mid : counted) {
    view.members.push_back(member(mid));
    view.members.back().join_seq = mid;
    view.members.back().is_counted = view.members.back().is_confirmed = true;
  }
  return view;
}

TEST(Reports, AVersionIsKnownWhenAQuorumAndAllThatAreNotSuspectedHaveIt) {
  MemberView view = view_of({1, 2, 3});
  Reports reports(4);
  const auto is_known = [&](std::set<MemberId> suspects) {
    return reports.is_known(7, view, 1, suspects);
  };
  EXPECT_FALSE(is_known({}));
  EXPECT_FALSE(is_known({2, 3})) << "one of three";
  reports.note(2, 6, 0);
  EXPECT_FALSE(is_known({3})) << "an older one";
  reports.note(2, 8, 4);
  EXPECT_FALSE(is_known({})) << "3 is alive and late";
  EXPECT_TRUE(is_known({3}));
  EXPECT_FALSE(is_known({2, 3})) << "who is suspected may be with others by now";
}

TEST(Reports, WhoHasVotedInALaterTermConfirmsNothing) {
  const MemberView view = view_of({1, 2, 3});
  Reports reports(4);
  reports.note(2, 7, 4);
  EXPECT_TRUE(reports.is_known(7, view, 1, {3}));
  reports.note(2, 7, 5);
  EXPECT_FALSE(reports.is_known(7, view, 1, {3}));
}

TEST(Reports, WithoutAQuorumAllOthersMustBeProvenDeadOrInAnotherGroup) {
  MemberView view = view_of({1, 2, 3});
  const Reports reports(4);
  for (Member& member : view.members) {
    if (member.mid != 3) member.liveness = Liveness::kDead;
  }
  EXPECT_FALSE(reports.is_known(7, view, 3, {}));
  EXPECT_FALSE(reports.is_known(7, view, 3, {}, {1}));
  EXPECT_TRUE(reports.is_known(7, view, 3, {}, {1, 2})) << "both live in another group";
  view.members[0].is_proven = view.members[1].is_proven = true;
  EXPECT_TRUE(reports.is_known(7, view, 3, {}));
}

TEST(Reports, AYieldDoesNotHinderThem) {
  MemberView view = view_of({1});
  view.yields = {kTheirs, kLeader};
  EXPECT_FALSE(is_quorate(view));
  EXPECT_TRUE(Reports(4).is_known(7, view, 1, {}));
}

// ---- the pen

class AbsorbingTest : public testing::Test {
 protected:
  AbsorbingTest() {
    other.group = kTheirs;
    other.term = 3;
    other.seq = 4;
    other.members = {member(7), member(8), member(9)};
    other.members[2].liveness = Liveness::kDead;
    for (Member& member : other.members) member.is_counted = member.is_confirmed = true;
    writer.publish(kStart, true);
  }
  const Member* find(MemberId mid) { return writer.draft().find(mid); }
  void publish_and_confirm(std::set<MemberId> come) {
    writer.publish(kStart, true);
    writer.confirm([](uint64_t) { return true; },
                   [&](MemberId mid, uint64_t) { return come.contains(mid); });
  }
  MemberView other;
  ViewWriter writer{ViewWriter::founded(member(1), kOurs),
                    1,
                    {.members_max = 3, .tombstones_max = 9, .tombstone_age = seconds(600)},
                    kStart};
};

TEST_F(AbsorbingTest, LivesAreKeptAndNumberedAfterOurs) {
  ASSERT_EQ(writer.objection_to(other), std::nullopt);
  writer.absorb(other, kStart);
  EXPECT_EQ(find(7)->join_seq, 2u);
  EXPECT_EQ(find(8)->join_seq, 3u);
  EXPECT_TRUE(find(7)->is_usable());
  EXPECT_FALSE(find(9)->is_usable());
  EXPECT_FALSE(find(7)->is_counted) << "no quorum knows of it yet";
  EXPECT_EQ(writer.draft().find_absorbed(kTheirs)->version, other.version());
}

TEST_F(AbsorbingTest, TheGroupIsConfirmedByAQuorumAndAMemberByItsComing) {
  writer.absorb(other, kStart);
  publish_and_confirm({});
  EXPECT_TRUE(writer.draft().find_absorbed(kTheirs)->is_confirmed);
  EXPECT_FALSE(find(7)->is_confirmed);
  EXPECT_TRUE(writer.is_expected(7));
  publish_and_confirm({7});
  EXPECT_TRUE(find(7)->is_confirmed);
  EXPECT_FALSE(find(8)->is_confirmed);
}

TEST_F(AbsorbingTest, TheSameAgainChangesNothingButTheVersion) {
  writer.absorb(other, kStart);
  const MemberView before = writer.draft();
  ++other.seq;
  writer.absorb(other, kStart);
  EXPECT_EQ(writer.draft().members, before.members);
  EXPECT_EQ(writer.draft().absorbed.size(), 1u);
  EXPECT_EQ(writer.draft().absorbed[0].version, other.version());
}

TEST_F(AbsorbingTest, ATombstoneOnEitherSideStaysDead) {
  writer.absorb(other, kStart);
  writer.mark(7, Liveness::kDead, Evidence::kSilence, kStart);
  other.members[1].liveness = Liveness::kDead;
  writer.absorb(other, kStart);
  EXPECT_FALSE(find(7)->is_usable()) << "dead with us";
  EXPECT_FALSE(find(8)->is_usable()) << "dead with them";
  EXPECT_FALSE(find(8)->is_proven);
}

// A JOIN that both groups answered: it came to ours, and they took its absence for its death.
TEST_F(AbsorbingTest, ADeathOfAMemberThatNeverCameToThemIsNone) {
  writer.absorb(other, kStart);
  publish_and_confirm({7});
  ASSERT_TRUE(find(7)->is_confirmed);
  other.members[0].liveness = Liveness::kDead;
  other.members[0].is_confirmed = false;
  writer.absorb(other, kStart);
  EXPECT_TRUE(find(7)->is_usable());
  other.members[0].is_confirmed = true;
  writer.absorb(other, kStart);
  EXPECT_FALSE(find(7)->is_usable());
}

TEST_F(AbsorbingTest, IsRefusedAsAJoinIsWithASentence) {
  other.members[0].name = "m1";
  EXPECT_EQ(*writer.objection_to(other),
            "the name m1 belongs to the member at " + Address::loopback(1).to_string());
  other.members[0] = member(7);
  other.members.push_back(member(10));
  EXPECT_EQ(*writer.objection_to(other), "together there were 4 members");
  other.members.pop_back();
  other.members[0] = member(1);
  other.members[0].cluster_address = Address::loopback(77);
  EXPECT_EQ(*writer.objection_to(other), "the member id of m1 is taken");
}

TEST_F(AbsorbingTest, WhoNeverComesIsForgottenWithoutATombstone) {
  writer.absorb(other, kStart);
  publish_and_confirm({7});
  writer.tend(kStart + seconds(599), kT, false);
  EXPECT_NE(find(8), nullptr);
  writer.tend(kStart + seconds(600), kT, false);
  EXPECT_EQ(find(8), nullptr);
  EXPECT_NE(find(7), nullptr);
}

TEST_F(AbsorbingTest, TheMeasureGrowsByAViewThatBothMeasure) {
  writer.absorb(other, kStart);
  publish_and_confirm({7, 8});
  writer.publish(kStart, true);
  writer.tend(kStart + seconds(6), seconds(5), true);
  EXPECT_TRUE(is_measure_proposed(writer.draft()));
  const auto seen = [](std::set<MemberId> mids) {
    return [mids](const Member& member) { return mids.contains(member.mid); };
  };
  EXPECT_FALSE(is_quorate(writer.draft(), seen({7, 8}))) << "not without the old one";
  EXPECT_FALSE(is_quorate(writer.draft(), seen({1}))) << "nor with it alone";
  EXPECT_TRUE(is_quorate(writer.draft(), seen({1, 7})));
  publish_and_confirm({});
  EXPECT_FALSE(is_measure_proposed(writer.draft()));
  EXPECT_TRUE(is_quorate(writer.draft(), seen({7, 8})));
}

TEST_F(AbsorbingTest, YieldingItselfItExpectsNobodyOfThatGroupAnyMore) {
  writer.absorb(other, kStart);
  publish_and_confirm({});
  writer.begin_yield({kTheirs, kLeader}, other);
  EXPECT_EQ(find(7), nullptr);
  EXPECT_EQ(writer.draft().find_absorbed(kTheirs), nullptr);
  EXPECT_TRUE(writer.draft().is_yielding());
  writer.end_yield();
  EXPECT_FALSE(writer.draft().is_yielding());
}

}  // namespace
}  // namespace understudy
