// SPDX-License-Identifier: Apache-2.0
// PartyFates: what one end of a channel knows of the other two members, its partner at the other
// end and the witness: when a claim is decided without their votes. Pure. Owned by PrimaryChannel
// and by SecondaryChannel.
#pragma once

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/replication/options.h"
#include "base/clock.h"

namespace understudy {

class PartyFates final {
 public:
  // `has_quorum`: a death that is only believed counts on the majority's side.
  void update(Fate partner, Fate witness, bool has_quorum, TimePoint now);

  Fate partner() const { return partner_; }
  Fate witness() const { return witness_; }
  // When the partner was first refused or proven dead, without a sign of life since.
  TimePoint gone_since() const { return gone_since_; }
  // In a channel without a witness: is the partner's vote not needed any more?
  bool may_go_on_alone(NoWitnessPolicy policy) const;
  // No member has been able to vote for so long that none will: neither end owns the channel.
  bool is_undecidable(Duration lease, TimePoint now) const;

 private:
  Fate partner_ = Fate::kUsable;
  Fate witness_ = Fate::kUsable;
  TimePoint gone_since_ = TimePoint::max();
  TimePoint alone_since_ = TimePoint::max();
};

}  // namespace understudy
