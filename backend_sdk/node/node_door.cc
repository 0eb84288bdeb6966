// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/node_door.h"

#include "base/event_loop.h"

namespace understudy {

bool NodeDoor::post(Work work) {
  if (fork_.is_child()) return false;
  const std::lock_guard lock(mutex_);
  if (!loop_) return false;
  // Letters never run after close(): the owner stops the loop first and drops them unread.
  loop_->post([this, work = std::move(work)] { run_(work); });
  return true;
}

void NodeDoor::close() {
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
}

}  // namespace understudy
