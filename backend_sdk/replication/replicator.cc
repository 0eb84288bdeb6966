// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replicator.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

Replicator::Replicator(const ReplicationOptions& options, MemberId self, const Fates& fates,
                       const Clock& clock, Random& random, Transport& transport, Owner& owner)
    : options_(options),
      self_(self),
      fates_(fates),
      clock_(clock),
      random_(random),
      transport_(transport),
      owner_(owner),
      votes_({.votes_max = options.votes_max, .kept = options.outcome_kept}),
      replicas_({.bytes_max = options.replica_bytes_max}) {
  CHECK(lease_of(options.beat) >= kLeaseMin && lease_of(options.beat) <= kLeaseMax);
}

Replicator::~Replicator() = default;

PrimaryChannel* Replicator::primary(ChannelId channel) const {
  const auto found = primaries_.find(channel);
  return found == primaries_.end() ? nullptr : found->second.get();
}

SecondaryChannel* Replicator::secondary(ChannelId channel) const {
  const auto found = secondaries_.find(channel);
  return found == secondaries_.end() ? nullptr : found->second.get();
}

std::vector<PrimaryChannel*> Replicator::primaries() const {
  std::vector<PrimaryChannel*> channels;
  for (const auto& [id, channel] : primaries_) channels.push_back(channel.get());
  return channels;
}

std::vector<SecondaryChannel*> Replicator::secondaries() const {
  std::vector<SecondaryChannel*> channels;
  for (const auto& [id, channel] : secondaries_) channels.push_back(channel.get());
  return channels;
}

size_t Replicator::open_secondaries() const {
  return static_cast<size_t>(
      std::count_if(secondaries_.begin(), secondaries_.end(), [](const auto& entry) {
        return entry.second->state() == SecondaryChannel::State::kOpen ||
               entry.second->state() == SecondaryChannel::State::kClaiming;
      }));
}

void Replicator::schedule(TimePoint at) {
  wake_at_ = std::min(wake_at_, at);
}

void Replicator::close(PrimaryChannel& channel) {
  CHECK(owner_.sessions_in(channel.id()) == 0, "a channel is closed when nothing lives in it");
  channel.close(clock_.now());
  schedule(channel.wake_at());
}

// --- the others --------------------------------------------------------------------------------

bool Replicator::is_anybody_missing() const {
  return std::any_of(view_.members.begin(), view_.members.end(),
                     [this](const Member& member) { return fate(member.mid) == Fate::kDead; });
}

void Replicator::on_dead(MemberId member, bool is_proven) {
  votes_.on_dead(member, clock_.now());
  tell_fates();
  // Its channels to us are claimed now, and take nothing more: what we answer stays true.
  if (is_proven) answer_held(member);
}

void Replicator::on_alive(MemberId member) {
  std::erase_if(held_lookups_, [member](const HeldLookup& held) {
    return held.lookup.instead_of == member;
  });
  tell_fates();
}

void Replicator::on_view(const MemberView& view) {
  view_ = view;
  for (const Member& member : view_.members) peers_[member.mid] = member.peer();
  std::erase_if(peers_, [this](const auto& entry) { return view_.find(entry.first) == nullptr; });
  refresh_targets();
  tell_fates();
  for (const Member& member : view_.members) {
    if (!member.is_usable()) votes_.on_dead(member.mid, clock_.now());
  }
  replace_witnesses();
  let_go_of_unwanted();
}

// Channels learn every fate anew: it costs little and cannot be forgotten in some path.
void Replicator::tell_fates() {
  const TimePoint now = clock_.now();
  const bool has_quorum = owner_.has_quorum();
  for (PrimaryChannel* channel : primaries()) {
    const ChannelParties& parties = channel->parties();
    channel->on_fate(fate(parties.secondary), fate(parties.witness), has_quorum, now);
    schedule(channel->wake_at());
  }
  for (SecondaryChannel* channel : secondaries()) {
    const ChannelParties& parties = channel->parties();
    channel->on_fate(fate(parties.primary), fate(parties.witness), has_quorum, now);
    schedule(channel->wake_at());
    owner_.on_secondary(*channel);
    if (fate(parties.primary) != Fate::kUsable) {
      outcomes_.try_emplace(channel->id(), now + options_.outcome_kept);
    }
  }
}

void Replicator::probe(MemberId member) {
  const auto peer = peers_.find(member);
  if (peer != peers_.end()) transport_.probe(peer->second);
}

void Replicator::send_lookup(MemberId to, const LookupPayload& lookup) {
  Frame frame{.type = FrameType::kLookup, .payload = {}};
  encode(lookup, frame.payload);
  send(to, std::move(frame));
}

void Replicator::on_link_down(const Peer& peer, LinkDown why) {
  if (peer.mid == kNobody) return;
  const bool is_proof = why == LinkDown::kRefused || why == LinkDown::kOtherLife;
  for (PrimaryChannel* channel : primaries()) {
    if (channel->parties().secondary == peer.mid) channel->on_link_down(clock_.now());
  }
  if (is_proof && fate(peer.mid) == Fate::kProven) tell_fates();
}

void Replicator::on_probe_failed(const Peer& peer, LinkDown why) {
  const bool is_proof = why == LinkDown::kRefused || why == LinkDown::kOtherLife;
  if (is_proof && fate(peer.mid) == Fate::kProven) tell_fates();
  owner_.on_probe(peer.mid, false);
}

void Replicator::on_probe_answered(const Peer& peer) {
  // It lives, as far as we can see: we do not answer in its place.
  std::erase_if(held_lookups_, [&](const HeldLookup& held) {
    return held.lookup.instead_of == peer.mid;
  });
  owner_.on_probe(peer.mid, true);
}

// --- what channels tell ------------------------------------------------------------------------

void Replicator::send(MemberId to, Frame frame) {
  const auto peer = peers_.find(to);
  if (peer == peers_.end()) return;  // repeated when the view names it, or judged late
  schedule(clock_.now() + std::min({options_.ack_timeout, options_.claim_retry, options_.beat}));
  transport_.send(peer->second, std::move(frame));
}

void Replicator::on_acked(PrimaryChannel& channel, const SessionId& sid, Position position,
                          bool ended) {
  owner_.on_acked(channel.id(), sid, position, ended);
}

void Replicator::on_refused(PrimaryChannel& channel, const Nack& nack) {
  if (nack.code == NackCode::kOverload) note_failure(channel.parties().secondary);
  owner_.on_refused(channel.id(), nack);
}

void Replicator::on_relief(PrimaryChannel& channel) {
  owner_.on_primary(channel);
}

void Replicator::on_state(PrimaryChannel& channel) {
  switch (channel.state()) {
    case PrimaryChannel::State::kClaiming:
      if (!channel.is_outvoted()) {
        ++statistics_.claims;
        if (!voluntary_.contains(channel.id())) note_failure(channel.parties().secondary);
      }
      break;
    case PrimaryChannel::State::kOwned:
      ++statistics_.claims_won;
      break;
    case PrimaryChannel::State::kFenced:
      ++statistics_.fences;
      LOG(kNotice, "channel {:x}: overtaken by member {:x}{}", channel.id(),
          channel.parties().secondary, channel.is_lost() ? ", and it is gone" : "");
      break;
    default:
      break;
  }
  settle_adoption(channel);
  owner_.on_primary(channel);
  schedule(channel.wake_at());
}

// Keeps a channel and its successor in step: both serve, both are claimed, or both are lost.
void Replicator::settle_adoption(PrimaryChannel& channel) {
  using State = PrimaryChannel::State;
  const TimePoint now = clock_.now();
  if (PrimaryChannel* older = channel.adopts(); older != nullptr) {
    if (channel.state() == State::kOpen) {
      channel.forget_adoption();
      older->end_adoption();
      older->forget_adoption();
      owner_.on_adopted(older->id(), channel.id());
      close(*older);
    } else if (channel.state() == State::kClaiming) {
      older->claim(now);
    } else if (channel.state() == State::kFenced) {
      older->on_successor_fenced();
    } else if (channel.state() == State::kOwned && older->is_owned()) {
      owner_.on_primary(*older);
    }
  }
  if (PrimaryChannel* successor = channel.successor(); successor != nullptr) {
    const bool over = channel.state() == State::kClaiming || channel.state() == State::kFenced;
    if (over) successor->claim(now);
  }
}

void Replicator::on_state(SecondaryChannel& channel) {
  const TimePoint now = clock_.now();
  switch (channel.state()) {
    case SecondaryChannel::State::kOpen:
      break;
    case SecondaryChannel::State::kClaiming:
      ++statistics_.claims;
      owner_.on_secondary(channel);
      break;
    case SecondaryChannel::State::kOwned:
      ++statistics_.claims_won;
      ++statistics_.promotions;
      LOG(kNotice, "channel {:x}: taken over from member {:x}", channel.id(),
          channel.parties().primary);
      owner_.on_promoted(channel, replicas_.take(channel.id()));
      break;
    case SecondaryChannel::State::kOut: {
      std::vector<SessionId> sids = replicas_.sids(channel.id());
      replicas_.pass_over(channel.id(), channel.last_grant() + options_.passed_over_kept);
      schedule(replicas_.wake_at());
      owner_.on_passed_over(channel, std::move(sids));
      break;
    }
  }
  const bool final = channel.state() == SecondaryChannel::State::kOwned ||
                     channel.state() == SecondaryChannel::State::kOut;
  if (final) {
    bulk_senders_.erase(channel.id());
    if (channel.parties().witness != kNobody) {
      send(channel.parties().witness,
           {.type = FrameType::kClose, .channel = channel.id(), .payload = {}});
    }
  }
  schedule(std::min(channel.wake_at(), now + options_.claim_retry));
}

// A secondary lets few copy in bulk at a time; the others send one copy after the other.
uint32_t Replicator::bulk_credit(SecondaryChannel& channel) {
  const TimePoint now = clock_.now();
  std::erase_if(bulk_senders_,
                [&](const auto& entry) { return entry.second + options_.ack_timeout < now; });
  if (!bulk_senders_.contains(channel.id())) return 0;
  return static_cast<uint32_t>(std::min<size_t>(options_.window_bytes / 2, UINT32_MAX));
}

// --- time --------------------------------------------------------------------------------------

void Replicator::flush_acks() {
  const std::vector<ChannelId> due = std::move(acks_due_);
  acks_due_.clear();
  for (const ChannelId id : due) {
    SecondaryChannel* channel = secondary(id);
    if (channel == nullptr) continue;
    channel->advance(clock_.now());
    schedule(channel->wake_at());
  }
}

void Replicator::advance(TimePoint patience) {
  const TimePoint now = clock_.now();
  flush_acks();
  if (now < wake_at_) return;
  wake_at_ = TimePoint::max();
  if (patience > now) schedule(patience);
  for (PrimaryChannel* channel : primaries()) channel->advance(now, patience);
  for (SecondaryChannel* channel : secondaries()) channel->advance(now);
  votes_.expire(now);
  replicas_.expire(now);
  std::erase_if(held_lookups_, [now](const HeldLookup& held) { return held.until <= now; });
  if (options_.faults.amnesiac_witness) votes_.forget_all_for_fault();
  std::erase_if(reputations_, [&](const auto& entry) {
    const Reputation& reputation = entry.second;
    return reputation.avoid_until <= now &&
           (reputation.failures.empty() ||
            reputation.failures.back() + options_.flap_window <= now);
  });
  refresh_targets();
  forget_finished();
  replace_witnesses();

  for (const auto& [id, channel] : primaries_) {
    const TimePoint at = channel->wake_at();
    schedule(at <= now && patience > now ? patience : at);
  }
  for (const auto& [id, channel] : secondaries_) schedule(channel->wake_at());
  for (const auto& [name, reputation] : reputations_) {
    if (reputation.avoid_until > now) schedule(reputation.avoid_until);
  }
  schedule(votes_.wake_at());
  schedule(replicas_.wake_at());
  if (!held_lookups_.empty()) schedule(held_lookups_.front().until);
}

// The secondary keeps what we have passed over until we close, in case we die before it is held
// elsewhere. A successor may have the copies of the channel that it was to adopt.
bool Replicator::is_passed_over_needed(const PrimaryChannel& channel) const {
  if (!channel.is_owned() || fate(channel.parties().secondary) == Fate::kProven) return false;
  return channel.adopts() != nullptr || owner_.needs_passed_over(channel.id());
}

void Replicator::forget_finished() {
  const TimePoint now = clock_.now();
  for (auto entry = primaries_.begin(); entry != primaries_.end();) {
    PrimaryChannel& channel = *entry->second;
    const bool sealed = channel.state() == PrimaryChannel::State::kFenced ||
                        channel.state() == PrimaryChannel::State::kGranted || channel.is_owned();
    if (sealed && owner_.sessions_in(channel.id()) == 0 && !is_passed_over_needed(channel)) {
      close(channel);
    }
    if (!channel.is_over()) {
      ++entry;
      continue;
    }
    if (channel.successor() != nullptr) channel.successor()->forget_adoption();
    if (channel.adopts() != nullptr) channel.adopts()->forget_adoption();
    voluntary_.erase(channel.id());
    entry = primaries_.erase(entry);
  }
  for (auto entry = outcomes_.begin(); entry != outcomes_.end();) {
    const auto channel = secondaries_.find(entry->first);
    const bool gone = channel == secondaries_.end();
    const bool is_final = !gone && (channel->second->state() == SecondaryChannel::State::kOwned ||
                                    channel->second->state() == SecondaryChannel::State::kOut);
    if (!gone && (!is_final || now < entry->second)) {
      if (is_final) schedule(entry->second);
      ++entry;
      continue;
    }
    if (!gone) secondaries_.erase(channel);
    entry = outcomes_.erase(entry);
  }
}

}  // namespace understudy
