// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/heap_trimmer.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

namespace understudy {
namespace {

TEST(HeapTrimmer, GivesBackWhatLiesBetweenWhatIsUsed) {
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "another allocator";
#endif
  auto loop = EventLoop::open();
  ASSERT_TRUE(loop);
  HeapTrimmer trimmer(**loop);
  constexpr size_t kBytes = 16 * 1024;
  std::vector<std::unique_ptr<char[]>> blocks;
  for (int i = 0; i < 1000; ++i) blocks.push_back(std::make_unique<char[]>(kBytes));
  for (size_t i = 0; i + 1 < blocks.size(); ++i) {
    if (i % 8 != 0) blocks[i].reset();
  }
  const size_t freed = HeapTrimmer::idle_bytes();
  ASSERT_GT(freed, 500 * kBytes) << "the C library gives it back by itself now";
  (*loop)->timers().advance((*loop)->now() + HeapTrimmer::kEvery + TimerWheel::kTick);
  EXPECT_LT(HeapTrimmer::idle_bytes(), freed - 500 * kBytes);
}

}  // namespace
}  // namespace understudy
