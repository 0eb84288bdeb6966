// SPDX-License-Identifier: Apache-2.0
// What a VirtualNetwork is made of: a machine with its clock and what waits there, and a link.
// Inside of virtual_network.cc and virtual_links.cc only.
#pragma once

#include <cmath>
#include <deque>

#include "tests/simulation/virtual_network.h"

namespace understudy {

// How often a blocked link or a probe of a silent process looks again.
inline constexpr Duration kLookAgain = std::chrono::milliseconds(10);

struct VirtualNetwork::Machine final : public Clock {
  explicit Machine(const VirtualNetwork& owner) : network(owner), anchor(owner.now()) {}

  TimePoint now() const override {
    const double passed = static_cast<double>((network.now() - anchor).count());
    return local_anchor + Duration(std::llround(passed * rate));
  }
  TimePoint to_network(TimePoint local) const {
    const double ahead = static_cast<double>((local - local_anchor).count());
    return anchor + Duration(static_cast<int64_t>(std::ceil(ahead / rate)));
  }

  const VirtualNetwork& network;
  TimePoint anchor;
  TimePoint local_anchor = anchor;
  double rate = 1;
  Life* life = nullptr;
  std::shared_ptr<const Keyring> keys;  // null: nothing is sealed
  bool is_paused = false;
  bool is_off = false;
  std::deque<std::function<void()>> held;  // what arrived while paused, in order
  size_t held_datagrams = 0;
};

// One-way, from a life to another. Frames wait in `frames` until they were delivered, so that
// nothing overtakes.
struct VirtualNetwork::Link {
  struct Waiting {
    TimePoint arrival;
    Frame frame;
  };
  uint64_t number = 0;  // events of an earlier link with the same key are void
  Life* to = nullptr;   // null while connecting
  std::deque<Waiting> frames;
  size_t bytes = 0;
  size_t unacknowledged = 0;  // delivered while nothing came back
  TimePoint last_arrival{};
  TimePoint blocked_since = TimePoint::max();
  bool delivery_is_scheduled = false;
  bool is_broken = false;
};

}  // namespace understudy
