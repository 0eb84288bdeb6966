// SPDX-License-Identifier: Apache-2.0
// Scenarios: what `loadtest sessions` lets happen to each product that keeps sessions, by name: the
// same plan for ours and for the peers. Values and pure functions.
#pragma once

#include <string>
#include <vector>

#include "loadtest/chaos_plan.h"

namespace understudy::loadtest {

inline constexpr size_t kMembersOfScenarios = 3;  // begin

struct Scenario {
  std::string name;
  std::vector<ChaosStep> plan;
  Duration duration{};         // of the load
  bool has_newcomers = false;  // new clients come all the time
  size_t members_at_the_end = kMembersOfScenarios;
};

std::vector<std::string> scenario_names();
// kInvalid with the name that is none.
Result<std::vector<Scenario>> scenarios_of(const std::vector<std::string>& names);
// The steps for a product with or without a store: one that names it is left out where there is
// none. None left: the scenario is not for them.
std::vector<ChaosStep> steps_for(const Scenario& scenario, bool has_store);

}  // namespace understudy::loadtest
