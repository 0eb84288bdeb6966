// SPDX-License-Identifier: Apache-2.0
// Election: votes for the next leader of a group (PROTOCOL M17): one vote per member and term, and
// with the candidate's own more than half of those that are not proven dead must agree, the old
// leader included. So a term has one leader at most, and the half of an even split that has lost
// the leader elects none against it. Of two members one is enough, where that is the policy. Pure;
// who may stand, and whether the old leader is really lost, is decided by membership.h's core.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>

#include "backend_sdk/wire/ids.h"

namespace understudy {

class Election final {
 public:
  explicit Election(MemberId self) : self_(self) {}

  struct Voters {
    std::set<MemberId> others;     // not the candidate, not the old leader
    bool may_leader_live = false;  // the old leader is another member, and not proven dead
    bool may_go_on_alone = true;   // NoWitness available
    // Of the others, besides the candidate's own.
    size_t needed() const;
  };

  // As candidate. Stands in a term above `view_term` and above every term voted in, voting for
  // itself; goes on in the same term when it stands already, until a refusal showed a higher one.
  void stand(uint32_t view_term);
  bool is_standing() const { return term_ != 0; }
  uint32_t term() const { return term_; }
  void on_vote(uint32_t term, MemberId voter);
  // A voter has already voted in `voted_term`: the next stand() goes above it.
  void on_refusal(uint32_t voted_term);
  bool is_won(const Voters& voters) const;
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
