// SPDX-License-Identifier: Apache-2.0
// Acceptor: takes connections from one listening socket, a few in a turn of the loop so that those
// which are open get theirs too, and rests when the process has no descriptors left. Owned by a
// Worker; worker thread only.
#pragma once

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/fd_watcher.h"
#include "base/socket.h"
#include "base/timer_wheel.h"

namespace understudy {

inline constexpr int kAcceptsPerTurnMax = 32;
inline constexpr Duration kAcceptRest = std::chrono::milliseconds(100);

class Acceptor final : private FdWatcher::Handler {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_accepted(std::size_t site, Accepted accepted) = 0;
    // False: no more now; resume() follows.
    virtual bool may_accept() const = 0;
  };

  Acceptor(EventLoop& loop, Fd listener, std::size_t site, Owner& owner);

  void resume();
  void pause();
  // One more turn's worth, before the socket is closed.
  void take_waiting() { on_ready(true, false); }
  const Fd& listener() const { return listener_; }

 private:
  void on_ready(bool readable, bool writable) override;
  void on_timer() { resume(); }

  // Constant after construction.
  EventLoop& loop_;
  const Fd listener_;
  const std::size_t site_;
  Owner& owner_;

  // State of the worker thread.
  FdWatcher watcher_;
  Timer rest_;
};

}  // namespace understudy
