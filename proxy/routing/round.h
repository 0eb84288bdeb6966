// SPDX-License-Identifier: Apache-2.0
// A round: the members in such an order that each comes as often as its share says, and those of a
// large share never in a burst where that can be avoided. Laid out once per change of the members,
// so that a turn is one array access with 2,000 members too. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace understudy::routing {

struct Member;

// A round of this length follows the shares exactly; where their sum (divided by what they have in
// common) is above it they are scaled down to it, never below one turn in a round.
inline constexpr std::size_t kRoundLengthMax = 8192;

std::vector<Member*> lay_out_round(std::span<Member* const> members);

}  // namespace understudy::routing
