// SPDX-License-Identifier: Apache-2.0
// OpenLoop: sends requests on a schedule that does not care how fast the server answers, so that a
// stall shows in every request that should have been sent during it (no coordinated omission):
// latency counts from the intended start. Loop thread only.
#pragma once

#include <functional>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/fd_watcher.h"

namespace understudy::loadtest {

class OpenLoop final : private FdWatcher::Handler {
 public:
  struct Options {
    double requests_per_second = 100;
    size_t requests = 100;  // in all
  };
  // Called at (or, after a late turn, behind) the intended start of request `index`.
  using Start = std::function<void(size_t index, TimePoint intended)>;

  OpenLoop(EventLoop& loop, const Options& options, Start start);
  ~OpenLoop() override;

  void run();  // returns at once; the schedule begins now
  bool all_started() const { return next_ == options_.requests; }

 private:
  void on_ready(bool readable, bool writable) override;
  TimePoint intended(size_t index) const;
  void arm();

  EventLoop& loop_;
  const Options options_;
  const Start start_;
  Fd timer_;  // a timerfd: finer than the loop's coarse timers
  FdWatcher watcher_;
  TimePoint begin_{};
  size_t next_ = 0;
};

}  // namespace understudy::loadtest
