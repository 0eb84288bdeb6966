// SPDX-License-Identifier: Apache-2.0
#include "base/fd_watcher.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/check.h"
#include "base/event_loop.h"

namespace understudy {
namespace {

event* as_event(std::byte* storage) {
  return reinterpret_cast<event*>(storage);
}

void on_event(evutil_socket_t, short what, void* handler) {
  static_cast<FdWatcher::Handler*>(handler)->on_ready(what & EV_READ, what & EV_WRITE);
}

}  // namespace

void FdWatcher::start(EventLoop& loop, int fd, Handler& handler) {
  static_assert(sizeof(event) <= kEventBytes);
  DCHECK(loop.in_thread());
  stop();
  CHECK(event_assign(as_event(event_), loop.raw(), fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST,
                     on_event, &handler) == 0);
  CHECK(event_add(as_event(event_), nullptr) == 0);
  running_ = true;
}

void FdWatcher::start_listening(EventLoop& loop, int fd, Handler& handler) {
  DCHECK(loop.in_thread());
  stop();
  CHECK(event_assign(as_event(event_), loop.raw(), fd, EV_READ | EV_PERSIST, on_event, &handler) ==
        0);
  CHECK(event_add(as_event(event_), nullptr) == 0);
  running_ = true;
}

void FdWatcher::stop() {
  if (!running_) return;
  event_del(as_event(event_));
  running_ = false;
}

}  // namespace understudy
