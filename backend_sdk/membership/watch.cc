// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/watch.h"

#include <algorithm>

#include "backend_sdk/wire/id_text.h"
#include "base/log.h"

namespace understudy {

Watch::Watch(Standing& standing, Group& group, Losses& losses)
    : standing_(standing),
      group_(group),
      losses_(losses),
      health_(standing.interval()),
      detector_(health_, standing.random()),
      relay_(standing.random()),
      operator_state_(standing.options().self.operator_state) {}

// ---- time

void Watch::on_call(TimePoint promised) {
  const TimePoint now = standing_.now();
  const Duration deaf = health_.on_call(now, promised);
  if (deaf > Duration::zero()) detector_.forgive(deaf, now);
}

TimePoint Watch::due() const {
  return std::min({next_beat_, detector_.due(), relay_.due()});
}

void Watch::advance() {
  for (const Detector::Order& order : detector_.advance(standing_.now())) {
    switch (order.step) {
      case Suspicion::Step::kNone:
        break;
      case Suspicion::Step::kSuspect:
        losses_.on_suspected(order.peer.mid);
        break;
      case Suspicion::Step::kRound:
        run_round(order);
        break;
      case Suspicion::Step::kDead:
        losses_.on_silence(order.peer);
        break;
    }
    if (!group_.is_admitted()) return;
  }
  if (standing_.writer() && detector_.suspects() != beaten_suspects_) send_beats();
  for (const auto& nack : relay_.advance(standing_.now())) {
    send_about(DatagramType::kNack, nack.asker, nack.nonce, nack.target);
  }
}

// ---- beats

Beat Watch::beat_now() const {
  const MemberView& view = standing_.view();
  const Member* self = view.find(standing_.mid());
  const auto interval_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(standing_.interval()).count();
  Beat beat{.term = view.term,
            .view_seq = view.seq,
            .view_hash = standing_.hash(),
            .join_seq = self ? self->join_seq : 0,
            .refute = refute_,
            .state = static_cast<uint8_t>(operator_state_),
            .health = static_cast<uint8_t>(health_.score()),
            .interval_ms = static_cast<uint16_t>(std::min<int64_t>(interval_ms, UINT16_MAX)),
            .load = load_,
            .sessions = sessions_,
            .voted_term = voted_term_,
            .echo = 0,
            .events = {}};
  return beat;
}

void Watch::beat() {
  next_beat_ = standing_.now() + standing_.interval();
  send_beats();
}

void Watch::beat_soon() {
  next_beat_ = standing_.now();
}

void Watch::report_load(uint16_t load, uint32_t sessions) {
  load_ = load;
  sessions_ = sessions;
}

// The leader's beats name the members it suspects: all others know, and the suspect can refute.
void Watch::send_beats() {
  Beat beat = beat_now();
  std::vector<Peer> to;
  if (standing_.writer()) {
    beaten_suspects_ = detector_.suspects();
    for (const MemberId suspect : beaten_suspects_) {
      if (beat.events.size() == kBeatEventsMax) break;
      beat.events.push_back({.mid = suspect,
                             .liveness = static_cast<uint8_t>(Liveness::kSuspect),
                             .refute = refuted_[suspect],
                             .version = standing_.view().version()});
    }
    to = standing_.other_usable();
  } else if (const Member* leader = standing_.other_leader()) {
    to.push_back(leader->peer());
  }
  const std::string payload = encode_beat(beat);
  for (const Peer& peer : to) {
    standing_.transport().send_datagram(
        peer, {.type = DatagramType::kBeat, .group = standing_.view().group, .payload = payload});
  }
}

void Watch::send_about(DatagramType type, const Peer& to, uint64_t echo, MemberId target) {
  Beat beat = beat_now();
  beat.echo = echo;
  if (target != kNobody) {
    beat.events.push_back({.mid = target, .version = standing_.view().version()});
  }
  const std::string payload = encode_beat(beat);
  standing_.transport().send_datagram(
      to, {.type = type, .group = standing_.view().group, .payload = payload});
}

void Watch::on_datagram(MemberId from, const Datagram& datagram) {
  const auto beat = decode_beat(datagram.payload);
  if (!beat) return;
  losses_.on_life(from);
  const Member* sender = standing_.view().find(from);
  if (!sender) return;
  const Member member = *sender;
  if (datagram.group != standing_.view().group) {
    // It belongs to us, and has not heard yet that its group has come over.
    if (member.is_usable() && standing_.may_repeat(from)) group_.send_view(member.peer());
    return;
  }
  heard(from);
  switch (datagram.type) {
    case DatagramType::kBeat:
      losses_.on_beat(from);
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
      if (const auto alive = detector_.on_pong(beat->echo)) {
        heard(*alive);
        losses_.on_life(*alive);
      }
      break;
    case DatagramType::kNack:
      detector_.on_helper_answered(beat->echo);
      break;
  }
  note_version(member.peer(), *beat);
}

void Watch::on_beat(const Member& from, const Beat& beat) {
  if (ViewWriter* writer = standing_.writer()) {
    refuted_[from.mid] = beat.refute;
    if (beat.state <= static_cast<uint8_t>(OperatorState::kDisabled)) {
      writer->set_operator_state(from.mid, static_cast<OperatorState>(beat.state));
    }
    return;
  }
  const Member* leader = standing_.view().leader();
  if (!leader || leader->mid != from.mid) return;
  leader_version_ = uint64_t{beat.term} << 32 | beat.view_seq;
  reported_suspects_.clear();
  for (const BeatEvent& event : beat.events) {
    if (event.liveness != static_cast<uint8_t>(Liveness::kSuspect)) continue;
    if (!standing_.is_me(event.mid)) {
      reported_suspects_.insert(event.mid);
    } else if (event.refute >= refute_) {
      // We object, at once; the same accusation needs no second answer.
      refute_ = static_cast<uint16_t>(event.refute + 1);
      send_beats();
    }
  }
}

void Watch::on_ping_for(const Member& from, const Beat& beat) {
  if (beat.events.empty()) return;
  const Member* target = standing_.view().find(beat.events.front().mid);
  if (!target || standing_.is_me(target->mid)) return;
  const Relay::Answer errand{.asker = from.peer(), .nonce = beat.echo, .target = target->mid};
  const TimePoint nack_at = standing_.now() + standing_.interval() / 4;
  if (const auto nonce = relay_.accept(errand, nack_at)) {
    send_about(DatagramType::kPing, target->peer(), *nonce, kNobody);
  }
}

// A beat says where its sender stands. Views are pushed on change, so a difference is either one
// under way, or one that was lost.
void Watch::note_version(const Peer& of, const Beat& beat) {
  const MemberView& view = standing_.view();
  const uint64_t version = uint64_t{beat.term} << 32 | beat.view_seq;
  if (version > view.version()) {
    if (standing_.may_repeat(of.mid)) group_.ask_for_view(of);
    return;
  }
  const Member* sender = view.find(of.mid);
  const bool is_stranger = !sender || !sender->is_usable();
  ViewWriter* writer = standing_.writer();
  const bool is_twin = version == view.version() && beat.view_hash != standing_.hash();
  if (writer && !is_twin) standing_.reports().note(of.mid, version, beat.voted_term);
  if (version < view.version()) {
    if ((writer || is_stranger) && standing_.may_repeat(of.mid)) group_.send_view(of);
  } else if (writer && is_twin && standing_.may_repeat(of.mid)) {
    LOG(kWarn, "membership: member {} has another view of the same version", mid_text(of.mid));
    writer->touch();
  }
}

// ---- probe rounds

void Watch::run_round(const Detector::Order& order) {
  send_about(DatagramType::kPing, order.peer, order.nonce, kNobody);
  standing_.transport().probe(order.peer);
  const std::vector<Peer> helpers = helpers_for(order.peer.mid);
  if (helpers.empty()) return;
  // Of fewer members than that each is asked more than once, or one lost datagram would be a round.
  for (size_t asked = 0; asked < Detector::kHelpersMax; ++asked) {
    send_about(DatagramType::kPingFor, helpers[asked % helpers.size()], order.nonce,
               order.peer.mid);
  }
  detector_.on_helpers_asked(order.nonce);
}

// Any that are not suspected themselves, drawn by lot.
std::vector<Peer> Watch::helpers_for(MemberId target) {
  const std::set<MemberId> suspects = detector_.suspects();
  std::vector<Peer> peers = standing_.other_usable();
  std::erase_if(peers, [&](const Peer& peer) {
    return peer.mid == target || suspects.contains(peer.mid) || losses_.is_lost(peer.mid);
  });
  std::vector<Peer> chosen;
  while (!peers.empty() && chosen.size() < Detector::kHelpersMax) {
    const auto lot = peers.begin() + static_cast<ptrdiff_t>(standing_.random().below(peers.size()));
    chosen.push_back(*lot);
    peers.erase(lot);
  }
  return chosen;
}

void Watch::accuse(const Peer& peer) {
  if (!detector_.is_watched(peer.mid)) detector_.accuse(peer, standing_.now());
  advance();
}

// ---- views

void Watch::on_view(bool is_new_leader) {
  if (is_new_leader) {
    detector_.clear();
    leader_version_ = 0;
  }
  std::erase_if(refuted_, [&](const auto& entry) { return !standing_.view().find(entry.first); });
  watch_all();
}

void Watch::watch_all() {
  const MemberView& view = standing_.view();
  const Member* leader = view.leader();
  const ViewWriter* writer = standing_.writer();
  for (const Member& member : view.members) {
    const bool is_ours =
        writer ? !writer->is_expected(member.mid) : leader && leader->mid == member.mid;
    if (is_ours && member.is_usable() && !standing_.is_me(member.mid)) {
      detector_.watch(member.peer(), standing_.now());
    } else {
      detector_.unwatch(member.mid);
    }
  }
}

}  // namespace understudy
