// SPDX-License-Identifier: Apache-2.0
// The secondary's end of a channel alone; the test plays the primary and the witness.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/replication/secondary_channel.h"
#include "tests/backend_sdk/replication/parties.h"

namespace understudy {

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
  std::vector<SecondaryChannel::State> states_;
};

}  // namespace understudy
