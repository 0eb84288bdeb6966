// SPDX-License-Identifier: Apache-2.0
// Least busy: the member with the fewest exchanges of this worker under way, divided by its share;
// among equals each in turn, by share. A heap that is put right where a count changes: a few
// comparisons with 2,000 members too, no allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "proxy/routing/balancing_method.h"

namespace understudy::routing {

class LeastBusy final : public BalancingMethod {
 public:
  explicit LeastBusy(std::size_t first = 0) : first_(first) {}
  void set_members(std::span<Member* const> members) override;
  Member* next() override;
  bool heeds_busy() const override { return true; }
  void on_busy(const Member& member) override;

 private:
  bool comes_before(const Member& a, const Member& b) const;
  void rise(std::size_t place);
  void sink(std::size_t place);
  void put(std::size_t place, Member* member);

  const std::size_t first_;  // whose turn comes first among equals

  // State of the worker thread.
  std::vector<Member*> heap_;
  std::vector<std::uint32_t> places_;  // by slot: where in the heap
  // By slot: when it is its turn among equals, in a time that a choice moves on by 1 / share.
  std::vector<std::uint64_t> turns_;
  std::uint64_t turn_ = 0;  // now
};

}  // namespace understudy::routing
