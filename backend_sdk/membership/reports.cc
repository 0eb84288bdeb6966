// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/reports.h"

#include <algorithm>

#include "backend_sdk/membership/quorum.h"

namespace understudy {

void Reports::note(MemberId mid, uint64_t version, uint32_t voted_term) {
  if (voted_term > term_) {
    later_term_ = std::max(later_term_, voted_term);
    forget(mid);
    return;
  }
  uint64_t& known = versions_[mid];
  known = std::max(known, version);
}

bool Reports::has_reported(MemberId mid, uint64_t version) const {
  const auto found = versions_.find(mid);
  return found != versions_.end() && found->second >= version;
}

bool Reports::is_known(uint64_t version, const MemberView& view, MemberId self,
                       const std::set<MemberId>& suspects,
                       const std::set<MemberId>& gone_over) const {
  const auto has_it = [&](const Member& member) {
    return member.mid == self ||
           (has_reported(member.mid, version) && !suspects.contains(member.mid));
  };
  const bool is_anybody_late =
      std::any_of(view.members.begin(), view.members.end(), [&](const Member& member) {
        return member.is_usable() && member.is_confirmed && !suspects.contains(member.mid) &&
               !has_it(member);
      });
  if (is_anybody_late) return false;
  if (is_quorate_though_yielding(view, has_it)) return true;
  // No counted member can say so: then each of the others must (M28).
  if (is_measure_dead(view)) {
    return std::all_of(view.members.begin(), view.members.end(), [&](const Member& member) {
      return !member.is_usable() || !member.is_confirmed || has_it(member);
    });
  }
  return std::all_of(view.members.begin(), view.members.end(), [&](const Member& member) {
    return !(member.is_counted || member.is_next) || member.is_proven || has_it(member) ||
           gone_over.contains(member.mid);
  });
}

}  // namespace understudy
