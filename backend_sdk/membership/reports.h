// SPDX-License-Identifier: Apache-2.0
// Reports: which version of the leader's view each member has, as its beats say, and so what a
// quorum knows. Kept by the leader of one term. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <set>

#include "backend_sdk/membership/view.h"

namespace understudy {

class Reports final {
 public:
  explicit Reports(uint32_t term) : term_(term) {}

  // A member that has voted in a later term follows another leader, and counts for nothing here.
  void note(MemberId mid, uint64_t version, uint32_t voted_term);
  // The latest term that a member was seen to have voted in; 0: none later than ours.
  uint32_t later_term() const { return later_term_; }
  void forget(MemberId mid) { versions_.erase(mid); }
  bool has_reported(MemberId mid, uint64_t version) const;

  // All confirmed members that are not suspected have the version, and they are a quorum. (Who is
  // suspected may follow another leader by now.) Without one: all that are counted have it, are
  // proven dead or have `gone_over` to another group, so that no other side can exist; where all
  // that are counted are dead, all others have it. The yield of `view` does not matter here.
  bool is_known(uint64_t version, const MemberView& view, MemberId self,
                const std::set<MemberId>& suspects, const std::set<MemberId>& gone_over = {}) const;

 private:
  const uint32_t term_;
  uint32_t later_term_ = 0;
  std::map<MemberId, uint64_t> versions_;
};

}  // namespace understudy
