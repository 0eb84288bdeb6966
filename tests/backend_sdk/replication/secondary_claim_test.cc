// SPDX-License-Identifier: Apache-2.0
// A secondary that claims its channel: when it may, which votes decide, and what it does after.
#include "tests/backend_sdk/replication/secondary_channel_fixture.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = SecondaryChannel::State;

class SecondaryClaimTest : public SecondaryChannelTest {};

TEST_F(SecondaryClaimTest, ClaimsOnlyAfterGrace) {
  make();
  const Duration grace = grace_of(lease_of(options_.beat));
  now_ += grace - Duration(1);
  channel_->want(now_);
  EXPECT_EQ(channel_->state(), State::kOpen);
  now_ += Duration(1);
  channel_->want(now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
  EXPECT_EQ(sent(FrameType::kClaim, kW), 1u);
}

TEST_F(SecondaryClaimTest, EveryGrantRestartsTheGracePeriod) {
  make();
  const Duration grace = grace_of(lease_of(options_.beat));
  now_ += grace - milliseconds(1);
  stream(2, FrameType::kRenew);
  channel_->advance(now_);
  EXPECT_EQ(channel_->grace_over(), now_ + grace);
}

TEST_F(SecondaryClaimTest, WithoutARequestItClaimsFiveSecondsLater) {
  make();
  const TimePoint lazy = channel_->grace_over() + options_.lazy_promotion;
  EXPECT_EQ(channel_->wake_at(), lazy);
  pass(lazy - now_ - Duration(1));
  EXPECT_EQ(channel_->state(), State::kOpen);
  pass(Duration(1));
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(SecondaryClaimTest, ProofOfDeathSkipsTheWaitButNotTheVote) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
  channel_->on_vote(kW, kB);
  EXPECT_EQ(channel_->state(), State::kOwned);
}

TEST_F(SecondaryClaimTest, ABelievedDeathDoesNotSkipTheWait) {
  make();
  channel_->on_fate(Fate::kDead, Fate::kUsable, true, now_);
  channel_->want(now_);
  EXPECT_EQ(channel_->state(), State::kOpen);
}

// S7.
TEST_F(SecondaryClaimTest, AfterItsVoteItAcknowledgesNothing) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  frames_.clear();
  stream(2);
  pass(milliseconds(1));
  EXPECT_EQ(applied_, std::vector<uint64_t>{1});
  EXPECT_EQ(sent(FrameType::kAck, kA), 0u);
}

TEST_F(SecondaryClaimTest, OnceItOwnsItSaysSo) {
  make();
  channel_->on_grant(now_);
  channel_->on_vote(kW, kB);
  EXPECT_EQ(channel_->state(), State::kOwned);
  EXPECT_EQ(sent(FrameType::kStale, kA), 1u) << "a primary that granted waits for it";
  frames_.clear();
  stream(2);
  channel_->on_claim(kA);
  channel_->on_grant(now_);
  EXPECT_EQ(sent(FrameType::kStale, kA), 3u);
  EXPECT_EQ(sent(FrameType::kVote, kA), 0u);
}

// PROTOCOL 2.3: GRANT is leave to claim, no vote. The primary may have claimed since.
TEST_F(SecondaryClaimTest, AGrantLetsItClaimAtOnceAndTheWitnessDecides) {
  for (const MemberId winner : {kA, kB}) {
    SCOPED_TRACE(winner);
    make();
    channel_->on_grant(now_);
    EXPECT_EQ(channel_->state(), State::kClaiming);
    EXPECT_EQ(last_claim().grounds, ClaimGrounds::kGranted);
    channel_->on_vote(kW, winner);
    EXPECT_EQ(channel_->state(), winner == kB ? State::kOwned : State::kOut);
  }
}

TEST_F(SecondaryClaimTest, WithoutAWitnessAGrantDecides) {
  make(kNobody);
  channel_->on_grant(now_);
  EXPECT_EQ(channel_->state(), State::kOwned);
}

TEST_F(SecondaryClaimTest, AGrantThatComesLateIsWorthNothing) {
  make();
  channel_->on_claim(kA);
  frames_.clear();
  channel_->on_grant(now_);
  EXPECT_EQ(channel_->state(), State::kOut);
  EXPECT_EQ(sent(FrameType::kClaim, kW), 0u);
}

// Its grounds change while it claims: what the witness would not take before it takes then.
TEST_F(SecondaryClaimTest, TheGroundsOfAClaimAreThoseOfTheMoment) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kProof);
  pass(grace_of(lease_of(options_.beat)));
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kGraceOver);
  channel_->on_grant(now_);
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kGranted);
}

// What the primary has kept of it is not needed any more.
TEST_F(SecondaryClaimTest, ReleasesThePrimaryUntilThatOneHasHeardIt) {
  make();
  channel_->on_grant(now_);
  channel_->on_vote(kW, kB);
  EXPECT_EQ(channel_->wake_at(), TimePoint::max());
  channel_->release_primary(now_);
  for (int beat = 0; beat < 10; ++beat) {
    channel_->release_primary(now_);
    pass(options_.beat);
  }
  EXPECT_EQ(sent(FrameType::kClose, kA), 4u) << "after pauses of 1, 2 and 4 beats";
  channel_->on_release_heard();
  EXPECT_EQ(channel_->wake_at(), TimePoint::max());
}

TEST_F(SecondaryClaimTest, GivesWayToThePrimaryBeforeItHasWon) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_claim(kA);
  EXPECT_EQ(channel_->state(), State::kOut);
  EXPECT_EQ(sent(FrameType::kVote, kA), 1u);
  channel_->on_vote(kW, kB);  // too late: it has withdrawn
  EXPECT_EQ(channel_->state(), State::kOut);
}

// A CLAIM is lost with its link, and the primary has sealed the channel with the witness's vote.
TEST_F(SecondaryClaimTest, ACloseOfThePrimarySaysWhatItsLostClaimWouldHave) {
  make();
  channel_->on_primary_closed();
  EXPECT_EQ(channel_->state(), State::kOut);
  channel_->want(now_ + seconds(100));
  EXPECT_EQ(channel_->state(), State::kOut) << "it claims nothing any more";
}

TEST_F(SecondaryClaimTest, ACloseOfThePrimaryEndsAClaimThatHasNotWonAndNoOther) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_primary_closed();
  EXPECT_EQ(channel_->state(), State::kOut);
  make();
  channel_->on_grant(now_);
  channel_->on_vote(kW, kB);
  channel_->on_primary_closed();
  EXPECT_EQ(channel_->state(), State::kOwned);
}

TEST_F(SecondaryClaimTest, AnswersARepeatedClaimOfThePrimaryAgain) {
  make();
  channel_->on_claim(kW);
  EXPECT_EQ(channel_->state(), State::kOpen);
  channel_->on_claim(kA);
  channel_->on_claim(kA);
  EXPECT_EQ(sent(FrameType::kVote, kA), 2u);
}

TEST_F(SecondaryClaimTest, OnlyTheWitnessVotesAndItMaySayThatThePrimaryWasFirst) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_vote(9, kB);
  channel_->on_vote(kA, kB);
  EXPECT_EQ(channel_->state(), State::kClaiming);
  channel_->on_vote(kW, kA);
  EXPECT_EQ(channel_->state(), State::kOut);
}

TEST_F(SecondaryClaimTest, AChannelThatItNeverSawIsThePrimarys) {
  SecondaryChannel channel(options_, {kChannel, kA, kB, kW}, *this);
  channel.on_stream({.type = FrameType::kOpen, .channel = kChannel, .seq = 1, .payload = {}});
  channel.want(now_ + seconds(100));
  EXPECT_EQ(channel.state(), State::kOut);
  EXPECT_TRUE(applied_.empty());
}

TEST_F(SecondaryClaimTest, WithoutAWitnessOnlyADeathLetsItGoOn) {
  struct {
    NoWitnessPolicy policy;
    Fate primary;
    State expected;
  } table[] = {{NoWitnessPolicy::kAvailable, Fate::kUsable, State::kOpen},
               {NoWitnessPolicy::kAvailable, Fate::kDead, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kRefused, State::kOpen},
               {NoWitnessPolicy::kAvailable, Fate::kDeadAndRefused, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kProven, State::kOwned},
               {NoWitnessPolicy::kRefuse, Fate::kDead, State::kOpen},
               {NoWitnessPolicy::kRefuse, Fate::kRefused, State::kOpen},
               {NoWitnessPolicy::kRefuse, Fate::kProven, State::kOwned}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.policy) << " " << int(row.primary));
    options_.no_witness = row.policy;
    make(kNobody);
    channel_->on_fate(row.primary, Fate::kDead, true, now_);
    now_ += seconds(100);
    channel_->on_fate(row.primary, Fate::kDead, true, now_);
    channel_->want(now_);
    EXPECT_EQ(channel_->state(), row.expected);
    if (row.expected == State::kOpen) {
      EXPECT_EQ(channel_->wake_at(), TimePoint::max()) << "nothing to wake for";
    }
  }
}

// P15: after so long a silence the primary has gone on without us, before it died.
TEST_F(SecondaryClaimTest, WithoutAWitnessAPrimaryThatDiedLateMayHaveGoneOnAlone) {
  const Duration lease = lease_of(options_.beat);
  struct {
    NoWitnessPolicy policy;
    Duration silence;
    State expected;
  } table[] = {{NoWitnessPolicy::kRefuse, lease, State::kOwned},
               {NoWitnessPolicy::kRefuse, lease + milliseconds(1), State::kOut},
               {NoWitnessPolicy::kAvailable, lease + milliseconds(1), State::kOwned}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.policy) << " " << row.silence.count());
    options_.no_witness = row.policy;
    make(kNobody);
    now_ += row.silence;
    channel_->on_fate(Fate::kProven, Fate::kDead, true, now_);
    pass(grace_of(lease));
    EXPECT_EQ(channel_->state(), row.expected);
    EXPECT_FALSE(channel_->is_lost()) << "other members are asked";
  }
}

// A firewall refuses as well, and no third member can say that the primary lives.
TEST_F(SecondaryClaimTest, WithoutAWitnessAProofIsDoubtedUntilGraceIsOverWhereNoDoubtIsAllowed) {
  struct {
    NoWitnessPolicy policy;
    State at_once;
  } table[] = {{NoWitnessPolicy::kAvailable, State::kOwned},
               {NoWitnessPolicy::kRefuse, State::kOpen}};
  for (const auto& row : table) {
    SCOPED_TRACE(int(row.policy));
    options_.no_witness = row.policy;
    make(kNobody);
    channel_->on_fate(Fate::kProven, Fate::kDead, true, now_);
    EXPECT_EQ(channel_->state(), row.at_once);
    if (row.at_once == State::kOpen) {
      EXPECT_EQ(channel_->wake_at(), channel_->grace_over());
    }
    pass(grace_of(lease_of(options_.beat)));
    EXPECT_EQ(channel_->state(), State::kOwned);
    EXPECT_TRUE(channel_->is_alone());
  }
}

TEST_F(SecondaryClaimTest, AWitnesssVoteOrAGrantIsNotAlone) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_vote(kW, kB);
  ASSERT_EQ(channel_->state(), State::kOwned);
  EXPECT_FALSE(channel_->is_alone());
  make(kNobody);
  channel_->on_grant(now_);
  ASSERT_EQ(channel_->state(), State::kOwned);
  EXPECT_FALSE(channel_->is_alone());
}

// Who else is dead is only believed: the other side may have the quorum, and the channel.
TEST_F(SecondaryClaimTest, AMinorityNeverCallsAChannelLost) {
  struct {
    const char* name;
    Fate primary, witness;
    bool has_quorum;
    bool lost;
  } table[] = {{"both believed dead", Fate::kDead, Fate::kDead, false, false},
               {"one proven", Fate::kProven, Fate::kDead, false, false},
               {"both proven", Fate::kProven, Fate::kProven, false, true},
               {"a quorum believes it", Fate::kDead, Fate::kDead, true, true},
               {"the witness lives", Fate::kProven, Fate::kUsable, true, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    make();
    now_ = channel_->grace_over();
    channel_->want(now_);
    channel_->on_fate(row.primary, row.witness, row.has_quorum, now_);
    ASSERT_EQ(channel_->state(), State::kClaiming);
    pass(2 * grace_of(lease_of(options_.beat)));
    EXPECT_EQ(channel_->is_lost(), row.lost);
    EXPECT_EQ(channel_->state(), row.lost ? State::kOut : State::kClaiming);
  }
}

TEST_F(SecondaryClaimTest, WhatNoMemberCanDecideIsLostInTheEnd) {
  make();
  for (const Fate witness : {Fate::kProven, Fate::kUsable, Fate::kProven}) {
    channel_->on_fate(Fate::kProven, witness, false, now_);
    pass(grace_of(lease_of(options_.beat)));
    EXPECT_EQ(channel_->state(), State::kClaiming) << "counted anew";
  }
  pass(grace_of(lease_of(options_.beat)));
  EXPECT_EQ(channel_->state(), State::kOut);
  EXPECT_TRUE(channel_->is_lost());
}

}  // namespace
}  // namespace understudy
