// SPDX-License-Identifier: Apache-2.0
// Drain: the node's way out with its sessions: begun once, ended by the core, or here when no
// member is left to take the sessions; and the callbacks that wait for it. Owned by Node::Running;
// node's thread only.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend_sdk/node/pending.h"

namespace understudy {

class NodeCore;

class Drain final {
 public:
  struct Done {};
  using Waiter = std::shared_ptr<Pending<Done>>;

  explicit Drain(std::string member_name) : member_name_(std::move(member_name)) {}
  Drain(const Drain&) = delete;

  // `waiter` is answered when the member has left; at once if it has.
  void begin(NodeCore& core, Waiter waiter);
  // Called after every turn of the core.
  void advance(NodeCore& core);
  bool is_done() const { return state_ == State::kDone; }
  // The node goes down: those that wait are answered.
  void clear() { waiters_.clear(); }

 private:
  enum class State { kNo, kUnderWay, kDone };
  void on_done();

  const std::string member_name_;
  State state_ = State::kNo;
  std::vector<Waiter> waiters_;
};

}  // namespace understudy
