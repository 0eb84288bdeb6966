// SPDX-License-Identifier: Apache-2.0
// What happens between members, as seen from the sessions: acknowledged, refused, sealed, taken
// over, offered, asked for.
#include <algorithm>

#include "backend_sdk/sessions/sessions.h"

namespace understudy {

// --- acknowledged and refused ------------------------------------------------------------------

void Sessions::on_acked(ChannelId channel, const SessionId& sid, Position position, bool ended) {
  Stay* stay = layer_.store.find(sid);
  if (stay == nullptr || stay->placement.channel() != channel) return;
  if (stay->image.position.epoch != position.epoch) return;
  if (ended) {
    if (stay->placement.is_dead()) turnover_.finish_end(*stay);
    return;
  }
  const ChannelId fallback = stay->placement.fallback();
  layer_.store.on_acknowledged(*stay, position.version);
  protection_.on_held(*stay, fallback);
  gate_.open(*stay);
}

void Sessions::on_refused(ChannelId channel, const Nack& nack) {
  Stay* stay = layer_.store.find(nack.sid);
  if (stay == nullptr || stay->placement.channel() != channel) return;
  switch (nack.code) {
    case NackCode::kNeedFull:
      stay->placement.on_full_needed();
      if (stay->placement.is_dead()) {
        protection_.send_end(*stay);
      } else {
        protection_.send_whole(*stay);
      }
      return;
    case NackCode::kStale:
      ++layer_.statistics.fenced;
      // By its answer it serves the session itself, or has it from a member that does.
      if (layer_.may_answer_for(*stay) || stay->was_written_alone()) disputes_.remember(*stay);
      turnover_.fence(*stay, layer_.replicator->primary(channel)->parties().secondary);
      return;
    case NackCode::kOverload:
      protection_.on_overload(*stay);
      if (stay->placement.is_dead()) {
        turnover_.end_solo(*stay);
        return;
      }
      if (!stay->tickets.empty()) protection_.protect(*stay, false);
      gate_.open(*stay);
      return;
  }
}

// --- channels of ours --------------------------------------------------------------------------

void Sessions::on_primary(PrimaryChannel& channel) {
  using State = PrimaryChannel::State;
  switch (channel.state()) {
    case State::kOpening:
    case State::kOpen:
      protection_.flush(channel);
      gate_.on_lease(channel.id());
      break;
    case State::kAdopting:
      gate_.on_lease(channel.id());
      break;
    case State::kClaiming:
      if (!channel.is_outvoted()) break;
      for (Stay* stay : gate_.waiting_in(channel.id())) {
        gate_.settle(*stay, Gate::fenced(channel.parties().secondary));
      }
      break;
    case State::kOwned:
      if (channel.is_owned()) turnover_.on_owned(channel);
      break;
    case State::kFenced:
    case State::kGranted:
      turnover_.on_fenced(channel);
      break;
    default:
      break;
  }
  layer_.schedule(layer_.now());
  parking_.wake(channel.id());
}

void Sessions::on_adopted(ChannelId from, ChannelId to) {
  layer_.store.follow_all(from, to, 1);
  protection_.on_adopted(from, to);
  gate_.on_adopted(from, to);
  parking_.wake(from);  // on_primary for the new channel follows
}

// --- channels of others ------------------------------------------------------------------------

void Sessions::on_promoted(SecondaryChannel& channel) {
  turnover_.on_promoted(channel);
}

void Sessions::on_passed_over(SecondaryChannel& channel) {
  parking_.wake(channel.id());
  layer_.schedule(layer_.now());
}

void Sessions::on_secondary(SecondaryChannel& channel) {
  parking_.wake(channel.id());
  const bool is_passed_over =
      channel.state() == SecondaryChannel::State::kOut && channel.primary_fate() == Fate::kProven;
  if (is_passed_over) layer_.schedule(layer_.now());
}

// The session layer's part of the fence: ended ids (S6), and sessions that are served here.
std::optional<NackCode> Sessions::on_copy_offered(MemberId primary, const SessionId& sid,
                                                  Position position) {
  if (layer_.history.is_ended(sid)) turnover_.give_way(sid, primary, position);
  if (layer_.history.is_ended(sid)) return NackCode::kStale;
  Stay* stay = turnover_.find(sid);
  if (stay == nullptr) {
    layer_.history.forget_move(sid);
    return std::nullopt;
  }
  const Position ours = stay->image.position;
  // Sealed by us or held under a lease, and offered as something newer: two owners. Something older
  // only comes late, out of a link that was blocked.
  const bool was_written_apart = stay->was_written_alone() && !layer_.is_heir(primary, *stay);
  const bool is_ours = layer_.may_answer_for(*stay) || was_written_apart;
  if (is_ours && position.epoch >= ours.epoch) {
    layer_.tell_conflict(sid, std::max(position, ours), std::min(position, ours));
  }
  if (position <= ours) return NackCode::kStale;
  ++layer_.statistics.fenced;
  turnover_.fence(*stay, primary);
  layer_.history.forget_move(sid);
  return std::nullopt;
}

void Sessions::on_copy_ended(const SessionId& sid) {
  layer_.history.end(sid, layer_.tombstone_min(), layer_.now());
}

void Sessions::on_copy_renamed(const SessionId& old_id, const SessionId& new_id,
                               Duration alias_left) {
  const Duration alias = std::min(alias_left, layer_.options.alias_kept);
  layer_.history.rename(old_id, new_id, {.alias = alias, .kept = layer_.tombstone_min()},
                        layer_.now());
}

// --- questions of others -----------------------------------------------------------------------

void Sessions::on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) {
  hand_over_.on_asked(channel, is_only_this);
}

FoundPayload Sessions::on_lookup(const LookupPayload& lookup) {
  former_life_.let_go_of(lookup.sid);
  return recovery_.on_lookup(lookup);
}

void Sessions::on_found(MemberId from, const FoundPayload& found) {
  recovery_.on_found(from, found);
}

void Sessions::on_probe(MemberId member, bool answered) {
  admission_.on_probe(member, answered);
}

}  // namespace understudy
