// SPDX-License-Identifier: Apache-2.0
// FdWatcher: a descriptor registered once, edge-triggered, for reading and writing, with its loop.
// Usually a member of the connection that owns the descriptor; destroying it ends the registration,
// so no event reaches a dead object. Does not own the descriptor. Loop thread only.
#pragma once

#include <cstddef>

namespace understudy {

class EventLoop;

class FdWatcher final {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;
    // Edges: read until short, write until short; what is not drained is not reported again.
    // Both may be set in one call. The handler may destroy the watcher in here.
    virtual void on_ready(bool readable, bool writable) = 0;
  };

  FdWatcher() = default;
  ~FdWatcher() { stop(); }
  FdWatcher(const FdWatcher&) = delete;

  void start(EventLoop& loop, int fd, Handler& handler);
  // Level-triggered, reading only: for listeners, which accept at most a few in a turn.
  void start_listening(EventLoop& loop, int fd, Handler& handler);
  void stop();
  bool is_running() const { return running_; }
  // The peer has sent its last byte. Known with the edge that brings the data before it, so that a
  // short read need not be repeated just to find the end. A reset may come without it.
  bool peer_has_closed() const { return peer_has_closed_; }

 private:
  // A struct event of libevent lives here, so that this header stays free of libevent's.
  static constexpr size_t kEventBytes = 128;
  alignas(8) std::byte event_[kEventBytes];
  Handler* handler_ = nullptr;
  bool running_ = false;
  bool peer_has_closed_ = false;

  friend struct FdWatcherEvent;
};

}  // namespace understudy
