// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/witnessing.h"

#include <algorithm>

namespace understudy {

Witnessing::Witnessing(const ReplicationOptions& options, Links& links)
    : options_(options),
      links_(links),
      book_({.votes_max = options.votes_max, .kept = options.outcome_kept}) {}

void Witnessing::on_claim(const ClaimPayload& claim, TimePoint now) {
  const bool is_primarys = claim.claimant == claim.parties.primary;
  if (is_primarys != (claim.grounds == ClaimGrounds::kPrimary)) return;
  const bool needs_proof = claim.grounds == ClaimGrounds::kProof &&
                           !seems_gone(links_.fate(claim.parties.primary)) &&
                           !book_.has_voted(claim.parties.id);
  if (needs_proof) {
    hold(claim, now);
  } else {
    vote(claim, now);
  }
}

void Witnessing::vote(const ClaimPayload& claim, TimePoint now) {
  held_.erase(claim.parties.id);
  const auto winner = book_.vote(claim);
  if (!winner) return;
  ++votes_given_;
  Frame frame{.type = FrameType::kVote, .channel = claim.parties.id, .payload = {}};
  encode_member(*winner, frame.payload);
  links_.send(claim.claimant, std::move(frame));
  // Dead already? Then no other member will say so.
  for (const MemberId party : {claim.parties.primary, claim.parties.secondary}) {
    if (party == claim.claimant || links_.fate(party) == Fate::kUsable) continue;
    book_.on_closed(claim.parties.id, party, now);
  }
}

void Witnessing::hold(const ClaimPayload& claim, TimePoint now) {
  if (held_.contains(claim.parties.id) || held_.size() >= options_.claims_held_max) return;
  const MemberId primary = claim.parties.primary;
  const bool is_probed = std::any_of(held_.begin(), held_.end(), [primary](const auto& entry) {
    return entry.second.claim.parties.primary == primary;
  });
  held_.emplace(claim.parties.id, Held{claim, now + options_.claim_held});
  if (!is_probed) links_.probe(primary);
}

void Witnessing::on_fates(TimePoint now) {
  std::vector<ClaimPayload> proven;
  for (const auto& [channel, held] : held_) {
    if (seems_gone(links_.fate(held.claim.parties.primary))) proven.push_back(held.claim);
  }
  for (const ClaimPayload& claim : proven) vote(claim, now);
}

void Witnessing::on_alive(MemberId member) {
  std::erase_if(
      held_, [member](const auto& entry) { return entry.second.claim.parties.primary == member; });
}

void Witnessing::on_closed(ChannelId channel, MemberId party, TimePoint now) {
  book_.on_closed(channel, party, now);
}

void Witnessing::on_dead(MemberId member, TimePoint now) {
  book_.on_dead(member, now);
}

void Witnessing::expire(TimePoint now) {
  std::erase_if(held_, [now](const auto& entry) { return entry.second.until <= now; });
  book_.expire(now);
  if (options_.faults.amnesiac_witness) book_.forget_all_for_fault();
}

TimePoint Witnessing::wake_at() const {
  TimePoint at = book_.wake_at();
  for (const auto& [channel, held] : held_) at = std::min(at, held.until);
  return at;
}

}  // namespace understudy
