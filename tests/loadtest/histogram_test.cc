// SPDX-License-Identifier: Apache-2.0
#include "loadtest/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.h"

namespace understudy::loadtest {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;

TEST(Histogram, NothingRecordedIsZeroEverywhere) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0u);
  EXPECT_EQ(empty.percentile(99), Duration::zero());
  EXPECT_EQ(empty.longest(), Duration::zero());
  EXPECT_EQ(empty.mean(), Duration::zero());
}

TEST(Histogram, EveryPercentileIsRightToATenthOfAPercent) {
  const uint64_t seed = 20;
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  Histogram histogram;
  std::vector<Duration> values;
  for (int i = 0; i < 20'000; ++i) {
    // From nanoseconds to minutes, as many in each power of two.
    const auto value =
        Duration(static_cast<Duration::rep>(random.next() >> (27 + random.below(36))));
    values.push_back(value);
    histogram.record(value);
  }
  std::sort(values.begin(), values.end());
  for (const double percent : {0.1, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 100.0}) {
    SCOPED_TRACE(percent);
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * 20'000)) - 1;
    const auto exact = static_cast<double>(values[rank].count());
    EXPECT_NEAR(static_cast<double>(histogram.percentile(percent).count()), exact,
                exact * 0.002 + 1);
  }
  EXPECT_EQ(histogram.longest(), values.back());
  EXPECT_EQ(histogram.shortest(), values.front());
}

TEST(Histogram, WhatIsTooLongCountsAsTheLongest) {
  Histogram histogram;
  histogram.record(Histogram::kLongest);
  histogram.record(hours(5));
  histogram.record(microseconds(-1));
  EXPECT_EQ(histogram.count(), 3u);
  EXPECT_EQ(histogram.longest(), Duration(Histogram::kLongest));
  EXPECT_EQ(histogram.shortest(), Duration::zero());
}

TEST(Histogram, ItKnowsHowManyWereLonger) {
  Histogram histogram;
  EXPECT_EQ(histogram.above(Duration::zero()), 0u);
  for (int i = 1; i <= 100; ++i) histogram.record(std::chrono::milliseconds(i * 100));
  EXPECT_EQ(histogram.above(std::chrono::seconds(1)), 90u);
  EXPECT_EQ(histogram.above(std::chrono::milliseconds(50)), 100u);
  EXPECT_EQ(histogram.above(std::chrono::seconds(10)), 0u);
  EXPECT_EQ(histogram.above(hours(5)), 0u);
}

TEST(Histogram, TwoAddedAreAsOneThatSawBoth) {
  Histogram one, other, both;
  for (int i = 1; i <= 100; ++i) {
    (i % 2 == 0 ? one : other).record(microseconds(i * i));
    both.record(microseconds(i * i));
  }
  one.add(other);
  EXPECT_EQ(one.count(), both.count());
  for (const double percent : {1.0, 50.0, 99.0}) {
    EXPECT_EQ(one.percentile(percent), both.percentile(percent));
  }
  EXPECT_EQ(one.longest(), both.longest());
}

}  // namespace
}  // namespace understudy::loadtest
