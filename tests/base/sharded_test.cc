// SPDX-License-Identifier: Apache-2.0
#include "base/sharded.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace understudy {
namespace {

using Numbers = Sharded<std::unordered_map<uint64_t, int>>;

std::vector<std::pair<uint64_t, int>> sorted(const auto& table) {
  std::vector<std::pair<uint64_t, int>> entries;
  for (const auto& [key, value] : table) entries.emplace_back(key, value);
  std::sort(entries.begin(), entries.end());
  return entries;
}

TEST(Sharded, SaysTheSameAsTheStandardsTableWhateverIsDone) {
  Numbers table;
  std::unordered_map<uint64_t, int> expected;
  std::mt19937_64 random(7);
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t key = random() % 500;
    switch (random() % 7) {
      case 0:
        EXPECT_EQ(table.emplace(key, step).second, expected.emplace(key, step).second);
        break;
      case 1:
        table[key] = step, expected[key] = step;
        break;
      case 2:
        EXPECT_EQ(table.erase(key), expected.erase(key));
        break;
      case 3: {
        const auto found = table.find(key);
        EXPECT_EQ(found != table.end(), expected.contains(key));
        if (found != table.end()) table.erase(found);
        expected.erase(key);
        break;
      }
      case 4: {
        // As a login does: the entry gets another key, if that one is free.
        const uint64_t other = random() % 500;
        auto node = table.extract(key);
        EXPECT_EQ(node.empty(), !expected.contains(key));
        if (node.empty()) break;
        auto same = expected.extract(key);
        node.key() = same.key() = other;
        EXPECT_EQ(table.insert(std::move(node)), expected.insert(std::move(same)).inserted);
        break;
      }
      case 5:
        EXPECT_EQ(table.contains(key), expected.contains(key));
        break;
      default: {
        const auto found = std::as_const(table).find(key);
        ASSERT_EQ(found != std::as_const(table).end(), expected.contains(key));
        if (expected.contains(key)) {
          EXPECT_EQ(found->second, expected.at(key));
        }
      }
    }
    ASSERT_EQ(table.size(), expected.size());
    ASSERT_EQ(table.empty(), expected.empty());
  }
  EXPECT_EQ(sorted(table), sorted(expected));
}

TEST(Sharded, ConsecutiveNumbersFillAllPartsAlike) {
  Sharded<std::unordered_set<uint64_t>> table;
  for (uint64_t key = 1; key <= 64'000; ++key) EXPECT_TRUE(table.emplace(key).second);
  size_t before = table.size();
  EXPECT_EQ(before, 64'000u);
  int parts = 0;
  while (!table.empty()) {
    table.clear_shard();
    EXPECT_LT(before - table.size(), 2000u) << "one part frees a share of all";
    EXPECT_GT(before, table.size());
    before = table.size();
    ++parts;
  }
  EXPECT_EQ(parts, 64);
  table.clear_shard();
  EXPECT_EQ(table.begin(), table.end());
}

TEST(Sharded, AnEntryMayGoWhileTheFirstIsTaken) {
  Numbers table;
  for (uint64_t key = 0; key < 1000; ++key) table[key] = 1;
  size_t taken = 0;
  while (!table.empty()) {
    table.erase(table.begin());
    ++taken;
  }
  EXPECT_EQ(taken, 1000u);
}

TEST(Sharded, WhatIsMovedFromIsEmpty) {
  Numbers table;
  table[3] = 4;
  Numbers taken = std::exchange(table, {});
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find(3), table.end());
  EXPECT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken.find(3)->second, 4);
  table = std::move(taken);
  EXPECT_EQ(table.size(), 1u);
  EXPECT_EQ(table.begin()->first, 3u);
}

}  // namespace
}  // namespace understudy
