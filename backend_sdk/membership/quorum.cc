// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/quorum.h"

#include <utility>

namespace understudy {

namespace {

bool is_quorate_among(const MemberView& view, const std::function<bool(const Member&)>& is_seen,
                      bool counted_only) {
  size_t counted = 0;
  size_t alive = 0;
  const Member* oldest = nullptr;
  for (const Member& member : view.members) {
    if (member.is_proven || (counted_only && !member.is_counted)) continue;
    ++counted;
    if (is_seen(member)) ++alive;
    if (!oldest || member.join_seq < oldest->join_seq) oldest = &member;
  }
  if (!oldest) return counted_only && is_quorate_among(view, is_seen, false);
  if (2 * alive == counted) return is_seen(*oldest);
  return 2 * alive > counted;
}

}  // namespace

bool is_quorate(const MemberView& view) {
  return is_quorate(view, [](const Member& member) { return member.liveness == Liveness::kAlive; });
}

bool is_quorate(const MemberView& view, const std::function<bool(const Member&)>& is_seen) {
  return is_quorate_among(view, is_seen, true);
}

bool settle(MemberView& view) {
  if (!is_quorate(view)) return false;
  bool is_changed = false;
  for (Member& member : view.members) {
    is_changed |= std::exchange(member.is_counted, member.is_usable()) != member.is_usable();
  }
  return is_changed;
}

}  // namespace understudy
