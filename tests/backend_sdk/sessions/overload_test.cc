// SPDX-License-Identifier: Apache-2.0
// A secondary without room: what it had acknowledged stands until another member holds the session.
#include "backend_sdk/replication/payloads.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Overload : public Stage {
 protected:
  size_t copies_kept() {
    size_t kept = 0;
    for (const auto& member : members_) {
      if (!member->is_up()) continue;
      const NodeCoreStatistics statistics = member->core().statistics();
      kept += statistics.sessions_secondary + statistics.sessions_passed_over;
    }
    return kept;
  }
};

// Row 8 of issue 9: the acknowledged copy was thrown away before the new one stood.
TEST_F(Overload, TheAcknowledgedCopyOutlivesItsPrimary) {
  options_.replication.replica_bytes_max = 2000;
  boot(3);
  const SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  run_for(seconds(1));
  ASSERT_EQ(copies_kept(), 1u);
  const BeginOutcome begun = begin(member(0), token);
  const WaitingCommit wide =
      commit_later(member(0), begun.handle, set("b", std::string(1500, 'y')));
  // Neither secondary has room for 2,500 bytes.
  network_.run_until([&] { return wide->has_value(); }, milliseconds(100));
  EXPECT_GE(copies_kept(), 1u) << "version 1 was acknowledged and is not held elsewhere";
  member(0).crash();
  run_for(seconds(3));
  SimMember& secondary = member_of(token.secondary);
  const BeginOutcome after = begin(secondary, token, {.failover = true});
  ASSERT_EQ(after.kind, BeginKind::kProceed);
  EXPECT_FALSE(after.is_new);
  EXPECT_TRUE(after.recovered);
  EXPECT_EQ(value(after, "a").size(), 1000u);
}

TEST_F(Overload, WhatIsHeldElsewhereIsNotKeptTwice) {
  options_.replication.replica_bytes_max = 4000;
  boot(3);
  const SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  SimMember& secondary = member_of(token.secondary);
  SimMember& third = *members_[secondary.index() == 1 ? 2 : 1];
  // Others fill the secondary.
  std::vector<SessionToken> others;
  for (int i = 0; i < 8; ++i) {
    others.push_back(write(third, std::nullopt, "b", std::string(700, 'z')));
  }
  const BeginOutcome begun = begin(member(0), token);
  const CommitOutcome done = commit(member(0), begun.handle, set("b", std::string(1500, 'y')));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  run_for(seconds(10));
  size_t passed_over = 0;
  for (const auto& member : members_) {
    passed_over += member->core().statistics().sessions_passed_over;
  }
  EXPECT_FALSE(done.solo);
  EXPECT_EQ(passed_over, 0u);
}

// Row 8 again: with no other member to ask, 211 whole copies and epochs a second.
TEST_F(Overload, WithNoOtherMemberItIsTriedLessAndLessOften) {
  options_.replication.replica_bytes_max = 1000;
  boot(2);
  size_t fulls = 0;
  network_.set_watch([&](MemberId, MemberId, const Frame& frame) {
    if (frame.type == FrameType::kFull) ++fulls;
  });
  write(member(0), std::nullopt, "a", std::string(3000, 'x'));
  run_for(seconds(3));
  const size_t before = fulls;
  run_for(seconds(60));
  EXPECT_LE(fulls - before, 8u);
  EXPECT_GE(fulls - before, 2u) << "it does not give up";
}

// Its logout needs no room.
TEST_F(Overload, ASessionThatEndsLeavesNoCopyBehind) {
  options_.replication.replica_bytes_max = 2000;
  boot(3);
  const SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  const BeginOutcome wide = begin(member(0), token);
  const BeginOutcome last = begin(member(0), token);
  const WaitingCommit written =
      commit_later(member(0), wide.handle, set("b", std::string(1500, 'y')));
  Change logout;
  logout.invalidate = true;
  const WaitingCommit ended = commit_later(member(0), last.handle, logout);
  ASSERT_TRUE(network_.run_until([&] { return ended->has_value(); }, seconds(5)));
  run_for(seconds(1));
  EXPECT_EQ(copies_kept(), 0u);
}

// A secondary's memory does not grow with what it refuses, however often it is asked.
TEST_F(Overload, WhatIsRefusedAgainAndAgainCostsNothing) {
  options_.replication.replica_bytes_max = 1500;
  boot(2);
  SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  const uint64_t bytes = member(1).core().statistics().replica_bytes;
  for (int i = 0; i < 5; ++i) {
    token = write(member(0), token, "b", std::string(3000, 'y'));
    run_for(seconds(1));
    EXPECT_EQ(member(1).core().statistics().replica_bytes, bytes);
    EXPECT_EQ(member(1).core().statistics().sessions_passed_over, 1u);
  }
  token = write(member(0), token, "b", "");
  run_for(seconds(5));
  EXPECT_EQ(member(1).core().statistics().sessions_passed_over, 0u) << "held again";
  EXPECT_EQ(member(1).core().statistics().sessions_secondary, 1u);
}

TEST_F(Overload, AMemberTakesNoMoreThanItsMemory) {
  options_.sessions.sessions_bytes_max = 10'000;
  boot(3);
  SessionToken token = new_session();
  for (int i = 0; i < 3; ++i) {
    token = write(member(0), token, "v" + std::to_string(i), std::string(3500, 'x'));
  }
  const BeginOutcome begun = begin(member(0), token);
  const CommitOutcome refused = commit(member(0), begun.handle, set("w", "1"));
  EXPECT_EQ(refused.kind, CommitKind::kUnavailable);
  EXPECT_EQ(refused.reason, Unavailable::kTooMany);
  const BeginOutcome other = begin(member(0), std::nullopt);
  EXPECT_EQ(other.kind, BeginKind::kUnavailable);
  EXPECT_EQ(other.reason, Unavailable::kTooMany);
  const BeginOutcome removing = begin(member(0), token);
  Change remove;
  remove.attributes.push_back({"v0", nullptr});
  EXPECT_EQ(commit(member(0), removing.handle, std::move(remove)).kind, CommitKind::kReleased);
  EXPECT_EQ(begin(member(0), std::nullopt).kind, BeginKind::kProceed);
}

}  // namespace
}  // namespace understudy::sim
