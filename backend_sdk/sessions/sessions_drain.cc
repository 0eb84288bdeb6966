// SPDX-License-Identifier: Apache-2.0
// Sessions that are handed over while everybody lives: because this member goes down (drain), or
// because an operator wants its sessions elsewhere (move), or because a proxy cannot reach it
// (yield). All end in GRANT, channel by channel.
//
// A draining member keeps back what arrives until its channels are quiet; it has nothing else to
// do, and DrainTimeout ends it. A member that only moves goes on serving: it keeps back for a while
// and serves for as long in turns, so that a slow request in a channel delays the others' requests
// a little, but never makes one of them fail.
#include <algorithm>

#include "backend_sdk/sessions/sessions.h"
#include "base/log.h"

namespace understudy {

namespace {

constexpr Duration kDrainLook = std::chrono::milliseconds(20);
constexpr Duration kMoveLook = std::chrono::milliseconds(200);  // nothing to move, for now
// Two proxies of which each reaches another of two members would have sessions go to and fro.
constexpr Duration kYieldPause = std::chrono::seconds(2);
constexpr size_t kYieldedMax = 1024;  // secondaries remembered; beyond, the pause is forgotten

}  // namespace

void Sessions::start_drain() {
  if (draining_) return;
  draining_ = true;
  stop_move();
  drain_until_ = clock_.now() + options_.drain_timeout;
  if (replicator_ != nullptr) replicator_->refuse_copies();
  schedule(clock_.now());
}

bool Sessions::is_drained() const {
  if (!draining_) return false;
  if (replicator_ == nullptr || clock_.now() >= drain_until_) return true;
  return store_.size() == 0 && active_.empty() && replicator_->open_secondaries() == 0;
}

void Sessions::drain_channel(PrimaryChannel& channel) {
  if (channel.state() != PrimaryChannel::State::kOpen || !channel.is_quiet()) return;
  for (const Session* session : store_.in_channel(channel.id())) {
    const bool ready = session->is_idle() && !session->is_dirty &&
                       session->acked == session->image.position.version;
    if (!ready) return;
  }
  if (replicator_->fate(channel.parties().secondary) != Fate::kUsable) return;
  if (sessions_in(channel.id()) > 0) channel.grant(clock_.now());
}

void Sessions::advance_drain() {
  if (!draining_ || is_drained()) return;
  for (PrimaryChannel* channel : replicator_->primaries()) drain_channel(*channel);
  schedule(clock_.now() + kDrainLook);
}

// --- an operator's wish ------------------------------------------------------------------------

// Every request says it anew, so nobody has to remember to take it back.
void Sessions::heed(Told told) {
  if (told == Told::kMove) start_move();
  if (told == Told::kServe) stop_move();
}

void Sessions::on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) {
  if (!is_only_this) return start_move();
  yield(channel);
}

void Sessions::start_move() {
  if (draining_ || replicator_ == nullptr) return;
  const TimePoint now = clock_.now();
  if (!is_moving()) {
    LOG(kNotice, "an operator drains this member: its sessions ({}) go to their secondaries",
        store_.size());
    move_since_ = now;
    schedule(now);
  }
  move_until_ = now + options_.drain_timeout;
}

void Sessions::stop_move() {
  if (!is_moving()) return;
  move_until_ = TimePoint{};
  schedule(clock_.now());
}

// In turns of half of what a request may wait.
bool Sessions::holds_back() const {
  if (draining_) return true;
  return is_moving() && ((clock_.now() - move_since_) / (patience() / 2)) % 2 == 0;
}

// A request would only keep the channel from being handed over.
bool Sessions::is_held(const PrimaryChannel& channel) const {
  if (!holds_back() && !yielding_.contains(channel.id())) return false;
  if (draining_) return channel.takes_frames();
  return channel.state() == PrimaryChannel::State::kOpen &&
         replicator_->fate(channel.parties().secondary) == Fate::kUsable;
}

void Sessions::advance_move() {
  const bool hold = !draining_ && holds_back();
  if (held_back_ && !hold) {
    for (const PrimaryChannel* channel : replicator_->primaries()) wake(channel->id());
  }
  held_back_ = hold;
  if (!is_moving()) return;
  for (PrimaryChannel* channel : replicator_->primaries()) drain_channel(*channel);
  schedule(clock_.now() + (store_.size() > 0 ? kDrainLook : kMoveLook));
}

// --- a proxy that cannot reach us --------------------------------------------------------------

// Only what was asked for goes: other proxies may reach us very well, and we go on serving them.
void Sessions::yield(PrimaryChannel& channel) {
  if (draining_ || is_moving() || yielding_.contains(channel.id())) return;
  const TimePoint now = clock_.now();
  if (yielded_.size() >= kYieldedMax) yielded_.clear();
  const auto [last, is_first] = yielded_.try_emplace(channel.parties().secondary, now);
  if (!is_first && now - last->second < kYieldPause) return;
  last->second = now;
  LOG(kNotice, "a proxy does not reach this member: sessions ({}) go to member {:08x}",
      sessions_in(channel.id()), channel.parties().secondary);
  yielding_.emplace(channel.id(), now + patience() / 2);
  schedule(now);
}

void Sessions::advance_yield() {
  const TimePoint now = clock_.now();
  std::vector<ChannelId> over;
  for (const auto& [id, until] : yielding_) {
    PrimaryChannel* channel = replicator_->primary(id);
    const bool goes_on =
        channel != nullptr && channel->state() == PrimaryChannel::State::kOpen && now < until;
    if (goes_on) {
      drain_channel(*channel);
    } else {
      over.push_back(id);
    }
  }
  for (const ChannelId id : over) {
    yielding_.erase(id);
    wake(id);
  }
  if (!yielding_.empty()) schedule(now + kDrainLook);
}

// We hold the copy, the primary lives and is drained, or out of the proxy's reach: it hands the
// channel over, or goes on.
void Sessions::await_hand_over(PendingPtr pending, SecondaryChannel& channel) {
  pending->hand_over = Pending::HandOver::kAwaited;
  const ChannelId id = channel.id();
  using Extent = SecondaryChannel::Extent;
  channel.ask_for(pending->request.moved ? Extent::kAll : Extent::kThisChannel, clock_.now());
  park(std::move(pending), id, patience() / 2 + replication_.ack_timeout);
}

}  // namespace understudy
