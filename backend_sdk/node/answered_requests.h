// SPDX-License-Identifier: Apache-2.0
// AnsweredRequests: the ids of requests whose answers have reached the proxy, as requests without a
// session say them. Such a request does not come to the node's thread: what it says waits for one
// that does. Bounded; an id that is lost is remembered by its session for longer. Owned by
// Node::Running; any thread.
#pragma once

#include <mutex>
#include <utility>
#include <vector>

#include "backend_sdk/sessions/requests.h"

namespace understudy {

class AnsweredRequests final {
 public:
  static constexpr std::size_t kKeptMax = 1024;

  void add(const std::vector<RequestId>& ids) {
    if (ids.empty()) return;
    const std::lock_guard lock(mutex_);
    for (const RequestId id : ids) {
      if (ids_.size() < kKeptMax) ids_.push_back(id);
    }
  }

  // All that were added, then `more`.
  std::vector<RequestId> take_with(const std::vector<RequestId>& more) {
    std::vector<RequestId> ids;
    {
      const std::lock_guard lock(mutex_);
      ids = std::exchange(ids_, {});
    }
    ids.insert(ids.end(), more.begin(), more.end());
    return ids;
  }

 private:
  std::mutex mutex_;
  std::vector<RequestId> ids_;  // guarded by mutex_
};

}  // namespace understudy
