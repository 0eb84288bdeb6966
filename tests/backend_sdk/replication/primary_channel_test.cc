// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/primary_channel.h"

#include "tests/backend_sdk/replication/primary_channel_fixture.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = PrimaryChannel::State;

TEST_F(PrimaryChannelTest, OpensWithTheFirstAcknowledgement) {
  make();
  EXPECT_EQ(channel_->state(), State::kOpening);
  EXPECT_FALSE(channel_->may_serve(now_));
  ack(1);
  EXPECT_EQ(channel_->state(), State::kOpen);
  EXPECT_TRUE(channel_->may_serve(now_));
}

TEST_F(PrimaryChannelTest, AcknowledgementsAreCumulative) {
  make_open();
  write(1, 1);
  write(2, 1);
  write(1, 2);
  ack(4);
  ASSERT_EQ(acked_.size(), 3u);
  EXPECT_EQ(acked_[2], (std::pair(sid_of(1), uint64_t{2})));
  EXPECT_TRUE(channel_->window().is_empty());
}

TEST_F(PrimaryChannelTest, WhatWasNeverSentCannotBeAcknowledged) {
  make_open();
  channel_->on_ack({.cum_seq = 99, .grant_stamp = 99}, now_);
  EXPECT_FALSE(channel_->lease().is_valid(now_ + lease_of(options_.beat)));
}

TEST_F(PrimaryChannelTest, ARefusedFrameIsNotAcknowledged) {
  make_open();
  write(1, 1);
  write(2, 1);
  ack(3, {{sid_of(1), NackCode::kNeedFull, 2}});
  ASSERT_EQ(acked_.size(), 1u);
  EXPECT_EQ(acked_[0].first, sid_of(2));
  EXPECT_EQ(refused_.size(), 1u);
}

// PROTOCOL 2.2: the lease ends L after the oldest frame that the acknowledgement covers was sent.
TEST_F(PrimaryChannelTest, TheLeaseCountsFromTheOldestCoveredFrame) {
  make_open();
  const TimePoint first = now_ += milliseconds(100);
  write(1, 1);
  now_ += milliseconds(100);
  write(1, 2);
  now_ += milliseconds(20);
  ack(3);
  const TimePoint end = first + lease_of(options_.beat);
  EXPECT_TRUE(channel_->lease().is_valid(end - Duration(1)));
  EXPECT_FALSE(channel_->lease().is_valid(end));
}

TEST_F(PrimaryChannelTest, AnIdleChannelRenewsItsLeaseEveryBeat) {
  make_open();
  pass(options_.beat);
  EXPECT_EQ(sent(FrameType::kRenew, kB), 1u);
  ack(2);
  EXPECT_TRUE(channel_->lease().is_valid(now_ + lease_of(options_.beat) - Duration(1)));
  EXPECT_EQ(channel_->wake_at(), now_ + options_.beat);
}

TEST_F(PrimaryChannelTest, TheWindowCountsFrames) {
  options_.window_frames = 3;
  make_open();
  EXPECT_TRUE(write(1, 1));
  EXPECT_TRUE(write(1, 2));
  EXPECT_TRUE(write(1, 3));
  EXPECT_FALSE(write(1, 4));
  reliefs_ = 0;
  ack(2);
  EXPECT_EQ(reliefs_, 1);
  EXPECT_TRUE(write(1, 4));
}

TEST_F(PrimaryChannelTest, ALateAcknowledgementMakesItClaim) {
  make_open();
  write(1, 1);
  pass(options_.ack_timeout - Duration(1));
  EXPECT_EQ(channel_->state(), State::kOpen);
  pass(Duration(1));
  EXPECT_EQ(channel_->state(), State::kClaiming);
  EXPECT_EQ(sent(FrameType::kClaim, kW), 1u);
  EXPECT_EQ(sent(FrameType::kClaim, kB), 1u);
}

TEST_F(PrimaryChannelTest, APrimaryThatWasAsleepDoesNotJudge) {
  make_open();
  write(1, 1);
  now_ += seconds(5);
  channel_->advance(now_, now_ + options_.ack_timeout);
  EXPECT_EQ(channel_->state(), State::kOpen);
}

TEST_F(PrimaryChannelTest, ABrokenLinkMakesItClaim) {
  make_open();
  channel_->claim(now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(PrimaryChannelTest, AClaimIsRepeatedUntilItIsDecided) {
  make_open();
  channel_->claim(now_);
  pass(options_.claim_retry);
  EXPECT_EQ(sent(FrameType::kClaim, kW), 2u);
  channel_->on_vote(kW, kA, now_);
  EXPECT_EQ(channel_->state(), State::kOwned);
  EXPECT_TRUE(channel_->may_serve(now_ + seconds(100)));
}

// One vote besides its own seals the channel (two of three).
TEST_F(PrimaryChannelTest, WhoseVoteDecides) {
  struct {
    const char* name;
    MemberId from;
    MemberId winner;
    State expected;
  } table[] = {{"the witness agrees", kW, kA, State::kOwned},
               {"the secondary agrees", kB, kA, State::kOwned},
               {"a stranger agrees", 9, kA, State::kClaiming},
               {"the witness has voted for the secondary", kW, kB, State::kClaiming},
               {"a stranger has", 9, kB, State::kClaiming}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    make_open();
    channel_->claim(now_);
    channel_->on_vote(row.from, row.winner, now_);
    EXPECT_EQ(channel_->state(), row.expected);
    EXPECT_EQ(channel_->is_outvoted(), row.winner == kB && row.from == kW);
  }
}

TEST_F(PrimaryChannelTest, AVoteWithoutAClaimSealsNothing) {
  make_open();
  channel_->on_vote(kW, kA, now_);
  EXPECT_EQ(channel_->state(), State::kOpen);
}

TEST_F(PrimaryChannelTest, OutvotedItServesNothingButTheSecondaryMayGiveWay) {
  make_open();
  channel_->claim(now_);
  channel_->on_vote(kW, kB, now_);
  EXPECT_FALSE(channel_->may_serve(now_));
  channel_->on_vote(kB, kA, now_);
  EXPECT_EQ(channel_->state(), State::kOwned);
  EXPECT_FALSE(channel_->is_outvoted());
}

TEST_F(PrimaryChannelTest, StaleFencesIt) {
  for (const bool claiming : {false, true}) {
    make_open();
    if (claiming) channel_->claim(now_);
    channel_->on_stale(kW, now_);
    EXPECT_NE(channel_->state(), State::kFenced) << "only the secondary can say so";
    channel_->on_stale(kB, now_);
    EXPECT_EQ(channel_->state(), State::kFenced);
    EXPECT_FALSE(channel_->may_serve(now_));
    EXPECT_FALSE(write(1, 1));
  }
}

TEST_F(PrimaryChannelTest, ItReadsUnderItsLeaseWhileItClaimsAndSendsNothing) {
  make_open();
  channel_->claim(now_);
  EXPECT_FALSE(write(1, 1));
  EXPECT_TRUE(channel_->may_serve(now_ + lease_of(options_.beat) - Duration(1)));
  EXPECT_FALSE(channel_->may_serve(now_ + lease_of(options_.beat)));
}

TEST_F(PrimaryChannelTest, WithoutAWitnessPolicyDecidesAboutABelievedDeath) {
  struct {
    NoWitnessPolicy policy;
    Fate secondary;
    State expected;
  } table[] = {{NoWitnessPolicy::kAvailable, Fate::kDead, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kRefused, State::kClaiming},
               {NoWitnessPolicy::kAvailable, Fate::kDeadAndRefused, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kProven, State::kOwned},
               {NoWitnessPolicy::kRefuse, Fate::kDead, State::kClaiming},
               {NoWitnessPolicy::kRefuse, Fate::kRefused, State::kClaiming},
               {NoWitnessPolicy::kRefuse, Fate::kProven, State::kOwned}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.policy) << " " << int(row.secondary));
    options_.no_witness = row.policy;
    make_open(kNobody);
    channel_->on_fate(row.secondary, Fate::kDead, true, now_);
    EXPECT_EQ(channel_->state(), row.expected);
  }
}

// The mirror of SecondaryClaimTest.WithoutAWitnessAPrimaryThatDiedLateMayHaveGoneOnAlone.
TEST_F(PrimaryChannelTest, WithoutAWitnessASecondaryThatDiedLateMayHaveGoneOnAlone) {
  for (const NoWitnessPolicy policy : {NoWitnessPolicy::kRefuse, NoWitnessPolicy::kAvailable}) {
    for (const bool is_late : {false, true}) {
      SCOPED_TRACE(testing::Message() << int(policy) << is_late);
      options_.no_witness = policy;
      make_open(kNobody);
      now_ += lease_of(options_.beat) - (is_late ? Duration{} : Duration(1));
      channel_->on_fate(Fate::kProven, Fate::kDead, true, now_);
      const bool is_doubtful = is_late && policy == NoWitnessPolicy::kRefuse;
      EXPECT_EQ(channel_->state(), is_doubtful ? State::kFenced : State::kOwned);
      EXPECT_EQ(channel_->is_alone(), !is_doubtful);
      EXPECT_FALSE(channel_->is_lost()) << "passed over, and asked for";
    }
  }
}

// With a witness a proof never replaces the vote while the witness can give it.
TEST_F(PrimaryChannelTest, ProofOfDeathStillAsksTheWitness) {
  make_open();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(PrimaryChannelTest, WithTheWitnessDeadTooOnlyADeathUnderTheLeaseDecides) {
  for (const bool in_time : {true, false}) {
    SCOPED_TRACE(in_time);
    make_open();
    if (!in_time) now_ += lease_of(options_.beat);
    channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
    now_ += lease_of(options_.beat);
    channel_->on_fate(Fate::kProven, Fate::kProven, true, now_);
    EXPECT_EQ(channel_->state(), in_time ? State::kOwned : State::kClaiming);
  }
}

// If it is dead, it was when it refused: the other member's word may come after the lease.
TEST_F(PrimaryChannelTest, ARefusalThatIsConfirmedLaterCountsFromItsBeginning) {
  for (const bool was_heard : {false, true}) {
    SCOPED_TRACE(was_heard);
    make_open();
    channel_->on_fate(Fate::kRefused, Fate::kDead, true, now_);
    EXPECT_EQ(channel_->state(), State::kClaiming);
    if (was_heard) channel_->on_fate(Fate::kUsable, Fate::kDead, true, now_);
    now_ += lease_of(options_.beat);
    channel_->on_fate(Fate::kProven, Fate::kDead, true, now_);
    EXPECT_EQ(channel_->state(), was_heard ? State::kClaiming : State::kOwned);
  }
}

TEST_F(PrimaryChannelTest, WhatNoMemberCanDecideIsLostInTheEnd) {
  make_open();
  now_ += lease_of(options_.beat);
  channel_->on_fate(Fate::kProven, Fate::kProven, false, now_);
  pass(2 * grace_of(lease_of(options_.beat)) - Duration(1));
  EXPECT_EQ(channel_->state(), State::kClaiming);
  pass(Duration(1));
  EXPECT_EQ(channel_->state(), State::kFenced);
  EXPECT_TRUE(channel_->is_lost());
}

TEST_F(PrimaryChannelTest, AMinorityNeverGivesUp) {
  make_open();
  channel_->on_fate(Fate::kDead, Fate::kDead, false, now_);
  pass(std::chrono::hours(1));
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(PrimaryChannelTest, ClosingIsSaidUntilTheSecondaryHasHeardIt) {
  make_open();
  channel_->claim(now_);
  channel_->on_vote(kW, kA, now_);
  channel_->close(now_);
  for (int beat = 0; beat < 40; ++beat) pass(options_.beat);
  EXPECT_EQ(sent(FrameType::kClose, kW), 3u);
  EXPECT_EQ(sent(FrameType::kClose, kB), 8u) << "after pauses of 1, 2, 4 and then 8 beats";
  EXPECT_FALSE(channel_->is_over());
  channel_->on_close_heard();
  EXPECT_TRUE(channel_->is_over());
  for (int beat = 0; beat < 40; ++beat) pass(options_.beat);
  EXPECT_EQ(sent(FrameType::kClose, kB), 8u);
}

class AdoptionTest : public PrimaryChannelTest {
 protected:
  void SetUp() override {
    make_open();
    channel_->begin_adoption();
    successor_ =
        std::make_unique<PrimaryChannel>(options_, ChannelParties{kChannel + 1, kA, kB, 4}, *this);
    successor_->open(7, channel_.get(), now_);
  }
  std::unique_ptr<PrimaryChannel> successor_;
};

TEST_F(AdoptionTest, InDoubtBothMustBeSealed) {
  channel_->claim(now_);
  successor_->claim(now_);
  channel_->on_vote(kW, kA, now_);
  EXPECT_FALSE(channel_->is_owned());
  EXPECT_FALSE(channel_->may_serve(now_ + seconds(10)));
  successor_->on_vote(4, kA, now_);
  EXPECT_TRUE(channel_->is_owned());
  EXPECT_TRUE(channel_->may_serve(now_ + seconds(10)));
}

// Nothing is left in the successor when its secondary is proven dead: it closes before the old
// channel's witness has voted.
TEST_F(AdoptionTest, ASuccessorThatWasOwnedAndClosedIsSealedStill) {
  channel_->claim(now_);
  successor_->claim(now_);
  successor_->on_vote(4, kA, now_);
  successor_->close(now_);
  channel_->on_vote(kW, kA, now_);
  EXPECT_TRUE(channel_->is_owned());
}

TEST_F(AdoptionTest, ALostSuccessorTakesTheOldChannelWithIt) {
  channel_->claim(now_);
  successor_->claim(now_);
  channel_->on_vote(kW, kA, now_);
  successor_->on_stale(kB, now_);
  channel_->on_successor_fenced();
  EXPECT_EQ(channel_->state(), State::kFenced);
}

TEST_F(AdoptionTest, NothingIsSentInTheOldChannel) {
  EXPECT_FALSE(write(1, 1));
}

}  // namespace
}  // namespace understudy
