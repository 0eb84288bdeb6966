// SPDX-License-Identifier: Apache-2.0
// The leader is lost: the oldest survivor asks the others to agree, and takes over.
#include "backend_sdk/membership/core.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

bool Membership::Core::is_leader_lost() const {
  const Member* leader = view_.leader();
  return !leader || lost_.contains(leader->mid);
}

void Membership::Core::end_election() {
  election_.stand_down();
  next_stand_ = TimePoint::max();
  ballot_.reset();
  reported_suspects_.clear();
}

// Called whenever somebody was lost, a vote came in, or time to try again has come.
void Membership::Core::consider_election() {
  if (phase_ != Phase::kMember || writer_ || !is_leader_lost()) return;
  const Member* leader = view_.leader();
  const Member* candidate = nullptr;
  for (const Member& member : view_.members) {
    if (!member.is_usable() || lost_.contains(member.mid)) continue;
    if (!candidate || member.join_seq < candidate->join_seq) candidate = &member;
  }
  CHECK(candidate, "the own entry is never lost");
  if (is_me(candidate->mid)) {
    stand(*leader);
  } else {
    wait_for(candidate->peer());
  }
  decide_ballot();
}

// Somebody older should take over. It sends us no beats, so whether it lives is asked; and whether
// it knows better, or has gone over to another group.
void Membership::Core::wait_for(const Peer& candidate) {
  if (!detector_.is_watched(candidate.mid)) detector_.accuse(candidate, now_);
  if (may_repeat(candidate.mid)) ask_for_view(candidate);
  next_stand_ = now_ + options_.interval;
  advance_detector();
}

// Who has to agree: everybody else who is not known to be gone, heard of or not.
std::set<MemberId> Membership::Core::voters() const {
  std::set<MemberId> voters;
  const Member* leader = view_.leader();
  for (const Peer& peer : other_usable()) {
    const auto lost = lost_.find(peer.mid);
    const bool is_proven = lost != lost_.end() && is_proof(lost->second);
    if (!is_proven && (!leader || peer.mid != leader->mid)) voters.insert(peer.mid);
  }
  return voters;
}

void Membership::Core::stand(const Member& leader) {
  election_.stand(view_.term);
  const std::set<MemberId> others = voters();
  if (election_.is_won(others)) return lead(election_.term());
  LOG(kInfo, "membership: {} stands for term {} after {}", options_.self.name, election_.term(),
      leader.name);
  const ElectMessage message{
      .group = view_.group, .term = election_.term(), .version = view_.version()};
  for (const Peer& peer : other_usable()) {
    if (!others.contains(peer.mid)) continue;
    tell(peer, FrameType::kElect, encode(message));
  }
  next_stand_ = now_ + options_.interval / 2;
}

// Whose loss we must see ourselves before we may agree: the leader, and everybody older than the
// candidate.
std::optional<Peer> Membership::Core::standing_in_the_way(const Member& candidate) const {
  for (const Member& member : view_.members) {
    if (!member.is_usable() || member.mid == candidate.mid || lost_.contains(member.mid)) continue;
    if (member.join_seq < candidate.join_seq) return member.peer();
  }
  return std::nullopt;
}

void Membership::Core::on_elect(const Peer& from, const ElectMessage& message) {
  if (phase_ != Phase::kMember) return;
  if (message.group != view_.group) {
    // It counts us as one of its own and has lost its leader: let it see where we are.
    if (!is_leader_lost() && may_repeat(from.mid)) send_view(from);
    return;
  }
  const Member* candidate = view_.find(from.mid);
  const bool is_behind = message.version < view_.version() || message.term <= view_.term;
  if (is_behind || writer_) {
    // It stands against a leader that lives, or for a term that is over.
    send_view(from);
    return;
  }
  if (!candidate || !candidate->is_usable()) return ask_for_view(from);
  ballot_.emplace(from, message);
  decide_ballot();
  if (!ballot_) return;
  // Not convinced yet. What is in the way is asked for; the ballot waits for the answer.
  if (const auto peer = standing_in_the_way(*candidate); peer && !is_me(peer->mid)) {
    transport_.probe(*peer);
  }
}

void Membership::Core::decide_ballot() {
  if (!ballot_ || phase_ != Phase::kMember || writer_) return;
  const auto& [from, message] = *ballot_;
  const Member* candidate = view_.find(from.mid);
  if (!candidate || !candidate->is_usable() || message.term <= view_.term) return ballot_.reset();
  if (standing_in_the_way(*candidate)) return;
  const bool is_granted = election_.vote(message.term, from.mid);
  const ElectOkMessage answer{
      .term = message.term, .is_granted = is_granted, .voted_term = election_.voted_term()};
  tell(from, FrameType::kElectOk, encode(answer));
  ballot_.reset();
}

void Membership::Core::on_elect_ok(const Peer& from, const ElectOkMessage& message) {
  if (phase_ != Phase::kMember || writer_ || !election_.is_standing()) return;
  if (!message.is_granted) return election_.on_refusal(message.voted_term);
  election_.on_vote(message.term, from.mid);
  if (is_leader_lost() && election_.is_won(voters())) lead(election_.term());
}

}  // namespace understudy
