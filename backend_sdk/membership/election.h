// SPDX-License-Identifier: Apache-2.0
// Election: votes for the next leader of a group (PROTOCOL section 3): one vote per member and
// term, and at least half of the other members must agree with the candidate. With its own that is
// always more than half of the survivors, so that a term has one leader at most. Pure; who may
// stand, and whether the old leader is really lost, is decided by membership.h's core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "backend_sdk/wire/ids.h"

namespace understudy {

class Election final {
 public:
  explicit Election(MemberId self) : self_(self) {}

  static size_t votes_needed(size_t others) { return (others + 1) / 2; }

  // As candidate. Stands in a term above `view_term` and above every term voted in, voting for
  // itself; goes on in the same term when it stands already, until a refusal showed a higher one.
  void stand(uint32_t view_term);
  bool is_standing() const { return term_ != 0; }
  uint32_t term() const { return term_; }
  void on_vote(uint32_t term, MemberId voter);
  // A voter has already voted in `voted_term`: the next stand() goes above it.
  void on_refusal(uint32_t voted_term);
  bool is_won(const std::set<MemberId>& others) const;
  void stand_down();

  // As voter. The same vote may be given again to the same candidate.
  bool vote(uint32_t term, MemberId candidate);
  uint32_t voted_term() const { return voted_term_; }

 private:
  MemberId self_;
  uint32_t term_ = 0;  // of the candidacy; 0: none
  uint32_t seen_term_ = 0;
  std::set<MemberId> votes_;
  uint32_t voted_term_ = 0;
  MemberId voted_for_ = kNobody;
};

}  // namespace understudy
