// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/turnover.h"

#include <utility>

#include "base/check.h"
#include "base/log.h"

namespace understudy {

Stay* Turnover::find(const SessionId& sid) {
  if (Stay* stay = layer_.store.find(sid); stay != nullptr) return settle(*stay);
  if (channels_.empty() || layer_.replicator == nullptr) return nullptr;
  const ReplicaStore::Replica* copy = layer_.replicator->copies().find(sid);
  if (copy == nullptr || !copy->is_promoted) return nullptr;
  const ChannelId from = copy->channel;
  return promote(sid, from, *layer_.replicator->take_promoted(sid));
}

Stay* Turnover::settle(Stay& stay) {
  if (stay.placement.channel() == 0) return &stay;
  PrimaryChannel& channel = layer_.channel_of(stay);
  using State = PrimaryChannel::State;
  if (channel.is_owned()) {
    const StayId id = stay.id;
    free(stay, channel);
    return layer_.store.find_stay(id);
  }
  if (channel.state() == State::kFenced || channel.state() == State::kGranted) {
    dismiss(stay, channel);
    return nullptr;
  }
  return &stay;
}

void Turnover::watch(ChannelId channel) {
  channels_.insert(channel);
  layer_.schedule(layer_.now());
}

void Turnover::on_owned(PrimaryChannel& channel) {
  for (Stay* stay : gate_.waiting_in(channel.id())) free(*stay, channel);
  protection_.forget_channel(channel.id());
  gate_.forget_channel(channel.id());
  watch(channel.id());
  // Given up on purpose, not in a storm: there is nothing to wait for.
  if (layer_.replicator->fate(channel.parties().secondary) == Fate::kUsable) {
    protection_.wait_for_quiet(Duration::zero());
  }
}

void Turnover::on_fenced(PrimaryChannel& channel) {
  for (Stay* stay : gate_.waiting_in(channel.id())) dismiss(*stay, channel);
  protection_.forget_channel(channel.id());
  gate_.forget_channel(channel.id());
  watch(channel.id());
}

void Turnover::on_promoted(SecondaryChannel& channel) {
  watch(channel.id());
  parking_.wake(channel.id());
}

// --- one session -------------------------------------------------------------------------------

// The copies there are worth nothing for serving, but what the secondary had acknowledged is what
// is left of the session if this member dies now.
void Turnover::free(Stay& stay, PrimaryChannel& channel) {
  if (channel.successor() != nullptr) ++stay.image.position.epoch;
  if (channel.is_alone() && !stay.disputed) {
    stay.disputed = {.with = channel.parties().secondary,
                     .from = stay.placement.acknowledged().value_or(0)};
  }
  layer_.store.leave(stay);
  if (stay.placement.is_dead()) return end_solo(stay);
  if (stay.tickets.empty()) return;
  protection_.protect(stay, false);
  gate_.open(stay);
}

void Turnover::dismiss(Stay& stay, PrimaryChannel& channel) {
  const bool is_overtaken = channel.state() == PrimaryChannel::State::kFenced;
  if (is_overtaken) ++layer_.statistics.fenced;
  // A login that the secondary has not heard of has not happened for any other member (I8).
  const auto held_as = stay.placement.held_as();
  if (held_as && channel.is_lost()) layer_.history.take_back(*held_as, kNobody, layer_.now());
  // In case the new owner dies before another member holds the session.
  if (!stay.placement.is_dead()) {
    layer_.replicator->pass_over(channel, held_as.value_or(stay.sid), stay.image);
  }
  fence(stay, channel.is_lost() ? kNobody : channel.parties().secondary);
}

void Turnover::fence(Stay& stay, MemberId route) {
  gate_.settle(stay, Gate::fenced(route));
  queues_.dissolve(stay);
  layer_.history.move(stay.sid, route, layer_.now());
  if (route != kNobody) {
    for (const SessionId& former : stay.placement.former_ids()) {
      // Unless that owner has renamed it, too.
      if (layer_.history.newest(former) != stay.sid) continue;
      layer_.history.take_back(former, route, layer_.now());
    }
  }
  layer_.store.erase(stay);
}

void Turnover::give_way(const SessionId& former, MemberId owner, Position position) {
  Stay* stay = find(layer_.history.newest(former));
  if (stay == nullptr || stay->placement.held_as() != former) return;
  if (layer_.may_answer_for(*stay) || position <= stay->image.position) return;
  ++layer_.statistics.fenced;
  fence(*stay, owner);
}

// As long as a copy could bring it back and no member could be told, its client is not told either.
void Turnover::end_solo(Stay& stay) {
  if (protection_.end_elsewhere(stay)) return;
  if (protection_.has_no_trace(stay)) finish_end(stay);
}

void Turnover::finish_end(Stay& stay) {
  const Duration kept = layer_.tombstone_min();
  layer_.history.end(stay.sid, kept, layer_.now());
  for (const SessionId& former : stay.placement.former_ids()) {
    layer_.history.end(former, kept, layer_.now());
  }
  Gate::Passage passage;
  passage.ended = true;
  gate_.settle(stay, passage);
  const ChannelId channel = stay.placement.channel();
  fence(stay, kNobody);
  parking_.wake(channel);
}

Stay* Turnover::promote(const SessionId& sid, ChannelId from, SessionImage image) {
  const TimePoint now = layer_.now();
  if (layer_.history.is_ended(sid)) return nullptr;
  if (Stay* served = layer_.store.find(sid); served != nullptr) {
    LOG(kError, "a session was served here while its copy was kept here too");
    layer_.tell_conflict(sid, served->image.position, image.position);
    return served;
  }
  ++layer_.statistics.promoted;
  ++image.position.epoch;  // a new owner is a new epoch
  image.requests.set_since(now);
  layer_.history.forget_move(sid);
  Stay& stay = layer_.store.create(sid, std::move(image), now);
  stay.placement.show();
  if (layer_.replicator->secondary(from)->is_alone()) {
    stay.disputed = {.with = primary_of(from), .from = stay.image.position.version};
  }
  // What the former primary keeps, if it lives, until another member holds the session.
  layer_.store.set_fallback(stay, from);
  return &stay;
}

// --- slices ------------------------------------------------------------------------------------

bool Turnover::take_over(ChannelId id, size_t& left) {
  ReplicaStore::Copies copies = layer_.replicator->take_promoted(id, left);
  for (auto& [sid, image] : copies) promote(sid, id, std::move(image));
  const bool is_over = copies.size() < left;
  left -= copies.size();
  return is_over;
}

// True: none of its sessions is left.
bool Turnover::advance_channel(ChannelId id, size_t& left) {
  if (layer_.replicator->secondary(id) != nullptr) return take_over(id, left);
  PrimaryChannel* channel = layer_.replicator->primary(id);
  if (channel == nullptr) return true;
  for (Stay* stay : layer_.store.in_channel(id, left)) {
    settle(*stay);
    --left;
  }
  return layer_.store.count_in(id) == 0;
}

void Turnover::advance() {
  for (const StayId id : protection_.take_traceless()) {
    if (Stay* stay = layer_.store.find_stay(id); stay != nullptr) finish_end(*stay);
  }
  size_t left = layer_.options.slice;
  while (!channels_.empty()) {
    const ChannelId id = *channels_.begin();
    if (left == 0 || !advance_channel(id, left)) return layer_.schedule(layer_.now());
    channels_.erase(id);
  }
}

}  // namespace understudy
