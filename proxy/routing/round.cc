// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/round.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

#include "proxy/routing/member.h"

namespace understudy::routing {
namespace {

// How often each comes in a round: the shares in lowest terms, scaled down when they would make
// the round too long.
std::vector<std::uint32_t> turns_of(std::span<Member* const> members) {
  std::vector<std::uint32_t> turns;
  turns.reserve(members.size());
  for (const Member* member : members) turns.push_back(std::max<std::uint32_t>(member->share, 1));
  const std::uint32_t common = std::accumulate(turns.begin(), turns.end(), 0U,
                                               [](auto a, auto b) { return std::gcd(a, b); });
  const std::uint64_t sum = std::accumulate(turns.begin(), turns.end(), std::uint64_t{0}) / common;
  for (std::uint32_t& turn : turns) {
    turn /= common;
    if (sum <= kRoundLengthMax) continue;
    const std::uint64_t scaled = std::uint64_t{turn} * kRoundLengthMax / sum;
    turn = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, scaled));
  }
  return turns;
}

// The first place that is free at `place` or behind it, going round. A member that is passed leaves
// a shorter way for the next.
std::uint32_t free_place(std::vector<std::uint32_t>& next, std::uint32_t place) {
  std::uint32_t free = place;
  while (next[free] != free) free = next[free];
  while (next[place] != free) place = std::exchange(next[place], free);
  return free;
}

}  // namespace

// Who has the most turns is placed first, at equal distances over the round; the others as well as
// there is room between.
std::vector<Member*> lay_out_round(std::span<Member* const> members) {
  if (members.empty()) return {};
  const std::vector<std::uint32_t> turns = turns_of(members);
  const auto length = std::accumulate(turns.begin(), turns.end(), 0U);
  std::vector<std::uint32_t> order(members.size());
  std::iota(order.begin(), order.end(), 0U);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return turns[a] > turns[b]; });
  std::vector<std::uint32_t> next(length);  // by place: itself while it is free
  std::iota(next.begin(), next.end(), 0U);
  std::vector<Member*> round(length);
  std::uint32_t left = length;
  for (const std::uint32_t m : order) {
    for (std::uint64_t k = 0; k < turns[m]; ++k) {
      const auto ideal = static_cast<std::uint32_t>(k * length / turns[m]);
      const std::uint32_t place = free_place(next, ideal);
      round[place] = members[m];
      if (--left > 0) next[place] = (place + 1) % length;
    }
  }
  return round;
}

}  // namespace understudy::routing
