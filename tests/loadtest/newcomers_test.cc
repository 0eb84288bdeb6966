// SPDX-License-Identifier: Apache-2.0
#include "loadtest/newcomers.h"

#include <gtest/gtest.h>

#include "tests/loadtest/support/test_server.h"

namespace understudy::loadtest {
namespace {

TEST(NewcomersTest, WhoWelcomedThemIsCountedAndAWrongCountIsAFailure) {
  const auto loop = std::move(*EventLoop::open());
  // A counter that forgets: the second answer is wrong.
  TestServer::Options options;
  options.pages = {{"/count", R"({"count":1,"member":"d"})"}};
  TestServer server(*loop, options);
  Newcomers newcomers(
      *loop, {.servers = {server.address()}, .every = std::chrono::milliseconds(1), .client = {}});
  newcomers.start();
  const SystemClock clock;
  const TimePoint end = clock.now() + std::chrono::seconds(30);
  while (newcomers.figures().failed < 3 && clock.now() < end) {
    loop->run_once(std::chrono::milliseconds(10));
  }
  newcomers.stop();
  while (!newcomers.all_left() && clock.now() < end) {
    loop->run_once(std::chrono::milliseconds(10));
  }
  const Newcomers::Figures& figures = newcomers.figures();
  EXPECT_GE(figures.failed, 3u);
  EXPECT_EQ(figures.failed, figures.came);
  EXPECT_EQ(figures.left, 0u);
  EXPECT_EQ(figures.welcomed, (std::map<std::string, size_t>{{"d", figures.came}}));
  EXPECT_EQ(figures.first_failure.substr(0, 14), "after 2 counts");
}

}  // namespace
}  // namespace understudy::loadtest
