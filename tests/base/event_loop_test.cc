// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/fd_watcher.h"
#include "base/mailbox.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<EventLoop> open_loop() {
  auto loop = EventLoop::open();
  EXPECT_TRUE(loop);
  return std::move(*loop);
}

// Turns the loop until `done`, at most ten seconds.
template <typename Done>
bool run_until(EventLoop& loop, Done done) {
  const TimePoint end = SystemClock().now() + seconds(10);
  while (!done() && SystemClock().now() < end) loop.run_once(milliseconds(50));
  return done();
}

struct SocketPair {
  SocketPair() {
    int fds[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    a = Fd(fds[0]);
    b = Fd(fds[1]);
  }
  Fd a, b;
};

struct Recorder : FdWatcher::Handler {
  void on_ready(bool r, bool w) override {
    readable += r;
    writable += w;
    if (then) then();
  }
  int readable = 0;
  int writable = 0;
  std::function<void()> then;
};

TEST(EventLoop, PostedWorkRunsInOrderOnTheLoopsThread) {
  auto loop = open_loop();
  std::vector<int> seen;
  std::thread other([&] {
    for (int i = 0; i < 1000; ++i) {
      loop->post([&, i] {
        EXPECT_TRUE(loop->in_thread());
        seen.push_back(i);
        if (i == 999) loop->stop();
      });
    }
  });
  loop->run();
  other.join();
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[i], i);
}

// Work that takes longer than a turn may last, without a sleep.
void work_for(Duration time) {
  const TimePoint end = SystemClock().now() + time;
  while (SystemClock().now() < end) {
  }
}

TEST(EventLoop, MuchPostedWorkLetsTimersInBetween) {
  auto loop = open_loop();
  std::string order;
  struct Append {
    std::string* order;
    void on_due() { *order += 't'; }
  };
  Append append{&order};
  auto timer = Timer::of<&Append::on_due>(loop->timers(), append);
  timer.start_at(loop->now());
  for (const char name : {'a', 'b', 'c'}) {
    loop->post([&order, name] {
      work_for(EventLoop::kPostedTurn);
      order += name;
    });
  }
  EXPECT_TRUE(run_until(*loop, [&] { return order.size() == 4; }));
  const size_t timer_at = order.find('t');
  ASSERT_NE(timer_at, std::string::npos);
  EXPECT_LT(timer_at, 3u) << "the timer waited for all of it: " << order;
  order.erase(timer_at, 1);
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, WhatIsPostedWhileMuchWaitsRunsBehindIt) {
  auto loop = open_loop();
  std::string order;
  loop->post([&] {
    work_for(EventLoop::kPostedTurn);
    order += 'a';
    loop->post([&] { order += 'c'; });
  });
  loop->post([&] { order += 'b'; });
  EXPECT_TRUE(run_until(*loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "abc");
}

TEST(EventLoop, AStopComesBehindAllThatWasPostedBefore) {
  auto loop = open_loop();
  int ran = 0;
  for (int i = 0; i < 3; ++i) {
    loop->post([&] {
      work_for(EventLoop::kPostedTurn);
      ++ran;
    });
  }
  loop->stop();
  loop->run();
  EXPECT_EQ(ran, 3);

  // The same where the stop comes while some of it has run already.
  loop->post([&] {
    work_for(EventLoop::kPostedTurn);
    ++ran;
  });
  loop->post([&] {
    loop->post([&] { ++ran; });
    loop->stop();
    work_for(EventLoop::kPostedTurn);
    ++ran;
  });
  loop->post([&] { ++ran; });
  loop->run();
  EXPECT_EQ(ran, 7);
}

TEST(EventLoop, StopFromAnotherThreadEndsRun) {
  auto loop = open_loop();
  std::thread other([&] { loop->stop(); });
  loop->run();
  other.join();
}

TEST(EventLoop, TimersFireInTheOrderOfTheirDeadlines) {
  auto loop = open_loop();
  std::string order;
  struct Append {
    std::string* order;
    char letter;
    void on_due() { *order += letter; }
  };
  Append a{&order, 'a'}, b{&order, 'b'};
  auto later = Timer::of<&Append::on_due>(loop->timers(), b);
  auto sooner = Timer::of<&Append::on_due>(loop->timers(), a);
  later.start_at(loop->now() + milliseconds(60));
  sooner.start_at(loop->now() + milliseconds(20));
  EXPECT_TRUE(run_until(*loop, [&] { return order.size() == 2; }));
  EXPECT_EQ(order, "ab");
}

TEST(EventLoop, TimeStandsStillDuringATurn) {
  auto loop = open_loop();
  bool ran = false;
  loop->post([&] {
    const TimePoint first = loop->now();
    const TimePoint real = SystemClock().now();
    while (SystemClock().now() < real + milliseconds(2)) {
    }
    EXPECT_EQ(loop->now(), first);
    EXPECT_GE(loop->read(), first + milliseconds(2)) << "a lease is not granted by an old clock";
    ran = true;
  });
  EXPECT_TRUE(run_until(*loop, [&] { return ran; }));
}

TEST(EventLoop, EndOfTurnWorkRunsAfterTheCallbacksAndMayAddMore) {
  auto loop = open_loop();
  std::string order;
  loop->post([&] {
    loop->at_turn_end([&] {
      order += "2";
      loop->at_turn_end([&] { order += "3"; });
    });
    order += "1";
  });
  EXPECT_TRUE(run_until(*loop, [&] { return order.size() == 3; }));
  EXPECT_EQ(order, "123");
}

TEST(FdWatcher, ReportsAnEdgeOnceAndAgainForNewBytes) {
  auto loop = open_loop();
  SocketPair pair;
  Recorder recorder;
  FdWatcher watcher;
  watcher.start(*loop, pair.a.value(), recorder);
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.writable > 0; }));
  ASSERT_EQ(::write(pair.b.value(), "x", 1), 1);
  ASSERT_TRUE(run_until(*loop, [&] { return recorder.readable == 1; }));
  loop->run_once(Duration::zero());
  loop->run_once(Duration::zero());
  EXPECT_EQ(recorder.readable, 1);
  ASSERT_EQ(::write(pair.b.value(), "y", 1), 1);
  EXPECT_TRUE(run_until(*loop, [&] { return recorder.readable == 2; }));
}

TEST(FdWatcher, MayBeDestroyedByItsOwnHandler) {
  auto loop = open_loop();
  SocketPair pair;
  Recorder recorder;
  auto watcher = std::make_unique<FdWatcher>();
  recorder.then = [&] { watcher.reset(); };
  watcher->start(*loop, pair.a.value(), recorder);
  EXPECT_TRUE(run_until(*loop, [&] { return !watcher; }));
}

TEST(Mailbox, DropsLettersThatAreUnderWayWhenTheReceiverGoes) {
  auto loop = open_loop();
  int received = 0;
  {
    Mailbox<int> mailbox(*loop, [&](int) { ++received; });
    mailbox.post(1);
    ASSERT_TRUE(run_until(*loop, [&] { return received == 1; }));
    mailbox.post(2);
  }
  bool drained = false;
  loop->post([&] { drained = true; });
  ASSERT_TRUE(run_until(*loop, [&] { return drained; }));
  EXPECT_EQ(received, 1);
}

}  // namespace
}  // namespace understudy
