// SPDX-License-Identifier: Apache-2.0
// TimerWheel and Timer: many coarse timeouts, cheap to move. Moving a deadline later is one store:
// the timer stays in its slot and is placed again when that slot comes up. Pure: time is handed in.
// Resolution kTick; a timer fires up to one tick late, never early. One thread.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace understudy {

class TimerWheel;

// One deadline with its callback, usually a member of the object that waits. Destroying it cancels
// it, so the callback never reaches a dead object. The callback may move, stop or destroy the
// timer.
class Timer final {
 public:
  using Callback = void (*)(void* context);

  Timer(TimerWheel& wheel, Callback callback, void* context)
      : wheel_(wheel), callback_(callback), context_(context) {}
  // Calls `owner.method()`: Timer::of<&Connection::on_idle>(wheel, *this).
  template <auto Method, typename Owner>
  static Timer of(TimerWheel& wheel, Owner& owner) {
    return Timer(
        wheel, [](void* self) { (static_cast<Owner*>(self)->*Method)(); }, &owner);
  }
  ~Timer() { stop(); }
  Timer(const Timer&) = delete;

  void start_at(TimePoint deadline);
  void stop();
  bool is_running() const { return running_; }
  TimePoint deadline() const { return deadline_; }

 private:
  friend class TimerWheel;
  TimerWheel& wheel_;
  Callback callback_;
  void* context_;
  TimePoint deadline_{};
  Timer* next_ = nullptr;
  Timer** link_ = nullptr;  // what points at this timer while it hangs in a slot
  uint64_t tick_ : 63 = 0;  // of the slot it hangs in
  uint64_t running_ : 1 = 0;
};

class TimerWheel final {
 public:
  static constexpr Duration kTick = std::chrono::milliseconds(4);
  static constexpr size_t kSlots = 1024;  // one round is 4.096 s; later deadlines go round again

  explicit TimerWheel(TimePoint start);
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;

  // Fires what is due. Timers started by callbacks for the past fire in the next call.
  void advance(TimePoint now);
  // When advance is needed next; max() when nothing waits.
  TimePoint next_due() const;
  // Called whenever a timer is placed before next_due(); the loop re-arms its alarm.
  void on_earlier(void (*notify)(void*), void* context);

 private:
  friend class Timer;
  void place(Timer& timer);
  void unlink(Timer& timer);
  uint64_t tick_of(TimePoint time) const;

  std::array<Timer*, kSlots> slots_{};
  std::array<uint64_t, kSlots / 64> occupied_{};
  TimePoint start_;
  uint64_t tick_ = 0;  // every slot up to and including this tick has been visited
  TimePoint due_ = TimePoint::max();
  void (*notify_)(void*) = nullptr;
  void* notify_context_ = nullptr;
};

}  // namespace understudy
