// SPDX-License-Identifier: Apache-2.0
#include "loadtest/flatness.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace understudy::loadtest {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// An hour, looked at every 10 s: what was there after the warm-up, plus growth.
ProcessLife hour_of(double kib_per_hour, double descriptors_per_hour) {
  ProcessLife life{.name = "a", .number = 1, .pid = 1, .samples = {}};
  for (int i = 0; i <= 360; ++i) {
    const double hours = i / 360.0;
    life.samples.push_back({.at = seconds(10 * i),
                            .resident_kib = static_cast<uint64_t>(10'000 + kib_per_hour * hours),
                            .descriptors = static_cast<size_t>(30 + descriptors_per_hour * hours)});
  }
  return life;
}

TEST(Flatness, TheSlopeOfALineIsItsSlope) {
  EXPECT_DOUBLE_EQ(slope_per_hour({{0, 1}, {1, 3}, {2, 5}}), 2);
  EXPECT_DOUBLE_EQ(slope_per_hour({{0, 7}}), 0);
  EXPECT_DOUBLE_EQ(slope_per_hour({}), 0);
  EXPECT_DOUBLE_EQ(slope_per_hour({{1, 1}, {1, 9}}), 0) << "two values at one time have no slope";
}

TEST(Flatness, ABurstDoesNotBendTheSlope) {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 100; ++i) points.emplace_back(i / 100.0, i < 90 ? 50 : 5000);
  EXPECT_DOUBLE_EQ(slope_per_hour(points), 0);
}

TEST(Flatness, ManySamplesAreThinnedOut) {
  std::vector<std::pair<double, double>> points;
  for (int i = 0; i < 100'000; ++i) points.emplace_back(i / 100'000.0, 3.0 * i / 100'000.0);
  EXPECT_NEAR(slope_per_hour(points), 3, 1e-6);
}

TEST(Flatness, AProcessIsJudgedByBothBounds) {
  struct Case {
    const char* what;
    double kib_per_hour;
    double descriptors_per_hour;
    bool is_flat;
  };
  const FlatnessBounds bounds{.memory_kib_per_hour = 1000, .descriptors_per_hour = 8};
  const Case cases[] = {
      {"still", 0, 0, true},
      {"shrinks", -5000, -20, true},
      {"memory just below the bound", 990, 0, true},
      {"memory above the bound", 1100, 0, false},
      {"descriptors below the bound", 0, 7, true},
      {"descriptors above the bound", 0, 12, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.what);
    const Flatness flatness = judge(hour_of(c.kib_per_hour, c.descriptors_per_hour), bounds);
    EXPECT_TRUE(flatness.is_judged);
    EXPECT_EQ(flatness.is_flat, c.is_flat) << flatness.memory_kib_per_hour;
  }
}

TEST(Flatness, TheWarmUpIsNotJudged) {
  ProcessLife life = hour_of(0, 0);
  for (Vitals& vitals : life.samples) {
    if (vitals.at < minutes(3)) vitals.resident_kib = 10;
  }
  EXPECT_DOUBLE_EQ(judge(life, {.warm_up = minutes(3)}).memory_kib_per_hour, 0);
}

TEST(Flatness, AShortLifeIsNotJudged) {
  ProcessLife life = hour_of(90'000, 0);
  const FlatnessBounds bounds{.warm_up = minutes(3), .judged_min = minutes(10)};
  EXPECT_FALSE(judge(life, bounds).is_flat);
  std::erase_if(life.samples, [](const Vitals& vitals) { return vitals.at >= minutes(13); });
  EXPECT_FALSE(judge(life, bounds).is_judged);
  EXPECT_TRUE(judge(life, bounds).is_flat);
}

}  // namespace
}  // namespace understudy::loadtest
