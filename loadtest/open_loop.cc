// SPDX-License-Identifier: Apache-2.0
#include "loadtest/open_loop.h"

#include <sys/timerfd.h>
#include <unistd.h>

#include "base/check.h"

namespace understudy::loadtest {

OpenLoop::OpenLoop(EventLoop& loop, const Options& options, Start start)
    : loop_(loop),
      options_(options),
      start_(std::move(start)),
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
  CHECK(timer_);
  CHECK(options_.requests_per_second > 0);
}

OpenLoop::~OpenLoop() = default;

void OpenLoop::run() {
  begin_ = loop_.now();
  watcher_.start_listening(loop_, timer_.value(), *this);
  arm();
}

TimePoint OpenLoop::intended(size_t index) const {
  const double seconds = static_cast<double>(index) / options_.requests_per_second;
  return begin_ + std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

void OpenLoop::arm() {
  if (all_started()) return watcher_.stop();
  const int64_t ns = intended(next_).time_since_epoch().count();
  itimerspec when{};
  when.it_value.tv_sec = ns / 1000000000;
  when.it_value.tv_nsec = ns % 1000000000;
  CHECK(::timerfd_settime(timer_.value(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

void OpenLoop::on_ready(bool, bool) {
  uint64_t expirations;
  if (::read(timer_.value(), &expirations, sizeof expirations) < 0) return;
  const TimePoint now = SystemClock().now();
  while (!all_started() && intended(next_) <= now) {
    const size_t index = next_++;
    start_(index, intended(index));
  }
  arm();
}

}  // namespace understudy::loadtest
