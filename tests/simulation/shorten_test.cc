// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/shorten.h"

#include <gtest/gtest.h>

#include <numeric>

namespace understudy::sim {
namespace {

std::vector<int> up_to(int count) {
  std::vector<int> items(static_cast<size_t>(count));
  std::iota(items.begin(), items.end(), 0);
  return items;
}
bool contains(const std::vector<int>& items, int item) {
  return std::find(items.begin(), items.end(), item) != items.end();
}

TEST(Shorten, KeepsWhatTheFailureNeedsAndNothingElse) {
  const auto fails = [](const std::vector<int>& items) {
    return contains(items, 3) && contains(items, 17);
  };
  EXPECT_EQ(shorten<int>(up_to(20), fails, 1000), (std::vector<int>{3, 17}));
}

TEST(Shorten, LeavesNothingOfAFailureThatNeedsNothing) {
  EXPECT_TRUE(shorten<int>(
                  up_to(9), [](const auto&) { return true; }, 1000)
                  .empty());
}

TEST(Shorten, KeepsAllWhereEachIsNeeded) {
  const auto fails = [](const std::vector<int>& items) { return items.size() == 5; };
  EXPECT_EQ(shorten<int>(up_to(5), fails, 1000), up_to(5));
}

TEST(Shorten, AsksAtMostAsOftenAsItMay) {
  size_t asked = 0;
  shorten<int>(
      up_to(100), [&](const auto&) { return ++asked == 0; }, 7);
  EXPECT_EQ(asked, 7u);
}

}  // namespace
}  // namespace understudy::sim
