// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/outgoing.h"

#include <algorithm>

#include "backend_sdk/replication/rank.h"
#include "backend_sdk/wire/id_text.h"
#include "base/check.h"
#include "base/log.h"

namespace understudy {

namespace {

constexpr size_t kAdoptionsMax = 2;  // at a time; requests in these wait for one round trip

}  // namespace

Outgoing::Outgoing(const ReplicationOptions& options, MemberId self, const Clock& clock,
                   Links& links, Owner& owner, ReplicatorStatistics& statistics)
    : options_(options),
      self_(self),
      clock_(clock),
      links_(links),
      owner_(owner),
      statistics_(statistics),
      placing_(options, self) {}

Outgoing::~Outgoing() = default;

PrimaryChannel* Outgoing::find(ChannelId channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? nullptr : found->second.get();
}

std::vector<PrimaryChannel*> Outgoing::all() const {
  std::vector<PrimaryChannel*> channels;
  for (const auto& [id, channel] : channels_) channels.push_back(channel.get());
  return channels;
}

size_t Outgoing::open_count() const {
  return static_cast<size_t>(
      std::count_if(channels_.begin(), channels_.end(),
                    [](const auto& entry) { return entry.second->takes_frames(); }));
}

void Outgoing::close(PrimaryChannel& channel) {
  CHECK(owner_.sessions_in(channel.id()) == 0, "a channel is closed when nothing lives in it");
  channel.close(clock_.now());
  links_.wake_by(channel.wake_at());
}

void Outgoing::on_close(MemberId from, ChannelId id) {
  PrimaryChannel* channel = find(id);
  if (channel != nullptr && channel->parties().secondary == from) channel->note_released();
}

void Outgoing::on_close_heard(MemberId from, ChannelId id) {
  PrimaryChannel* channel = find(id);
  if (channel != nullptr && channel->parties().secondary == from) channel->on_close_heard();
}

// --- opening -----------------------------------------------------------------------------------

PrimaryChannel* Outgoing::place(const SessionId& sid, bool any) {
  const std::vector<MemberId>& candidates = placing_.targets(any);
  if (candidates.empty()) return nullptr;
  std::map<MemberId, PrimaryChannel*> serving;
  std::map<MemberId, size_t> sessions;
  size_t taking = 0;
  for (const auto& [id, channel] : channels_) {
    if (channel->takes_frames()) {
      serving[channel->parties().secondary] = channel.get();
      ++taking;
    }
    sessions[channel->parties().secondary] += owner_.sessions_in(id);
  }
  std::vector<Target> targets;
  for (const MemberId mid : candidates) {
    if (links_.fate(mid) != Fate::kUsable) continue;
    if (taking >= options_.channels_max && !serving.contains(mid)) continue;
    targets.push_back({mid, links_.view().find(mid)->weight, sessions[mid]});
  }
  if (targets.empty()) return nullptr;
  const MemberId chosen = choose_target(targets, sid);
  const auto found = serving.find(chosen);
  return found != serving.end() ? found->second : &open(chosen, nullptr);
}

PrimaryChannel& Outgoing::open(MemberId secondary, PrimaryChannel* adopts) {
  CHECK(last_channel_ < UINT32_MAX);
  ChannelParties parties;
  parties.id = ChannelId{self_} << 32 | ++last_channel_;
  parties.primary = self_;
  parties.secondary = secondary;
  parties.witness = choose_witness(links_.view(), self_, secondary, parties.id);
  auto channel = std::make_unique<PrimaryChannel>(options_, parties, *this);
  PrimaryChannel& opened = *channel;
  channels_.emplace(parties.id, std::move(channel));
  opened.open(links_.view().hash(), adopts, clock_.now());
  return opened;
}

// A channel whose witness is gone, or that never had one although a member could be it now, is
// succeeded by one between the same two members; the copies stay where they are. A few at a time,
// and again in every beat for those that are not ready.
void Outgoing::replace_witnesses() {
  size_t adopting = 0;
  for (const auto& [id, channel] : channels_) {
    if (channel->state() == PrimaryChannel::State::kAdopting) ++adopting;
  }
  for (PrimaryChannel* channel : all()) {
    if (adopting >= kAdoptionsMax) return;
    const ChannelParties& parties = channel->parties();
    if (channel->state() != PrimaryChannel::State::kOpen || channel->window().has_refusals())
      continue;
    if (links_.fate(parties.secondary) != Fate::kUsable) continue;
    const bool has_witness =
        parties.witness != kNobody && links_.fate(parties.witness) == Fate::kUsable;
    if (has_witness) continue;
    const MemberId better = choose_witness(links_.view(), self_, parties.secondary, parties.id);
    if (better == parties.witness) continue;
    ++adopting;
    ++statistics_.adoptions;
    channel->begin_adoption();
    open(parties.secondary, channel);
  }
}

// Secondaries that drain get nothing more to keep, and idle channels to members that are no longer
// among the best are given up.
void Outgoing::let_go_of_unwanted() {
  for (PrimaryChannel* channel : all()) {
    const MemberId secondary = channel->parties().secondary;
    const Member* member = links_.view().find(secondary);
    const bool draining = member != nullptr && member->operator_state != OperatorState::kReady;
    const bool wanted = placing_.is_target(secondary);
    const bool idle = owner_.sessions_in(channel->id()) == 0;
    if (channel->state() != PrimaryChannel::State::kOpen) continue;
    if (draining || (idle && !wanted)) {
      voluntary_.insert(channel->id());
      channel->claim(clock_.now());
    }
  }
}

// --- what channels tell ------------------------------------------------------------------------

void Outgoing::on_acked(PrimaryChannel& channel, const SessionId& sid, Position position,
                        bool ended) {
  owner_.on_acked(channel.id(), sid, position, ended);
}

void Outgoing::note_failure(MemberId secondary) {
  placing_.note_failure(secondary, clock_.now());
  links_.wake_by(placing_.wake_at());
}

void Outgoing::on_refused(PrimaryChannel& channel, const Nack& nack) {
  if (nack.code == NackCode::kOverload) note_failure(channel.parties().secondary);
  owner_.on_refused(channel.id(), nack);
}

void Outgoing::on_state(PrimaryChannel& channel) {
  switch (channel.state()) {
    case PrimaryChannel::State::kClaiming:
      if (!channel.is_outvoted()) {
        ++statistics_.claims;
        if (!voluntary_.contains(channel.id())) {
          note_failure(channel.parties().secondary);
        }
      }
      break;
    case PrimaryChannel::State::kOwned:
      ++statistics_.claims_won;
      break;
    case PrimaryChannel::State::kFenced:
      ++statistics_.fences;
      LOG(kNotice, "channel {}: overtaken by member {}{}", channel_text(channel.id()),
          mid_text(channel.parties().secondary), channel.is_lost() ? ", and it is gone" : "");
      break;
    default:
      break;
  }
  settle_adoption(channel);
  owner_.on_primary(channel);
  links_.wake_by(channel.wake_at());
}

// Keeps a channel and its successor in step: both serve, both are claimed, or both are lost.
void Outgoing::settle_adoption(PrimaryChannel& channel) {
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

// --- from below --------------------------------------------------------------------------------

void Outgoing::on_frame(PrimaryChannel& channel, MemberId from, const Frame& frame) {
  const TimePoint now = clock_.now();
  const bool from_secondary = from == channel.parties().secondary;
  if (frame.type == FrameType::kAck || frame.type == FrameType::kOpenOk) {
    const auto ack = decode_ack(frame.payload);
    if (ack && from_secondary) channel.on_ack(*ack, now);
  } else if (frame.type == FrameType::kVote) {
    if (const auto winner = decode_member(frame.payload)) channel.on_vote(from, *winner, now);
  } else if (frame.type == FrameType::kStale) {
    const auto owner = decode_member(frame.payload);
    if (owner && from_secondary) channel.on_stale(*owner, now);
  } else if (frame.type == FrameType::kHandOver) {
    const bool is_only_this = frame.payload == kHandOverOnlyThis;
    if (from_secondary) owner_.on_hand_over_asked(channel, is_only_this);
  }
  links_.wake_by(channel.wake_at());
}

void Outgoing::on_view() {
  placing_.on_view(links_.view(), clock_.now());
  links_.wake_by(placing_.wake_at());
}

void Outgoing::tidy() {
  replace_witnesses();
  let_go_of_unwanted();
}

void Outgoing::on_fates(bool has_quorum) {
  const TimePoint read = clock_.read();
  for (PrimaryChannel* channel : all()) {
    const ChannelParties& parties = channel->parties();
    channel->on_fate(links_.fate(parties.secondary), links_.fate(parties.witness), has_quorum,
                     read);
    links_.wake_by(channel->wake_at());
  }
}

void Outgoing::on_link_down(MemberId secondary) {
  for (PrimaryChannel* channel : all()) {
    if (channel->parties().secondary == secondary) channel->claim(clock_.now());
  }
}

// --- time --------------------------------------------------------------------------------------

void Outgoing::advance(TimePoint patience) {
  const TimePoint now = clock_.now();
  for (PrimaryChannel* channel : all()) channel->advance(now, patience);
  placing_.advance(now);
  forget_finished();
  replace_witnesses();
  for (const auto& [id, channel] : channels_) {
    const TimePoint at = channel->wake_at();
    links_.wake_by(at <= now && patience > now ? patience : at);
  }
  links_.wake_by(placing_.wake_at());
}

// The secondary keeps what is passed over until we close, in case we die before it is held
// elsewhere. A successor may have the copies of the channel that it was to adopt.
bool Outgoing::is_passed_over_needed(const PrimaryChannel& channel) const {
  if (links_.fate(channel.parties().secondary) == Fate::kProven) return false;
  if (channel.is_owned() && channel.adopts() != nullptr) return true;
  return owner_.needs_passed_over(channel.id());
}

void Outgoing::forget_finished() {
  for (auto entry = channels_.begin(); entry != channels_.end();) {
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
    entry = channels_.erase(entry);
  }
}

}  // namespace understudy
