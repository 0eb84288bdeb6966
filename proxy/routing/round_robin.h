// SPDX-License-Identifier: Apache-2.0
// Round robin: each in turn, in the order of the list. When shares differ, a member of share 2
// comes twice as often as one of share 1, spread evenly over the round (round.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/routing/balancing_method.h"
#include "proxy/routing/round.h"

namespace understudy::routing {

class RoundRobin final : public BalancingMethod {
 public:
  explicit RoundRobin(std::size_t first = 0) : first_(first) {}
  // Goes on behind the member that came last.
  void set_members(std::span<Member* const> members) override;
  Member* next() override;

 private:
  const std::size_t first_;  // of the first round

  // State of the worker thread.
  std::vector<Member*> round_;
  std::size_t position_ = 0;
  std::uint64_t last_serial_ = 0;
};

}  // namespace understudy::routing
