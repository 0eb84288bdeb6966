// SPDX-License-Identifier: Apache-2.0
// EventLoop: one thread's libevent base (epoll), its clock that stands still during a turn, its
// coarse timers and its end-of-turn list. Owned by the code that runs the thread. Everything here
// belongs to that thread except `post` and `stop`, which any thread may call. A turn: wait, run
// what is ready, then the work deferred with `at_turn_end`, then again.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/timer_wheel.h"

struct event_base;

namespace understudy {

class EventLoop final : public Clock {
 public:
  static Result<std::unique_ptr<EventLoop>> open();
  ~EventLoop() override;
  EventLoop(const EventLoop&) = delete;

  // Runs until stop(). The calling thread becomes the loop's thread.
  void run();
  // One turn; waits at most `wait_max` for something to happen. For tests and embedding.
  void run_once(Duration wait_max);
  void stop();

  // The time at which this turn began; one clock read in a turn, none if not asked for.
  TimePoint now() const override {
    if (!now_is_fresh_) read_clock();
    return now_;
  }
  TimePoint read() const override { return clock_.now(); }
  // Runs `work` on the loop's thread in a later turn, in the order in which it was posted; bounded
  // by kPostedMax (CHECK). A turn that has run such work for kPostedTurn leaves the rest to later
  // turns, so that timers and sockets are looked at between.
  void post(std::function<void()> work);
  // Runs `work` when the callbacks of this turn are done: the place to destroy what is finished.
  void at_turn_end(std::function<void()> work);

  TimerWheel& timers() { return timers_; }
  event_base* raw() { return base_; }
  // Whether the caller is on the loop's thread. Any thread may ask.
  bool in_thread() const;

  static constexpr size_t kPostedMax = 1 << 20;
  static constexpr Duration kPostedTurn = std::chrono::milliseconds(4);

 private:
  struct Shared;
  EventLoop(event_base* base, std::unique_ptr<Shared> shared);
  void read_clock() const;
  void turn(int flags);
  void arm_wheel();
  void wake_up();
  void run_posted();
  static void on_wakeup(int fd, short what, void* self);
  static void on_wheel(int fd, short what, void* self);

  // Constant after construction; owned.
  event_base* base_;
  std::unique_ptr<Shared> shared_;  // the posted work, guarded by its own mutex

  // State of the loop thread.
  SystemClock clock_;
  mutable TimePoint now_;
  mutable bool now_is_fresh_ = false;
  TimerWheel timers_;
  TimePoint wheel_armed_for_ = TimePoint::max();
  std::vector<std::function<void()>> posted_;  // taken from those of all threads
  size_t next_posted_ = 0;                     // of posted_, to run
  std::vector<std::function<void()>> turn_end_;
  std::vector<std::function<void()>> turn_end_running_;  // empty but at the end of a turn
  bool stopping_ = false;
};

}  // namespace understudy
