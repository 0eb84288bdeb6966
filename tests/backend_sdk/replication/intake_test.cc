// SPDX-License-Identifier: Apache-2.0
// One incoming channel with its copies: frames in, refusals and copies out.
#include "backend_sdk/replication/intake.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace understudy {
namespace {

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr ChannelId kChannel = uint64_t{kA} << 32 | 1;
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class IntakeTest : public testing::Test, public SecondaryChannel::Host, public Intake::Judge {
 protected:
  void SetUp() override {
    OpenPayload open;
    open.parties = {kChannel, kA, kB, 3};
    open.lease = std::chrono::seconds(3);
    channel_ = std::make_unique<SecondaryChannel>(options_, open, *this, kNow);
    stream(FrameType::kOpen, "");
  }
  void stream(FrameType type, std::string payload) {
    channel_->on_stream(
        {.type = type, .channel = kChannel, .seq = ++seq_, .payload = std::move(payload)});
  }
  void full(uint8_t sid, Position position, size_t bytes, std::vector<SessionId> former = {}) {
    FullPayload payload{.sid = sid_of(sid), .image = {}};
    for (const SessionId& id : former) payload.former_ids.push_back({id, std::chrono::seconds(1)});
    payload.image.position = position;
    payload.image.ttl = std::chrono::seconds(100);
    payload.image.attributes = std::make_shared<const Attributes>(
        Attributes{{"a", std::make_shared<const std::string>(bytes, 'x')}});
    std::string out;
    encode(payload, out);
    stream(FrameType::kFull, out);
  }
  void touch(uint8_t sid, Position position) {
    std::string out;
    encode(SidPayload{sid_of(sid), position}, out);
    stream(FrameType::kTouch, out);
  }
  void invalidate(uint8_t sid, Position position, std::vector<SessionId> former = {}) {
    std::string out;
    encode(InvalidatePayload{sid_of(sid), position, std::move(former)}, out);
    stream(FrameType::kInvalidate, out);
  }
  bool is_passed_over(uint8_t sid) const {
    return copies_.find_passed_over(sid_of(sid)).has_value();
  }
  // An acknowledged copy at (1, 1), and a write that does not fit.
  void overload() {
    full(1, {1, 1}, 100);
    full(1, {1, 2}, 5000);
    ASSERT_EQ(channel_->bar(sid_of(1)), NackCode::kOverload);
    ASSERT_TRUE(is_passed_over(1));
  }

  void send(MemberId, Frame) override {}
  SecondaryChannel::Applied on_data(SecondaryChannel& channel, const Frame& frame) override {
    return intake_.apply(channel, frame, kNow);
  }
  void on_state(SecondaryChannel&) override {}
  uint32_t bulk_credit(SecondaryChannel&) override { return 0; }
  std::optional<NackCode> on_copy_offered(MemberId, const SessionId& sid, Position) override {
    return ended_.contains(sid) ? std::optional(NackCode::kStale) : std::nullopt;
  }
  void on_copy_ended(const SessionId& sid) override { ended_.insert(sid); }
  void on_copy_renamed(const SessionId& old_id, const SessionId&, Duration) override {
    ended_.insert(old_id);
  }

  ReplicationOptions options_;
  ReplicaStore copies_{{.bytes_max = 1000}};
  Intake intake_{options_, copies_, *this};
  std::unique_ptr<SecondaryChannel> channel_;
  uint64_t seq_ = 0;
  std::set<SessionId> ended_;
};

// Row 8. What the primary says after a refusal, and what becomes of the copy before it.
TEST_F(IntakeTest, TheAcknowledgedCopyGoesWhenANewerOneStandsOrTheSessionEnds) {
  struct {
    const char* name;
    Position touched;
    bool is_kept;
  } table[] = {{"understood", {0, 0}, true},
               {"of the same epoch", {1, 9}, true},
               {"held elsewhere", {2, 2}, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    copies_.supersede(sid_of(1), UINT32_MAX);
    touch(1, {0, 0});
    overload();
    touch(1, row.touched);
    EXPECT_EQ(is_passed_over(1), row.is_kept);
    EXPECT_EQ(channel_->bar(sid_of(1)).has_value(), row.touched.epoch != 0);
  }
}

TEST_F(IntakeTest, UntilARefusalIsUnderstoodNothingOfItsSessionIsApplied) {
  overload();
  full(1, {1, 3}, 10);
  EXPECT_EQ(copies_.find(sid_of(1)), nullptr);
  touch(1, {0, 0});
  full(1, {2, 3}, 10);
  ASSERT_NE(copies_.find(sid_of(1)), nullptr);
  EXPECT_FALSE(is_passed_over(1));
}

// S6: an end needs no room, and leaves nothing that could be served again.
TEST_F(IntakeTest, ASessionEndsAlsoWhileItIsRefusedForWantOfRoom) {
  overload();
  invalidate(1, {1, 3});
  EXPECT_FALSE(is_passed_over(1));
  EXPECT_TRUE(ended_.contains(sid_of(1)));
  EXPECT_FALSE(channel_->has_refusals());
}

TEST_F(IntakeTest, AnEndThatComesTooLateChangesNothing) {
  ended_.insert(sid_of(1));
  full(1, {1, 1}, 10);
  ASSERT_EQ(channel_->bar(sid_of(1)), NackCode::kStale);
  ended_.clear();
  invalidate(1, {1, 2});
  EXPECT_TRUE(ended_.empty());
  EXPECT_TRUE(channel_->has_refusals());
}

// By its epoch the session has gone on to another primary.
TEST_F(IntakeTest, AnEndFromAnEarlierPrimaryEndsNothing) {
  FullPayload newer{.sid = sid_of(1), .image = {}, .former_ids = {}};
  newer.image.position = {5, 1};
  newer.image.ttl = std::chrono::seconds(100);
  ASSERT_FALSE(copies_.apply_full(kChannel + 1, newer, kNow));
  invalidate(1, {4, 9});
  EXPECT_TRUE(channel_->has_refusals());
  EXPECT_TRUE(ended_.empty());
  EXPECT_NE(copies_.find(sid_of(1)), nullptr);
}

TEST_F(IntakeTest, AllIdsOfASessionEndWithIt) {
  full(1, {1, 1}, 10);
  full(2, {1, 1}, 10);
  invalidate(2, {1, 2}, {sid_of(1)});
  EXPECT_EQ(copies_.size(), 0u);
  EXPECT_EQ(ended_.size(), 2u);
}

TEST_F(IntakeTest, ANewIdReplacesTheOldOnesOfEveryKind) {
  overload();
  touch(1, {0, 0});
  full(2, {1, 3}, 10, {sid_of(1)});
  EXPECT_FALSE(is_passed_over(1));
  EXPECT_TRUE(ended_.contains(sid_of(1)));
  EXPECT_NE(copies_.find(sid_of(2)), nullptr);
}

TEST_F(IntakeTest, AFewMayCopyInBulkAtATime) {
  options_.bulk_senders_max = 1;
  EXPECT_EQ(intake_.bulk_credit(kChannel, kNow), 0u);
  FullPayload payload{.sid = sid_of(1), .image = {}, .former_ids = {}};
  payload.image.position = {1, 1};
  Frame frame{.type = FrameType::kFull, .channel = kChannel, .payload = {}};
  frame.flags = 1;
  encode(payload, frame.payload);
  intake_.apply(*channel_, frame, kNow);
  EXPECT_GT(intake_.bulk_credit(kChannel, kNow), 0u);
  EXPECT_EQ(intake_.bulk_credit(kChannel + 1, kNow), 0u);
  EXPECT_EQ(intake_.bulk_credit(kChannel, kNow + options_.ack_timeout + Duration(1)), 0u);
}

}  // namespace
}  // namespace understudy
