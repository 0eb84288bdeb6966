// SPDX-License-Identifier: Apache-2.0
// SessionStatistics: what the session layer has done since the process began. A value; NodeCore
// hands it on as it is.
#pragma once

#include <cstdint>

namespace understudy {

struct SessionStatistics {
  uint64_t requests = 0;
  uint64_t commits = 0;   // that changed something
  uint64_t replays = 0;   // request ids that had been committed before
  uint64_t created = 0;
  uint64_t promoted = 0;  // taken over from another member
  uint64_t lost = 0;
  uint64_t recovered = 0;
  uint64_t expired = 0;
  uint64_t solo_responses = 0;
  uint64_t rerouted = 0;     // 421
  uint64_t unavailable = 0;  // 503
  uint64_t fenced = 0;       // sessions in which this member was overtaken
  uint64_t conflicts = 0;    // two owners met
  uint64_t lookups = 0;
};

}  // namespace understudy
