// SPDX-License-Identifier: Apache-2.0
// A channel that its primary hands over (GRANT), from the primary's end.
#include <functional>

#include "tests/backend_sdk/replication/primary_channel_fixture.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using State = PrimaryChannel::State;

class PrimaryGrantTest : public PrimaryChannelTest {};

TEST_F(PrimaryGrantTest, HandedOverItStopsAtOnce) {
  make_open();
  channel_->grant(now_);
  EXPECT_EQ(channel_->state(), State::kGranting);
  EXPECT_FALSE(channel_->may_serve(now_));
  pass(options_.claim_retry);
  EXPECT_EQ(sent(FrameType::kGrant, kB), 2u);
  channel_->on_stale(kB, now_);
  EXPECT_EQ(channel_->state(), State::kGranted);
}

// GRANT is no vote: the primary can still claim when the secondary falls silent.
TEST_F(PrimaryGrantTest, ASilentSecondaryDoesNotKeepWhatWasGranted) {
  struct {
    const char* name;
    std::function<void(PrimaryGrantTest&)> what;
  } table[] = {
      {"it answers late", [](auto& test) { test.pass(test.options_.ack_timeout); }},
      {"its link breaks", [](auto& test) { test.channel_->claim(test.now_); }},
      {"it is believed dead",
       [](auto& test) { test.channel_->on_fate(Fate::kDead, Fate::kUsable, true, test.now_); }},
      {"it is proven dead",
       [](auto& test) { test.channel_->on_fate(Fate::kProven, Fate::kUsable, true, test.now_); }}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    make_open();
    channel_->grant(now_);
    row.what(*this);
    EXPECT_EQ(channel_->state(), State::kClaiming);
    EXPECT_FALSE(channel_->may_serve(now_)) << "the secondary may have claimed since the grant";
    channel_->on_vote(kW, kA, now_);
    EXPECT_TRUE(channel_->may_serve(now_));
  }
}

TEST_F(PrimaryGrantTest, WhenItWasAsleepItWaitsLongerForTheAnswerToItsGrant) {
  make_open();
  channel_->grant(now_);
  now_ += seconds(5);
  channel_->advance(now_, now_ + options_.ack_timeout);
  EXPECT_EQ(channel_->state(), State::kGranting);
}

TEST_F(PrimaryGrantTest, WhatWasGrantedWithoutAWitnessComesBackWithTheSecondarysDeathOnly) {
  struct {
    NoWitnessPolicy policy;
    Fate secondary;
    State expected;
  } table[] = {{NoWitnessPolicy::kAvailable, Fate::kUsable, State::kGranting},
               {NoWitnessPolicy::kAvailable, Fate::kDead, State::kOwned},
               {NoWitnessPolicy::kAvailable, Fate::kRefused, State::kGranting},
               {NoWitnessPolicy::kAvailable, Fate::kDeadAndRefused, State::kGranting},
               {NoWitnessPolicy::kAvailable, Fate::kProven, State::kFenced},
               {NoWitnessPolicy::kRefuse, Fate::kDead, State::kGranting},
               {NoWitnessPolicy::kRefuse, Fate::kProven, State::kFenced}};
  for (const auto& row : table) {
    SCOPED_TRACE(testing::Message() << int(row.policy) << " " << int(row.secondary));
    options_.no_witness = row.policy;
    make_open(kNobody);
    channel_->grant(now_);
    channel_->claim(now_);
    pass(options_.ack_timeout);
    channel_->on_fate(row.secondary, Fate::kUsable, true, now_);
    EXPECT_EQ(channel_->state(), row.expected);
  }
}

// It may have served before it died, and given what it served to another member.
TEST_F(PrimaryGrantTest, OutvotedByADeadSecondaryItDoesNotGoOnByItself) {
  make_open();
  channel_->grant(now_);
  channel_->claim(now_);
  channel_->on_vote(kW, kB, now_);
  channel_->on_fate(Fate::kDead, Fate::kUsable, true, now_);
  EXPECT_EQ(channel_->state(), State::kClaiming) << "it may still say that it gives way";
  channel_->on_fate(Fate::kProven, Fate::kUsable, true, now_);
  EXPECT_EQ(channel_->state(), State::kFenced);
  EXPECT_FALSE(channel_->is_lost());
}

// It could claim from the grant on, whatever lease there was.
TEST_F(PrimaryGrantTest, AGrantedLeaseProvesNothingAboutASecondaryThatDied) {
  make_open();
  channel_->grant(now_);
  now_ += milliseconds(1);
  channel_->on_fate(Fate::kProven, Fate::kProven, true, now_);
  EXPECT_EQ(channel_->state(), State::kClaiming);
}

TEST_F(PrimaryGrantTest, WhatItKnowsIsCertainUntilItsLastLeaseBeganOrItGranted) {
  make_open();
  const TimePoint renewed = now_ += options_.beat;
  channel_->renew(now_);
  ack(2);
  now_ += options_.beat / 2;
  EXPECT_EQ(channel_->lease().last_certain(), renewed);
  channel_->grant(now_);
  EXPECT_EQ(channel_->lease().last_certain(), renewed);
}

}  // namespace
}  // namespace understudy
