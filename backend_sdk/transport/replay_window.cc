// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/replay_window.h"

namespace understudy {

bool ReplayWindow::accept(uint64_t counter) {
  if (counter == 0 || counter + kSize <= highest_) return false;
  if (counter > highest_) {
    const uint64_t advance = counter - highest_;
    if (advance >= kSize) {
      seen_.reset();
    } else {
      for (uint64_t i = highest_ + 1; i <= counter; ++i) seen_.reset(i % kSize);
    }
    highest_ = counter;
  } else if (seen_.test(counter % kSize)) {
    return false;
  }
  seen_.set(counter % kSize);
  return true;
}

}  // namespace understudy
