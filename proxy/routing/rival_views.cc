// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/rival_views.h"

namespace understudy::routing {
namespace {

// A 503 is an answer, and has brought the member's view.
bool is_failing(const Member& member) {
  const Failure failure = member.back_off.last_failure();
  return member.checked == Checked::kFailing ||
         (failure != Failure::kNone && failure != Failure::kUnavailable);
}

}  // namespace

bool RivalViews::may_hold_to_ours(const Member& member) const {
  const bool is_alive =
      member.liveness == Liveness::kAlive || member.liveness == Liveness::kSuspect;
  return is_alive && !is_failing(member) && !has(member);
}

RivalViews::Count RivalViews::count(std::uint64_t group,
                                    std::span<const std::unique_ptr<Member>> members,
                                    const Member& speaker) const {
  Count count;
  for (const auto& member : members) {
    if (may_hold_to_ours(*member)) ++count.ours;
    const auto said = group_of_.find(member->serial);
    if (said == group_of_.end() || said->second != group) continue;
    if (member.get() == &speaker || !is_failing(*member)) ++count.theirs;
  }
  return count;
}

}  // namespace understudy::routing
