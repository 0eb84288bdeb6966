// SPDX-License-Identifier: Apache-2.0
#include "base/buffer.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

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

TEST(SeededRandom, IsTheSameEverywhereAndStaysBelowItsBound) {
  SeededRandom random(1);
  EXPECT_EQ(random.next(), 0x910A2DEC89025CC1u);
  for (int i = 0; i < 1000; ++i) EXPECT_LT(random.below(7), 7u);
}

}  // namespace
}  // namespace understudy
