// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/quorum.h"

#include <algorithm>
#include <utility>

namespace understudy {

bool is_quorate(const MemberView& view) {
  return is_quorate(view, [](const Member& member) { return member.liveness == Liveness::kAlive; });
}

bool is_quorate(const MemberView& view, const std::function<bool(const Member&)>& is_seen) {
  size_t counted = 0;
  size_t seen = 0;
  const Member* oldest = nullptr;
  for (const Member& member : view.members) {
    if (!member.is_counted) continue;
    ++counted;
    if (is_seen(member)) ++seen;
    if (!oldest || member.join_seq < oldest->join_seq) oldest = &member;
  }
  if (!oldest) return false;
  return 2 * seen > counted || (2 * seen == counted && is_seen(*oldest));
}

bool settle(MemberView& view) {
  if (!is_quorate(view)) return false;
  bool is_changed = false;
  for (Member& member : view.members) {
    is_changed |= std::exchange(member.is_counted, member.is_usable()) != member.is_usable();
  }
  return is_changed;
}

void bury(MemberView& view, MemberId mid) {
  bool is_anybody_counted = false;
  for (Member& member : view.members) {
    if (member.mid == mid) member.is_counted = false;
    is_anybody_counted |= member.is_counted;
  }
  if (is_anybody_counted) return;
  for (Member& member : view.members) {
    member.is_counted = member.mid != mid && !member.is_proven;
  }
}

}  // namespace understudy
