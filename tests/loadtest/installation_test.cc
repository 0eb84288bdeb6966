// SPDX-License-Identifier: Apache-2.0
#include "loadtest/installation.h"

#include <gtest/gtest.h>

#include <set>

namespace understudy::loadtest {
namespace {

TEST(Installation, NoPortIsGivenTwice) {
  const auto loop = std::move(*EventLoop::open());
  Installation one(*loop, "/nowhere", make_directory(::testing::TempDir()));
  Installation other(*loop, "/nowhere", make_directory(::testing::TempDir()));
  // So many of 17,000 that chance alone would give one twice, nearly always.
  std::set<uint16_t> ports;
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(ports.insert(one.take_port()).second);
    EXPECT_TRUE(ports.insert(other.take_port()).second);
  }
}

}  // namespace
}  // namespace understudy::loadtest
