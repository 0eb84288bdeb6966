// SPDX-License-Identifier: Apache-2.0
// Round robin: each in turn, in the order of the list. When weights differ, a member of weight 2
// comes twice as often as one of weight 1, spread evenly over the round. A round is laid out once
// per change of the members, so that a choice is one array access with 2,000 members too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/routing/method.h"

namespace understudy::routing {

// A round of this length follows the weights exactly; where their sum (divided by what they have
// in common) is above it they are scaled down to it, never below one turn in a round.
inline constexpr std::size_t kRoundLengthMax = 8192;

class RoundRobin final : public Method {
 public:
  // Goes on behind the member that came last.
  void set_members(std::span<Member* const> members) override;
  Member* next() override;

 private:
  // State of the worker thread.
  std::vector<Member*> round_;
  std::size_t position_ = 0;
  std::uint64_t last_serial_ = 0;
};

}  // namespace understudy::routing
