// SPDX-License-Identifier: Apache-2.0
// The cases of PROTOCOL 2.4, one by one.
#include "backend_sdk/membership/fates.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Failover : public Stage {
 protected:
  SimMember& third(const SessionToken& token) {
    for (const auto& member : members_) {
      if (member->is_up() && member->mid() != token.primary && member->mid() != token.secondary) {
        return *member;
      }
    }
    return *members_.front();
  }
};

// A query of death: its first run ended the primary, and its second ends the secondary as well.
TEST_F(Failover, ARequestThatEndsTwoMembersLosesNoSession) {
  boot(4);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  const BeginOutcome asked = begin(secondary, token, {.failover = true, .broken_off = true});
  ASSERT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_EQ(value(asked, "a"), "1");
  secondary.crash();
  BeginOutcome found;
  for (const auto& other : members_) {
    if (other->is_up() && found.kind != BeginKind::kProceed) {
      found = begin(*other, token, {.failover = true});
    }
  }
  ASSERT_EQ(found.kind, BeginKind::kProceed);
  EXPECT_EQ(value(found, "a"), "1");
  EXPECT_TRUE(lost_.empty());
}

// And none of other clients: whatever the second member was the last to hold has a copy elsewhere
// before the request runs there, be it one without a session.
TEST_F(Failover, ARequestThatEndsTwoMembersLosesNoSessionOfOthers) {
  boot(4);
  std::vector<SessionToken> tokens;
  for (int i = 0; i < 40; ++i) tokens.push_back(write(member(i % 4), std::nullopt, "a", "1"));
  member(0).crash();
  const BeginOutcome asked = begin(member(1), std::nullopt, {.failover = true, .broken_off = true});
  ASSERT_EQ(asked.kind, BeginKind::kProceed);
  member(1).crash();
  for (const SessionToken& token : tokens) {
    BeginOutcome found;
    for (const size_t other : {2, 3}) {
      if (found.kind != BeginKind::kProceed) {
        found = begin(member(other), token, {.failover = true});
      }
    }
    ASSERT_EQ(found.kind, BeginKind::kProceed);
    EXPECT_EQ(value(found, "a"), "1");
  }
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Failover, WithNoOtherMemberARequestThatMayHaveEndedOneRunsAllTheSame) {
  boot(2);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  const BeginOutcome asked = begin(secondary, token, {.failover = true, .broken_off = true});
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
}

TEST_F(Failover, AStrangerNamesThePrimary) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome asked = begin(third(token), token);
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, token.primary);
}

TEST_F(Failover, AStrangerNamesTheSecondaryWhenThePrimaryIsDead) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& stranger = third(token);
  member(0).crash();
  const BeginOutcome asked = begin(stranger, token, {.failover = true});
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, token.secondary);
}

TEST_F(Failover, TheSecondaryNamesAPrimaryThatLives) {
  boot(3);
  const SessionToken token = new_session();
  for (const bool failover : {false, true}) {
    const BeginOutcome asked = begin(member_of(token.secondary), token, {.failover = failover});
    EXPECT_EQ(asked.kind, BeginKind::kRedirect);
    EXPECT_EQ(asked.route, token.primary);
  }
}

TEST_F(Failover, AfterTheProcessDiedTheSecondaryServesAtOnce) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  const TimePoint asked_at = network_.now();
  const BeginOutcome asked = begin(secondary, token, {.failover = true});
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_EQ(value(asked, "a"), "1");
  EXPECT_GT(asked.position.epoch, token.floor.epoch);
  EXPECT_LT(network_.now() - asked_at, milliseconds(20));
  const CommitOutcome done = commit(secondary, asked.handle, set("a", "2"));
  ASSERT_TRUE(done.cookie);
  EXPECT_FALSE(done.solo) << "protected again, in line";
  EXPECT_EQ(done.cookie->primary, secondary.mid());
}

TEST_F(Failover, AfterTheMachineDiedTheRequestWaitsForTheGracePeriodAndIsServed) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).power_off();
  const TimePoint asked_at = network_.now();
  const BeginOutcome asked = begin(secondary, token, {.failover = true});
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_LT(network_.now() - asked_at, milliseconds(700)) << "G is 632 ms";
}

TEST_F(Failover, AParkedRequestDoesNotOutliveItsDeadline) {
  options_.replication.no_witness = NoWitnessPolicy::kRefuse;
  boot(2);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).power_off();
  const TimePoint asked_at = network_.now();
  const BeginOutcome asked = begin(secondary, token, {.failover = true});
  EXPECT_EQ(asked.kind, BeginKind::kUnavailable);
  EXPECT_EQ(asked.reason, Unavailable::kWaitedOut);
  EXPECT_LT(network_.now() - asked_at, seconds(3));
}

TEST_F(Failover, APausedPrimaryThatReturnsServesNothingStale) {
  boot(3);
  SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  SimMember& secondary = member_of(token.secondary);
  member(0).pause();
  const Waiting queued = begin_later(member(0), token, {});
  const BeginOutcome there = begin(secondary, token, {.failover = true});  // parks, claims, serves
  ASSERT_EQ(there.kind, BeginKind::kProceed);
  token = *commit(secondary, there.handle, set("a", "2")).cookie;
  member(0).resume();
  const CommitOutcome late = commit(member(0), running.handle, set("a", "stale"));
  EXPECT_EQ(late.kind, CommitKind::kFenced);
  EXPECT_EQ(late.route, secondary.mid());
  run_for(seconds(5));
  ASSERT_TRUE(queued->has_value());
  EXPECT_NE((*queued)->kind, BeginKind::kProceed);
  EXPECT_EQ(value(begin(secondary, token), "a"), "2");
}

TEST_F(Failover, WithoutASecondaryInTimeAnotherOneIsFound) {
  boot(4);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  member_of(token.secondary).power_off();
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.solo);
  ASSERT_TRUE(done.cookie);
  EXPECT_NE(done.cookie->secondary, token.secondary);
}

TEST_F(Failover, IdleSessionsGetANewCopyByThemselves) {
  boot(4);
  for (int session = 0; session < 50; ++session) new_session();
  const auto held_by_others = [&] {
    return member(2).core().statistics().sessions_secondary +
           member(3).core().statistics().sessions_secondary;
  };
  EXPECT_LT(held_by_others(), 50u);
  member(1).crash();
  EXPECT_TRUE(network_.run_until([&] { return held_by_others() == 50; }, seconds(10)));
  run_for(milliseconds(10));
  EXPECT_EQ(member(0).core().statistics().sessions_solo, 0u);
}

TEST_F(Failover, ASessionWhoseCookieIsOldIsFoundByAsking) {
  boot(4);
  const SessionToken token = new_session();
  member_of(token.secondary).crash();
  ASSERT_TRUE(network_.run_until(
      [&] {
        return member(0).core().statistics().sessions_secondary == 0 &&
               member(0).core().statistics().sessions_solo == 0;
      },
      seconds(10)));
  run_for(seconds(3));
  member(0).crash();  // the cookie names two dead members now
  run_for(seconds(3));
  bool found = false;
  for (const auto& survivor : members_) {
    if (!survivor->is_up()) continue;
    const BeginOutcome asked = begin(*survivor, token, {.failover = true});
    EXPECT_FALSE(asked.lost);
    if (asked.kind != BeginKind::kProceed) continue;
    EXPECT_EQ(value(asked, "a"), "1");
    found = true;
  }
  EXPECT_TRUE(found);
}

TEST_F(Failover, WhatNoMemberHasIsReportedLost) {
  boot(3);
  SessionToken token = new_session();
  token.sid.bytes.fill(99);
  token.floor = {3, 4};
  const BeginOutcome asked = begin(member(0), token);
  EXPECT_TRUE(asked.is_new);
  EXPECT_TRUE(asked.lost);
  EXPECT_NE(asked.sid, token.sid) << "an unknown id is never adopted";
  ASSERT_EQ(lost_.size(), 1u);
  EXPECT_EQ(lost_[0], token.sid);
}

TEST_F(Failover, NothingIsReportedLostWhileAMemberIsMissing) {
  boot(3);
  SessionToken token = new_session();
  token.sid.bytes.fill(99);
  network_.isolate(member(0).address());
  run_for(seconds(5));
  const BeginOutcome asked = begin(member(0), token, {.failover = true});
  EXPECT_EQ(asked.kind, BeginKind::kUnavailable);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Failover, AMemberWithoutRoomIsPassedOver) {
  options_.replication.replica_bytes_max = 3000;
  boot(3);
  const std::string large(2000, 'x');
  SessionToken first = write(member(0), std::nullopt, "a", large);
  SessionToken second = write(member(0), std::nullopt, "a", large);
  EXPECT_NE(first.secondary, kNobody);
  EXPECT_NE(second.secondary, kNobody);
  EXPECT_NE(first.secondary, second.secondary);
  // No member has room for a third: it is served all the same, and its client is told.
  const BeginOutcome begun = begin(member(0), std::nullopt);
  const CommitOutcome done = commit(member(0), begun.handle, set("a", large));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.solo);
  for (const SessionToken& token : {first, second}) {
    EXPECT_EQ(value(begin(member(0), token), "a"), large);
  }
}

// R7, S4.
TEST_F(Failover, AMemberBehindAClientsFloorFencesItself) {
  boot(3);
  SessionToken token = new_session();
  token.floor.epoch += 5;
  token.primary = member(2).mid();
  const BeginOutcome asked = begin(member(0), token);
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, member(2).mid());
  EXPECT_EQ(member(0).core().statistics().sessions_primary, 0u);
}

// Each of two members has lost the session to the other one. Their pointers are a ring.
TEST_F(Failover, PointersThatHaveAgedSendNoRequestRound) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& other = member_of(token.secondary);
  member(0).pause();
  EXPECT_EQ(value(begin(other, token, {.failover = true}), "a"), "1");
  member(0).resume();
  run_for(seconds(1));
  EXPECT_EQ(begin(member(0), token).route, other.mid()) << "a pointer is followed";
  SessionToken later = token;
  later.floor = {99, 1};
  EXPECT_EQ(begin(other, later).route, member(0).mid());
  BeginOutcome asked = begin(member(0), token);
  for (int hops = 0; hops < 4 && asked.kind == BeginKind::kRedirect; ++hops) {
    asked = begin(member_of(asked.route), token, {.failover = true});
  }
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_TRUE(asked.lost);
}

TEST_F(Failover, TwoCrashesAtOnceLeaveTheSurvivorItsOwnSessions) {
  boot(3);
  const SessionToken token = new_session();
  member(1).crash();
  member(2).crash();
  run_for(seconds(10));
  const BeginOutcome asked = begin(member(0), token);
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_EQ(value(asked, "a"), "1");
  const CommitOutcome done = commit(member(0), asked.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.solo);
}

TEST_F(Failover, AnExpelledMemberStartsOverWithNothing) {
  boot(3);
  const SessionToken token = new_session();
  const MemberId before = member(0).mid();
  network_.isolate(member(0).address());
  run_for(seconds(8));
  network_.heal();
  ASSERT_TRUE(network_.run_until(
      [&] { return member(0).mid() != before && member(0).core().is_admitted(); }, seconds(20)));
  const NodeCoreStatistics statistics = member(0).core().statistics();
  EXPECT_EQ(statistics.sessions_primary, 0u);
  EXPECT_EQ(statistics.lives, 2u);
  EXPECT_EQ(value(begin(member_of(token.secondary), token, {.failover = true}), "a"), "1");
  EXPECT_TRUE(conflicts_.empty());
}

// NoWitness available, and a cut between the only two: both go on. When they meet, the one comes
// back as a new life, and what it had written is gone.
TEST_F(Failover, WhatTwoMembersHaveWrittenIsToldWhenTheyMeet) {
  boot(2);
  const SessionToken token = new_session();
  const SessionToken idle = new_session();
  SimMember& other = member_of(token.secondary);
  network_.cut(member(0).address(), other.address());
  run_for(seconds(8));
  write(member(0), token, "a", "here");
  const BeginOutcome there = begin(other, token, {.failover = true});
  ASSERT_EQ(there.kind, BeginKind::kProceed);
  commit(other, there.handle, set("a", "there"));
  EXPECT_EQ(value(begin(member(0), idle), "a"), "1");
  EXPECT_TRUE(conflicts_.empty()) << "they do not know of each other";
  network_.heal();
  ASSERT_TRUE(network_.run_until([&] { return !conflicts_.empty(); }, seconds(20)));
  run_for(seconds(3));
  EXPECT_EQ(conflicts_, std::vector{token.sid}) << "once, and none that was only read";
}

TEST_F(Failover, WhatOneMemberHasWrittenAloneIsNoConflict) {
  boot(2);
  const SessionToken token = new_session();
  member_of(token.secondary).power_off();
  run_for(seconds(8));
  write(member(0), token, "a", "2");
  member(1).boot();
  ASSERT_TRUE(network_.run_until([&] { return member(0).core().statistics().sessions_solo == 0; },
                                 seconds(20)));
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
  EXPECT_TRUE(conflicts_.empty());
}

// Else a member that came back would ask itself, to recover what another dead one left.
TEST(OwnLives, AnEarlierLifeOfThisProcessIsKnownToBeOver) {
  constexpr MemberId kSelf = 1, kEarlier = 2, kOther = 3, kUnburied = 4;
  const auto member = [](MemberId mid, uint16_t port, Liveness liveness) {
    Member made;
    made.mid = mid;
    made.cluster_address = Address::loopback(port);
    made.liveness = liveness;
    return made;
  };
  MemberView view;
  view.members = {member(kSelf, 7100, Liveness::kAlive), member(kEarlier, 7100, Liveness::kDead),
                  member(kUnburied, 7100, Liveness::kAlive), member(kOther, 7101, Liveness::kDead)};
  Fates fates(kSelf, seconds(1), TimePoint{});
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kEarlier), Fate::kProven);
  EXPECT_EQ(fates.fate(kUnburied), Fate::kProven);
  EXPECT_EQ(fates.fate(kOther), Fate::kDead);
  EXPECT_EQ(fates.fate(kSelf), Fate::kUsable);
}

TEST_F(Failover, LeavingWithoutDrainingIsAProofForTheCopies) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  member(0).run([](NodeCore& core) { core.leave(); });
  run_for(milliseconds(100));
  EXPECT_EQ(value(begin(secondary, token), "a"), "1");
}

}  // namespace
}  // namespace understudy::sim
