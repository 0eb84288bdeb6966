// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/send_window.h"

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace understudy {
namespace {

using std::chrono::milliseconds;

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class SendWindowTest : public testing::Test {
 protected:
  uint64_t add(uint8_t sid, size_t bytes = 10, bool is_bulk = false) {
    return window_.add({.type = FrameType::kRepl,
                        .about = {.sid = sid_of(sid), .position = {1, 1}},
                        .bytes = bytes,
                        .is_bulk = is_bulk,
                        .at = now_});
  }
  // The numbers of the frames that the secondary holds now.
  std::vector<uint64_t> ack(uint64_t seq, std::vector<Nack> nacks = {}, uint32_t credit = 0) {
    AckPayload payload{.cum_seq = seq, .grant_stamp = ++stamp_, .credit = credit, .nacks = {}};
    payload.nacks = std::move(nacks);
    EXPECT_TRUE(window_.accept(payload));
    std::vector<uint64_t> held;
    while (const auto frame = window_.take_acked(payload)) held.push_back(frame->seq);
    return held;
  }

  ReplicationOptions options_;
  SendWindow window_{options_};
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  uint64_t stamp_ = 0;
};

using Numbers = std::vector<uint64_t>;

TEST_F(SendWindowTest, NumbersFramesFromOne) {
  EXPECT_TRUE(window_.is_empty());
  EXPECT_EQ(window_.oldest(), nullptr);
  EXPECT_EQ(add(1), 1u);
  now_ += milliseconds(5);
  EXPECT_EQ(add(2), 2u);
  EXPECT_EQ(window_.last_seq(), 2u);
  EXPECT_EQ(window_.oldest()->seq, 1u);
  EXPECT_EQ(window_.last_sent_at(), now_);
}

TEST_F(SendWindowTest, AcknowledgementsAreCumulative) {
  for (const uint8_t sid : {1, 2, 1}) add(sid);
  EXPECT_EQ(ack(2), (Numbers{1, 2}));
  EXPECT_EQ(ack(3), (Numbers{3}));
  EXPECT_TRUE(window_.is_empty());
}

TEST_F(SendWindowTest, AnOvertakenAcknowledgementIsNotAccepted) {
  add(1);
  EXPECT_TRUE(window_.accept({.cum_seq = 0, .grant_stamp = 7}));
  EXPECT_FALSE(window_.accept({.cum_seq = 1, .grant_stamp = 6}));
  EXPECT_TRUE(window_.accept({.cum_seq = 1, .grant_stamp = 7}));
}

TEST_F(SendWindowTest, WhatWasNeverSentCannotBeAcknowledged) {
  add(1);
  EXPECT_FALSE(window_.accept({.cum_seq = 2, .grant_stamp = 1}));
}

TEST_F(SendWindowTest, ARefusalCoversTheFramesOfItsSessionFromItsNumberOn) {
  for (const uint8_t sid : {1, 2, 1, 1}) add(sid);
  EXPECT_EQ(ack(4, {{sid_of(1), NackCode::kNeedFull, 3}}), (Numbers{1, 2}));
}

TEST_F(SendWindowTest, ARefusalIsNewOnceAndAgainWhenItsAnswerIsRefused) {
  const auto nack = [](uint64_t seq) { return Nack{sid_of(1), NackCode::kNeedFull, seq}; };
  add(1);
  EXPECT_TRUE(window_.note_refusal(nack(1)));
  EXPECT_FALSE(window_.note_refusal(nack(1)));
  window_.answer_refusal(sid_of(1));
  EXPECT_EQ(add(1), 2u);
  EXPECT_FALSE(window_.note_refusal(nack(1))) << "its answer is under way";
  EXPECT_TRUE(window_.note_refusal(nack(2)));
}

TEST_F(SendWindowTest, ARefusalIsSettledWhenItsAnswerIsHeld) {
  add(1);
  window_.note_refusal({sid_of(1), NackCode::kNeedFull, 1});
  ack(1, {{sid_of(1), NackCode::kNeedFull, 1}});
  window_.answer_refusal(sid_of(1));
  add(1);
  EXPECT_TRUE(window_.has_refusals());
  ack(2);
  EXPECT_FALSE(window_.has_refusals());
}

TEST_F(SendWindowTest, CountsFrames) {
  options_.window_frames = 2;
  add(1);
  EXPECT_TRUE(window_.has_room(1));
  add(1);
  EXPECT_FALSE(window_.has_room(1));
  ack(1);
  EXPECT_TRUE(window_.has_room(1));
}

TEST_F(SendWindowTest, CountsBytes) {
  options_.window_bytes = 200;
  add(1, 130);
  EXPECT_FALSE(window_.has_room(100));
  EXPECT_TRUE(window_.has_room(70));
  ack(1);
  EXPECT_TRUE(window_.has_room(100));
}

TEST_F(SendWindowTest, OneFrameAboveTheWindowPassesWhenNothingElseIsUnderWay) {
  options_.window_bytes = 200;
  EXPECT_TRUE(window_.has_room(5000));
  add(1, 5000);
  EXPECT_FALSE(window_.has_room(1));
}

TEST_F(SendWindowTest, BulkCopiesGoOneByOneWithoutCredit) {
  EXPECT_TRUE(window_.has_bulk_room(10));
  add(1, 10, true);
  EXPECT_FALSE(window_.has_bulk_room(10));
  ack(0, {}, 1000);
  EXPECT_TRUE(window_.has_bulk_room(10));
  EXPECT_FALSE(window_.has_bulk_room(991)) << "10 of 1,000 bytes are under way";
}

TEST_F(SendWindowTest, BulkCopiesLeaveHalfOfTheWindowFree) {
  options_.window_frames = 4;
  ack(0, {}, 1000);
  add(1);
  EXPECT_TRUE(window_.has_bulk_room(10));
  add(1);
  EXPECT_FALSE(window_.has_bulk_room(10));
  EXPECT_TRUE(window_.has_room(10));
}

}  // namespace
}  // namespace understudy
