// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/replay_window.h"

#include <gtest/gtest.h>

#include <set>

#include "base/random.h"

namespace understudy {
namespace {

TEST(ReplayWindow, AcceptsEachCounterOnceInAnyOrder) {
  ReplayWindow window;
  for (const uint64_t counter : {5u, 1u, 3u, 1024u, 2u}) EXPECT_TRUE(window.accept(counter));
  for (const uint64_t counter : {5u, 1u, 3u, 1024u, 2u}) EXPECT_FALSE(window.accept(counter));
  EXPECT_FALSE(window.accept(0));
}

TEST(ReplayWindow, ForgetsWhatIsOlderThanItsSize) {
  ReplayWindow window;
  EXPECT_TRUE(window.accept(2000));
  EXPECT_TRUE(window.accept(2000 - ReplayWindow::kSize + 1));
  EXPECT_FALSE(window.accept(2000 - ReplayWindow::kSize));
}

TEST(ReplayWindow, SurvivesALargeJump) {
  ReplayWindow window;
  EXPECT_TRUE(window.accept(1));
  EXPECT_TRUE(window.accept(uint64_t{1} << 60));
  EXPECT_FALSE(window.accept(1));
  EXPECT_TRUE(window.accept((uint64_t{1} << 60) - 1));
}

TEST(ReplayWindow, NeverAcceptsTwice) {
  SeededRandom random(11);
  ReplayWindow window;
  std::set<uint64_t> accepted;
  uint64_t base = 1;
  for (int i = 0; i < 200'000; ++i) {
    base += random.below(3);
    const uint64_t counter = base + random.below(2 * ReplayWindow::kSize);
    if (window.accept(counter)) {
      EXPECT_TRUE(accepted.insert(counter).second);
    }
  }
}

}  // namespace
}  // namespace understudy
