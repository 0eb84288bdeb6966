// SPDX-License-Identifier: Apache-2.0
// ForkGuard: tells a process that was forked from the one in which the guard was made. A node's
// thread does not come along, its locks may be held for ever, and its epoll is still the parent's:
// in the child nothing of it is touched. Costs one load. Any thread.
#pragma once

#include <cstdint>

namespace understudy {

class ForkGuard final {
 public:
  ForkGuard();
  bool is_child() const { return count() != made_at_; }
  std::uint32_t made_at() const { return made_at_; }
  // Forks between the first process that made a guard and this one.
  static std::uint32_t count();

 private:
  const std::uint32_t made_at_;
};

// What a call in a child is answered.
inline constexpr const char* kForked =
    "this process was forked from the one that opened the node; open a node in each process, after "
    "the fork";

}  // namespace understudy
