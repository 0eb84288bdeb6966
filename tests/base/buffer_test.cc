// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"

namespace understudy {
namespace {

void put(Buffer& buffer, std::string_view bytes) {
  ASSERT_GE(buffer.writable().size(), bytes.size());
  std::memcpy(buffer.writable().data(), bytes.data(), bytes.size());
  buffer.commit(bytes.size());
}

TEST(Buffer, HoldsNoBlockWhileEmpty) {
  BlockPool pool;
  Buffer buffer(pool);
  EXPECT_EQ(pool.in_use(), 0u);
  put(buffer, "abc");
  EXPECT_EQ(pool.in_use(), 1u);
  buffer.consume(3);
  EXPECT_EQ(pool.in_use(), 0u);
}

TEST(Buffer, MovesBytesToTheFrontOnlyWhenTheRoomIsUsedUp) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16});
  Buffer buffer(pool);
  put(buffer, "12345678");
  EXPECT_TRUE(buffer.writable().empty());
  buffer.consume(5);
  EXPECT_EQ(buffer.writable().size(), 5u);
  EXPECT_EQ(buffer.readable(), "678");
}

TEST(Buffer, GrowsOnceAndKeepsItsBytes) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16});
  Buffer buffer(pool);
  put(buffer, "12345678");
  buffer.consume(2);
  EXPECT_TRUE(buffer.grow());
  EXPECT_EQ(buffer.readable(), "345678");
  EXPECT_EQ(buffer.writable().size(), 10u);
  EXPECT_FALSE(buffer.grow());
}

TEST(BlockPool, KeepsNoMoreThanItsBound) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16, .kept_max = 1});
  char* a = pool.take(8);
  char* b = pool.take(8);
  pool.give_back(a, 8);
  pool.give_back(b, 8);
  EXPECT_EQ(pool.take(8), a);
  pool.give_back(a, 8);
  EXPECT_EQ(pool.in_use(), 0u);
}

// Blocks that were in use at once, and are kept.
void use_at_once(BlockPool& pool, size_t count) {
  std::vector<char*> blocks;
  for (size_t i = 0; i < count; ++i) blocks.push_back(pool.take(pool.options().small_bytes));
  for (char* block : blocks) pool.give_back(block, pool.options().small_bytes);
}

TEST(BlockPool, GivesBackWhatABurstHasLeftBehind) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16});
  use_at_once(pool, 100);
  pool.shrink();
  EXPECT_EQ(pool.kept(), 100u) << "all were needed in this interval";
  pool.shrink();
  EXPECT_EQ(pool.kept(), 50u) << "half of what nobody has needed";
  for (int i = 0; i < 6; ++i) pool.shrink();
  EXPECT_EQ(pool.kept(), 0u);
}

TEST(BlockPool, KeepsWhatTheLoadNeeds) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16});
  use_at_once(pool, 100);
  for (int i = 0; i < 20; ++i) {
    pool.shrink();
    use_at_once(pool, 30);
  }
  EXPECT_EQ(pool.kept(), 30u);
}

TEST(BlockPool, KeepsTheBlocksThatWereUsedLast) {
  BlockPool pool({.small_bytes = 8, .large_bytes = 16});
  use_at_once(pool, 4);
  char* last = pool.take(8);
  pool.give_back(last, 8);
  pool.shrink();
  pool.shrink();
  ASSERT_EQ(pool.kept(), 2u);
  char* taken = pool.take(8);
  EXPECT_EQ(taken, last);
  pool.give_back(taken, 8);
}

TEST(SeededRandom, IsTheSameEverywhereAndStaysBelowItsBound) {
  SeededRandom random(1);
  EXPECT_EQ(random.next(), 0x910A2DEC89025CC1u);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7u);
}

}  // namespace
}  // namespace understudy
