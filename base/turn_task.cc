// SPDX-License-Identifier: Apache-2.0
#include "base/turn_task.h"

#include <utility>

namespace understudy {

void TurnTask::run_at_turn_end() {
  if (place_) return;
  place_ = std::make_shared<TurnTask*>(this);
  loop_.at_turn_end([place = place_] {
    TurnTask* const task = *place;
    if (task == nullptr) return;
    task->place_.reset();
    task->callback_(task->context_);
  });
}

void TurnTask::stop() {
  if (place_) *std::exchange(place_, nullptr) = nullptr;
}

}  // namespace understudy
