// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/incoming.h"

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/wire/id_text.h"
#include "base/log.h"

namespace understudy {

Incoming::Incoming(const ReplicationOptions& options, MemberId self, const Clock& clock,
                   Links& links, Owner& owner, ReplicatorStatistics& statistics)
    : options_(options),
      self_(self),
      clock_(clock),
      links_(links),
      owner_(owner),
      statistics_(statistics),
      copies_(std::make_unique<ReplicaStore>(
          ReplicaStore::Options{.bytes_max = options.replica_bytes_max})),
      intake_(options, *copies_, owner) {}

Incoming::~Incoming() = default;

SecondaryChannel* Incoming::find(ChannelId channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : found->second.get();
}

std::vector<SecondaryChannel*> Incoming::all() const {
  std::vector<SecondaryChannel*> channels;
  for (const auto& [id, channel] : channels_) channels.push_back(channel.get());
  return channels;
}

size_t Incoming::open_count() const {
  return static_cast<size_t>(
      std::count_if(channels_.begin(), channels_.end(), [](const auto& entry) {
        return entry.second->state() == SecondaryChannel::State::kOpen ||
               entry.second->state() == SecondaryChannel::State::kClaiming;
      }));
}

// --- frames ------------------------------------------------------------------------------------

void Incoming::on_stream(SecondaryChannel& channel, const Frame& frame) {
  const bool owed = channel.owes_ack();
  channel.on_stream(frame);
  if (!owed && channel.owes_ack()) acks_due_.push_back(channel.id());
}

void Incoming::on_open(const OpenPayload& open, const Frame& frame, bool has_quorum) {
  SecondaryChannel* channel = find(frame.channel);
  if (channel == nullptr) {
    // Refused by silence: its primary claims it, which we shall agree to.
    if (refuses_ || open_count() >= options_.incoming_max) return;
    if (open.adopts != 0 && !adopt(open)) return;
    channel = channels_
                  .emplace(frame.channel,
                           std::make_unique<SecondaryChannel>(options_, open, *this, clock_.read()))
                  .first->second.get();
    channel->on_fate(links_.fate(open.parties.primary), links_.fate(open.parties.witness),
                     has_quorum, clock_.now());
  }
  on_stream(*channel, frame);
}

bool Incoming::adopt(const OpenPayload& open) {
  SecondaryChannel* older = find(open.adopts);
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
  copies_->adopt(open.adopts, open.parties.id);
  older->yield_to_successor();
  return true;
}

void Incoming::on_claim(const ClaimPayload& claim) {
  SecondaryChannel* channel = find(claim.parties.id);
  if (channel == nullptr) {
    // Its OPEN was lost or refused. From now on it cannot come any more.
    if (channels_.size() >= 8 * options_.incoming_max) return;
    channel = channels_
                  .emplace(claim.parties.id,
                           std::make_unique<SecondaryChannel>(options_, claim.parties, *this))
                  .first->second.get();
  }
  channel->on_claim(claim.claimant);
  links_.wake_by(channel->wake_at());
}

void Incoming::on_frame(SecondaryChannel& channel, MemberId from, const Frame& frame) {
  if (frame.type == FrameType::kVote) {
    if (const auto winner = decode_member(frame.payload)) channel.on_vote(from, *winner);
  } else if (from == channel.parties().primary) {
    if (frame.type == FrameType::kGrant) {
      channel.on_grant(clock_.now());
    } else if (frame.seq != 0) {
      on_stream(channel, frame);
    }
  }
  if (!channel.owes_ack()) links_.wake_by(channel.wake_at());
}

// From the primary: it will not come back to the channel. From a secondary that has taken a channel
// of ours over: other members have its sessions now.
void Incoming::on_close(MemberId from, ChannelId id) {
  SecondaryChannel* channel = find(id);
  if (channel != nullptr && channel->parties().primary == from) channel->on_primary_closed();
  if (copies_->passed_over_owner(id) == from) {
    copies_->forget_passed_over(id);
    links_.wake_by(copies_->wake_at());
  }
  if (channel == nullptr || channel->parties().primary != from) return;
  // Frames under way are over after a grace period.
  outcomes_[id] = clock_.now() + 2 * grace_of(lease_of(options_.beat));
  if (channel->parties().witness != kNobody) {
    send(channel->parties().witness, {.type = FrameType::kClose, .channel = id, .payload = {}});
  }
  links_.wake_by(outcomes_[id]);
}

void Incoming::on_close_heard(MemberId from, ChannelId id) {
  SecondaryChannel* channel = find(id);
  if (channel != nullptr && channel->parties().primary == from) channel->on_release_heard();
}

// --- what channels tell ------------------------------------------------------------------------

SecondaryChannel::Applied Incoming::on_data(SecondaryChannel& channel, const Frame& frame) {
  return intake_.apply(channel, frame, clock_.now());
}

uint32_t Incoming::bulk_credit(SecondaryChannel& channel) {
  return intake_.bulk_credit(channel.id(), clock_.now());
}

void Incoming::on_state(SecondaryChannel& channel) {
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
      LOG(kNotice, "channel {}: taken over from member {}", channel_text(channel.id()),
          mid_text(channel.parties().primary));
      copies_->promote(channel.id(), channel.last_grant() + options_.passed_over_kept);
      owner_.on_promoted(channel);
      break;
    case SecondaryChannel::State::kOut:
      copies_->pass_over(channel.id(), channel.last_grant() + options_.passed_over_kept);
      links_.wake_by(copies_->wake_at());
      owner_.on_passed_over(channel);
      break;
  }
  const bool final = channel.state() == SecondaryChannel::State::kOwned ||
                     channel.state() == SecondaryChannel::State::kOut;
  if (final) {
    intake_.on_sealed(channel.id());
    if (channel.parties().witness != kNobody) {
      send(channel.parties().witness,
           {.type = FrameType::kClose, .channel = channel.id(), .payload = {}});
    }
  }
  links_.wake_by(std::min(channel.wake_at(), now + options_.claim_retry));
}

// --- time --------------------------------------------------------------------------------------

void Incoming::on_fates(bool has_quorum) {
  const TimePoint now = clock_.now();
  for (SecondaryChannel* channel : all()) {
    const ChannelParties& parties = channel->parties();
    channel->on_fate(links_.fate(parties.primary), links_.fate(parties.witness), has_quorum, now);
    links_.wake_by(channel->wake_at());
    owner_.on_secondary(*channel);
    if (links_.fate(parties.primary) != Fate::kUsable) {
      outcomes_.try_emplace(channel->id(), now + options_.outcome_kept);
    }
  }
}

void Incoming::flush_acks() {
  const std::vector<ChannelId> due = std::move(acks_due_);
  acks_due_.clear();
  for (const ChannelId id : due) {
    SecondaryChannel* channel = find(id);
    if (channel == nullptr) continue;
    channel->advance(clock_.read());
    links_.wake_by(channel->wake_at());
  }
}

void Incoming::advance() {
  for (SecondaryChannel* channel : all()) channel->advance(clock_.read());
  copies_->expire(clock_.now());
  forget_finished();
  for (const auto& [id, channel] : channels_) links_.wake_by(channel->wake_at());
  links_.wake_by(copies_->wake_at());
}

// What a primary that lives has kept of a channel that we took over is needed until others hold it.
bool Incoming::is_released(SecondaryChannel& channel) {
  if (channel.state() != SecondaryChannel::State::kOwned) return true;
  if (links_.fate(channel.parties().primary) == Fate::kProven) return true;
  if (copies_->has_promoted(channel.id()) || owner_.needs_passed_over(channel.id())) return false;
  channel.release_primary(clock_.now());
  return channel.wake_at() == TimePoint::max();
}

void Incoming::forget_finished() {
  const TimePoint now = clock_.now();
  for (const auto& [id, channel] : channels_) is_released(*channel);
  for (auto entry = outcomes_.begin(); entry != outcomes_.end();) {
    const auto channel = channels_.find(entry->first);
    const bool gone = channel == channels_.end();
    const bool is_final = !gone && (channel->second->state() == SecondaryChannel::State::kOwned ||
                                    channel->second->state() == SecondaryChannel::State::kOut);
    const bool is_over = is_final && entry->second <= now && is_released(*channel->second);
    if (!gone && !is_over) {
      if (is_final) links_.wake_by(std::max(entry->second, now + options_.beat));
      ++entry;
      continue;
    }
    if (!gone) channels_.erase(channel);
    entry = outcomes_.erase(entry);
  }
}

}  // namespace understudy
