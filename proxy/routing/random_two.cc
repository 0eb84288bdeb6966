// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/random_two.h"

#include "proxy/routing/member.h"
#include "proxy/routing/round.h"

namespace understudy::routing {
namespace {

// Where one member has nearly all of the share, a second one may not come up at all.
constexpr int kDrawsMax = 4;

}  // namespace

void RandomTwo::set_members(std::span<Member* const> members) {
  round_ = lay_out_round(members);
}

Member* RandomTwo::next() {
  if (round_.empty()) return nullptr;
  Member* const one = draw();
  Member* other = draw();
  for (int draws = 1; other == one && draws < kDrawsMax; ++draws) other = draw();
  const bool other_is_less_busy =
      std::uint64_t{other->busy} * one->share < std::uint64_t{one->busy} * other->share;
  return other_is_less_busy ? other : one;
}

}  // namespace understudy::routing
