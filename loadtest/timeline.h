// SPDX-License-Identifier: Apache-2.0
// Timeline: what happened when. Every request belongs to the interval of its intended start, so an
// interval in which the server stood still shows how long its requests had to wait. Events (a kill,
// a drain) stand beside them. Plain bookkeeping; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/clock.h"
#include "loadtest/histogram.h"

namespace understudy::loadtest {

double ms(Duration duration);
double seconds(Duration duration);

struct TimelineEvent {
  Duration at{};
  std::string text;  // "kill b"
};

struct TimelinePoint {
  Duration at{};  // the interval's beginning
  size_t started = 0;
  size_t succeeded = 0;
  size_t failed = 0;
  Duration median{};  // of those that succeeded
  Duration p99{};
  Duration longest{};
};

class Timeline final {
 public:
  explicit Timeline(Duration interval) : interval_(interval) {}

  // `at`: the intended start, from the run's beginning.
  void on_started(Duration at);
  void on_succeeded(Duration at, Duration latency);
  void on_failed(Duration at);
  void on_event(Duration at, std::string text);

  Duration interval() const { return interval_; }
  // One for each interval from the beginning to the last request; `merged`: so many intervals as
  // one.
  std::vector<TimelinePoint> points(size_t merged = 1) const;
  const std::vector<TimelineEvent>& events() const { return events_; }
  const Histogram& latencies() const { return latencies_; }
  size_t started() const { return started_; }
  size_t succeeded() const { return static_cast<size_t>(latencies_.count()); }
  size_t failed() const { return failed_; }

 private:
  struct Interval {
    size_t started = 0;
    size_t failed = 0;
    std::vector<float> latencies_ms;
  };
  Interval& interval_at(Duration at);

  const Duration interval_;
  std::vector<Interval> intervals_;
  std::vector<TimelineEvent> events_;
  Histogram latencies_;
  size_t started_ = 0;
  size_t failed_ = 0;
};

}  // namespace understudy::loadtest
