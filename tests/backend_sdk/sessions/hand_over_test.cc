// SPDX-License-Identifier: Apache-2.0
// GRANT hands a channel to the secondary, which may die at any moment of it: the primary, which
// lives and has all the data, goes on with it.
#include "backend_sdk/replication/payloads.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = BeginOutcome::Kind;

class HandOverTest : public Stage {
 protected:
  // Hands the channel of `token` over; `when` is the frame at which `what` happens, as it leaves.
  void hand_over(const SessionToken& token, FrameType when, std::function<void()> what) {
    network_.set_watch(
        [this, when, what = std::move(what)](MemberId, MemberId, const Frame& frame) {
          if (frame.type != when || happened_) return;
          happened_ = true;
          network_.at(network_.now(), what);
        });
    // A proxy that does not reach the primary asks the secondary.
    begin_later(member_of(token.secondary), token, {.failover = true, .unreachable = true});
    ASSERT_TRUE(network_.run_until([&] { return happened_; }, seconds(5)));
  }
  bool happened_ = false;
};

// Row 9.
TEST_F(HandOverTest, ASecondaryThatDiesWhenTheGrantLeavesTakesNothingWithIt) {
  boot(4);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  hand_over(token, FrameType::kGrant, [&] { secondary.power_off(); });
  const BeginOutcome after = begin(member(0), token);
  ASSERT_EQ(after.kind, Kind::kProceed);
  EXPECT_FALSE(after.is_new);
  EXPECT_EQ(value(after, "a"), "1");
  EXPECT_EQ(commit(member(0), after.handle, set("b", "2")).kind, CommitOutcome::Kind::kReleased);
}

TEST_F(HandOverTest, ASecondaryThatCrashesWhenTheGrantLeavesTakesNothingWithIt) {
  boot(4);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  hand_over(token, FrameType::kGrant, [&] { secondary.crash(); });
  const BeginOutcome after = begin(member(0), token);
  ASSERT_EQ(after.kind, Kind::kProceed);
  EXPECT_EQ(value(after, "a"), "1");
}

// It has won and said so, and dies before another member has a copy.
TEST_F(HandOverTest, ANewOwnerThatDiesAloneLeavesWhatThePrimaryHad) {
  boot(4);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  hand_over(token, FrameType::kStale, [] {});
  network_.set_watch([](MemberId, MemberId, const Frame&) {});
  ASSERT_TRUE(network_.run_until(
      [&] { return member(0).core().statistics().sessions_primary == 0; }, seconds(1)));
  secondary.crash();
  run_for(seconds(2));
  BeginOutcome after = begin(member(0), token, {.failover = true});
  if (after.kind == Kind::kRedirect) {  // it was quick enough to give the session a copy
    after = begin(member_of(after.route), token, {.failover = true});
  }
  ASSERT_EQ(after.kind, Kind::kProceed);
  EXPECT_FALSE(after.is_new);
  EXPECT_EQ(value(after, "a"), "1");
}

// The new owner gives copies away one by one, and dies before the second.
TEST_F(HandOverTest, WhatThePrimaryHadStaysUntilAnotherMemberHoldsIt) {
  options_.sessions.bulk_bytes_per_second = 1;
  boot(2);
  std::vector<SessionToken> tokens;
  for (int session = 0; session < 3; ++session) tokens.push_back(new_session());
  hand_over(tokens[0], FrameType::kStale, [] {});
  run_for(seconds(20));
  EXPECT_EQ(member(0).core().statistics().sessions_secondary, 1u);
  EXPECT_EQ(member(0).core().statistics().sessions_passed_over, 2u);
  member(1).crash();
  run_for(seconds(5));
  for (const SessionToken& token : tokens) {
    EXPECT_EQ(value(begin(member(0), token, {.failover = true}), "a"), "1");
  }
}

TEST_F(HandOverTest, WhatThePrimaryHadGoesWhenAnotherMemberHoldsIt) {
  boot(4);
  const SessionToken token = new_session();
  hand_over(token, FrameType::kStale, [] {});
  run_for(milliseconds(20));
  EXPECT_EQ(member(0).core().statistics().sessions_primary, 0u);
  run_for(seconds(10));
  EXPECT_EQ(member(0).core().statistics().sessions_passed_over, 0u);
  EXPECT_EQ(member_of(token.secondary).core().statistics().sessions_solo, 0u);
}

}  // namespace
}  // namespace understudy::sim
