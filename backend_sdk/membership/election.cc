// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/election.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

void Election::stand(uint32_t view_term) {
  if (is_standing() && term_ > view_term && term_ > seen_term_) return;
  term_ = std::max({view_term, voted_term_, seen_term_}) + 1;
  votes_.clear();
  CHECK(vote(term_, self_));
}

void Election::on_vote(uint32_t term, MemberId voter) {
  if (is_standing() && term == term_) votes_.insert(voter);
}

void Election::on_refusal(uint32_t voted_term) {
  seen_term_ = std::max(seen_term_, voted_term);
}

size_t Election::Voters::needed() const {
  if (others.empty() && may_go_on_alone) return 0;
  return (others.size() + 1 + (may_leader_live ? 1 : 0)) / 2;
}

bool Election::is_won(const Voters& voters) const {
  if (!is_standing()) return false;
  const auto agreed = std::count_if(votes_.begin(), votes_.end(),
                                    [&](MemberId voter) { return voters.others.contains(voter); });
  return static_cast<size_t>(agreed) >= voters.needed();
}

void Election::stand_down() {
  term_ = 0;
  votes_.clear();
}

bool Election::vote(uint32_t term, MemberId candidate) {
  if (term < voted_term_ || (term == voted_term_ && candidate != voted_for_)) return false;
  voted_term_ = term;
  voted_for_ = candidate;
  return true;
}

}  // namespace understudy
