// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/party_fates.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"

namespace understudy {

void PartyFates::update(Fate partner, Fate witness, bool has_quorum, TimePoint now) {
  partner_ = partner;
  witness_ = witness;
  gone_since_ = seems_gone(partner) ? std::min(gone_since_, now) : TimePoint::max();
  const bool are_proven = partner == Fate::kProven && witness == Fate::kProven;
  const bool is_alone =
      partner != Fate::kUsable && witness != Fate::kUsable && (has_quorum || are_proven);
  alone_since_ = is_alone ? std::min(alone_since_, now) : TimePoint::max();
}

bool PartyFates::may_go_on_alone(NoWitnessPolicy policy) const {
  // One that is only refused may live behind a firewall; membership looks again soon (P20).
  const bool is_dead = partner_ == Fate::kDead || partner_ == Fate::kDeadAndRefused;
  return partner_ == Fate::kProven || (is_dead && policy == NoWitnessPolicy::kAvailable);
}

bool PartyFates::is_undecidable(Duration lease, TimePoint now) const {
  return alone_since_ != TimePoint::max() && now >= alone_since_ + 2 * grace_of(lease);
}

}  // namespace understudy
