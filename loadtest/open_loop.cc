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
      arrivals_(options.arrivals),
      timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC)) {
  CHECK(timer_);
}

OpenLoop::~OpenLoop() = default;

void OpenLoop::run() {
  begin_ = SystemClock().now();
  watcher_.start_listening(loop_, timer_.value(), *this);
  plan_next();
  arm();
}

void OpenLoop::plan_next() {
  next_ = arrivals_.next();
  is_over_ = started_ >= options_.requests_max || next_ > options_.duration;
}

void OpenLoop::arm() {
  if (is_over_) return watcher_.stop();
  const int64_t ns = (begin_ + next_).time_since_epoch().count();
  itimerspec when{};
  when.it_value.tv_sec = ns / 1000000000;
  when.it_value.tv_nsec = ns % 1000000000;
  CHECK(::timerfd_settime(timer_.value(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

void OpenLoop::on_ready(bool, bool) {
  uint64_t expirations;
  if (::read(timer_.value(), &expirations, sizeof expirations) < 0) return;
  const TimePoint now = SystemClock().now();
  while (!is_over_ && begin_ + next_ <= now) {
    const Duration intended = next_;
    ++started_;
    plan_next();
    start_(intended);
  }
  arm();
}

}  // namespace understudy::loadtest
