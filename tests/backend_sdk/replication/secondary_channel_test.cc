// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/secondary_channel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "backend_sdk/replication/lease.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = SecondaryChannel::State;

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr MemberId kW = 3;
constexpr ChannelId kChannel = uint64_t{kA} << 32 | 1;

class SecondaryChannelTest : public testing::Test, public SecondaryChannel::Host {
 protected:
  void make(MemberId witness = kW) {
    OpenPayload open;
    open.parties = {kChannel, kA, kB, witness};
    open.lease = lease_of(options_.beat);
    channel_ = std::make_unique<SecondaryChannel>(options_, open, *this, now_);
    frames_.clear();
    stream(1, FrameType::kOpen);
    channel_->advance(now_);
  }
  void stream(uint64_t seq, FrameType type = FrameType::kRepl) {
    channel_->on_stream({.type = type, .channel = kChannel, .seq = seq, .payload = {}});
  }
  void pass(Duration time) {
    now_ += time;
    channel_->advance(now_);
  }
  size_t sent(FrameType type, MemberId to) const {
    return static_cast<size_t>(std::count_if(
        frames_.begin(), frames_.end(),
        [&](const auto& entry) { return entry.first == to && entry.second.type == type; }));
  }
  AckPayload last_ack() const {
    for (auto entry = frames_.rbegin(); entry != frames_.rend(); ++entry) {
      const FrameType type = entry->second.type;
      if (type == FrameType::kAck || type == FrameType::kOpenOk) {
        return *decode_ack(entry->second.payload);
      }
    }
    return {};
  }

  ClaimPayload last_claim() const {
    for (auto entry = frames_.rbegin(); entry != frames_.rend(); ++entry) {
      if (entry->second.type != FrameType::kClaim) continue;
      return *decode_claim(entry->second.channel, entry->second.payload);
    }
    return {};
  }

  void send(MemberId to, Frame frame) override { frames_.emplace_back(to, std::move(frame)); }
  SecondaryChannel::Applied on_data(SecondaryChannel&, const Frame& frame) override {
    applied_.push_back(frame.seq);
    return next_;
  }
  void on_state(SecondaryChannel& channel) override { states_.push_back(channel.state()); }
  uint32_t bulk_credit(SecondaryChannel&) override { return 5; }

  ReplicationOptions options_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  std::unique_ptr<SecondaryChannel> channel_;
  SecondaryChannel::Applied next_;
  std::vector<std::pair<MemberId, Frame>> frames_;
  std::vector<uint64_t> applied_;
  std::vector<State> states_;
};

TEST_F(SecondaryChannelTest, AnswersAnOpenWithItsFirstGrant) {
  make();
  EXPECT_EQ(sent(FrameType::kOpenOk, kA), 1u);
  EXPECT_EQ(last_ack().cum_seq, 1u);
  EXPECT_EQ(last_ack().credit, 5u);
}

TEST_F(SecondaryChannelTest, OneAcknowledgementForAllFramesOfATurn) {
  make();
  stream(2);
  stream(3);
  stream(4);
  EXPECT_EQ(channel_->wake_at(), TimePoint{});
  pass(milliseconds(1));
  EXPECT_EQ(sent(FrameType::kAck, kA), 1u);
  EXPECT_EQ(last_ack().cum_seq, 4u);
}

TEST_F(SecondaryChannelTest, AfterAGapNothingIsAppliedOrAcknowledged) {
  make();
  stream(3);
  stream(2);
  pass(milliseconds(1));
  EXPECT_EQ(applied_, std::vector<uint64_t>{1});
  EXPECT_EQ(sent(FrameType::kAck, kA), 0u);
}

TEST_F(SecondaryChannelTest, ARepeatedFrameIsAppliedOnce) {
  make();
  stream(2);
  stream(2);
  EXPECT_EQ(applied_, (std::vector<uint64_t>{1, 2}));
}

TEST_F(SecondaryChannelTest, ARefusalIsRepeatedUntilItIsSettled) {
  make();
  SessionId sid;
  sid.bytes.fill(9);
  next_.refusal = NackCode::kNeedFull;
  next_.sid = sid;
  stream(2);
  pass(milliseconds(1));
  ASSERT_EQ(last_ack().nacks.size(), 1u);
  stream(3);
  pass(milliseconds(1));
  ASSERT_EQ(last_ack().nacks.size(), 1u);
  EXPECT_EQ(last_ack().nacks[0].seq, 2u) << "all that came since was not applied either";
  next_ = {.refusal = {}, .sid = sid, .resolves = true};
  stream(4);
  pass(milliseconds(1));
  EXPECT_TRUE(last_ack().nacks.empty());
}

// S3: were the refusal forgotten, the next acknowledgement would confirm what was refused.
TEST_F(SecondaryChannelTest, AFrameThatSettlesNothingLeavesTheRefusalOfItsSession) {
  make();
  SessionId sid;
  sid.bytes.fill(9);
  next_ = {.refusal = NackCode::kOverload, .sid = sid};
  stream(2);
  next_ = {.refusal = {}, .sid = sid};
  stream(3);
  pass(milliseconds(1));
  ASSERT_EQ(last_ack().nacks.size(), 1u);
  EXPECT_EQ(last_ack().nacks[0].seq, 2u);
  EXPECT_EQ(channel_->bar(sid), NackCode::kOverload);
}

TEST_F(SecondaryChannelTest, ARefusalBarsItsSessionUnlessAWholeOneIsWanted) {
  for (const NackCode code : {NackCode::kNeedFull, NackCode::kStale, NackCode::kOverload}) {
    SCOPED_TRACE(static_cast<int>(code));
    make();
    next_.refusal = code;
    stream(2);
    const auto expected = code == NackCode::kNeedFull ? std::nullopt : std::optional(code);
    EXPECT_EQ(channel_->bar(SessionId()), expected);
    next_ = {};
  }
}

TEST_F(SecondaryChannelTest, TooManyRefusalsEndTheStream) {
  options_.nacks_max = 3;
  make();
  next_.refusal = NackCode::kOverload;
  for (uint8_t byte = 1; byte <= 3; ++byte) {
    next_.sid.bytes.fill(byte);
    stream(1 + byte);
  }
  pass(milliseconds(1));
  EXPECT_EQ(last_ack().nacks.size(), 3u);
  next_.sid.bytes.fill(4);
  stream(5);
  pass(milliseconds(1));
  EXPECT_EQ(sent(FrameType::kAck, kA), 1u);
}

TEST_F(SecondaryChannelTest, AMalformedFrameEndsTheStream) {
  make();
  next_.malformed = true;
  stream(2);
  next_ = {};
  stream(3);
  pass(milliseconds(1));
  EXPECT_EQ(sent(FrameType::kAck, kA), 0u);
}

TEST_F(SecondaryChannelTest, ClaimsOnlyAfterGrace) {
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

TEST_F(SecondaryChannelTest, EveryGrantRestartsTheGracePeriod) {
  make();
  const Duration grace = grace_of(lease_of(options_.beat));
  now_ += grace - milliseconds(1);
  stream(2, FrameType::kRenew);
  channel_->advance(now_);
  EXPECT_EQ(channel_->grace_over(), now_ + grace);
}

TEST_F(SecondaryChannelTest, WithoutARequestItClaimsFiveSecondsLater) {
  make();
  const TimePoint lazy = channel_->grace_over() + options_.lazy_promotion;
  EXPECT_EQ(channel_->wake_at(), lazy);
  pass(lazy - now_ - Duration(1));
  EXPECT_EQ(channel_->state(), State::kOpen);
  pass(Duration(1));
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(SecondaryChannelTest, ProofOfDeathSkipsTheWaitButNotTheVote) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
  channel_->on_vote(kW, kB);
  EXPECT_EQ(channel_->state(), State::kOwned);
}

TEST_F(SecondaryChannelTest, ABelievedDeathDoesNotSkipTheWait) {
  make();
  channel_->on_fate(Fate::kDead, Fate::kUsable, true, now_);
  channel_->want(now_);
  EXPECT_EQ(channel_->state(), State::kOpen);
}

// S7.
TEST_F(SecondaryChannelTest, AfterItsVoteItAcknowledgesNothing) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  frames_.clear();
  stream(2);
  pass(milliseconds(1));
  EXPECT_EQ(applied_, std::vector<uint64_t>{1});
  EXPECT_EQ(sent(FrameType::kAck, kA), 0u);
}

TEST_F(SecondaryChannelTest, OnceItOwnsItSaysSo) {
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
TEST_F(SecondaryChannelTest, AGrantLetsItClaimAtOnceAndTheWitnessDecides) {
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

TEST_F(SecondaryChannelTest, WithoutAWitnessAGrantDecides) {
  make(kNobody);
  channel_->on_grant(now_);
  EXPECT_EQ(channel_->state(), State::kOwned);
}

TEST_F(SecondaryChannelTest, AGrantThatComesLateIsWorthNothing) {
  make();
  channel_->on_claim(kA);
  frames_.clear();
  channel_->on_grant(now_);
  EXPECT_EQ(channel_->state(), State::kOut);
  EXPECT_EQ(sent(FrameType::kClaim, kW), 0u);
}

// Its grounds change while it claims: what the witness would not take before it takes then.
TEST_F(SecondaryChannelTest, TheGroundsOfAClaimAreThoseOfTheMoment) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kProof);
  pass(grace_of(lease_of(options_.beat)));
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kGraceOver);
  channel_->on_grant(now_);
  EXPECT_EQ(last_claim().grounds, ClaimGrounds::kGranted);
}

// What the primary has kept of it is not needed any more.
TEST_F(SecondaryChannelTest, ReleasesThePrimaryUntilThatOneHasHeardIt) {
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

TEST_F(SecondaryChannelTest, GivesWayToThePrimaryBeforeItHasWon) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_claim(kA);
  EXPECT_EQ(channel_->state(), State::kOut);
  EXPECT_EQ(sent(FrameType::kVote, kA), 1u);
  channel_->on_vote(kW, kB);  // too late: it has withdrawn
  EXPECT_EQ(channel_->state(), State::kOut);
}

// A CLAIM is lost with its link, and the primary has sealed the channel with the witness's vote.
TEST_F(SecondaryChannelTest, ACloseOfThePrimarySaysWhatItsLostClaimWouldHave) {
  make();
  channel_->on_primary_closed();
  EXPECT_EQ(channel_->state(), State::kOut);
  channel_->want(now_ + seconds(100));
  EXPECT_EQ(channel_->state(), State::kOut) << "it claims nothing any more";
}

TEST_F(SecondaryChannelTest, ACloseOfThePrimaryEndsAClaimThatHasNotWonAndNoOther) {
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

TEST_F(SecondaryChannelTest, AnswersARepeatedClaimOfThePrimaryAgain) {
  make();
  channel_->on_claim(kW);
  EXPECT_EQ(channel_->state(), State::kOpen);
  channel_->on_claim(kA);
  channel_->on_claim(kA);
  EXPECT_EQ(sent(FrameType::kVote, kA), 2u);
}

TEST_F(SecondaryChannelTest, OnlyTheWitnessVotesAndItMaySayThatThePrimaryWasFirst) {
  make();
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  channel_->on_vote(9, kB);
  channel_->on_vote(kA, kB);
  EXPECT_EQ(channel_->state(), State::kClaiming);
  channel_->on_vote(kW, kA);
  EXPECT_EQ(channel_->state(), State::kOut);
}

TEST_F(SecondaryChannelTest, AChannelThatItNeverSawIsThePrimarys) {
  SecondaryChannel channel(options_, {kChannel, kA, kB, kW}, *this);
  channel.on_stream({.type = FrameType::kOpen, .channel = kChannel, .seq = 1, .payload = {}});
  channel.want(now_ + seconds(100));
  EXPECT_EQ(channel.state(), State::kOut);
  EXPECT_TRUE(applied_.empty());
}

TEST_F(SecondaryChannelTest, WithoutAWitnessOnlyADeathLetsItGoOn) {
  struct {
    NoWitnessPolicy policy;
    Fate primary;
    State expected;
  } table[] = {{NoWitnessPolicy::kAvailable, Fate::kUsable, State::kOpen},
               {NoWitnessPolicy::kAvailable, Fate::kDead, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kRefused, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kProven, State::kOwned},
               {NoWitnessPolicy::kRefuse, Fate::kDead, State::kOpen},
               {NoWitnessPolicy::kRefuse, Fate::kRefused, State::kOpen},
               {NoWitnessPolicy::kRefuse, Fate::kProven, State::kOwned}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.policy) << " " << int(row.primary));
    options_.no_witness = row.policy;
    make(kNobody);
    now_ += seconds(100);
    channel_->on_fate(row.primary, Fate::kDead, true, now_);
    channel_->want(now_);
    EXPECT_EQ(channel_->state(), row.expected);
    if (row.expected == State::kOpen) {
      EXPECT_EQ(channel_->wake_at(), TimePoint::max()) << "nothing to wake for";
    }
  }
}

// A firewall refuses as well, and no third member can say that the primary lives.
TEST_F(SecondaryChannelTest, WithoutAWitnessAProofIsDoubtedUntilGraceIsOverWhereNoDoubtIsAllowed) {
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

TEST_F(SecondaryChannelTest, AWitnesssVoteOrAGrantIsNotAlone) {
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
TEST_F(SecondaryChannelTest, AMinorityNeverCallsAChannelLost) {
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

TEST_F(SecondaryChannelTest, WhatNobodyCanDecideIsLostInTheEnd) {
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

TEST(Lease, GraceOutlastsTheLeaseOfAnyClockWithinTheBound) {
  for (const Duration lease :
       {Duration(milliseconds(600)), Duration(seconds(3)), Duration(seconds(30))}) {
    // The primary's clock runs 1 % slow as seen by the secondary's.
    const Duration slow_lease = lease * 101 / 100;
    EXPECT_GT(grace_of(lease), slow_lease);
  }
  EXPECT_EQ(grace_of(seconds(3)), milliseconds(3080));
}

}  // namespace
}  // namespace understudy
