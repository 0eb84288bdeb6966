// SPDX-License-Identifier: Apache-2.0
// A member that drains: its sessions, its copies, its requests.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Drain : public Stage {};

TEST_F(Drain, DrainHandsEverySessionOverAndLeaves) {
  boot(3);
  std::vector<SessionToken> tokens;
  for (int session = 0; session < 20; ++session) tokens.push_back(new_session());
  member(0).drain();
  ASSERT_TRUE(network_.run_until([&] { return member(0).is_drained(); }, seconds(20)));
  for (const SessionToken& token : tokens) {
    const BeginOutcome asked = begin(member(0), token);
    EXPECT_EQ(asked.kind, BeginKind::kRedirect);
    EXPECT_EQ(asked.route, token.secondary);
    const BeginOutcome there = begin(member_of(token.secondary), token);
    EXPECT_EQ(there.kind, BeginKind::kProceed);
    EXPECT_EQ(value(there, "a"), "1");
  }
}

TEST_F(Drain, DrainWaitsForRequestsUnderWay) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  member(0).drain();
  run_for(seconds(3));
  EXPECT_FALSE(member(0).is_drained());
  EXPECT_EQ(commit(member(0), running.handle, set("a", "2")).kind, CommitKind::kReleased);
  ASSERT_TRUE(network_.run_until([&] { return member(0).is_drained(); }, seconds(20)));
  EXPECT_EQ(value(begin(member_of(token.secondary), token), "a"), "2");
}

TEST_F(Drain, DrainEndsInTimeWhateverHappens) {
  options_.sessions.drain_timeout = seconds(5);
  boot(3);
  begin(member(0), new_session());  // never committed
  member(0).drain();
  run_for(seconds(5) + milliseconds(100));
  EXPECT_TRUE(member(0).is_drained());
}

TEST_F(Drain, WhileItDrainsAMemberTakesNoNewSession) {
  boot(3);
  member(0).drain();
  const BeginOutcome asked = begin(member(0), std::nullopt);
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_NE(asked.route, member(0).mid());
}

TEST_F(Drain, CopiesLeaveAMemberThatDrains) {
  boot(4);
  for (int session = 0; session < 20; ++session) new_session();
  member(1).drain();
  ASSERT_TRUE(network_.run_until([&] { return member(1).is_drained(); }, seconds(20)));
  EXPECT_TRUE(network_.run_until([&] { return member(0).core().statistics().sessions_solo == 0; },
                                 seconds(10)));
}

}  // namespace
}  // namespace understudy::sim
