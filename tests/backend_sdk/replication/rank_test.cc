// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/rank.h"

#include <gtest/gtest.h>

#include <map>

#include "base/random.h"

namespace understudy {
namespace {

Member member(MemberId mid, const char* machine, const char* group = "") {
  Member result;
  result.mid = mid;
  result.name = "m" + std::to_string(mid);
  result.machine = machine;
  result.replication_group = group;
  result.is_confirmed = true;
  return result;
}

MemberView view_of(std::vector<Member> members) {
  MemberView view;
  view.members = std::move(members);
  return view;
}

SessionId sid_of(Random& random) {
  SessionId sid;
  random.fill(sid.bytes);
  return sid;
}

const auto kNobodyAvoided = [](const Member&) { return false; };

TEST(Rank, OtherMachineAndPreferredGroupComeFirst) {
  Member self = member(1, "m1", "east");
  self.preferred_secondary_group = "west";
  struct {
    Member other;
    RankClass expected;
  } table[] = {{member(2, "m2", "west"), RankClass::kOtherMachinePreferredGroup},
               {member(3, "m1", "west"), RankClass::kPreferredGroup},
               {member(4, "m2", "east"), RankClass::kOtherMachine},
               {member(5, "m1", "east"), RankClass::kSameMachine}};
  for (const auto& row : table) EXPECT_EQ(rank_class(self, row.other), row.expected);
}

TEST(Rank, WithoutAPreferenceOnlyTheMachineCounts) {
  const Member self = member(1, "m1");
  EXPECT_EQ(rank_class(self, member(2, "m2")), RankClass::kOtherMachine);
  EXPECT_EQ(rank_class(self, member(2, "m1")), RankClass::kSameMachine);
}

TEST(Rank, OnlyTheBestClassThatExistsIsUsed) {
  const auto view = view_of({member(1, "m1"), member(2, "m1"), member(3, "m2")});
  EXPECT_EQ(choose_targets(view, 1, 8, kNobodyAvoided), std::vector<MemberId>{3});
}

TEST(Rank, WhoeverIsNotWellHoldsNothingNew) {
  auto view = view_of({member(1, "m1"), member(2, "m2"), member(3, "m3"), member(4, "m4")});
  view.members[1].liveness = Liveness::kSuspect;
  view.members[2].operator_state = OperatorState::kDraining;
  EXPECT_EQ(choose_targets(view, 1, 8, kNobodyAvoided), std::vector<MemberId>{4});
  view.members[3].liveness = Liveness::kDead;
  EXPECT_TRUE(choose_targets(view, 1, 8, kNobodyAvoided).empty());
}

// A view that no quorum has confirmed may be that of a group of its own.
TEST(Rank, AMemberThatIsNotConfirmedHoldsNothingAndVotesForNone) {
  auto view = view_of({member(1, "m1"), member(2, "m2"), member(3, "m3")});
  view.members[2].is_confirmed = false;
  EXPECT_EQ(choose_targets(view, 1, 8, kNobodyAvoided), std::vector<MemberId>{2});
  EXPECT_EQ(choose_witness(view, 1, 2, 99), kNobody);
}

TEST(Rank, AnAvoidedMemberIsTheLastResort) {
  const auto view = view_of({member(1, "m1"), member(2, "m2"), member(3, "m1")});
  const auto avoided = [](const Member& other) { return other.mid == 2; };
  EXPECT_EQ(choose_targets(view, 1, 8, avoided), std::vector<MemberId>{3});
  const auto two = view_of({member(1, "m1"), member(2, "m2")});
  EXPECT_EQ(choose_targets(two, 1, 8, avoided), std::vector<MemberId>{2});
}

TEST(Rank, AtMostEightTargets) {
  std::vector<Member> members{member(1, "m1")};
  for (MemberId mid = 2; mid <= 20; ++mid) {
    members.push_back(member(mid, ("x" + std::to_string(mid)).c_str()));
  }
  const auto view = view_of(members);
  const auto targets = choose_targets(view, 1, 8, kNobodyAvoided);
  EXPECT_EQ(targets.size(), 8u);
  EXPECT_EQ(targets, choose_targets(view, 1, 8, kNobodyAvoided));
  EXPECT_NE(targets, choose_targets(view, 2, 8, kNobodyAvoided));
}

TEST(Rank, SessionsSpreadByWeightAndNobodyHoldsAQuarterMoreThanItsShare) {
  SeededRandom random(1);
  std::vector<Target> targets{{2, 100, 0}, {3, 100, 0}, {4, 50, 0}};
  for (int session = 0; session < 5000; ++session) {
    const MemberId chosen = choose_target(targets, sid_of(random));
    for (Target& target : targets) target.sessions += target.mid == chosen ? 1 : 0;
  }
  EXPECT_NEAR(static_cast<double>(targets[0].sessions), 2000, 120);
  EXPECT_NEAR(static_cast<double>(targets[2].sessions), 1000, 120);
}

TEST(Rank, AnOverfullTargetIsPassedOver) {
  SeededRandom random(2);
  const std::vector<Target> targets{{2, 100, 130}, {3, 100, 70}};
  for (int session = 0; session < 100; ++session) {
    EXPECT_EQ(choose_target(targets, sid_of(random)), 3u);
  }
}

TEST(Rank, ASessionKeepsItsTargetWhenAnotherMemberComes) {
  SeededRandom random(3);
  int moved = 0;
  for (int session = 0; session < 1000; ++session) {
    const SessionId sid = sid_of(random);
    const std::vector<Target> two{{2, 100, 1000}, {3, 100, 1000}};
    const std::vector<Target> three{{2, 100, 1000}, {3, 100, 1000}, {4, 100, 1000}};
    const MemberId before = choose_target(two, sid);
    const MemberId after = choose_target(three, sid);
    if (before != after) {
      EXPECT_EQ(after, 4u);
      ++moved;
    }
  }
  EXPECT_NEAR(moved, 333, 60);
}

TEST(Rank, TheWitnessIsOnAThirdMachineIfThereIsOne) {
  auto view = view_of({member(1, "m1"), member(2, "m2"), member(3, "m1"), member(4, "m3")});
  EXPECT_EQ(choose_witness(view, 1, 2, 99), 4u);
  view.members[3].liveness = Liveness::kDead;
  EXPECT_EQ(choose_witness(view, 1, 2, 99), 3u);
  view.members[2].liveness = Liveness::kLeft;
  EXPECT_EQ(choose_witness(view, 1, 2, 99), kNobody);
}

TEST(Rank, AnAliveWitnessIsBetterThanASuspectedOne) {
  auto view = view_of({member(1, "m1"), member(2, "m2"), member(3, "m3"), member(4, "m4")});
  view.members[2].liveness = Liveness::kSuspect;
  for (ChannelId channel = 0; channel < 20; ++channel) {
    EXPECT_EQ(choose_witness(view, 1, 2, channel), 4u);
  }
}

// No member that a quorum does not know of yet holds a copy or votes: a question to a quorum would
// not reach it.
TEST(Rank, AMemberThatIsNotConfirmedIsNeitherSecondaryNorWitness) {
  MemberView view = view_of({member(1, "x1"), member(2, "x2"), member(3, "x3")});
  view.members[1].is_confirmed = false;
  const auto targets = choose_targets(view, 1, 8, [](const Member&) { return false; });
  EXPECT_EQ(targets, std::vector<MemberId>{3});
  EXPECT_EQ(choose_witness(view, 1, 3, 7), kNobody);
  view.members[1].is_confirmed = true;
  EXPECT_EQ(choose_witness(view, 1, 3, 7), 2u);
}

}  // namespace
}  // namespace understudy
