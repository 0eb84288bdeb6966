// SPDX-License-Identifier: Apache-2.0
// Beats, probe rounds, and what is concluded from silence and from proofs.
#include <algorithm>

#include "backend_sdk/membership/core.h"
#include "base/log.h"

namespace understudy {

// ---- beats

Beat Membership::Core::beat_now() const {
  const Member* self = view_.find(mid());
  const auto interval_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(options_.interval).count();
  Beat beat{.term = view_.term,
            .view_seq = view_.seq,
            .view_hash = view_hash_,
            .join_seq = self ? self->join_seq : 0,
            .refute = refute_,
            .state = static_cast<uint8_t>(operator_state_),
            .health = static_cast<uint8_t>(health_.score()),
            .interval_ms = static_cast<uint16_t>(std::min<int64_t>(interval_ms, UINT16_MAX)),
            .load = load_,
            .sessions = sessions_,
            .echo = 0,
            .events = {}};
  return beat;
}

// The leader's beats name whom it suspects, so that everybody knows and the suspect can object.
void Membership::Core::send_beats() {
  Beat beat = beat_now();
  std::vector<Peer> to;
  if (writer_) {
    beaten_suspects_ = detector_.suspects();
    for (const MemberId suspect : beaten_suspects_) {
      if (beat.events.size() == kBeatEventsMax) break;
      beat.events.push_back({.mid = suspect,
                             .liveness = static_cast<uint8_t>(Liveness::kSuspect),
                             .refute = refuted_[suspect],
                             .version = view_.version()});
    }
    to = other_usable();
  } else if (const Member* leader = view_.leader(); leader && !is_me(leader->mid)) {
    to.push_back(leader->peer());
  }
  const std::string payload = encode_beat(beat);
  for (const Peer& peer : to) {
    transport_.send_datagram(
        peer, {.type = DatagramType::kBeat, .group = view_.group.id, .payload = payload});
  }
}

void Membership::Core::send_about(DatagramType type, const Peer& to, uint64_t echo,
                                  MemberId target) {
  Beat beat = beat_now();
  beat.echo = echo;
  if (target != kNobody) beat.events.push_back({.mid = target, .version = view_.version()});
  const std::string payload = encode_beat(beat);
  transport_.send_datagram(to, {.type = type, .group = view_.group.id, .payload = payload});
}

void Membership::Core::on_datagram(MemberId from, const Datagram& datagram) {
  Turn turn(*this);
  if (phase_ != Phase::kMember || datagram.group != view_.group.id) return;
  const auto beat = decode_beat(datagram.payload);
  const Member* sender = view_.find(from);
  if (!beat || !sender) return;
  const Member member = *sender;
  heard(from);
  switch (datagram.type) {
    case DatagramType::kBeat:
      on_beat(member, *beat);
      break;
    case DatagramType::kPing:
      send_about(DatagramType::kPong, member.peer(), beat->echo, kNobody);
      break;
    case DatagramType::kPong:
      if (const auto answer = relay_.on_pong(beat->echo)) {
        send_about(DatagramType::kPongFor, answer->asker, answer->nonce, answer->target);
      }
      break;
    case DatagramType::kPingFor:
      on_ping_for(member, *beat);
      break;
    case DatagramType::kPongFor:
      detector_.on_helper_answered(beat->echo);
      if (const auto alive = detector_.on_pong(beat->echo)) heard(*alive);
      break;
    case DatagramType::kNack:
      detector_.on_helper_answered(beat->echo);
      break;
  }
  note_version(member.peer(), uint64_t{beat->term} << 32 | beat->view_seq, beat->view_hash);
}

void Membership::Core::on_beat(const Member& from, const Beat& beat) {
  if (writer_) {
    refuted_[from.mid] = beat.refute;
    if (beat.state <= static_cast<uint8_t>(OperatorState::kDisabled)) {
      writer_->set_operator_state(from.mid, static_cast<OperatorState>(beat.state));
    }
    return;
  }
  const Member* leader = view_.leader();
  if (!leader || leader->mid != from.mid) return;
  reported_suspects_.clear();
  for (const BeatEvent& event : beat.events) {
    if (event.liveness != static_cast<uint8_t>(Liveness::kSuspect)) continue;
    if (!is_me(event.mid)) {
      reported_suspects_.insert(event.mid);
    } else if (event.refute >= refute_) {
      // We object, at once; the same accusation needs no second answer.
      refute_ = static_cast<uint16_t>(event.refute + 1);
      send_beats();
    }
  }
}

void Membership::Core::on_ping_for(const Member& from, const Beat& beat) {
  if (beat.events.empty()) return;
  const Member* target = view_.find(beat.events.front().mid);
  if (!target || is_me(target->mid)) return;
  const Relay::Answer errand{.asker = from.peer(), .nonce = beat.echo, .target = target->mid};
  if (const auto nonce = relay_.accept(errand, now_ + options_.interval / 4)) {
    send_about(DatagramType::kPing, target->peer(), *nonce, kNobody);
  }
}

// ---- probe rounds

void Membership::Core::advance_detector() {
  for (const Detector::Order& order : detector_.advance(now_)) {
    switch (order.step) {
      case Suspicion::Step::kNone:
      case Suspicion::Step::kSuspect:
        break;
      case Suspicion::Step::kRound:
        run_round(order);
        break;
      case Suspicion::Step::kDead:
        on_silent_death(order.peer);
        break;
    }
    if (phase_ != Phase::kMember) return;
  }
  if (writer_ && detector_.suspects() != beaten_suspects_) send_beats();
}

void Membership::Core::run_round(const Detector::Order& order) {
  send_about(DatagramType::kPing, order.peer, order.nonce, kNobody);
  transport_.probe(order.peer);
  const std::vector<Peer> helpers = helpers_for(order.peer.mid);
  for (const Peer& helper : helpers) {
    send_about(DatagramType::kPingFor, helper, order.nonce, order.peer.mid);
  }
  if (!helpers.empty()) detector_.on_helpers_asked(order.nonce);
}

// Any that are not suspected themselves, drawn by lot.
std::vector<Peer> Membership::Core::helpers_for(MemberId target) {
  const std::set<MemberId> suspects = detector_.suspects();
  std::vector<Peer> peers = other_usable();
  std::erase_if(peers, [&](const Peer& peer) {
    return peer.mid == target || suspects.contains(peer.mid) || lost_.contains(peer.mid);
  });
  std::vector<Peer> chosen;
  while (!peers.empty() && chosen.size() < Detector::kHelpersMax) {
    const auto lot = peers.begin() + static_cast<ptrdiff_t>(random_.below(peers.size()));
    chosen.push_back(*lot);
    peers.erase(lot);
  }
  return chosen;
}

void Membership::Core::on_probe_answered(const Peer& peer) {
  Turn turn(*this);
  if (phase_ != Phase::kMember) return;
  heard(peer.mid);
  // The link broke although the process lives: what was under way is lost, say it again. That also
  // opens the link again, which is how we learn of its end.
  const Member* member = view_.find(peer.mid);
  if (!member || !member->is_usable()) return;
  const Member* leader = view_.leader();
  if (writer_) {
    send_view(peer);
  } else if (leader && leader->mid == peer.mid) {
    ask_for_view(peer);
  }
}

void Membership::Core::on_probe_failed(const Peer& peer, LinkDown why) {
  Turn turn(*this);
  if (why == LinkDown::kRefused) on_proof(peer.mid, Liveness::kDead, "its port refuses");
  if (why == LinkDown::kOtherLife) on_proof(peer.mid, Liveness::kDead, "was started again");
}

void Membership::Core::on_link_down(const Peer& peer, LinkDown why) {
  Turn turn(*this);
  if (phase_ == Phase::kJoining) {
    joining_->on_link_down(peer, why);
    return advance_joining();
  }
  switch (why) {
    case LinkDown::kRefused:
      return on_proof(peer.mid, Liveness::kDead, "its port refuses");
    case LinkDown::kOtherLife:
      return on_proof(peer.mid, Liveness::kDead, "was started again");
    case LinkDown::kReset:
      // Ends of links are how a process that dies says so: ask at once.
      if (const Member* member = view_.find(peer.mid); member && member->is_usable()) {
        transport_.probe(peer);
      }
      return;
    case LinkDown::kOverflow:
      return;
  }
}

// ---- signs of life, proofs of death

void Membership::Core::heard(MemberId mid) {
  detector_.heard(mid, now_);
  const auto lost = lost_.find(mid);
  if (lost == lost_.end() || is_proof(lost->second)) return;
  lost_.erase(lost);
  if (is_leader_lost()) return;
  end_election();
  watch_for_view();
}

void Membership::Core::announce(const Peer& peer, bool is_proven) {
  const auto [found, is_new] = announced_.try_emplace(peer.mid, is_proven);
  if (!is_new && (found->second || !is_proven)) return;
  found->second = is_proven;
  deaths_to_tell_.emplace_back(peer, is_proven);
}

// Until now: we were awake, and neither it nor, at a member that hears of others through the
// leader, the leader has been silent.
bool Membership::Core::is_in_touch(MemberId mid) const {
  if (!health_.may_judge(now_)) return false;
  const std::set<MemberId> suspects = detector_.suspects();
  const auto is_silent = [&](MemberId other) {
    const auto lost = lost_.find(other);
    return suspects.contains(other) || (lost != lost_.end() && lost->second != Evidence::kProof);
  };
  const Member* leader = view_.leader();
  return !is_silent(mid) && (writer_ || (leader && !is_silent(leader->mid)));
}

void Membership::Core::on_proof(MemberId mid, Liveness liveness, const char* why) {
  if (phase_ != Phase::kMember) return;
  const Member* member = view_.find(mid);
  if (!member || member->is_proven || is_me(mid)) return;
  const auto announced = announced_.find(mid);
  if (!writer_ && announced != announced_.end() && announced->second) return;
  const Peer peer = member->peer();
  LOG(kInfo, "membership: {} ({:08x}) {}", member->name, mid, why);
  const bool is_fresh = liveness == Liveness::kLeft || is_in_touch(mid);
  const Evidence evidence = is_fresh ? Evidence::kProof : Evidence::kLateProof;
  detector_.unwatch(mid);
  announce(peer, true);
  if (writer_) return writer_->mark(mid, liveness, evidence, now_);
  const Member* leader = view_.leader();
  if (member->is_usable()) lost_[mid] = evidence;
  if (leader && !lost_.contains(leader->mid) && liveness != Liveness::kLeft) {
    tell(leader->peer(), FrameType::kAccuse, encode(AccuseMessage{.mid = mid}));
  }
  consider_election();
}

void Membership::Core::on_silent_death(const Peer& peer) {
  const Member* member = view_.find(peer.mid);
  if (!member || !member->is_usable()) return;
  LOG(kInfo, "membership: {} ({:08x}) is silent", member->name, peer.mid);
  lost_.try_emplace(peer.mid, Evidence::kSilence);
  if (writer_) return bury_the_silent();
  consider_election();
}

// A leader that most others do not reach is the one that is cut off. Were the silent ones dead in
// its view, those who have not agreed on another leader yet would be out when the cut heals, two
// holders of one session at once. So they stay suspects until it sees a quorum, or hears of them.
void Membership::Core::bury_the_silent() {
  if (!has_quorum()) return;
  for (const auto& [mid, evidence] : lost_) {
    writer_->mark(mid, Liveness::kDead, evidence, now_);
  }
}

}  // namespace understudy
