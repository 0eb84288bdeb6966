// SPDX-License-Identifier: Apache-2.0
// Which channels a secondary takes, and which of them a successor may adopt.
#include "backend_sdk/replication/incoming.h"

#include <gtest/gtest.h>

#include <memory>

#include "backend_sdk/replication/lease.h"

namespace understudy {
namespace {

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr MemberId kW = 3;
constexpr ChannelId kOlder = uint64_t{kA} << 32 | 1;
constexpr ChannelId kSuccessor = uint64_t{kA} << 32 | 2;

class IncomingTest : public testing::Test, public Links, public Incoming::Owner {
 protected:
  void start() {
    incoming_ = std::make_unique<Incoming>(options_, kB, clock_, *this, *this, statistics_);
  }
  void open(ChannelId id, ChannelId adopts = 0, uint64_t adopts_seq = 0) {
    OpenPayload open;
    open.parties = {id, kA, kB, kW};
    open.lease = lease_of(options_.beat);
    open.adopts = adopts;
    open.adopts_seq = adopts_seq;
    Frame frame{.type = FrameType::kOpen, .channel = id, .seq = 1, .payload = {}};
    encode(open, frame.payload);
    incoming_->on_open(open, frame, true);
  }
  // The second frame of the older channel.
  void copy() {
    FullPayload full{.sid = {}, .image = {}, .former_ids = {}};
    full.image.position = {1, 1};
    full.image.ttl = std::chrono::seconds(100);
    Frame frame{.type = FrameType::kFull, .channel = kOlder, .seq = 2, .payload = {}};
    encode(full, frame.payload);
    incoming_->on_frame(*incoming_->find(kOlder), kA, frame);
  }
  bool has(ChannelId id) const { return incoming_->find(id) != nullptr; }

  // Links.
  void send(MemberId, Frame) override {}
  void probe(MemberId) override {}
  Fate fate(MemberId) const override { return Fate::kUsable; }
  const MemberView& view() const override { return view_; }
  void wake_by(TimePoint) override {}
  // Incoming::Owner.
  std::optional<NackCode> on_copy_offered(MemberId, const SessionId&, Position) override {
    return refusal_;
  }
  void on_copy_ended(const SessionId&) override {}
  void on_copy_renamed(const SessionId&, const SessionId&, Duration) override {}
  void on_promoted(SecondaryChannel&) override {}
  void on_passed_over(SecondaryChannel&) override {}
  void on_secondary(SecondaryChannel&) override {}
  bool needs_passed_over(ChannelId) const override { return false; }

  ReplicationOptions options_;
  ManualClock clock_;
  MemberView view_;
  ReplicatorStatistics statistics_;
  std::optional<NackCode> refusal_;
  std::unique_ptr<Incoming> incoming_;
};

// Its primary claims it and places the sessions elsewhere.
TEST_F(IncomingTest, AMemberThatLeavesTakesNoChannel) {
  start();
  incoming_->refuse();
  open(kOlder);
  EXPECT_FALSE(has(kOlder));
}

TEST_F(IncomingTest, TakesNoMoreChannelsThanItsLimit) {
  options_.incoming_max = 1;
  start();
  open(kOlder);
  open(kSuccessor);
  EXPECT_TRUE(has(kOlder));
  EXPECT_FALSE(has(kSuccessor));
}

// Else what is missing would be acknowledged with the successor (S3).
TEST_F(IncomingTest, ASuccessorAdoptsOnlyWhatIsWhole) {
  struct {
    const char* name;
    uint64_t sent;
    std::optional<NackCode> refusal;
    bool is_adopted;
  } table[] = {{"whole", 2, {}, true},
               {"a frame is missing", 3, {}, false},
               {"a frame was refused", 2, NackCode::kStale, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    start();
    refusal_ = row.refusal;
    open(kOlder);
    copy();
    open(kSuccessor, kOlder, row.sent);
    EXPECT_EQ(has(kSuccessor), row.is_adopted);
  }
}

}  // namespace
}  // namespace understudy
