// SPDX-License-Identifier: Apache-2.0
// Partition: a plan's `partition` and `heal`, carried out on a network: which pairs of hosts a step
// means, and the commands that part or join them. Called by what carries a plan out. Loop
// thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "loadtest/chaos_plan.h"
#include "loadtest/network.h"

namespace understudy::loadtest {

// One host and all others, two hosts, or, where a step names none, all of them.
std::vector<std::pair<std::string, std::string>> pairs_meant(const ChaosStep& step,
                                                             const std::vector<std::string>& hosts);

// The caller keeps the commands until they have ended.
Network::Commands part_or_heal(Network& network, const ChaosStep& step);

}  // namespace understudy::loadtest
