// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/least_busy.h"

#include <algorithm>
#include <utility>

#include "proxy/routing/member.h"

namespace understudy::routing {
namespace {

constexpr std::uint32_t kNowhere = UINT32_MAX;
constexpr std::uint64_t kTurn = std::uint64_t{1} << 32;  // of a share of 1

std::uint64_t share_of(const Member& member) {
  return std::max<std::uint64_t>(member.share, 1);
}

}  // namespace

bool LeastBusy::comes_before(const Member& a, const Member& b) const {
  const std::uint64_t busy_a = a.busy * share_of(b);
  const std::uint64_t busy_b = b.busy * share_of(a);
  return busy_a != busy_b ? busy_a < busy_b : turns_[a.slot] < turns_[b.slot];
}

void LeastBusy::put(std::size_t place, Member* member) {
  heap_[place] = member;
  places_[member->slot] = static_cast<std::uint32_t>(place);
}

void LeastBusy::rise(std::size_t place) {
  Member* const member = heap_[place];
  while (place > 0) {
    const std::size_t parent = (place - 1) / 2;
    if (!comes_before(*member, *heap_[parent])) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, member);
}

void LeastBusy::sink(std::size_t place) {
  Member* const member = heap_[place];
  for (;;) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && comes_before(*heap_[child + 1], *heap_[child])) ++child;
    if (!comes_before(*heap_[child], *member)) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, member);
}

void LeastBusy::set_members(std::span<Member* const> members) {
  heap_.assign(members.begin(), members.end());
  std::size_t slots = places_.size();
  for (const Member* member : members) slots = std::max<std::size_t>(slots, member->slot + 1);
  places_.assign(slots, kNowhere);
  const bool is_first = turns_.empty();
  turns_.resize(slots);
  // Far below a turn, so that it decides among those that have had none.
  for (std::size_t i = 0; is_first && i < members.size(); ++i) {
    turns_[members[i]->slot] = (i + members.size() - first_ % members.size()) % members.size();
  }
  for (std::size_t place = 0; place < heap_.size(); ++place) put(place, heap_[place]);
  for (std::size_t place = heap_.size() / 2; place-- > 0;) sink(place);
}

Member* LeastBusy::next() {
  if (heap_.empty()) return nullptr;
  Member* const member = heap_.front();
  // Who was busy or away for long has not saved up turns meanwhile.
  turn_ = std::max(turn_, turns_[member->slot]);
  turns_[member->slot] = turn_ + kTurn / share_of(*member);
  sink(0);
  return member;
}

void LeastBusy::on_busy(const Member& member) {
  if (member.slot >= places_.size() || places_[member.slot] == kNowhere) return;
  const std::size_t place = places_[member.slot];
  rise(place);
  sink(places_[member.slot]);
}

}  // namespace understudy::routing
