// SPDX-License-Identifier: Apache-2.0
// What does not fit into a channel's window waits; and what a session has shown before it comes
// into a channel, or keeps when it has left one.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using CommitKind = CommitOutcome::Kind;

class Window : public Stage {};

// Else a session with a large image would wait for as long as others are written.
TEST_F(Window, ASmallChangeDoesNotPassALargeOneThatWaits) {
  options_.replication.window_bytes = 4000;
  boot(2);
  const SessionToken large = new_session();
  const SessionToken small = new_session();
  run_for(milliseconds(50));
  const BeginOutcome first = begin(member(0), small);
  const BeginOutcome wide = begin(member(0), large);
  const BeginOutcome second = begin(member(0), small);
  member(1).pause();
  const WaitingCommit in_flight = commit_later(member(0), first.handle, set("a", "2"));
  const WaitingCommit waits =
      commit_later(member(0), wide.handle, set("b", std::string(3950, 'x')));
  const WaitingCommit behind = commit_later(member(0), second.handle, set("a", "3"));
  run_for(milliseconds(100));
  member(1).resume();
  ASSERT_TRUE(network_.run_until([&] { return behind->has_value(); }, seconds(1)));
  EXPECT_TRUE(in_flight->has_value());
  EXPECT_TRUE(waits->has_value());
}

// A copy must be told from what its client has seen without it (S4).
TEST_F(Window, ASessionThatWasShownAloneEntersItsChannelWithANewEpoch) {
  boot(2);
  member(1).crash();
  run_for(seconds(2));
  const SessionToken token = new_session();
  ASSERT_EQ(token.secondary, kNobody);
  ASSERT_EQ(token.floor, (Position{1, 1}));
  member(1).boot();
  run_for(seconds(5));
  const NodeCoreFacts facts = member(1).core().facts();
  ASSERT_EQ(facts.copies.size(), 1u);
  EXPECT_EQ(facts.copies[0].position, (Position{2, 1}));
}

TEST_F(Window, AMemberIsNotDrainedWhileItHoldsCopies) {
  boot(3);
  SimMember& secondary = member_of(new_session().secondary);
  secondary.drain();
  uint64_t open = 0;  // before the moment at which it is drained
  const auto is_drained = [&] {
    if (secondary.is_drained()) return true;
    open = secondary.core().statistics().channels_in;
    return false;
  };
  ASSERT_TRUE(network_.run_until(is_drained, seconds(20)));
  EXPECT_EQ(open, 0u);
}

// S6: what a blocked link brings late does not bring a session back.
TEST_F(Window, ACopyThatComesAfterTheEndIsNotTaken) {
  boot(2);
  Frame copy;
  uint64_t last = 0;
  network_.set_watch([&](MemberId, MemberId to, const Frame& frame) {
    if (to != member(1).mid() || frame.seq == 0) return;
    if (frame.type == FrameType::kFull) copy = frame;
    last = frame.seq;
  });
  const BeginOutcome begun = begin(member(0), new_session());
  Change logout;
  logout.invalidate = true;
  ASSERT_TRUE(commit(member(0), begun.handle, logout).clear_cookie);
  ASSERT_EQ(copy.type, FrameType::kFull);
  copy.seq = last + 1;
  member(1).on_frame({member(0).mid(), member(0).address()}, copy);
  EXPECT_TRUE(member(1).core().facts().copies.empty());
}

// S6: a secondary that is only silent may come back with its copy.
TEST_F(Window, ALogoutWaitsForTheProofThatNoCopyIsLeft) {
  boot(2);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  member(1).power_off();
  run_for(seconds(5));
  Change logout;
  logout.invalidate = true;
  const CommitOutcome done = commit(member(0), begun.handle, logout);
  EXPECT_EQ(done.kind, CommitKind::kUnavailable);
  EXPECT_FALSE(done.clear_cookie);
}

}  // namespace
}  // namespace understudy::sim
