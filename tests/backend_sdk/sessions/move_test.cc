// SPDX-License-Identifier: Apache-2.0
// A member that an operator drains while it lives: its sessions go to their secondaries, whole
// channels at a time, and no request suffers.
#include <gtest/gtest.h>

#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Move : public Stage {
 protected:
  size_t served_by(size_t index) { return member(index).core().statistics().sessions_primary; }
  // As the proxy asks the secondary of a member whose sessions are to move.
  static How moved() { return {.failover = true, .moved = true}; }
};

TEST_F(Move, TheSecondaryAsksForTheSessionAndServesItWithNothingLost) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome there = begin(member_of(token.secondary), token, moved());
  ASSERT_EQ(there.kind, BeginKind::kProceed);
  EXPECT_EQ(value(there, "a"), "1");
  const CommitOutcome done = commit(member_of(token.secondary), there.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.solo);
  ASSERT_TRUE(done.cookie);
  EXPECT_EQ(done.cookie->primary, token.secondary);
  EXPECT_GT(done.cookie->floor.epoch, token.floor.epoch);
  EXPECT_EQ(member(0).core().statistics().sessions.fenced, 0u) << "nobody was overtaken";
}

TEST_F(Move, OneRequestMovesThemAll) {
  boot(4);
  std::vector<SessionToken> tokens;
  for (int session = 0; session < 40; ++session) tokens.push_back(new_session());
  begin(member_of(tokens[0].secondary), tokens[0], moved());
  ASSERT_TRUE(network_.run_until([&] { return served_by(0) == 0; }, seconds(3)));
  for (const SessionToken& token : tokens) {
    const BeginOutcome asked = begin(member(0), token);
    EXPECT_EQ(asked.kind, BeginKind::kRedirect);
    EXPECT_EQ(asked.route, token.secondary);
    EXPECT_EQ(value(begin(member_of(token.secondary), token), "a"), "1");
  }
  EXPECT_TRUE(lost_.empty());
  EXPECT_TRUE(member(0).core().is_admitted()) << "it has not left";
}

TEST_F(Move, TheMemberItselfMovesThemWhenItIsTold) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome asked = begin(member(0), token, {.order = ProxyOrder::kMove});
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, token.secondary);
  EXPECT_EQ(value(begin(member_of(token.secondary), token), "a"), "1");
}

// A proxy that cannot connect to the primary asks the secondary; the others know nothing of it.
TEST_F(Move, OutOfAProxysReachThePrimaryHandsOverWhatWasAskedForAndGoesOn) {
  boot(4);
  std::vector<SessionToken> tokens;
  for (int session = 0; session < 40; ++session) tokens.push_back(new_session());
  const MemberId reached = tokens[0].secondary;
  const BeginOutcome there =
      begin(member_of(reached), tokens[0], {.failover = true, .unreachable = true});
  ASSERT_EQ(there.kind, BeginKind::kProceed);
  EXPECT_EQ(value(there, "a"), "1");
  const CommitOutcome done = commit(member_of(reached), there.handle, set("a", "2"));
  ASSERT_TRUE(done.cookie);
  EXPECT_EQ(done.cookie->primary, reached);
  size_t gone = 0;
  for (const SessionToken& token : tokens) {
    const bool has_gone = token.secondary == reached;
    gone += has_gone;
    const BeginOutcome asked = begin(member(0), token);
    EXPECT_EQ(asked.kind, has_gone ? BeginKind::kRedirect : BeginKind::kProceed);
  }
  EXPECT_LT(gone, tokens.size()) << "else nothing was seen of those that stay";
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Move, TwoProxiesThatReachAMemberEachDoNotSendSessionsToAndFroAtWill) {
  boot(3);
  SessionToken token = new_session();
  const How from_afar{.failover = true, .unreachable = true};
  int turns = 0;
  const TimePoint end = network_.now() + seconds(10);
  while (network_.now() < end) {
    SimMember& asked = member_of(token.secondary);
    const BeginOutcome outcome = begin(asked, token, from_afar);
    if (outcome.kind == BeginKind::kProceed) {
      const CommitOutcome done = commit(asked, outcome.handle, set("a", "2"));
      if (done.cookie) token = *done.cookie;
      ++turns;
    }
    run_for(milliseconds(20));
  }
  EXPECT_GE(turns, 2);
  EXPECT_LE(turns, 12) << "each of the two at most once in two seconds";
}

TEST_F(Move, WaitsForRequestsUnderWay) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  const Waiting there = begin_later(member_of(token.secondary), token, moved());
  run_for(milliseconds(300));
  EXPECT_FALSE(there->has_value());
  EXPECT_EQ(commit(member(0), running.handle, set("a", "2")).kind, CommitKind::kReleased);
  ASSERT_TRUE(network_.run_until([&] { return there->has_value(); }, seconds(1)));
  EXPECT_EQ(value(**there, "a"), "2");
}

// S11: others were committed while it waited for the session; it is remembered all the same.
TEST_F(Move, ARepetitionThatWaitsIsRecognisedWhenTheSessionComes) {
  boot(3);
  const SessionToken token = new_session();
  for (const uint64_t request : {7, 50}) {
    const BeginOutcome first = begin(member(0), token, {.request = request});
    ASSERT_EQ(commit(member(0), first.handle, set("a", "2")).kind, CommitKind::kReleased);
  }
  std::vector<BeginOutcome> running;
  for (uint64_t request = 101; request < 108; ++request) {
    running.push_back(begin(member(0), token, {.request = request}));
  }
  How again = moved();
  again.request = 7;
  const Waiting there = begin_later(member_of(token.secondary), token, again);
  run_for(milliseconds(50));
  ASSERT_FALSE(there->has_value());
  for (const BeginOutcome& outcome : running) {
    ASSERT_EQ(commit(member(0), outcome.handle, set("a", "3")).kind, CommitKind::kReleased);
  }
  ASSERT_TRUE(network_.run_until([&] { return there->has_value(); }, seconds(1)));
  EXPECT_EQ((*there)->kind, BeginKind::kProceed);
  EXPECT_TRUE((*there)->replayed);
}

TEST_F(Move, ASlowRequestDelaysOthersButFailsNone) {
  boot(3);
  const SessionToken slow = new_session();
  const BeginOutcome running = begin(member(0), slow);
  SessionToken other = slow;
  while (other.sid == slow.sid || other.secondary != slow.secondary) other = new_session();
  // At the secondary it is sent back in the end, and at the primary it is served in the end.
  const BeginOutcome sent_back = begin(member_of(other.secondary), other, moved());
  EXPECT_EQ(sent_back.kind, BeginKind::kRedirect);
  EXPECT_EQ(sent_back.route, member(0).mid());
  for (int again = 0; again < 8; ++again) {
    const BeginOutcome here = begin(member(0), other, {.order = ProxyOrder::kMove});
    ASSERT_EQ(here.kind, BeginKind::kProceed) << again;
    EXPECT_EQ(commit(member(0), here.handle, set("a", "x")).kind, CommitKind::kReleased);
    run_for(milliseconds(500));
  }
  EXPECT_EQ(commit(member(0), running.handle, set("a", "2")).kind, CommitKind::kReleased);
  EXPECT_TRUE(network_.run_until([&] { return served_by(0) == 0; }, seconds(5)));
}

TEST_F(Move, EndsWithTheFirstRequestThatMayStay) {
  boot(3);
  begin(member(0), new_session(), {.order = ProxyOrder::kMove});
  ASSERT_TRUE(network_.run_until([&] { return served_by(0) == 0; }, seconds(3)));
  begin(member(0), std::nullopt, {.order = ProxyOrder::kServe});
  const SessionToken token = new_session();
  run_for(seconds(5));
  EXPECT_EQ(begin(member(0), token, {.order = ProxyOrder::kServe}).kind, BeginKind::kProceed);
}

TEST_F(Move, EndsByItselfWhenNobodySaysItAnyMore) {
  options_.sessions.drain_timeout = seconds(2);
  boot(3);
  begin(member(0), new_session(), {.order = ProxyOrder::kMove});
  run_for(seconds(3));
  const SessionToken token = new_session();
  run_for(seconds(3));
  EXPECT_EQ(begin(member(0), token).kind, BeginKind::kProceed);
}

TEST_F(Move, ADeadPrimaryIsTakenOverAsEver) {
  boot(3);
  const SessionToken token = new_session();
  member(0).crash();
  const BeginOutcome there = begin(member_of(token.secondary), token, moved());
  EXPECT_EQ(there.kind, BeginKind::kProceed);
  EXPECT_EQ(value(there, "a"), "1");
}

TEST_F(Move, ASilentPrimaryIsTakenOverAfterItsGrace) {
  boot(3);
  const SessionToken token = new_session();
  network_.isolate(member(0).address());
  const BeginOutcome there = begin(member_of(token.secondary), token, moved());
  EXPECT_EQ(there.kind, BeginKind::kProceed);
  EXPECT_EQ(value(there, "a"), "1");
}

TEST_F(Move, WithoutASecondarySessionsStay) {
  boot(1);
  const SessionToken token = new_session();
  const BeginOutcome here = begin(member(0), token, {.order = ProxyOrder::kMove});
  EXPECT_EQ(here.kind, BeginKind::kProceed);
  EXPECT_EQ(value(here, "a"), "1");
}

}  // namespace

}  // namespace understudy::sim
