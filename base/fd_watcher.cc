// SPDX-License-Identifier: Apache-2.0
#include "base/fd_watcher.h"

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/check.h"
#include "base/event_loop.h"

namespace understudy {

struct FdWatcherEvent {
  static void on_event(evutil_socket_t, short what, void* watcher) {
    auto& self = *static_cast<FdWatcher*>(watcher);
    if (what & EV_CLOSED) self.peer_has_closed_ = true;
    self.handler_->on_ready(what & (EV_READ | EV_CLOSED), what & EV_WRITE);
  }
};

namespace {

event* as_event(std::byte* storage) {
  return reinterpret_cast<event*>(storage);
}

}  // namespace

void FdWatcher::start(EventLoop& loop, int fd, Handler& handler) {
  static_assert(sizeof(event) <= kEventBytes);
  DCHECK(loop.in_thread());
  stop();
  handler_ = &handler;
  peer_has_closed_ = false;
  CHECK(event_assign(as_event(event_), loop.raw(), fd,
                     EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, FdWatcherEvent::on_event,
                     this) == 0);
  CHECK(event_add(as_event(event_), nullptr) == 0);
  running_ = true;
}

void FdWatcher::start_listening(EventLoop& loop, int fd, Handler& handler) {
  DCHECK(loop.in_thread());
  stop();
  handler_ = &handler;
  peer_has_closed_ = false;
  CHECK(event_assign(as_event(event_), loop.raw(), fd, EV_READ | EV_PERSIST,
                     FdWatcherEvent::on_event, this) == 0);
  CHECK(event_add(as_event(event_), nullptr) == 0);
  running_ = true;
}

void FdWatcher::stop() {
  if (!running_) return;
  event_del(as_event(event_));
  running_ = false;
}

}  // namespace understudy
