// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/round_robin.h"

#include <algorithm>

#include "proxy/routing/member.h"

namespace understudy::routing {

void RoundRobin::set_members(std::span<Member* const> members) {
  const bool all_equal = std::all_of(members.begin(), members.end(), [&](const Member* member) {
    return member->share == members.front()->share;
  });
  position_ = 0;
  if (!all_equal) {
    round_ = lay_out_round(members);
    if (last_serial_ == 0 && !round_.empty()) position_ = first_ % round_.size();
    const auto last = std::find_if(round_.begin(), round_.end(), [&](const Member* member) {
      return member->serial == last_serial_;
    });
    if (last != round_.end() && last + 1 != round_.end()) {
      position_ = static_cast<std::size_t>(last + 1 - round_.begin());
    }
    return;
  }
  round_.assign(members.begin(), members.end());
  if (last_serial_ == 0 && !round_.empty()) position_ = first_ % round_.size();
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
