// SPDX-License-Identifier: Apache-2.0
#include "loadtest/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace understudy::loadtest {

// Values below 2^kPrecisionBits have a bucket each; from there on each power of two is divided into
// 2^(kPrecisionBits-1) buckets of equal width.
size_t Histogram::bucket_of(uint64_t value) {
  const unsigned bits = static_cast<unsigned>(std::bit_width(value));
  const unsigned shift = bits > kPrecisionBits ? bits - kPrecisionBits : 0;
  const size_t half = size_t{1} << (kPrecisionBits - 1);
  return shift * half + static_cast<size_t>(value >> shift);
}

uint64_t Histogram::highest_in(size_t bucket) {
  const size_t half = size_t{1} << (kPrecisionBits - 1);
  if (bucket < 2 * half) return bucket;
  const size_t shift = bucket / half - 1;
  const uint64_t base = bucket - shift * half;
  return ((base + 1) << shift) - 1;
}

Histogram::Histogram()
    : counts_(bucket_of(static_cast<uint64_t>(Duration(kLongest).count())) + 1) {}

void Histogram::record(Duration value) {
  const Duration clamped = std::clamp(value, Duration::zero(), Duration(kLongest));
  ++counts_[bucket_of(static_cast<uint64_t>(clamped.count()))];
  ++count_;
  longest_ = std::max(longest_, clamped);
  shortest_ = std::min(shortest_, clamped);
  sum_ns_ += static_cast<double>(clamped.count());
}

void Histogram::add(const Histogram& other) {
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    counts_[bucket] += other.counts_[bucket];
  }
  count_ += other.count_;
  longest_ = std::max(longest_, other.longest_);
  shortest_ = std::min(shortest_, other.shortest_);
  sum_ns_ += other.sum_ns_;
}

Duration Histogram::percentile(double percent) const {
  if (count_ == 0) return {};
  const double wanted = std::ceil(percent / 100.0 * static_cast<double>(count_));
  const auto rank = static_cast<uint64_t>(std::clamp(wanted, 1.0, static_cast<double>(count_)));
  uint64_t seen = 0;
  for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
    seen += counts_[bucket];
    if (seen >= rank) {
      const auto highest = Duration(static_cast<Duration::rep>(highest_in(bucket)));
      return std::clamp(highest, shortest_, longest_);
    }
  }
  return longest_;
}

Duration Histogram::mean() const {
  if (count_ == 0) return {};
  return Duration(static_cast<Duration::rep>(sum_ns_ / static_cast<double>(count_)));
}

uint64_t Histogram::above(Duration value) const {
  const Duration clamped = std::clamp(value, Duration::zero(), Duration(kLongest));
  uint64_t count = 0;
  for (size_t bucket = bucket_of(static_cast<uint64_t>(clamped.count())) + 1;
       bucket < counts_.size(); ++bucket) {
    count += counts_[bucket];
  }
  return count;
}

}  // namespace understudy::loadtest
