// SPDX-License-Identifier: Apache-2.0
#include "loadtest/timeline.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

Duration from_ms(float ms) {
  return std::chrono::duration_cast<Duration>(std::chrono::duration<float, std::milli>(ms));
}

Duration at_rank(const std::vector<float>& sorted_ms, double share) {
  if (sorted_ms.empty()) return {};
  const auto last = static_cast<double>(sorted_ms.size() - 1);
  return from_ms(sorted_ms[static_cast<size_t>(share * last + 0.5)]);
}

}  // namespace

double ms(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Timeline::Interval& Timeline::interval_at(Duration at) {
  const auto index = static_cast<size_t>(std::max(at, Duration::zero()) / interval_);
  if (index >= intervals_.size()) intervals_.resize(index + 1);
  return intervals_[index];
}

void Timeline::on_started(Duration at) {
  ++started_;
  ++interval_at(at).started;
}

void Timeline::on_succeeded(Duration at, Duration latency) {
  latencies_.record(latency);
  interval_at(at).latencies_ms.push_back(std::chrono::duration<float, std::milli>(latency).count());
}

void Timeline::on_failed(Duration at) {
  ++failed_;
  ++interval_at(at).failed;
}

void Timeline::on_event(Duration at, std::string text) {
  events_.push_back({.at = at, .text = std::move(text)});
}

std::vector<TimelinePoint> Timeline::points(size_t merged) const {
  CHECK(merged > 0);
  std::vector<TimelinePoint> points;
  points.reserve(intervals_.size() / merged + 1);
  for (size_t begin = 0; begin < intervals_.size(); begin += merged) {
    TimelinePoint point{.at = static_cast<Duration::rep>(begin) * interval_};
    std::vector<float> sorted;
    for (size_t i = begin; i < std::min(begin + merged, intervals_.size()); ++i) {
      const Interval& interval = intervals_[i];
      point.started += interval.started;
      point.failed += interval.failed;
      sorted.insert(sorted.end(), interval.latencies_ms.begin(), interval.latencies_ms.end());
    }
    std::sort(sorted.begin(), sorted.end());
    point.succeeded = sorted.size();
    point.median = at_rank(sorted, 0.5);
    point.p99 = at_rank(sorted, 0.99);
    point.longest = at_rank(sorted, 1.0);
    points.push_back(point);
  }
  return points;
}

}  // namespace understudy::loadtest
