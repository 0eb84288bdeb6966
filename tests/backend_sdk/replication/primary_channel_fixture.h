// SPDX-License-Identifier: Apache-2.0
// The primary's end of a channel alone; the test plays the secondary and the witness.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/replication/primary_channel.h"
#include "tests/backend_sdk/replication/parties.h"

namespace understudy {

inline SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class PrimaryChannelTest : public testing::Test, public PrimaryChannel::Host {
 public:
  void make(MemberId witness = kW) {
    channel_ = std::make_unique<PrimaryChannel>(options_, ChannelParties{kChannel, kA, kB, witness},
                                                *this);
    channel_->open(7, nullptr, now_);
  }
  void make_open(MemberId witness = kW) {
    make(witness);
    ack(1);
    ASSERT_EQ(channel_->state(), PrimaryChannel::State::kOpen);
  }
  bool write(uint8_t sid, uint64_t version, size_t bytes = 10) {
    return channel_->append(FrameType::kRepl, {sid_of(sid), {1, version}}, std::string(bytes, 'x'),
                            false, now_);
  }
  void ack(uint64_t seq, std::vector<Nack> nacks = {}) {
    AckPayload payload{.cum_seq = seq, .grant_stamp = ++stamp_, .credit = 0, .nacks = {}};
    payload.nacks = std::move(nacks);
    channel_->on_ack(payload, now_);
  }
  void pass(Duration time) {
    now_ += time;
    channel_->advance(now_, TimePoint{});
  }
  size_t sent(FrameType type, MemberId to) const {
    return static_cast<size_t>(std::count_if(
        frames_.begin(), frames_.end(),
        [&](const auto& entry) { return entry.first == to && entry.second.type == type; }));
  }

  void send(MemberId to, Frame frame) override { frames_.emplace_back(to, std::move(frame)); }
  void on_acked(PrimaryChannel&, const SessionId& sid, Position position, bool) override {
    acked_.emplace_back(sid, position.version);
  }
  void on_refused(PrimaryChannel&, const Nack& nack) override { refused_.push_back(nack); }
  void on_state(PrimaryChannel& channel) override { states_.push_back(channel.state()); }
  void on_relief(PrimaryChannel&) override { ++reliefs_; }

  ReplicationOptions options_;
  TimePoint now_ = TimePoint(std::chrono::hours(1));
  std::unique_ptr<PrimaryChannel> channel_;
  std::vector<std::pair<MemberId, Frame>> frames_;
  std::vector<std::pair<SessionId, uint64_t>> acked_;
  std::vector<Nack> refused_;
  std::vector<PrimaryChannel::State> states_;
  int reliefs_ = 0;
  uint64_t stamp_ = 0;
};

}  // namespace understudy
