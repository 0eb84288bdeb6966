// SPDX-License-Identifier: Apache-2.0
#include "loadtest/flatness.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>

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

using Points = std::vector<std::pair<double, double>>;

// 600 of an hour.
Points points_of(const std::function<double(double hours)>& value) {
  Points points;
  for (int i = 0; i <= 600; ++i) points.emplace_back(i / 600.0, value(i / 600.0));
  return points;
}

TEST(Flatness, TheGrowthOfALineIsItsSlope) {
  EXPECT_NEAR(growth_per_hour(points_of([](double at) { return 7 + 3 * at; })), 3, 0.01);
  EXPECT_NEAR(growth_per_hour(points_of([](double at) { return 7 - 3 * at; })), -3, 0.01);
  EXPECT_DOUBLE_EQ(growth_per_hour({{0, 7}}), 0);
  EXPECT_DOUBLE_EQ(growth_per_hour({}), 0);
  EXPECT_DOUBLE_EQ(growth_per_hour({{1, 1}, {1, 9}}), 0) << "values at one time do not grow";
  EXPECT_DOUBLE_EQ(growth_per_hour({{0, 1}, {1, 9}}), 0) << "nothing is known of most parts";
}

TEST(Flatness, ABurstIsNoGrowth) {
  for (const double begin : {0.0, 0.3, 0.6, 0.8}) {
    SCOPED_TRACE(begin);
    const auto in_burst = [=](double at) { return at >= begin && at < begin + 0.2; };
    EXPECT_DOUBLE_EQ(
        growth_per_hour(points_of([&](double at) { return in_burst(at) ? 5000 : 50; })), 0);
    // What it has raised once stays up.
    EXPECT_DOUBLE_EQ(growth_per_hour(points_of([&](double at) { return at < begin ? 50 : 900; })),
                     0);
  }
}

TEST(Flatness, WhatComesAndGoesIsNoGrowth) {
  const auto crowd = [](double at) { return 40 + 30 * std::sin(at * 200) + 90 * at * at; };
  EXPECT_GT(growth_per_hour(points_of(crowd)), 40) << "though its lowest point rises";
  EXPECT_NEAR(growth_per_hour(points_of([](double at) { return 40 + 30 * std::sin(at * 200); })), 0,
              1);
}

TEST(Flatness, ALeakUnderBurstsIsSeen) {
  SeededRandom random(17);
  const auto leak = [&](double at) {
    const double burst = random.below(3) == 0 ? static_cast<double>(random.below(4000)) : 0;
    return 10'000 + std::floor(1100 * at) + burst;
  };
  EXPECT_NEAR(growth_per_hour(points_of(leak)), 1100, 60) << "seed 17";
}

TEST(Flatness, AStepForEachOfSeveralFaultsIsALeak) {
  const auto steps = [](double at) { return 10'000 + 130 * std::floor(at * 12); };
  EXPECT_GT(growth_per_hour(points_of(steps)), 1024);
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
