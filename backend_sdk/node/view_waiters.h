// SPDX-License-Identifier: Apache-2.0
// ViewWaiters: the long polls on the reserved path. Each is answered as soon as the list differs
// from what its proxy has seen, or when its time is over. Bounded; one too many is answered at
// once. Owned by Node::Running, node's thread only.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "backend_sdk/node/contract.h"
#include "backend_sdk/node/pending.h"
#include "base/event_loop.h"

namespace understudy {

class ViewWaiters final {
 public:
  static constexpr std::size_t kWaitersMax = 1024;

  ViewWaiters(EventLoop& loop, const HttpContract& contract) : loop_(loop), contract_(contract) {}
  ViewWaiters(const ViewWaiters&) = delete;

  // Answers now, or keeps it. `current_hash` is that of the list in force.
  void add(const ViewQuestion& question, std::uint64_t current_hash,
           std::shared_ptr<Pending<Decision>> pending);
  void on_published(std::uint64_t current_hash);
  std::size_t size() const { return waiters_.size(); }

 private:
  struct Waiter {
    Waiter(TimerWheel& wheel, ViewWaiters& owner)
        : owner(owner), timer(Timer::of<&Waiter::on_time>(wheel, *this)) {}
    void on_time() { owner.on_time(*this); }
    ViewWaiters& owner;
    ViewQuestion question;
    std::shared_ptr<Pending<Decision>> pending;
    Timer timer;
  };
  void on_time(Waiter& waiter);

  EventLoop& loop_;
  const HttpContract& contract_;
  std::list<Waiter> waiters_;
};

}  // namespace understudy
