// SPDX-License-Identifier: Apache-2.0
// What an operator wants of a member, by command or by status= in the configuration. A value; any
// thread. What the member wants itself stands in the view; the stricter of the two is in force.
#pragma once

#include <cstdint>
#include <string_view>

#include "cookies/view.h"

namespace understudy::routing {

// What becomes of the sessions of a draining member.
enum class DrainMode : std::uint8_t {
  kKeep,  // they stay
  kMove,  // they go to their secondary; those that have none stay
};

struct OperatorOrder {
  OperatorState state = OperatorState::kReady;
  DrainMode mode = DrainMode::kKeep;  // with kDraining

  bool operator==(const OperatorOrder&) const = default;
};

std::string_view to_text(OperatorState state);
std::string_view to_text(DrainMode mode);

}  // namespace understudy::routing
