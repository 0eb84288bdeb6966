// SPDX-License-Identifier: Apache-2.0
// ReplicatorStatistics: what a member's channels have done. A value; NodeCore hands it on as it is,
// added up over the member's lives.
#pragma once

#include <cstdint>

namespace understudy {

struct ReplicatorStatistics {
  uint64_t claims = 0;      // started by this member, as primary or secondary
  uint64_t claims_won = 0;
  uint64_t promotions = 0;  // channels taken over
  uint64_t fences = 0;      // channels in which this member was overtaken
  uint64_t votes = 0;       // as witness
  uint64_t adoptions = 0;

  ReplicatorStatistics& operator+=(const ReplicatorStatistics& other) {
    claims += other.claims;
    claims_won += other.claims_won;
    promotions += other.promotions;
    fences += other.fences;
    votes += other.votes;
    adoptions += other.adoptions;
    return *this;
  }
};

}  // namespace understudy
