// SPDX-License-Identifier: Apache-2.0
// AnsweredRequests: ids of requests whose whole answers one worker has had from one life of a
// member, until the worker tells that member (Understudy-Answered, cookies/contract.h): then the
// member need not remember them any more. A bounded queue (FIFO): the oldest id is told first, and
// dropped when there is no room; what is never told costs the member memory until its
// RequestMemory has passed. Owned by MemberConnections; worker thread only. Allocates only while it
// grows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace understudy {

inline constexpr std::size_t kAnsweredRequestsMax = 256;  // a power of two

class AnsweredRequests final {
 public:
  void add(std::uint64_t id);
  // Takes out as many of the oldest as there is room for; returns how many.
  std::size_t take(std::span<std::uint64_t> out);
  std::size_t size() const { return size_; }

 private:
  void grow();

  std::vector<std::uint64_t> ids_;  // a ring; its size is a power of two, or 0
  std::size_t first_ = 0;
  std::size_t size_ = 0;
};

}  // namespace understudy
