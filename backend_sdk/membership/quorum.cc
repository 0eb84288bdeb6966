// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/quorum.h"

#include <algorithm>
#include <utility>

namespace understudy {

bool is_quorate(const MemberView& view) {
  return is_quorate(view, [](const Member& member) { return member.liveness == Liveness::kAlive; });
}

namespace {

bool is_part_seen(const MemberView& view, bool Member::*is_part,
                  const std::function<bool(const Member&)>& is_seen) {
  size_t counted = 0;
  size_t seen = 0;
  const Member* oldest = nullptr;
  for (const Member& member : view.members) {
    if (!(member.*is_part)) continue;
    ++counted;
    if (is_seen(member)) ++seen;
    if (!oldest || member.join_seq < oldest->join_seq) oldest = &member;
  }
  if (!oldest) return false;
  return 2 * seen > counted || (2 * seen == counted && is_seen(*oldest));
}

}  // namespace

bool is_quorate(const MemberView& view, const std::function<bool(const Member&)>& is_seen) {
  return !view.is_yielding() && is_quorate_though_yielding(view, is_seen);
}

bool is_quorate_though_yielding(const MemberView& view,
                                const std::function<bool(const Member&)>& is_seen) {
  if (!is_part_seen(view, &Member::is_counted, is_seen)) return false;
  return !is_measure_proposed(view) || is_part_seen(view, &Member::is_next, is_seen);
}

bool is_measure_proposed(const MemberView& view) {
  return std::any_of(view.members.begin(), view.members.end(),
                     [](const Member& member) { return member.is_next; });
}

bool propose(MemberView& view) {
  const auto belongs = [](const Member& member) {
    return member.is_usable() && member.is_confirmed;
  };
  const bool is_measure =
      std::none_of(view.members.begin(), view.members.end(),
                   [&](const Member& member) { return belongs(member) != member.is_counted; });
  if (is_measure || is_measure_proposed(view) || !is_quorate(view)) return false;
  for (Member& member : view.members) member.is_next = belongs(member);
  return true;
}

void commit_measure(MemberView& view) {
  for (Member& member : view.members) member.is_counted = std::exchange(member.is_next, false);
}

bool is_measure_dead(const MemberView& view) {
  return std::all_of(view.members.begin(), view.members.end(), [](const Member& member) {
    return !(member.is_counted || member.is_next) || (!member.is_usable() && member.is_proven);
  });
}

bool propose_survivors(MemberView& view) {
  if (view.is_yielding() || !is_measure_dead(view)) return false;
  const bool is_certain =
      std::all_of(view.members.begin(), view.members.end(), [](const Member& member) {
        return member.is_usable() ? member.is_confirmed : member.is_proven;
      });
  if (!is_certain) return false;
  for (Member& member : view.members) {
    member.is_counted = false;
    member.is_next = member.is_usable();
  }
  return true;
}

bool release_the_dead(MemberView& view) {
  if (view.is_yielding() || is_quorate(view)) return false;
  const auto votes = [](const Member& member) { return member.is_counted || member.is_next; };
  bool is_anybody_seen = false;
  for (const Member& member : view.members) {
    if (!votes(member)) continue;
    if (member.liveness != Liveness::kAlive && !member.is_proven) return false;
    is_anybody_seen |= member.liveness == Liveness::kAlive;
  }
  if (!is_anybody_seen) return false;
  for (Member& member : view.members) {
    if (member.is_proven) member.is_counted = member.is_next = false;
  }
  return true;
}

void bury(MemberView& view, MemberId mid) {
  bool is_anybody_counted = false;
  for (Member& member : view.members) {
    if (member.mid == mid) member.is_counted = member.is_next = false;
    is_anybody_counted |= member.is_counted;
  }
  if (is_anybody_counted) return;
  for (Member& member : view.members) {
    member.is_counted = member.mid != mid && !member.is_proven;
  }
}

}  // namespace understudy
