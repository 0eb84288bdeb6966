// SPDX-License-Identifier: Apache-2.0
// Beat: the body of every datagram between members (PROTOCOL section 3): 52 bytes of where the
// sender stands, then at most 25 events of 16 bytes. Pings and pongs carry the same body: `echo` is
// their nonce, and the first event names who is asked for. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "backend_sdk/wire/ids.h"

namespace understudy {

inline constexpr size_t kBeatBodyBytes = 52;
inline constexpr size_t kBeatEventBytes = 16;
inline constexpr size_t kBeatEventsMax = 25;  // 500 bytes with header, body and tag

// A member's state as the sender holds it.
struct BeatEvent {
  MemberId mid = kNobody;
  uint8_t liveness = 0;  // membership/view.h's numbers
  uint8_t flags = 0;     // must be zero
  uint16_t refute = 0;   // the accusation is against this count; a higher one clears it
  uint64_t version = 0;  // of the view in which it holds
  bool operator==(const BeatEvent&) const = default;
};

struct Beat {
  uint32_t term = 0;
  uint64_t view_seq = 0;
  uint64_t view_hash = 0;
  uint32_t join_seq = 0;
  uint16_t refute = 0;       // +1 whenever the sender learns that it is suspected
  uint8_t state = 0;         // what the operator wants of the sender
  uint8_t health = 0;        // 0 good .. 8
  uint16_t interval_ms = 0;  // the sender's T
  uint16_t load = 0;
  uint32_t sessions = 0;
  // The highest term in which the sender has voted: above `term` it follows no leader for now.
  uint32_t voted_term = 0;
  uint64_t echo = 0;  // of a ping and its answers; 0 in a beat
  std::vector<BeatEvent> events{};
  bool operator==(const Beat&) const = default;
};

// CHECKs the number of events.
std::string encode_beat(const Beat& beat);
// Strict: exactly the bytes that n announces, padding and flags zero.
std::optional<Beat> decode_beat(std::string_view bytes);

}  // namespace understudy
