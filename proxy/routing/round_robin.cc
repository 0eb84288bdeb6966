// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/round_robin.h"

#include <algorithm>
#include <numeric>

#include "proxy/routing/member.h"

namespace understudy::routing {
namespace {

// How often each comes in a round: the weights in lowest terms, scaled down when they would make
// the round too long.
std::vector<std::uint32_t> turns_of(std::span<Member* const> members) {
  std::vector<std::uint32_t> turns;
  turns.reserve(members.size());
  for (const Member* member : members) {
    turns.push_back(std::max<std::uint32_t>(member->weight, 1));
  }
  const std::uint32_t common = std::accumulate(turns.begin(), turns.end(), 0U,
                                               [](auto a, auto b) { return std::gcd(a, b); });
  const std::uint64_t sum = std::accumulate(turns.begin(), turns.end(), std::uint64_t{0}) / common;
  for (std::uint32_t& turn : turns) {
    turn /= common;
    if (sum > kRoundLengthMax) {
      turn = std::max<std::uint32_t>(1, static_cast<std::uint32_t>(turn * kRoundLengthMax / sum));
    }
  }
  return turns;
}

// The turns of each member lie at equal distances over the round.
std::vector<Member*> lay_out(std::span<Member* const> members) {
  struct Turn {
    double at;
    std::uint32_t member;
  };
  const std::vector<std::uint32_t> turns = turns_of(members);
  std::vector<Turn> laid;
  for (std::uint32_t m = 0; m < members.size(); ++m) {
    for (std::uint32_t k = 0; k < turns[m]; ++k) laid.push_back({(k + 0.5) / turns[m], m});
  }
  std::stable_sort(laid.begin(), laid.end(), [](auto& a, auto& b) { return a.at < b.at; });
  std::vector<Member*> round;
  round.reserve(laid.size());
  for (const Turn& turn : laid) round.push_back(members[turn.member]);
  return round;
}

}  // namespace

void RoundRobin::set_members(std::span<Member* const> members) {
  const bool all_equal = std::all_of(members.begin(), members.end(), [&](const Member* member) {
    return member->weight == members.front()->weight;
  });
  position_ = 0;
  if (!all_equal) {
    round_ = lay_out(members);
    const auto last = std::find_if(round_.begin(), round_.end(), [&](const Member* member) {
      return member->serial == last_serial_;
    });
    if (last != round_.end() && last + 1 != round_.end()) {
      position_ = static_cast<std::size_t>(last + 1 - round_.begin());
    }
    return;
  }
  round_.assign(members.begin(), members.end());
  while (position_ < round_.size() && round_[position_]->serial <= last_serial_) ++position_;
  if (position_ == round_.size()) position_ = 0;
}

Member* RoundRobin::next() {
  if (round_.empty()) return nullptr;
  Member* const member = round_[position_];
  if (++position_ == round_.size()) position_ = 0;
  last_serial_ = member->serial;
  return member;
}

}  // namespace understudy::routing
