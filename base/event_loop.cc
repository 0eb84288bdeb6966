// SPDX-License-Identifier: Apache-2.0
#include "base/event_loop.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/fd.h"

namespace understudy {

struct EventLoop::Shared {
  std::mutex mutex;
  std::vector<std::function<void()>> posted;  // guarded by mutex
  bool stop = false;                          // guarded by mutex
  Fd wakeup;
  event wakeup_event;
  event wheel_event;
  // Written by the loop's thread, asked by any: each thread needs to know only its own id again.
  std::atomic<std::thread::id> thread = std::this_thread::get_id();
};

Result<std::unique_ptr<EventLoop>> EventLoop::open() {
  event_config* config = event_config_new();
  CHECK(config);
  // One thread uses the base and posts come through an eventfd of ours: libevent needs no lock.
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_ET);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (!base) return Error{.code = ErrorCode::kSystem, .detail = "no epoll event base available"};
  auto shared = std::make_unique<Shared>();
  shared->wakeup = Fd(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!shared->wakeup) {
    event_base_free(base);
    return Error{.code = ErrorCode::kSystem, .detail = "no eventfd: too many open files?"};
  }
  return std::unique_ptr<EventLoop>(new EventLoop(base, std::move(shared)));
}

EventLoop::EventLoop(event_base* base, std::unique_ptr<Shared> shared)
    : base_(base), shared_(std::move(shared)), now_(clock_.now()), timers_(now_) {
  event_assign(&shared_->wakeup_event, base_, shared_->wakeup.value(), EV_READ | EV_PERSIST,
               &EventLoop::on_wakeup, this);
  event_add(&shared_->wakeup_event, nullptr);
  event_assign(&shared_->wheel_event, base_, -1, 0, &EventLoop::on_wheel, this);
  timers_.on_earlier([](void* self) { static_cast<EventLoop*>(self)->arm_wheel(); }, this);
}

EventLoop::~EventLoop() {
  timers_.on_earlier(nullptr, nullptr);
  event_del(&shared_->wakeup_event);
  event_del(&shared_->wheel_event);
  event_base_free(base_);
}

bool EventLoop::in_thread() const {
  return shared_->thread.load(std::memory_order_relaxed) == std::this_thread::get_id();
}

void EventLoop::run() {
  shared_->thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
  while (!stopping_) turn(EVLOOP_ONCE);
  stopping_ = false;
}

void EventLoop::run_once(Duration wait_max) {
  shared_->thread.store(std::this_thread::get_id(), std::memory_order_relaxed);
  if (wait_max <= Duration::zero()) return turn(EVLOOP_NONBLOCK);
  // A timer of our own bounds the wait.
  Timer bound(
      timers_, [](void*) {}, nullptr);
  bound.start_at(now() + wait_max);
  turn(EVLOOP_ONCE);
}

void EventLoop::turn(int flags) {
  now_is_fresh_ = false;
  CHECK(event_base_loop(base_, flags) >= 0);
  // Work deferred by deferred work belongs to this turn too.
  while (!turn_end_.empty()) {
    std::swap(turn_end_, turn_end_running_);
    for (auto& item : turn_end_running_) item();
    turn_end_running_.clear();
  }
  now_is_fresh_ = false;
}

void EventLoop::stop() {
  {
    std::lock_guard lock(shared_->mutex);
    shared_->stop = true;
  }
  wake_up();
}

void EventLoop::wake_up() {
  const uint64_t one = 1;
  CHECK(::write(shared_->wakeup.value(), &one, sizeof one) == sizeof one || errno == EAGAIN);
}

void EventLoop::read_clock() const {
  now_ = clock_.now();
  now_is_fresh_ = true;
}

void EventLoop::post(std::function<void()> work) {
  bool was_empty = false;
  {
    std::lock_guard lock(shared_->mutex);
    CHECK(shared_->posted.size() < kPostedMax, "a loop does not keep up with what is posted");
    was_empty = shared_->posted.empty();
    shared_->posted.push_back(std::move(work));
  }
  if (was_empty) wake_up();
}

void EventLoop::at_turn_end(std::function<void()> work) {
  DCHECK(in_thread());
  turn_end_.push_back(std::move(work));
}

void EventLoop::on_wakeup(int fd, short, void* self) {
  auto& loop = *static_cast<EventLoop*>(self);
  uint64_t count;
  if (::read(fd, &count, sizeof count) < 0 && errno != EAGAIN) CHECK(errno == EINTR);
  {
    std::lock_guard lock(loop.shared_->mutex);
    // What was taken before runs first, and what was posted before a stop runs before it.
    if (loop.posted_.empty()) {
      loop.posted_.swap(loop.shared_->posted);
      if (std::exchange(loop.shared_->stop, false)) loop.stopping_ = true;
    }
  }
  loop.run_posted();
}

void EventLoop::run_posted() {
  const TimePoint end = read() + kPostedTurn;
  while (next_posted_ < posted_.size()) {
    const auto work = std::move(posted_[next_posted_++]);
    work();
    if (read() >= end && !stopping_) break;
  }
  if (next_posted_ < posted_.size()) return wake_up();
  posted_.clear();
  next_posted_ = 0;
  // The wakeup of what was posted meanwhile may have come and gone.
  std::lock_guard lock(shared_->mutex);
  if (shared_->stop || !shared_->posted.empty()) wake_up();
}

void EventLoop::arm_wheel() {
  const TimePoint due = timers_.next_due();
  if (due == wheel_armed_for_) return;
  wheel_armed_for_ = due;
  if (due == TimePoint::max()) {
    event_del(&shared_->wheel_event);
    return;
  }
  const Duration wait = std::max(due - now(), Duration::zero());
  const auto us = std::chrono::ceil<std::chrono::microseconds>(wait).count();
  timeval timeout{.tv_sec = us / 1000000, .tv_usec = us % 1000000};
  event_add(&shared_->wheel_event, &timeout);
}

void EventLoop::on_wheel(int, short, void* self) {
  auto& loop = *static_cast<EventLoop*>(self);
  loop.wheel_armed_for_ = TimePoint::max();
  loop.timers_.advance(loop.now());
  loop.arm_wheel();
}

}  // namespace understudy
