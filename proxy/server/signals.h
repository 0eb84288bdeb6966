// SPDX-License-Identifier: Apache-2.0
// Signals as events of the main loop: blocked in every thread, read from a descriptor, so that no
// handler ever runs in the middle of something. Owned by main; made before any thread is.
#pragma once

#include <functional>
#include <memory>

#include "base/event_loop.h"
#include "base/fd.h"
#include "base/fd_watcher.h"
#include "base/result.h"

namespace understudy {

class Signals final : private FdWatcher::Handler {
 public:
  // SIGTERM, SIGINT, SIGHUP and SIGUSR1 go to `on_signal` in a turn of the loop; SIGPIPE nowhere.
  static Result<std::unique_ptr<Signals>> open(EventLoop& loop, std::function<void(int)> on_signal);
  ~Signals() override;
  Signals(const Signals&) = delete;

 private:
  Signals(Fd fd, std::function<void(int)> on_signal)
      : fd_(std::move(fd)), on_signal_(std::move(on_signal)) {}
  void on_ready(bool readable, bool writable) override;

  const Fd fd_;
  const std::function<void(int)> on_signal_;
  FdWatcher watcher_;
};

}  // namespace understudy
