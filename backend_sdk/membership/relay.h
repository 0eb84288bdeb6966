// SPDX-License-Identifier: Apache-2.0
// Relay: the pings that others asked this member to send for them. Answers with kPongFor when the
// target answers and, half way through the round, with kNack when it has not, so that the asker
// knows that its own network works. Pure bookkeeping; the owner sends.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "backend_sdk/transport/transport.h"
#include "base/clock.h"
#include "base/random.h"

namespace understudy {

class Relay final {
 public:
  static constexpr size_t kErrandsMax = 64;

  struct Answer {
    Peer asker;
    uint64_t nonce = 0;  // the asker's
    MemberId target = kNobody;
  };

  explicit Relay(Random& random) : random_(random) {}

  // The nonce to ping the target with; nullopt when too many errands run.
  std::optional<uint64_t> accept(const Answer& errand, TimePoint nack_at);
  // A pong: the kPongFor to send, if another member had asked.
  std::optional<Answer> on_pong(uint64_t nonce);
  // The kNacks to send. An errand is dropped one round after its nack.
  std::vector<Answer> advance(TimePoint now);
  TimePoint due() const;

 private:
  struct Errand {
    Answer answer;
    TimePoint due;
    bool is_nacked = false;
  };
  Random& random_;
  std::map<uint64_t, Errand> errands_;
};

}  // namespace understudy
