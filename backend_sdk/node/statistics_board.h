// SPDX-License-Identifier: Apache-2.0
// StatisticsBoard: the node's counts and the id of its life, written by the node's thread and read
// by any. Owned by Node::Running.
#pragma once

#include <cstdint>
#include <mutex>

#include "backend_sdk/node_core.h"
#include "understudy/node.h"

namespace understudy {

class StatisticsBoard final {
 public:
  void publish(const NodeCoreStatistics& core);
  void set_members_alive(std::uint64_t count);
  void set_mid(MemberId mid);

  NodeStatistics current() const;
  MemberId mid() const;

 private:
  mutable std::mutex mutex_;
  NodeStatistics statistics_;  // guarded by mutex_
  MemberId mid_ = kNobody;     // guarded by mutex_
};

}  // namespace understudy
