// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/answered_requests.h"

#include <algorithm>

namespace understudy {
namespace {

constexpr std::size_t kFirstRoom = 8;

}  // namespace

void AnsweredRequests::add(std::uint64_t id) {
  if (size_ == ids_.size()) {
    if (size_ < kAnsweredRequestsMax) {
      grow();
    } else {
      first_ = (first_ + 1) & (ids_.size() - 1);
      --size_;
    }
  }
  ids_[(first_ + size_++) & (ids_.size() - 1)] = id;
}

std::size_t AnsweredRequests::take(std::span<std::uint64_t> out) {
  const std::size_t count = std::min(out.size(), size_);
  for (std::size_t i = 0; i < count; ++i) out[i] = ids_[(first_ + i) & (ids_.size() - 1)];
  if (count > 0) first_ = (first_ + count) & (ids_.size() - 1);
  size_ -= count;
  return count;
}

void AnsweredRequests::grow() {
  std::rotate(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(first_), ids_.end());
  first_ = 0;
  ids_.resize(std::max(kFirstRoom, 2 * ids_.size()));
}

}  // namespace understudy
