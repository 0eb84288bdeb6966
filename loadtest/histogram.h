// SPDX-License-Identifier: Apache-2.0
// Histogram: durations counted in buckets whose width grows with the value (high dynamic range), so
// that every percentile is right to 0.1 % from a microsecond to an hour in constant memory. A
// value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/clock.h"

namespace understudy::loadtest {

class Histogram final {
 public:
  static constexpr Duration kLongest = std::chrono::hours(1);  // what is longer counts as this

  Histogram();

  void record(Duration value);
  void add(const Histogram& other);

  uint64_t count() const { return count_; }
  // Zero when nothing was recorded.
  Duration percentile(double percent) const;  // the least value that `percent` do not exceed
  Duration longest() const { return longest_; }
  Duration shortest() const { return count_ == 0 ? Duration::zero() : shortest_; }
  Duration mean() const;
  uint64_t above(Duration value) const;  // so many were longer, to 0.1 % of the value

 private:
  static constexpr unsigned kPrecisionBits = 10;  // 1,024 buckets before the width doubles
  static size_t bucket_of(uint64_t value);
  static uint64_t highest_in(size_t bucket);

  std::vector<uint64_t> counts_;
  uint64_t count_ = 0;
  Duration longest_{};
  Duration shortest_ = Duration::max();
  double sum_ns_ = 0;
};

}  // namespace understudy::loadtest
