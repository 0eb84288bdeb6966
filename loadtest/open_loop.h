// SPDX-License-Identifier: Apache-2.0
// OpenLoop: starts requests on a schedule that does not care how fast the server answers, so that a
// stall shows in every request that should have been sent during it (no coordinated omission):
// latency counts from the intended start. Loop thread only.
#pragma once

#include <functional>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/fd_watcher.h"
#include "loadtest/arrivals.h"

namespace understudy::loadtest {

class OpenLoop final : private FdWatcher::Handler {
 public:
  struct Options {
    Arrivals::Options arrivals;
    size_t requests_max = SIZE_MAX;       // ends after so many
    Duration duration = Duration::max();  // or when the next one would start later than this
  };
  // Called at (or, after a late turn, behind) the intended start, counted from run(). Requests that
  // are late start all at once.
  using Start = std::function<void(Duration intended)>;

  OpenLoop(EventLoop& loop, const Options& options, Start start);
  ~OpenLoop() override;

  void run();  // returns at once; the schedule begins now
  TimePoint begin() const { return begin_; }
  bool all_started() const { return is_over_; }
  size_t started() const { return started_; }

 private:
  void on_ready(bool readable, bool writable) override;
  void plan_next();
  void arm();

  EventLoop& loop_;
  const Options options_;
  const Start start_;
  Arrivals arrivals_;
  Fd timer_;  // a timerfd: finer than the loop's coarse timers
  FdWatcher watcher_;
  TimePoint begin_{};
  Duration next_{};
  size_t started_ = 0;
  bool is_over_ = false;
};

}  // namespace understudy::loadtest
