// SPDX-License-Identifier: Apache-2.0
// Time for everything that waits or leases. TimePoint counts on CLOCK_BOOTTIME: it never jumps and
// goes on while the machine sleeps (PROTOCOL 2.2 needs that for leases). No code outside
// base/clock.cc asks the operating system; cores get a TimePoint as argument.
#pragma once

#include <chrono>
#include <cstdint>

namespace understudy {

using Duration = std::chrono::nanoseconds;

// The tag that keeps TimePoint apart from every other clock of std::chrono.
struct BootTime {
  using duration = Duration;
  using rep = Duration::rep;
  using period = Duration::period;
  using time_point = std::chrono::time_point<BootTime>;
  static constexpr bool is_steady = true;
};
using TimePoint = BootTime::time_point;

// The seam that tests and the simulator replace. Any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  // May stand still while a turn of the loop runs: for timers, and for what may be judged late.
  virtual TimePoint now() const = 0;
  // The time at this moment, never that of the turn's beginning: for a lease when it is granted or
  // used. A clock that does not stand still has only one time.
  virtual TimePoint read() const { return now(); }
};

class SystemClock final : public Clock {
 public:
  TimePoint now() const override;
};

// Moved by hand; one thread.
class ManualClock final : public Clock {
 public:
  TimePoint now() const override { return now_; }
  void advance(Duration by) { now_ += by; }

 private:
  TimePoint now_ = TimePoint(std::chrono::hours(1));
};

// Wall-clock microseconds since 1970, for logs and dates only.
int64_t wall_clock_us();

}  // namespace understudy
