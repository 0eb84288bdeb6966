// SPDX-License-Identifier: Apache-2.0
// A login that no secondary has heard of has happened for no other member (I8): it stands against
// none that has overtaken the channel.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

// Member 0 is cut off while it commits a login, for longer than its lease and for less than the
// others need to hold it for dead.
class OvertakenLogin : public Stage {
 protected:
  OvertakenLogin() {
    options_.membership.interval = milliseconds(500);
    options_.replication.beat = milliseconds(50);
  }
  // Sessions of member 0 with one secondary.
  std::vector<SessionToken> new_sessions(size_t count) {
    std::vector<SessionToken> tokens = {new_session()};
    while (tokens.size() < count) {
      const SessionToken token = new_session();
      if (token.secondary == tokens.front().secondary) tokens.push_back(token);
    }
    run_for(milliseconds(50));
    return tokens;
  }
};

// The news that its channel is another member's comes after the copies that this one makes here.
TEST_F(OvertakenLogin, ACopyUnderTheOldIdIsTakenByAMemberThatDoesNotKnowYet) {
  boot(3);
  const std::vector<SessionToken> tokens = new_sessions(8);
  SimMember& next = member_of(tokens.front().secondary);
  size_t copies_here = 0;
  network_.set_watch([&](MemberId from, MemberId to, const Frame& frame) {
    const bool is_copy = frame.type == FrameType::kFull && from == next.mid();
    if (is_copy && to == member(0).mid()) ++copies_here;
  });
  std::vector<RequestHandle> leaving;
  for (const SessionToken& token : tokens) leaving.push_back(begin(member(0), token).handle);
  network_.isolate(member(0).address());
  std::vector<WaitingCommit> logins;
  for (size_t i = 0; i < tokens.size(); ++i) {
    logins.push_back(commit_later(member(0), leaving[i], login(static_cast<uint8_t>(i + 1))));
  }
  std::vector<WaitingCommit> writes;
  for (const SessionToken& token : tokens) {
    const BeginOutcome taken_over = begin(next, token, {.failover = true});
    ASSERT_EQ(value(taken_over, "a"), "1");
    writes.push_back(commit_later(next, taken_over.handle, set("a", "2")));
  }
  ASSERT_GT(copies_here, 0u);
  network_.heal();
  run_for(seconds(3));
  for (const WaitingCommit& login : logins) {
    ASSERT_TRUE(login->has_value());
    EXPECT_EQ((*login)->kind, CommitKind::kFenced);
    EXPECT_EQ((*login)->route, next.mid());
  }
  for (size_t i = 0; i < tokens.size(); ++i) {
    ASSERT_TRUE(writes[i]->has_value());
    EXPECT_EQ((*writes[i])->kind, CommitKind::kReleased);
    EXPECT_EQ(value(begin(next, tokens[i]), "a"), "2");
  }
  EXPECT_TRUE(lost_.empty());
  EXPECT_TRUE(conflicts_.empty());
}

// The member that overtook this one ended the session and is dead: what is left here is of before.
TEST_F(OvertakenLogin, WhatIsLeftOfASessionThatEndedUnderItsOldIdIsNotRecoveredUnderTheNewOne) {
  boot(3);
  const SessionToken token = new_sessions(1).front();
  SimMember& next = member_of(token.secondary);
  const BeginOutcome leaving = begin(member(0), token);
  network_.isolate(member(0).address());
  const WaitingCommit logged_in = commit_later(member(0), leaving.handle, login(7));
  const BeginOutcome there = begin(next, token, {.failover = true});
  ASSERT_EQ(value(there, "a"), "1");
  ASSERT_TRUE(commit(next, there.handle, logout()).clear_cookie);
  next.crash();
  network_.heal();
  run_for(seconds(3));
  ASSERT_TRUE(logged_in->has_value());
  EXPECT_NE((*logged_in)->kind, CommitKind::kReleased);
  const BeginOutcome after = begin(member(0), token, {.failover = true});
  EXPECT_EQ(after.kind, BeginKind::kProceed);
  EXPECT_TRUE(after.is_new);
  EXPECT_FALSE(after.lost) << "it ended";
  EXPECT_EQ(member(0).core().statistics().sessions.recovered, 0u);
}

// No vote can come any more (V10), for secondary and witness are on the other side of a split. They
// are new lives when it heals, and know still that the session has ended.
TEST_F(OvertakenLogin, WhatIsLeftInALostChannelIsNotRecoveredUnderTheNewIdEither) {
  boot(4);
  const SessionToken token = new_sessions(1).front();
  SimMember& next = member_of(token.secondary);
  const auto channels = member(0).core().facts().channels;
  ASSERT_EQ(channels.size(), 1u);
  SimMember& witness = member_of(channels.front().witness);
  const BeginOutcome leaving = begin(member(0), token);
  for (const auto& one : members_) {
    if (one.get() == &next || one.get() == &witness) continue;
    network_.cut(one->address(), next.address());
    network_.cut(one->address(), witness.address());
  }
  const WaitingCommit logged_in = commit_later(member(0), leaving.handle, login(7));
  const BeginOutcome there = begin(next, token, {.failover = true});
  ASSERT_EQ(value(there, "a"), "1");
  commit_later(next, there.handle, logout());
  run_for(seconds(12));
  ASSERT_EQ(next.core().statistics().sessions_primary, 0u) << "the witness knows of the end";
  network_.heal();
  run_for(seconds(10));
  ASSERT_TRUE(logged_in->has_value());
  EXPECT_NE((*logged_in)->kind, CommitKind::kReleased);
  EXPECT_EQ(member(0).core().statistics().sessions.recovered, 0u);
  const BeginOutcome after = begin(member(0), token, {.failover = true});
  EXPECT_EQ(after.kind, BeginKind::kProceed);
  EXPECT_TRUE(after.is_new);
  EXPECT_FALSE(after.lost) << "it ended";
}

}  // namespace
}  // namespace understudy::sim
