// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/secondary_channel.h"

#include "tests/backend_sdk/replication/secondary_channel_fixture.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

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
