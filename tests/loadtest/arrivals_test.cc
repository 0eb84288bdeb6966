// SPDX-License-Identifier: Apache-2.0
#include "loadtest/arrivals.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Arrivals make(const char* curve, Arrivals::Spacing spacing = Arrivals::Spacing::kEven) {
  return Arrivals({.curve = *parse_curve(curve), .spacing = spacing, .seed = 7});
}

size_t count_until(Arrivals& arrivals, Duration end) {
  size_t count = 0;
  while (arrivals.next() <= end) ++count;
  return count;
}

TEST(Arrivals, AConstantRateIsEvenlySpaced) {
  Arrivals arrivals = make("250");
  for (int i = 0; i < 1000; ++i) EXPECT_NEAR(in_seconds(arrivals.next()), i / 250.0, 1e-6);
}

TEST(Arrivals, ACurveGoesInStraightLinesAndStaysAtItsEnd) {
  Arrivals arrivals = make("0s:0,10s:100");
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(10))), 500, 2);
  Arrivals beyond = make("0s:100,1s:200");
  EXPECT_NEAR(static_cast<double>(count_until(beyond, seconds(3))), 150 + 400, 2);
}

TEST(Arrivals, APoissonProcessHasItsRateAndItsScatter) {
  Arrivals arrivals = make("1000", Arrivals::Spacing::kPoisson);
  Duration before{};
  double sum = 0, squares = 0;
  constexpr int kCount = 20'000;
  for (int i = 0; i < kCount; ++i) {
    const Duration at = arrivals.next();
    const double gap = in_seconds(at - before) * 1000;
    before = at;
    sum += gap;
    squares += gap * gap;
  }
  const double mean = sum / kCount;
  EXPECT_NEAR(mean, 1, 0.05);
  EXPECT_NEAR(squares / kCount - mean * mean, 1, 0.1);  // exponential: variance = mean squared
}

TEST(Arrivals, TheSameSeedIsTheSameSchedule) {
  Arrivals one = make("100", Arrivals::Spacing::kPoisson);
  Arrivals two = make("100", Arrivals::Spacing::kPoisson);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(one.next(), two.next());
}

TEST(Arrivals, ACurveThatRepeatsBeginsAgain) {
  Arrivals arrivals = make("0s:0,1s:100,2s:0,4s:repeat");  // 100 in 2 s, then 2 s nobody
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(2))), 100, 2);
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(6))), 100, 2);
  EXPECT_GE(arrivals.next(), Duration(seconds(8)));
}

TEST(Arrivals, ASineSwingsFromTheLowerRateToTheHigherOne) {
  Arrivals arrivals = make("sine:0-200/4s");
  const auto quiet = static_cast<double>(count_until(arrivals, seconds(1)));
  const auto busy = static_cast<double>(count_until(arrivals, seconds(3)));
  const auto again = static_cast<double>(count_until(arrivals, seconds(4)));
  EXPECT_NEAR(quiet + busy + again, 400, 3);
  EXPECT_NEAR(quiet, 100 - 200 / 3.14159, 3);
  EXPECT_NEAR(again, quiet, 3);
}

TEST(Arrivals, ABurstIsTheEndOfEachPeriod) {
  Arrivals arrivals = make("burst:10-1000/10s/1s");
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(9))), 90, 2);
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(10))), 1000, 4);
  EXPECT_NEAR(static_cast<double>(count_until(arrivals, seconds(19))), 90, 3);
}

TEST(Curve, WhatIsWrongIsSaid) {
  struct Case {
    const char* text;
    const char* says;
  };
  const Case cases[] = {
      {"", "requests per second"},   {"fast", "requests per second"},
      {"-1", "requests per second"}, {"10000001", "requests per second"},
      {"0", "cannot be 0"},          {"1s:5,2s:0", "cannot be 0"},
      {"2s:5,1s:6", "comes after"},  {"1s:5,1s:6", "comes after"},
      {"5,1s:6", "each has a time"}, {"x:5", "a time is wanted"},
      {"1s:5,", "each has a time"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto curve = parse_curve(c.text);
    ASSERT_FALSE(curve);
    EXPECT_NE(curve.error().detail.find(c.says), std::string::npos) << curve.error().detail;
  }
}

}  // namespace
}  // namespace understudy::loadtest
