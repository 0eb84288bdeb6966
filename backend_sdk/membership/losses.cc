// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/losses.h"

#include <algorithm>
#include <utility>

#include "backend_sdk/wire/id_text.h"
#include "base/log.h"

namespace understudy {

Losses::Losses(Standing& standing, Group& group)
    : standing_(standing),
      group_(group),
      fates_(standing.mid(), standing.interval(), standing.now()) {}

bool Losses::is_lost_by_proof(MemberId mid) const {
  const auto found = lost_.find(mid);
  return found != lost_.end() && is_proof(found->second);
}

// ---- signs of life

void Losses::on_life(MemberId mid) {
  const bool is_withdrawn = fates_.on_life(mid, standing_.now());
  const Member* member = standing_.view().find(mid);
  probe_again_.erase(mid);
  if (is_withdrawn) {
    LOG(kNotice, "membership: {} ({}) refused a connection and lives all the same",
        member ? member->name : "member", mid_text(mid));
    announced_.erase(mid);
    group_.tell({mid, member ? member->cluster_address : Address()}, Group::News::kAlive);
    // It may have been said before the refusal, and come late.
    if (member) standing_.transport().probe(member->peer());
  }
  const auto lost = lost_.find(mid);
  if (lost == lost_.end() || (is_proof(lost->second) && !is_withdrawn)) return;
  lost_.erase(lost);
  if (!group_.outlook().is_leader_lost()) group_.on_found();
}

void Losses::on_vouched(MemberId mid) {
  on_life(mid);
}

void Losses::on_probe_answered(const Peer& peer) {
  on_life(peer.mid);
  answer(peer.mid, FrameType::kProbeForOk);
}

void Losses::on_probe_failed(const Peer& peer, LinkDown why) {
  switch (why) {
    case LinkDown::kRefused:
      on_refused(peer);
      break;
    case LinkDown::kOtherLife:
      on_gone(peer, Liveness::kDead, "was started again");
      break;
    case LinkDown::kReset:
    case LinkDown::kOverflow:
    case LinkDown::kOtherKey:
    case LinkDown::kOtherCluster:
    case LinkDown::kOtherProtocol:
      questions_.erase(peer.mid);
      return;
  }
  if (fates_.proof(peer.mid) != Fates::Proof::kNone) answer(peer.mid, FrameType::kAccuse);
}

void Losses::answer(MemberId mid, FrameType type) {
  const auto found = questions_.find(mid);
  if (found == questions_.end()) return;
  const std::vector<Peer> askers = std::move(found->second);
  questions_.erase(found);
  // A leader accuses no member; it buries.
  if (type == FrameType::kAccuse && standing_.writer()) return;
  for (const Peer& asker : askers) standing_.tell(asker, type, encode(AboutMessage{mid}));
}

// ---- proofs of death

void Losses::on_refused(const Peer& peer) {
  const bool was_again = fates_.is_refused_again(peer.mid);
  if (!fates_.on_refused(peer.mid, standing_.now())) return;
  const auto lost = lost_.find(peer.mid);
  const bool was_silent = lost != lost_.end() && !is_proof(lost->second);
  // Silent and refused at once, as in on_silence().
  if (was_silent) fates_.on_accused(peer.mid, standing_.mid());
  on_proof(peer, Liveness::kDead, "its port refuses");
  const bool is_again = fates_.is_refused_again(peer.mid);
  if (is_again) {
    probe_again_.erase(peer.mid);
  } else if (lost_.contains(peer.mid)) {
    probe_again_.try_emplace(peer.mid, fates_.second_refusal_at(peer.mid));
  }
  if (is_again && !was_again && !standing_.writer() && group_.is_admitted()) group_.on_lost();
}

TimePoint Losses::due() const {
  TimePoint due = TimePoint::max();
  for (const auto& [mid, when] : probe_again_) due = std::min(due, when);
  return due;
}

void Losses::advance() {
  std::erase_if(probe_again_, [this](const auto& entry) {
    const auto lost = lost_.find(entry.first);
    return lost == lost_.end() || !is_proof(lost->second) || is_certain(entry.first);
  });
  for (auto& [mid, when] : probe_again_) {
    if (standing_.now() < when) continue;
    when = standing_.now() + standing_.interval();
    const Member* member = standing_.view().find(mid);
    if (member && others_than(mid).empty()) standing_.transport().probe(member->peer());
  }
}

void Losses::on_gone(const Peer& peer, Liveness liveness, const char* why) {
  if (peer.mid == kNobody || standing_.is_me(peer.mid)) return;
  fates_.on_gone(peer.mid, standing_.now());
  on_proof(peer, liveness, why);
}

void Losses::on_proof(const Peer& peer, Liveness liveness, const char* why) {
  const MemberId mid = peer.mid;
  if (!group_.is_admitted() || mid == kNobody || standing_.is_me(mid)) return;
  const Member* known = standing_.view().find(mid);
  if (!known) return announce(peer, true);
  if (known->is_proven) return;
  const Member member = *known;
  const auto announced = announced_.find(mid);
  const bool is_news = announced == announced_.end() || !announced->second;
  if (is_news) LOG(kInfo, "membership: {} ({}) {}", member.name, mid_text(mid), why);
  if (member.is_usable() && !is_lost_by_proof(mid)) {
    const bool is_fresh = liveness == Liveness::kLeft || group_.outlook().is_in_touch(mid);
    lost_[mid] = is_fresh ? Evidence::kProof : Evidence::kLateProof;
  }
  announce(member.peer(), true);
  if (ViewWriter* writer = standing_.writer()) {
    if (fates_.proof(mid) != Fates::Proof::kFinal) return bury();
    const auto lost = lost_.find(mid);
    writer->mark(mid, liveness, lost == lost_.end() ? Evidence::kLateProof : lost->second,
                 standing_.now());
    lost_.erase(mid);
    return;
  }
  if (!is_news) return;
  const Member* leader = standing_.view().leader();
  if (leader && !lost_.contains(leader->mid) && liveness != Liveness::kLeft) {
    standing_.tell(leader->peer(), FrameType::kAccuse, encode(AboutMessage{mid}));
  }
  group_.on_lost();
}

void Losses::on_silence(const Peer& peer) {
  const Member* member = standing_.view().find(peer.mid);
  if (!member || !member->is_usable()) return;
  LOG(kInfo, "membership: {} ({}) is silent", member->name, mid_text(peer.mid));
  lost_.try_emplace(peer.mid, Evidence::kSilence);
  const bool is_refused = is_lost_by_proof(peer.mid);
  // Refused and silent at once: that needs no second witness.
  if (is_refused) fates_.on_accused(peer.mid, standing_.mid());
  if (standing_.writer()) return bury();
  group_.on_lost();
}

// ---- what others say

void Losses::on_accused(const Peer& from, MemberId mid) {
  const Member* member = standing_.view().find(mid);
  if (!standing_.writer() || !member || member->is_proven || standing_.is_me(mid)) return;
  fates_.on_accused(mid, from.mid);
  if (fates_.proof(mid) != Fates::Proof::kNone) return bury();
  on_question(from, mid);
}

void Losses::on_question(const Peer& from, MemberId mid) {
  const Member* member = standing_.view().find(mid);
  if (!member || standing_.is_me(mid)) return;
  if (fates_.proof(mid) != Fates::Proof::kNone && !standing_.writer()) {
    return standing_.tell(from, FrameType::kAccuse, encode(AboutMessage{mid}));
  }
  if (questions_.size() >= kQuestionsMax && !questions_.contains(mid)) return;
  std::vector<Peer>& askers = questions_[mid];
  const bool is_waiting = std::find(askers.begin(), askers.end(), from) != askers.end();
  if (!is_waiting && askers.size() < kAskersMax) askers.push_back(from);
  standing_.transport().probe(member->peer());
}

// Who could have been refused as well: usable, and neither lost nor suspected.
std::vector<Peer> Losses::others_than(MemberId mid) const {
  const std::set<MemberId> suspects = group_.outlook().suspects();
  std::vector<Peer> others = standing_.other_usable();
  std::erase_if(others, [&](const Peer& peer) {
    return peer.mid == mid || suspects.contains(peer.mid) || lost_.contains(peer.mid);
  });
  return others;
}

// With no member to ask a refusal is only believed after a silence (on_silence): a member that
// lives behind a firewall is heard of within a beat. NoWitness available waits for one beat only.
bool Losses::is_agreed(MemberId mid) {
  if (is_certain(mid)) return true;
  if (!others_than(mid).empty()) return false;
  const Member* member = standing_.view().find(mid);
  const bool was_silent = member && !member->is_usable();
  if (standing_.options().one_goes_on_alone) return was_silent || fates_.is_refused_again(mid);
  return was_silent && group_.outlook().sees_quorum();
}

bool Losses::is_certain(MemberId mid) const {
  return fates_.proof(mid) == Fates::Proof::kFinal || fates_.has_accuser(mid);
}

bool Losses::is_beyond_doubt(MemberId mid) const {
  const auto lost = lost_.find(mid);
  const bool is_silent = lost != lost_.end() && !is_proof(lost->second);
  return is_silent || is_certain(mid) || fates_.is_refused_again(mid);
}

void Losses::ask_others(const Peer& about) {
  std::vector<Peer> others = others_than(about.mid);
  for (size_t asked = 0; asked < kHelpersMax && !others.empty(); ++asked) {
    const auto lot =
        others.begin() + static_cast<ptrdiff_t>(standing_.random().below(others.size()));
    standing_.tell(*lot, FrameType::kProbeFor, encode(AboutMessage{about.mid}));
    others.erase(lot);
  }
}

// ---- the leader buries

// A leader that most others do not reach is the one that is cut off. Were the silent ones dead in
// its view, those who have not agreed on another leader yet would be out when the cut heals, two
// holders of one session at once. So they stay suspects until it sees a quorum, or hears of them.
void Losses::bury() {
  ViewWriter* writer = standing_.writer();
  if (!writer) return;
  const bool may_bury_silent = group_.outlook().sees_quorum() && !standing_.view().is_yielding();
  for (auto entry = lost_.begin(); entry != lost_.end();) {
    const auto [mid, evidence] = *entry;
    const Member* member = standing_.view().find(mid);
    const bool is_enough = is_proof(evidence) ? is_agreed(mid) : may_bury_silent;
    if (!member || is_enough) {
      if (member) writer->mark(mid, Liveness::kDead, evidence, standing_.now());
      entry = lost_.erase(entry);
      continue;
    }
    if (is_proof(evidence)) ask_others(member->peer());
    ++entry;
  }
  for (const Member& member : standing_.view().members) {
    if (member.is_usable() || member.is_proven) continue;
    if (fates_.proof(member.mid) == Fates::Proof::kNone) continue;
    if (is_agreed(member.mid)) {
      writer->mark(member.mid, Liveness::kDead, Evidence::kLateProof, standing_.now());
    } else {
      ask_others(member.peer());
    }
  }
}

void Losses::on_voted(const Member& candidate, uint32_t term) {
  for (const Member& member : standing_.view().members) {
    const bool is_older = member.is_usable() && member.join_seq < candidate.join_seq;
    if (is_older) fates_.on_voted_out(member.mid, term);
  }
}

// All that agreed have seen the loss of the leader, and of all members older than we are.
void Losses::hand_to_writer() {
  const MemberView& view = standing_.view();
  const Member* self = view.find(standing_.mid());
  for (const Member& member : view.members) {
    if (!member.is_usable() || standing_.is_me(member.mid)) continue;
    if (member.join_seq > self->join_seq) continue;
    const auto lost = lost_.find(member.mid);
    const bool is_enough = lost != lost_.end() && is_proof(lost->second) && is_agreed(member.mid);
    standing_.writer()->mark(member.mid, Liveness::kDead,
                             is_enough ? lost->second : Evidence::kSilence, standing_.now());
    lost_.erase(member.mid);
  }
  bury();
}

// ---- views

void Losses::announce(const Peer& peer, bool is_proven) {
  if (announced_.size() >= Fates::kProofsMax && !announced_.contains(peer.mid)) return;
  const auto [found, is_new] = announced_.try_emplace(peer.mid, is_proven);
  if (!is_new && (found->second || !is_proven)) return;
  found->second = is_proven;
  group_.tell(peer, is_proven ? Group::News::kProven : Group::News::kDead);
}

void Losses::announce_deaths(const MemberView& before, bool is_first) {
  for (const Member& member : standing_.view().members) {
    if (member.is_usable() || standing_.is_me(member.mid)) continue;
    const Member* old = before.find(member.mid);
    const bool is_news = !old || old->is_usable() || (member.is_proven && !old->is_proven);
    if (member.is_proven) fates_.on_gone(member.mid, standing_.now());
    // A member that died before this one came is no news to the layers above.
    if (is_news && (old || !is_first)) announce(member.peer(), member.is_proven);
    if (member.is_proven) standing_.transport().forget(member.peer());
  }
  for (const Member& member : before.members) {
    if (standing_.view().find(member.mid) || standing_.is_me(member.mid)) continue;
    if (member.is_usable()) announce(member.peer(), false);
    standing_.transport().forget(member.peer());
    announced_.erase(member.mid);
    if (!member.is_proven) note_missing(member);
  }
}

// Its tombstone has gone, or the view was written by a side that has never known it. A channel may
// still wait for its death, and the next life at its address proves that.
void Losses::note_missing(const Member& member) {
  if (fates_.proof(member.mid) == Fates::Proof::kFinal) return;
  if (missing_.size() == kMissingMax) missing_.pop_front();
  missing_.push_back(member.peer());
}

void Losses::look_for_missing() {
  std::erase_if(missing_, [this](const Peer& peer) {
    return standing_.view().find(peer.mid) || fates_.proof(peer.mid) == Fates::Proof::kFinal;
  });
  for (const Peer& peer : missing_) standing_.transport().probe(peer);
}

void Losses::on_view(const MemberView& before, bool is_first) {
  announce_deaths(before, is_first);
  std::erase_if(out_of_touch_,
                [this](MemberId mid) { return standing_.view().find(mid) == nullptr; });
  std::erase_if(lost_, [&](const auto& entry) {
    const Member* member = standing_.view().find(entry.first);
    return !member || !member->is_usable();
  });
}

void Losses::forget_silence() {
  std::erase_if(lost_, [](const auto& entry) { return !is_proof(entry.second); });
}

// We listen where they did.
void Losses::bury_own_earlier_lives() {
  std::vector<Peer> earlier;
  for (const Member& member : standing_.view().members) {
    if (standing_.is_me(member.mid) || member.is_proven) continue;
    if (member.cluster_address == standing_.options().self.cluster_address &&
        fates_.proof(member.mid) != Fates::Proof::kFinal) {
      earlier.push_back(member.peer());
    }
  }
  for (const Peer& peer : earlier) on_gone(peer, Liveness::kDead, "was our own earlier life");
}

}  // namespace understudy
