// SPDX-License-Identifier: Apache-2.0
#include "loadtest/scenarios.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/check.h"

namespace understudy::loadtest {
namespace {

struct Known {
  const char* name;
  const char* plan;
  std::chrono::seconds duration;
};
constexpr std::array kKnown = {
    Known{"kill", "3s kill a; 8s start a", std::chrono::seconds(15)},
    Known{"stop", "3s stop a; 8s continue a", std::chrono::seconds(15)},
    // From all others.
    Known{"partition", "3s partition a; 8s heal", std::chrono::seconds(15)},
    // The members still see each other.
    Known{"partition-proxy", "3s partition a proxy; 8s heal", std::chrono::seconds(15)},
    // From the members and the store; the proxy still sees it.
    Known{"partition-members", "3s partition a b; 3s partition a c; 3s partition a store; 8s heal",
          std::chrono::seconds(15)},
    Known{"rolling-restart", "3s rolling-restart", std::chrono::seconds(30)},
    Known{"scale-out", "3s scale-out 7", std::chrono::seconds(75)},
    Known{"store", "3s kill store; 4s start store", std::chrono::seconds(12)},
};
constexpr std::string_view kStore = "store";

}  // namespace

std::vector<std::string> scenario_names() {
  std::vector<std::string> names;
  for (const Known& known : kKnown) names.emplace_back(known.name);
  return names;
}

Result<std::vector<Scenario>> scenarios_of(const std::vector<std::string>& names) {
  std::vector<Scenario> scenarios;
  for (const std::string& name : names) {
    const auto known = std::find_if(kKnown.begin(), kKnown.end(),
                                    [&](const Known& its) { return name == its.name; });
    if (known == kKnown.end()) {
      return Error{.code = ErrorCode::kInvalid,
                   .detail = fmt::format("--scenarios '{}': there are {}", name,
                                         fmt::join(scenario_names(), ", "))};
    }
    auto plan = parse_plan(known->plan);
    CHECK(plan, "a plan of ours is wrong");
    Scenario scenario{.name = name, .plan = *std::move(plan), .duration = known->duration};
    for (const ChaosStep& step : scenario.plan) {
      if (step.action != ChaosAction::kScaleOut) continue;
      scenario.members_at_the_end += step.count;
      scenario.has_newcomers = true;  // those who are there already have no reason to move
    }
    scenarios.push_back(std::move(scenario));
  }
  return scenarios;
}

std::vector<ChaosStep> steps_for(const Scenario& scenario, bool has_store) {
  std::vector<ChaosStep> steps = scenario.plan;
  if (has_store) return steps;
  std::erase_if(
      steps, [](const ChaosStep& step) { return step.member == kStore || step.other == kStore; });
  return steps;
}

}  // namespace understudy::loadtest
