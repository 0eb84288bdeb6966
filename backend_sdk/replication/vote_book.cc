// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/vote_book.h"

namespace understudy {

std::optional<MemberId> VoteBook::vote(const ClaimPayload& claim) {
  const auto found = votes_.find(claim.parties.id);
  if (found != votes_.end()) return found->second.winner;
  if (votes_.size() >= options_.votes_max) return std::nullopt;
  votes_.emplace(claim.parties.id, Vote{.parties = claim.parties, .winner = claim.claimant});
  return claim.claimant;
}

void VoteBook::mark_over(Vote& vote, MemberId party, TimePoint now) {
  const bool was_over = vote.primary_over && vote.secondary_over;
  if (party == vote.parties.primary) vote.primary_over = true;
  if (party == vote.parties.secondary) vote.secondary_over = true;
  if (!was_over && vote.primary_over && vote.secondary_over) {
    ending_.emplace(now + options_.kept, vote.parties.id);
  }
}

void VoteBook::on_closed(ChannelId channel, MemberId party, TimePoint now) {
  const auto found = votes_.find(channel);
  if (found != votes_.end()) mark_over(found->second, party, now);
}

void VoteBook::on_dead(MemberId member, TimePoint now) {
  for (auto& [channel, vote] : votes_) mark_over(vote, member, now);
}

void VoteBook::expire(TimePoint now) {
  while (!ending_.empty() && ending_.begin()->first <= now) {
    votes_.erase(ending_.begin()->second);
    ending_.erase(ending_.begin());
  }
}

TimePoint VoteBook::wake_at() const {
  return ending_.empty() ? TimePoint::max() : ending_.begin()->first;
}

void VoteBook::forget_all_for_fault() {
  votes_.clear();
  ending_.clear();
}

}  // namespace understudy
