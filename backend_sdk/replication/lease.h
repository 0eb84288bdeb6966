// SPDX-License-Identifier: Apache-2.0
// The arithmetic of leases (PROTOCOL 2.2): how long the primary may read without asking, and how
// long the secondary must wait before it may claim. They protect reads only; writes are protected
// by the secondary's refusal. Pure.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace understudy {

inline constexpr int kLeaseBeats = 3;           // L = 3 T
inline constexpr int kClockDriftPerMille = 10;  // r: two clocks differ by at most 1 %
inline constexpr Duration kGraceSlack = std::chrono::milliseconds(20);

constexpr Duration lease_of(Duration beat) {
  return kLeaseBeats * beat;
}

// G = L (1 + 2r) + 20 ms, counted from the secondary's last grant.
constexpr Duration grace_of(Duration lease) {
  return lease + lease * 2 * kClockDriftPerMille / 1000 + kGraceSlack;
}

}  // namespace understudy
