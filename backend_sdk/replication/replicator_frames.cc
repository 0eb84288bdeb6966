// SPDX-License-Identifier: Apache-2.0
// The frames of replication: whose they may be, what they must hold, and where they go.
#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/replication/replicator.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

namespace {

constexpr uint8_t kBulkFlag = 1;

}  // namespace

bool Replicator::owns(FrameType type) {
  return type >= FrameType::kOpen && type <= FrameType::kHandOver;
}

void Replicator::on_frame(const Peer& from, const Frame& frame) {
  if (from.mid == kNobody || from.mid == self_) return;
  peers_.try_emplace(from.mid, from);
  switch (frame.type) {
    case FrameType::kOpen:
      on_open(from.mid, frame);
      return;
    case FrameType::kClaim:
      on_claim(from.mid, frame);
      return;
    case FrameType::kClose:
      on_close(from.mid, frame.channel);
      return;
    case FrameType::kLookup:
      if (const auto lookup = decode_lookup(frame.payload)) on_lookup(from.mid, *lookup);
      return;
    case FrameType::kFound:
      if (const auto found = decode_found(frame.payload)) owner_.on_found(from.mid, *found);
      return;
    default:
      on_channel_frame(from.mid, frame);
      return;
  }
}

void Replicator::on_lookup(MemberId from, const LookupPayload& lookup) {
  if (lookup.instead_of == self_) return;  // we do live; nobody shall serve in our place
  // That it is dead is hearsay. Without a proof of our own it may go on with us, and what we answer
  // would not stay true.
  const bool is_proven =
      lookup.instead_of == kNobody || fate(lookup.instead_of) == Fate::kProven;
  if (!is_proven) return hold_lookup(from, lookup);
  answer_lookup(from, lookup);
}

void Replicator::hold_lookup(MemberId from, const LookupPayload& lookup) {
  std::erase_if(held_lookups_, [&](const HeldLookup& held) {
    return held.from == from && held.lookup.sid == lookup.sid;
  });
  if (held_lookups_.size() >= options_.lookups_held_max) return;
  held_lookups_.push_back({from, lookup, clock_.now() + options_.lookup_held});
  schedule(held_lookups_.front().until);
  probe(lookup.instead_of);
}

void Replicator::answer_held(MemberId proven) {
  std::vector<HeldLookup> due;
  for (const HeldLookup& held : held_lookups_) {
    if (held.lookup.instead_of == proven) due.push_back(held);
  }
  std::erase_if(held_lookups_, [&](const HeldLookup& held) {
    return held.lookup.instead_of == proven;
  });
  for (const HeldLookup& held : due) answer_lookup(held.from, held.lookup);
}

void Replicator::answer_lookup(MemberId to, const LookupPayload& lookup) {
  Frame answer{.type = FrameType::kFound, .payload = {}};
  encode(owner_.on_lookup(lookup), answer.payload);
  send(to, std::move(answer));
}

void Replicator::on_channel_frame(MemberId from, const Frame& frame) {
  const TimePoint now = clock_.now();
  if (PrimaryChannel* channel = primary(frame.channel); channel != nullptr) {
    const bool from_secondary = from == channel->parties().secondary;
    if (frame.type == FrameType::kAck || frame.type == FrameType::kOpenOk) {
      const auto ack = decode_ack(frame.payload);
      if (ack && from_secondary) channel->on_ack(*ack, now);
    } else if (frame.type == FrameType::kVote) {
      if (const auto winner = decode_member(frame.payload)) channel->on_vote(from, *winner, now);
    } else if (frame.type == FrameType::kStale) {
      const auto owner = decode_member(frame.payload);
      if (owner && from_secondary) channel->on_stale(*owner, now);
    } else if (frame.type == FrameType::kHandOver) {
      const bool is_only_this = frame.payload == kHandOverOnlyThis;
      if (from_secondary) owner_.on_hand_over_asked(*channel, is_only_this);
    }
    schedule(channel->wake_at());
    return;
  }
  if (SecondaryChannel* channel = secondary(frame.channel); channel != nullptr) {
    if (frame.type == FrameType::kVote) {
      if (const auto winner = decode_member(frame.payload)) channel->on_vote(from, *winner);
    } else if (from == channel->parties().primary) {
      if (frame.type == FrameType::kGrant) {
        channel->on_grant();
      } else if (frame.seq != 0) {
        on_stream(*channel, frame);
      }
    }
    if (!channel->owes_ack()) schedule(channel->wake_at());
  }
}

void Replicator::on_stream(SecondaryChannel& channel, const Frame& frame) {
  const bool owed = channel.owes_ack();
  channel.on_stream(frame);
  if (!owed && channel.owes_ack()) acks_due_.push_back(channel.id());
}

void Replicator::on_open(MemberId from, const Frame& frame) {
  const auto open = decode_open(frame.channel, frame.payload);
  if (!open || open->parties.primary != from || open->parties.secondary != self_) return;
  if (frame.seq != 1 || fate(from) == Fate::kProven) return;
  SecondaryChannel* channel = secondary(frame.channel);
  if (channel == nullptr) {
    // Refused by silence: its primary claims it, which we shall agree to.
    if (!takes_copies_ || open_secondaries() >= options_.incoming_max) return;
    if (open->adopts != 0 && !adopt(*open)) return;
    channel = secondaries_
                  .emplace(frame.channel,
                           std::make_unique<SecondaryChannel>(options_, *open, *this, clock_.now()))
                  .first->second.get();
    channel->on_fate(fate(open->parties.primary), fate(open->parties.witness), owner_.has_quorum(),
                     clock_.now());
  }
  on_stream(*channel, frame);
}

bool Replicator::adopt(const OpenPayload& open) {
  SecondaryChannel* older = secondary(open.adopts);
  if (older == nullptr || older->parties().primary != open.parties.primary) return false;
  if (older->state() == SecondaryChannel::State::kOwned) {
    Frame stale{.type = FrameType::kStale, .channel = older->id(), .payload = {}};
    encode_member(self_, stale.payload);
    send(open.parties.primary, std::move(stale));
    return false;
  }
  const bool fits = older->state() == SecondaryChannel::State::kOpen && !older->is_broken() &&
                    !older->has_refusals() && older->applied_seq() == open.adopts_seq;
  if (!fits) return false;
  replicas_.adopt(open.adopts, open.parties.id);
  older->yield_to_successor();
  return true;
}

void Replicator::on_claim(MemberId from, const Frame& frame) {
  const auto claim = decode_claim(frame.channel, frame.payload);
  if (!claim || claim->claimant != from) return;
  // Whoever the view holds for dead is about to start over, and would take to nowhere what it won.
  // Not voting is always safe; it asks again if the view was wrong.
  if (fate(from) != Fate::kUsable) return;
  if (claim->parties.witness == self_) {
    const auto winner = votes_.vote(*claim);
    if (!winner) return;
    ++statistics_.votes;
    Frame vote{.type = FrameType::kVote, .channel = frame.channel, .payload = {}};
    encode_member(*winner, vote.payload);
    send(from, std::move(vote));
    // Dead already? Then nobody else will say so.
    for (const MemberId party : {claim->parties.primary, claim->parties.secondary}) {
      if (party != from && fate(party) != Fate::kUsable) votes_.on_dead(party, clock_.now());
    }
    schedule(votes_.wake_at());
    return;
  }
  if (claim->parties.secondary != self_ || from != claim->parties.primary) return;
  SecondaryChannel* channel = secondary(frame.channel);
  if (channel == nullptr) {
    // Its OPEN was lost or refused. From now on it cannot come any more.
    if (secondaries_.size() >= 8 * options_.incoming_max) return;
    channel = secondaries_
                  .emplace(frame.channel,
                           std::make_unique<SecondaryChannel>(options_, claim->parties, *this))
                  .first->second.get();
  }
  channel->on_claim(from);
  schedule(channel->wake_at());
}

void Replicator::on_close(MemberId from, ChannelId id) {
  votes_.on_closed(id, from, clock_.now());
  schedule(votes_.wake_at());
  SecondaryChannel* channel = secondary(id);
  if (channel == nullptr || channel->parties().primary != from) return;
  replicas_.forget_passed_over(id);
  // The primary will not come back to it; frames under way are over after a grace period.
  outcomes_[id] = clock_.now() + 2 * grace_of(lease_of(options_.beat));
  if (channel->parties().witness != kNobody) {
    send(channel->parties().witness, {.type = FrameType::kClose, .channel = id, .payload = {}});
  }
  schedule(outcomes_[id]);
}

// --- the stream, applied to the copies ---------------------------------------------------------

SecondaryChannel::Applied Replicator::on_data(SecondaryChannel& channel, const Frame& frame) {
  switch (frame.type) {
    case FrameType::kOpen:
    case FrameType::kRenew:
      return {};
    case FrameType::kFull:
      return apply_full(channel, frame);
    case FrameType::kRepl:
      return apply_repl(channel, frame);
    case FrameType::kTouch:
      return apply_touch(channel, frame);
    case FrameType::kInvalidate:
      return apply_invalidate(channel, frame);
    default:
      return {.malformed = true, .refusal = {}, .sid = {}};
  }
}

SecondaryChannel::Applied Replicator::apply_full(SecondaryChannel& channel, const Frame& frame) {
  auto full = decode_full(frame.payload);
  if (!full) return {.malformed = true, .refusal = {}, .sid = {}};
  SecondaryChannel::Applied applied{.refusal = {}, .sid = full->sid};
  const TimePoint now = clock_.now();
  if ((frame.flags & kBulkFlag) != 0) {
    const bool may =
        bulk_senders_.contains(channel.id()) || bulk_senders_.size() < options_.bulk_senders_max;
    if (may) bulk_senders_[channel.id()] = now;
  }
  if (channel.is_barred(full->sid)) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal =
      owner_.on_copy_offered(channel.parties().primary, full->sid, full->image.position);
  if (!applied.refusal) applied.refusal = replicas_.apply_full(channel.id(), *full, now);
  if (applied.refusal) return applied;
  for (const SessionId& former : full->former_ids) {
    replicas_.erase(channel.id(), former);
    replicas_.take_passed_over(former);
    owner_.on_copy_renamed(former, full->sid);
  }
  applied.resolves = true;
  return applied;
}

SecondaryChannel::Applied Replicator::apply_repl(SecondaryChannel& channel, const Frame& frame) {
  const auto repl = decode_repl(frame.payload);
  if (!repl) return {.malformed = true, .refusal = {}, .sid = {}};
  SecondaryChannel::Applied applied{.refusal = {}, .sid = repl->sid};
  if (channel.is_barred(repl->sid)) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal =
      owner_.on_copy_offered(channel.parties().primary, repl->sid, repl->delta.position);
  if (!applied.refusal) {
    applied.refusal = replicas_.apply_repl(channel.id(), *repl, clock_.now());
  }
  return applied;
}

SecondaryChannel::Applied Replicator::apply_touch(SecondaryChannel& channel, const Frame& frame) {
  const auto about = decode_sid(frame.payload);
  if (!about) return {.malformed = true, .refusal = {}, .sid = {}};
  SecondaryChannel::Applied applied{.refusal = {}, .sid = about->sid};
  // Epoch 0: the primary has understood a refusal and keeps the session elsewhere.
  applied.resolves = about->position.epoch == 0;
  if (applied.resolves) {
    replicas_.erase(channel.id(), about->sid);
  } else {
    replicas_.touch(channel.id(), about->sid, clock_.now());
  }
  return applied;
}

SecondaryChannel::Applied Replicator::apply_invalidate(SecondaryChannel& channel,
                                                       const Frame& frame) {
  const auto about = decode_invalidate(frame.payload);
  if (!about) return {.malformed = true, .refusal = {}, .sid = {}};
  SecondaryChannel::Applied applied{.refusal = {}, .sid = about->sid};
  const ReplicaStore::Replica* replica = replicas_.find(about->sid);
  const bool elsewhere = replica != nullptr && replica->channel != channel.id() &&
                         replica->image.position.epoch > about->position.epoch;
  if (elsewhere || channel.is_barred(about->sid)) {
    applied.refusal = NackCode::kStale;
    return applied;
  }
  applied.refusal = owner_.on_copy_offered(channel.parties().primary, about->sid, about->position);
  if (applied.refusal) return applied;
  end_copies(channel.id(), about->sid);
  // A former id may be all that this member knows the session by.
  for (const SessionId& former : about->former_ids) end_copies(channel.id(), former);
  applied.resolves = true;
  return applied;
}

void Replicator::end_copies(ChannelId channel, const SessionId& sid) {
  replicas_.erase(channel, sid);
  replicas_.take_passed_over(sid);
  owner_.on_copy_ended(sid);
}

}  // namespace understudy
