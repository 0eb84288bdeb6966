// SPDX-License-Identifier: Apache-2.0
// Random of two: two members are drawn by share, the less busy one (again by share) is taken.
// Nearly as even as the least busy of all, and proxies or workers that know nothing of each other
// do not all run to the same member.
#pragma once

#include <cstdint>
#include <vector>

#include "base/random.h"
#include "proxy/routing/balancing_method.h"

namespace understudy::routing {

class RandomTwo final : public BalancingMethod {
 public:
  explicit RandomTwo(std::uint64_t seed) : random_(seed) {}
  void set_members(std::span<Member* const> members) override;
  Member* next() override;

 private:
  Member* draw() { return round_[random_.below(round_.size())]; }

  // State of the worker thread.
  SeededRandom random_;
  std::vector<Member*> round_;  // each as often as its share says
};

}  // namespace understudy::routing
