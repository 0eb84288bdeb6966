// SPDX-License-Identifier: Apache-2.0
// NodeDoor: the way from application threads into the node's thread, and the count of requests
// under way. Shared by the Node, which closes it before its loop goes, and by Session handles,
// which may outlive the Node and then find it closed. Any thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>

#include "backend_sdk/node/fork_guard.h"
#include "backend_sdk/sessions/requests.h"

namespace understudy {

class EventLoop;
class NodeCore;

class NodeDoor final {
 public:
  // Work runs on the loop's thread and gets the core, in the order posted.
  using Work = std::function<void(NodeCore&)>;
  // `run` is called on the loop's thread with each piece of work.
  NodeDoor(EventLoop& loop, std::function<void(const Work&)> run)
      : run_(std::move(run)), loop_(&loop) {}
  NodeDoor(const NodeDoor&) = delete;

  // False when closed, or in a forked child; `work` is then dropped by the caller.
  bool post(Work work);
  // Nothing gets in any more; what is in may still run.
  void close();

  std::size_t under_way() const { return under_way_.load(std::memory_order_relaxed); }

 private:
  friend class UnderWay;

  // Constant after construction.
  const std::function<void(const Work&)> run_;
  const ForkGuard fork_;

  // Shared.
  std::mutex mutex_;
  EventLoop* loop_;  // guarded by mutex_; null once closed
  std::atomic<std::size_t> under_way_{0};
};

// One request under way, from begin() until its release; counted as long as it lives.
class UnderWay final {
 public:
  explicit UnderWay(std::shared_ptr<NodeDoor> door) : door_(std::move(door)) {
    door_->under_way_.fetch_add(1, std::memory_order_relaxed);
  }
  ~UnderWay() { door_->under_way_.fetch_sub(1, std::memory_order_relaxed); }
  UnderWay(const UnderWay&) = delete;

  NodeDoor& door() const { return *door_; }

 private:
  const std::shared_ptr<NodeDoor> door_;
};

}  // namespace understudy
