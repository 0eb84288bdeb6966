// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/electing.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"

namespace understudy {

void Electing::end() {
  election_.stand_down();
  next_stand_ = TimePoint::max();
  ballot_.reset();
  watch_.forget_reports();
}

void Electing::advance() {
  if (standing_.now() < next_stand_) return;
  next_stand_ = TimePoint::max();
  consider();
}

// Members that a quorum does not know yet neither stand nor vote, as long as there are others: some
// may still be in the group that they come from.
bool Electing::is_elector(const Member& member) const {
  if (!member.is_usable() || losses_.is_lost(member.mid)) return false;
  if (member.is_confirmed || standing_.is_me(member.mid)) return true;
  const auto& members = standing_.view().members;
  return std::none_of(members.begin(), members.end(), [&](const Member& other) {
    return other.is_usable() && other.is_confirmed && !losses_.is_lost(other.mid);
  });
}

void Electing::consider() {
  if (!group_.is_admitted()) return;
  if (standing_.writer()) return renew_term();
  if (!group_.outlook().is_leader_lost()) return;
  const Member* leader = standing_.view().leader();
  const Member* candidate = nullptr;
  for (const Member& member : standing_.view().members) {
    if (!is_elector(member)) continue;
    if (!candidate || member.join_seq < candidate->join_seq) candidate = &member;
  }
  CHECK(candidate, "the own entry is never lost");
  if (standing_.is_me(candidate->mid)) {
    stand(*leader);
  } else {
    wait_for(candidate->peer());
  }
  decide_ballot();
}

// An older member should take over. It sends us no beats, so whether it lives is asked; and whether
// it knows better, or has gone over to another group.
void Electing::wait_for(const Peer& candidate) {
  next_stand_ = standing_.now() + standing_.interval();
  if (standing_.may_repeat(candidate.mid)) group_.ask_for_view(candidate);
  watch_.accuse(candidate);
}

void Electing::renew_term() {
  const uint32_t later = standing_.reports().later_term();
  if (later <= standing_.view().term) return;
  election_.on_refusal(later);
  stand(*standing_.view().leader());
}

void Electing::on_other_group() {
  end();
  election_ = Election(standing_.mid());
  watch_.set_voted_term(0);
}

// Of all members that are not known to be gone, heard of or not.
Election::Voters Electing::voters() const {
  Election::Voters voters;
  const Member* leader = standing_.view().leader();
  voters.may_leader_live =
      leader && !standing_.is_me(leader->mid) && !losses_.is_certain(leader->mid);
  voters.may_go_on_alone =
      standing_.options().one_goes_on_alone &&
      (!leader || standing_.is_me(leader->mid) || losses_.is_beyond_doubt(leader->mid));
  for (const Member& member : standing_.view().members) {
    if (!member.is_usable() || standing_.is_me(member.mid)) continue;
    if (leader && member.mid == leader->mid) continue;
    const bool is_known = member.is_confirmed || is_elector(member);
    if (is_known && !losses_.is_lost_by_proof(member.mid)) voters.others.insert(member.mid);
  }
  return voters;
}

void Electing::stand(const Member& leader) {
  election_.stand(standing_.view().term);
  watch_.set_voted_term(election_.voted_term());
  losses_.on_voted(*standing_.view().find(standing_.mid()), election_.term());
  const Election::Voters electorate = voters();
  if (election_.is_won(electorate)) return group_.lead(election_.term());
  LOG(kInfo, "membership: {} stands for term {} after {}", standing_.options().self.name,
      election_.term(), leader.name);
  const ElectMessage message{.group = standing_.view().group,
                             .term = election_.term(),
                             .version = standing_.view().version()};
  for (const Peer& peer : standing_.other_usable()) {
    if (!electorate.others.contains(peer.mid)) continue;
    standing_.tell(peer, FrameType::kElect, encode(message));
  }
  next_stand_ = standing_.now() + standing_.interval() / 2;
}

// Whose loss we must see ourselves before we may agree: the leader, and each member older than the
// candidate.
std::optional<Peer> Electing::standing_in_the_way(const Member& candidate) const {
  for (const Member& member : standing_.view().members) {
    if (member.mid == candidate.mid || !is_elector(member)) continue;
    if (member.join_seq < candidate.join_seq) return member.peer();
  }
  return std::nullopt;
}

void Electing::on_elect(const Peer& from, const ElectMessage& message) {
  if (!group_.is_admitted()) return;
  const MemberView& view = standing_.view();
  if (message.group != view.group) {
    // It counts us as one of its own and has lost its leader: let it see where we are.
    const bool is_led = !group_.outlook().is_leader_lost();
    if (is_led && standing_.may_repeat(from.mid)) group_.send_view(from);
    return;
  }
  const Member* candidate = view.find(from.mid);
  const bool is_behind = message.version < view.version() || message.term <= view.term;
  if (is_behind || standing_.writer()) {
    // It stands against a leader that lives, or for a term that is over.
    group_.send_view(from);
    return;
  }
  if (!candidate || !candidate->is_usable()) return group_.ask_for_view(from);
  ballot_.emplace(from, message);
  decide_ballot();
  if (!ballot_) return;
  // Not convinced yet. What is in the way is asked for; the ballot waits for the answer.
  const auto peer = standing_in_the_way(*candidate);
  if (peer && !standing_.is_me(peer->mid)) standing_.transport().probe(*peer);
}

void Electing::decide_ballot() {
  if (!ballot_ || !group_.is_admitted() || standing_.writer()) return;
  const auto& [from, message] = *ballot_;
  const MemberView& view = standing_.view();
  const Member* candidate = view.find(from.mid);
  if (!candidate || !candidate->is_usable() || message.term <= view.term) return ballot_.reset();
  if (standing_in_the_way(*candidate)) return;
  const bool is_granted = election_.vote(message.term, from.mid);
  if (is_granted) losses_.on_voted(*candidate, message.term);
  watch_.set_voted_term(election_.voted_term());
  const Member* leader = view.leader();
  const bool has_proof = leader && losses_.fates().proof(leader->mid) != Fates::Proof::kNone;
  const ElectOkMessage answer{.term = message.term,
                              .is_granted = is_granted,
                              .voted_term = election_.voted_term(),
                              .has_proof = has_proof};
  standing_.tell(from, FrameType::kElectOk, encode(answer));
  ballot_.reset();
}

void Electing::on_elect_ok(const Peer& from, const ElectOkMessage& message) {
  if (!group_.is_admitted() || !election_.is_standing()) return;
  if (!message.is_granted) return election_.on_refusal(message.voted_term);
  election_.on_vote(message.term, from.mid);
  const Member* leader = standing_.writer() ? nullptr : standing_.view().leader();
  if (message.has_proof && leader) losses_.on_second_proof(leader->mid, from.mid);
  const bool may_lead = standing_.writer() || group_.outlook().is_leader_lost();
  if (may_lead && election_.is_won(voters())) group_.lead(election_.term());
}

}  // namespace understudy
