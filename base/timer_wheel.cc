// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace understudy {

void Timer::start_at(TimePoint deadline) {
  deadline_ = deadline;
  running_ = true;
  // A later deadline waits in the old slot: the wheel looks at deadline_ when it gets there.
  if (link_ && wheel_.tick_of(deadline) >= tick_) return;
  if (link_) wheel_.unlink(*this);
  wheel_.place(*this);
}

void Timer::stop() {
  running_ = false;
  if (link_) wheel_.unlink(*this);
}

TimerWheel::TimerWheel(TimePoint start) : start_(start) {}

TimerWheel::~TimerWheel() {
  for (Timer*& slot : slots_) {
    while (slot) unlink(*slot);
  }
}

// Rounded up: a timer never fires early.
uint64_t TimerWheel::tick_of(TimePoint time) const {
  if (time <= start_) return 0;
  return static_cast<uint64_t>((time - start_ + kTick - Duration(1)) / kTick);
}

void TimerWheel::place(Timer& timer) {
  const uint64_t tick = std::max(tick_of(timer.deadline_), tick_ + 1);
  timer.tick_ = std::min(tick, tick_ + kSlots - 1);
  const size_t index = timer.tick_ % kSlots;
  Timer*& head = slots_[index];
  timer.next_ = head;
  if (head) head->link_ = &timer.next_;
  timer.link_ = &head;
  head = &timer;
  occupied_[index / 64] |= uint64_t{1} << (index % 64);
  const TimePoint due = start_ + timer.tick_ * kTick;
  if (due < due_) {
    due_ = due;
    if (notify_) notify_(notify_context_);
  }
}

void TimerWheel::unlink(Timer& timer) {
  *timer.link_ = timer.next_;
  if (timer.next_) timer.next_->link_ = timer.link_;
  timer.link_ = nullptr;
  timer.next_ = nullptr;
  const size_t index = timer.tick_ % kSlots;
  if (!slots_[index]) occupied_[index / 64] &= ~(uint64_t{1} << (index % 64));
}

void TimerWheel::advance(TimePoint now) {
  if (now < due_) return;
  const uint64_t last = static_cast<uint64_t>((now - start_) / kTick);
  // After a long pause one round visits every slot.
  uint64_t tick = last - tick_ > kSlots ? last - kSlots : tick_;
  while (tick < last) {
    ++tick;
    Timer* due = slots_[tick % kSlots];
    // Detach the chain first: callbacks may place timers into this very slot.
    slots_[tick % kSlots] = nullptr;
    occupied_[tick % kSlots / 64] &= ~(uint64_t{1} << (tick % kSlots % 64));
    if (due) due->link_ = &due;
    tick_ = tick;
    while (due) {
      Timer& timer = *due;
      due = timer.next_;
      if (due) due->link_ = &due;
      timer.link_ = nullptr;
      timer.next_ = nullptr;
      if (tick_of(timer.deadline_) > tick) {
        place(timer);
      } else {
        timer.running_ = false;
        timer.callback_(timer.context_);
      }
    }
  }
  tick_ = std::max(tick_, last);
  due_ = next_due();
}

TimePoint TimerWheel::next_due() const {
  for (uint64_t ahead = 1; ahead <= kSlots;) {
    const size_t index = (tick_ + ahead) % kSlots;
    const uint64_t word = occupied_[index / 64] >> (index % 64);
    if (word == 0) {
      ahead += 64 - index % 64;
      continue;
    }
    ahead += static_cast<uint64_t>(std::countr_zero(word));
    return start_ + (tick_ + ahead) * kTick;
  }
  return TimePoint::max();
}

void TimerWheel::on_earlier(void (*notify)(void*), void* context) {
  notify_ = notify;
  notify_context_ = context;
}

}  // namespace understudy
