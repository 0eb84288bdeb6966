// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/suspects.h"

#include <algorithm>

namespace understudy {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(2);  // acknowledgements tell the parts, not us

}  // namespace

void Suspects::hold(WaitingPtr waiting) {
  const TimePoint now = layer_.now();
  const Duration most = layer_.replication.ack_deadline;
  const bool may_run_alone = layer_.replication.solo != SoloPolicy::kDeny;
  const WaitingId id = waiting->id;
  const Duration waited = now - waiting->arrived;
  parking_.park(std::move(waiting), waited + (may_run_alone ? 2 * most : most),
                Unavailable::kUnprotected);
  if (!parking_.contains(id)) return;
  held_.push_back({.id = id, .until = now + most});
  asked_.clear();
  owed_.clear();
  for (const PrimaryChannel* channel : layer_.replicator->primaries()) {
    asked_.insert(channel->parties().secondary);
  }
  for (const SecondaryChannel* channel : layer_.replicator->secondaries()) {
    asked_.insert(channel->parties().primary);
  }
  std::erase_if(asked_, [this](MemberId member) {
    return member == layer_.self || layer_.replicator->fate(member) == Fate::kProven;
  });
  for (const MemberId member : asked_) layer_.replicator->probe(member);
  layer_.schedule(now);
}

void Suspects::advance() {
  if (held_.empty()) return;
  const TimePoint now = layer_.now();
  std::erase_if(held_, [this](const Held& held) { return !parking_.contains(held.id); });
  const bool is_safe = would_lose_nothing();
  std::erase_if(held_, [&](const Held& held) {
    const bool may_run_alone = layer_.replication.solo != SoloPolicy::kDeny;
    if (!is_safe && (!may_run_alone || now < held.until)) return false;
    parking_.admit_later(held.id);
    return true;
  });
  if (!held_.empty()) layer_.schedule(now + kLook);
}

void Suspects::end_life() {
  held_.clear();
  asked_.clear();
  owed_.clear();
}

bool Suspects::would_lose_nothing() {
  if (is_alone()) return true;
  std::erase_if(
      asked_, [this](MemberId member) { return layer_.replicator->fate(member) == Fate::kProven; });
  return asked_.empty() && has_taken_over() && are_copies_held();
}

// No member is left that could be given a copy.
bool Suspects::is_alone() const {
  const auto& members = layer_.replicator->view().members;
  return std::none_of(members.begin(), members.end(), [this](const Member& member) {
    return member.mid != layer_.self && layer_.replicator->fate(member.mid) == Fate::kUsable;
  });
}

// What the dead had here is served by this member, or is another one's.
bool Suspects::has_taken_over() const {
  const auto channels = layer_.replicator->secondaries();
  return std::all_of(channels.begin(), channels.end(), [this](const SecondaryChannel* channel) {
    switch (channel->state()) {
      case SecondaryChannel::State::kOpen:
        return layer_.replicator->fate(channel->parties().primary) == Fate::kUsable;
      case SecondaryChannel::State::kClaiming:
        return false;
      case SecondaryChannel::State::kOwned:
        return !layer_.replicator->copies().has_promoted(channel->id());
      case SecondaryChannel::State::kOut:
        return true;
    }
    return false;
  });
}

// Each session has a channel to a living member, and what was on its way then has arrived.
bool Suspects::are_copies_held() {
  const auto channels = layer_.replicator->primaries();
  const bool are_all_in =
      layer_.store.unprotected_count() == 0 &&
      std::all_of(channels.begin(), channels.end(), [this](const PrimaryChannel* channel) {
        const bool is_settled = !channel->takes_frames() || !protection_.owes(channel->id());
        return is_settled &&
               (!channel->takes_frames() ||
                layer_.replicator->fate(channel->parties().secondary) == Fate::kUsable);
      });
  if (!are_all_in) {
    owed_.clear();
    return false;
  }
  if (owed_.empty()) {
    for (const PrimaryChannel* channel : channels) {
      if (channel->takes_frames()) owed_[channel->id()] = channel->window().last_seq();
    }
  }
  return std::all_of(owed_.begin(), owed_.end(), [this](const auto& owed) {
    const PrimaryChannel* channel = layer_.replicator->primary(owed.first);
    if (channel == nullptr) return true;
    const SendWindow::Sent* oldest = channel->window().oldest();
    return oldest == nullptr || oldest->seq > owed.second;
  });
}

}  // namespace understudy
