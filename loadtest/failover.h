// SPDX-License-Identifier: Apache-2.0
// Failover: what each fault cost: the longest wait and the failures among the requests that were
// meant to start between it and the next one. Pure, over a timeline.
#pragma once

#include <string>
#include <vector>

#include "loadtest/timeline.h"

namespace understudy::loadtest {

struct FaultCost {
  Duration at{};
  std::string text;  // the event: "kill a"
  std::string kind;  // its first word
  Duration longest{};
  size_t failed = 0;
};

// One for each event that is something done to a process, in the order of time.
std::vector<FaultCost> fault_costs(const Timeline& timeline);

struct FaultKind {
  std::string kind;
  size_t times = 0;
  Duration median{};  // of the longest waits
  Duration longest{};
  size_t failed = 0;
};
// Sums by kind, the kinds in the order in which they first came.
std::vector<FaultKind> by_kind(const std::vector<FaultCost>& costs);

}  // namespace understudy::loadtest
