// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/receive_low_water.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/fd_watcher.h"
#include "base/socket.h"

namespace understudy {
namespace {

constexpr uint64_t kLarge = 100 * ReceiveLowWater::kPieceBytes;

// Two ends of a TCP connection on loopback; `here` is watched.
class LowWater : public testing::Test, private FdWatcher::Handler {
 protected:
  LowWater() {
    loop = *EventLoop::open();
    Fd listener = *listen_tcp(Address::loopback(0), {});
    there = *connect_tcp(local_address(listener));
    EXPECT_TRUE(run_until([&] {
      auto accepted = accept_tcp(listener);
      if (accepted && accepted->fd) here = std::move(accepted->fd);
      return static_cast<bool>(here);
    }));
    low_water.emplace(*loop, here.value());
    watcher.start(*loop, here.value(), *this);
  }

  void on_ready(bool readable, bool) override {
    edges += readable ? 1 : 0;
    was_raised = low_water->is_raised();
  }

  bool run_until(const std::function<bool()>& done) {
    const SystemClock clock;
    const TimePoint end = clock.now() + std::chrono::seconds(10);
    while (!done()) {
      if (clock.now() > end) return false;
      loop->run_once(std::chrono::milliseconds(1));
    }
    return true;
  }

  int mark() const {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    EXPECT_EQ(::getsockopt(here.value(), SOL_SOCKET, SO_RCVLOWAT, &bytes, &size), 0);
    return bytes;
  }

  void say(std::string_view text) {
    ASSERT_EQ(::send(there.value(), text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }

  std::unique_ptr<EventLoop> loop;
  Fd there;
  Fd here;
  std::optional<ReceiveLowWater> low_water;
  FdWatcher watcher;
  int edges = 0;
  bool was_raised = false;  // at the last edge
};

TEST_F(LowWater, IsRaisedWhenALargeRestIsWaitedFor) {
  low_water->on_moved(kLarge, false);
  EXPECT_EQ(mark(), 1);
  low_water->on_moved(kLarge, true);
  EXPECT_EQ(mark(), static_cast<int>(ReceiveLowWater::kPieceBytes));
}

TEST_F(LowWater, NothingIsHeldBackOfTheLastPiece) {
  low_water->on_moved(ReceiveLowWater::kPieceBytes + 1, true);
  EXPECT_TRUE(low_water->is_raised());
  low_water->on_moved(ReceiveLowWater::kPieceBytes, true);
  EXPECT_EQ(mark(), 1);
  low_water->on_moved(0, false);
  EXPECT_EQ(mark(), 1);
}

TEST_F(LowWater, WhatASlowSenderHasSentIsReportedAfterTheWait) {
  low_water->on_moved(kLarge, true);
  const TimePoint began = loop->now();
  say("a little");
  ASSERT_TRUE(run_until([&] { return edges != 0; }));
  EXPECT_GE(loop->now() - began, ReceiveLowWater::kPieceWait);
  EXPECT_EQ(mark(), 1);
  // And the rest of this body as it comes.
  low_water->on_moved(kLarge - 8, true);
  EXPECT_EQ(mark(), 1);
  low_water->reset();
  low_water->on_moved(kLarge, true);
  EXPECT_TRUE(low_water->is_raised()) << "the next body is not slow yet";
}

TEST_F(LowWater, TheWaitForAClientSaysNothingOfTheMember) {
  low_water->on_moved(kLarge, true);
  low_water->on_moved(kLarge, false);
  const TimePoint end = loop->now() + 2 * ReceiveLowWater::kPieceWait;
  ASSERT_TRUE(run_until([&] { return loop->now() > end; }));
  EXPECT_TRUE(low_water->is_raised());
}

TEST_F(LowWater, TheSendersEndIsReportedAtOnce) {
  low_water->on_moved(kLarge, true);
  const int before = edges;
  there.reset();
  ASSERT_TRUE(run_until([&] { return edges != before; }));
  EXPECT_TRUE(watcher.peer_has_closed());
  EXPECT_TRUE(was_raised) << "reported because of the time, not of the end";
}

}  // namespace
}  // namespace understudy
