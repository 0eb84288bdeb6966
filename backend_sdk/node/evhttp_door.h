// SPDX-License-Identifier: Apache-2.0
// EvhttpDoor: the way from the node's thread into an application's libevent loop: a list and an
// eventfd watched by the loop. Shared by the EvhttpServer, which closes it, and by callbacks under
// way in the node, which then find it closed. post() from any thread, the rest on the loop's.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/fd.h"
#include "understudy/executor.h"

struct event;
struct event_base;

namespace understudy {

class EvhttpDoor final : public Executor {
 public:
  explicit EvhttpDoor(event_base* base);
  ~EvhttpDoor() override;
  EvhttpDoor(const EvhttpDoor&) = delete;

  // Bounded by the requests under way, each of which is in here at most once at a time.
  void post(std::function<void()> work) override;
  // Nothing runs any more, not even what was posted before.
  void close();

 private:
  // Guarded by its own mutex. Apart from the door, because work that runs may end the door.
  struct Letters {
    std::mutex mutex;
    std::vector<std::function<void()>> posted;
    bool closed = false;
  };
  static void on_wakeup(int fd, short what, void* self);

  // Constant after construction.
  const Fd wakeup_;
  const std::shared_ptr<Letters> letters_;

  event* wakeup_event_;  // owned; null once closed; loop thread
};

}  // namespace understudy
