// SPDX-License-Identifier: Apache-2.0
// Coroutines that wait for a node's answers: where they go on, and what becomes of those that end.
#include "understudy/awaiting.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace understudy {
namespace {

using Callback = std::function<void(std::unique_ptr<int>)>;

// Runs until its first wait; its frame belongs to the test.
struct Task {
  struct promise_type {
    Task get_return_object() { return Task(Handle::from_promise(*this)); }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_always final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
  using Handle = std::coroutine_handle<promise_type>;
  explicit Task(Handle handle) : handle(handle) {}
  Task(Task&& other) noexcept : handle(std::exchange(other.handle, {})) {}
  ~Task() {
    if (handle) handle.destroy();
  }
  void end() { std::exchange(handle, {}).destroy(); }
  Handle handle;
};

struct Seen {
  int value = 0;
  std::thread::id thread;
};

Task wait_for(Awaiting<std::unique_ptr<int>> answer, Seen& seen) {
  const std::unique_ptr<int> value = co_await answer;
  seen = {.value = *value, .thread = std::this_thread::get_id()};
}

TEST(Awaiting, GoesOnWhereTheAnswerComes) {
  Callback callback;
  Seen seen;
  const Task task =
      wait_for(Awaiting<std::unique_ptr<int>>([&](auto arrive) { callback = arrive; }), seen);
  EXPECT_EQ(seen.value, 0);
  std::thread other([&] { callback(std::make_unique<int>(7)); });
  const std::thread::id id = other.get_id();
  other.join();
  EXPECT_EQ(seen.value, 7);
  EXPECT_EQ(seen.thread, id);
  EXPECT_TRUE(task.handle.done());
}

TEST(Awaiting, DoesNotStopForAnAnswerThatIsHere) {
  Seen seen;
  const Task task = wait_for(
      Awaiting<std::unique_ptr<int>>([](auto arrive) { arrive(std::make_unique<int>(7)); }), seen);
  EXPECT_EQ(seen.value, 7);
  EXPECT_EQ(seen.thread, std::this_thread::get_id());
}

// The answer is dropped, so that what it owns goes.
TEST(Awaiting, OneThatEndsWhileItWaitsIsNotGoneOnWith) {
  Callback callback;
  Seen seen;
  Task task =
      wait_for(Awaiting<std::unique_ptr<int>>([&](auto arrive) { callback = arrive; }), seen);
  task.end();
  callback(std::make_unique<int>(7));
  EXPECT_EQ(seen.value, 0);
}

TEST(Awaiting, OneThatIsNeverAwaitedDropsItsAnswer) {
  std::function<void(std::shared_ptr<int>)> callback;
  auto value = std::make_shared<int>(7);
  { const Awaiting<std::shared_ptr<int>> answer([&](auto arrive) { callback = arrive; }); }
  callback(value);
  EXPECT_EQ(value.use_count(), 1);
}

// Both at once: the answer comes while the coroutine is about to stop.
TEST(Awaiting, AnAnswerThatCrossesTheWaitIsNotMissed) {
  for (int round = 0; round < 2000; ++round) {
    Callback callback;
    std::atomic<bool> is_asked = false;
    std::thread other([&] {
      while (!is_asked.load(std::memory_order_acquire)) std::this_thread::yield();
      callback(std::make_unique<int>(round));
    });
    Seen seen{.value = -1, .thread = {}};
    const Task task = wait_for(Awaiting<std::unique_ptr<int>>([&](auto arrive) {
                                 callback = arrive;
                                 is_asked.store(true, std::memory_order_release);
                               }),
                               seen);
    other.join();
    ASSERT_EQ(seen.value, round);
  }
}

}  // namespace
}  // namespace understudy
