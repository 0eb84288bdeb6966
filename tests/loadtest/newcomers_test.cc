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
  options.pages = {{"/count", R"({"count":1,"member":"d"})"}, {"/login", R"({"count":1})"}};
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
  EXPECT_EQ(figures.first_failure.substr(0, 19), "step 3, POST /count");
}

TEST(NewcomersTest, ASessionThatComesBackAfterItsLogoutIsAFailure) {
  const auto loop = std::move(*EventLoop::open());
  TestServer::Options options;
  options.series = {{"/count", {R"({"count":1})", R"({"count":2})"}}};
  options.pages = {
      {"/login", R"({"count":1})"}, {"/logout", R"({"count":2})"}, {"/value", R"({"count":2})"}};
  TestServer server(*loop, options);
  Newcomers newcomers(
      *loop, {.servers = {server.address()}, .every = std::chrono::milliseconds(1), .client = {}});
  newcomers.start();
  const SystemClock clock;
  const TimePoint end = clock.now() + std::chrono::seconds(30);
  while (clock.now() < end && (newcomers.figures().came == 0 || !newcomers.all_left())) {
    loop->run_once(std::chrono::milliseconds(10));
    if (newcomers.figures().came > 0) newcomers.stop();
  }
  EXPECT_EQ(newcomers.figures().left, 0u);
  EXPECT_EQ(newcomers.figures().first_failure.substr(0, 18), "step 5, GET /value");
}

}  // namespace
}  // namespace understudy::loadtest
