// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/hand_over.h"

#include <vector>

#include "backend_sdk/sessions/patience.h"
#include "backend_sdk/wire/id_text.h"
#include "base/log.h"

namespace understudy {

namespace {

constexpr Duration kDrainLook = std::chrono::milliseconds(20);
constexpr Duration kMoveLook = std::chrono::milliseconds(200);  // nothing to move, for now
// Two proxies of which each reaches another of two members would have sessions go to and fro.
constexpr Duration kYieldPause = std::chrono::seconds(2);
constexpr size_t kYieldedMax = 1024;  // secondaries remembered; beyond, the pause is forgotten

}  // namespace

void HandOver::start_drain() {
  if (is_draining_) return;
  is_draining_ = true;
  stop_move();
  drain_until_ = layer_.now() + layer_.options.drain_timeout;
  if (layer_.replicator != nullptr) layer_.replicator->refuse_copies();
  layer_.schedule(layer_.now());
}

bool HandOver::is_drained() const {
  if (!is_draining_) return false;
  if (layer_.replicator == nullptr || layer_.now() >= drain_until_) return true;
  return owner_.has_nothing_left() && layer_.replicator->open_channels().in == 0;
}

void HandOver::grant(PrimaryChannel& channel) const {
  const bool is_ready = channel.state() == PrimaryChannel::State::kOpen &&
                        channel.window().is_empty() && layer_.store.count_in(channel.id()) > 0 &&
                        owner_.is_unused(channel);
  if (!is_ready) return;
  if (layer_.replicator->fate(channel.parties().secondary) != Fate::kUsable) return;
  channel.grant(layer_.now());
}

void HandOver::on_idle() {
  if (is_draining_ || is_moving() || !yielding_.empty()) layer_.schedule(layer_.now());
}

void HandOver::advance() {
  if (is_draining_ && !is_drained()) {
    for (PrimaryChannel* channel : layer_.replicator->primaries()) grant(*channel);
    layer_.schedule(layer_.now() + kDrainLook);
  }
  advance_move();
  advance_yield();
}

void HandOver::end_life() {
  yielding_.clear();
  yielded_.clear();
}

// --- an operator's wish ------------------------------------------------------------------------

void HandOver::obey(ProxyOrder order) {
  if (order == ProxyOrder::kMove) start_move();
  if (order == ProxyOrder::kServe) stop_move();
}

void HandOver::on_asked(PrimaryChannel& channel, bool is_only_this) {
  if (!is_only_this) return start_move();
  yield(channel);
}

void HandOver::start_move() {
  if (is_draining_ || layer_.replicator == nullptr) return;
  const TimePoint now = layer_.now();
  if (!is_moving()) {
    LOG(kNotice, "an operator drains this member: its sessions ({}) go to their secondaries",
        layer_.store.size());
    move_since_ = now;
    layer_.schedule(now);
  }
  move_until_ = now + layer_.options.drain_timeout;
}

void HandOver::stop_move() {
  if (!is_moving()) return;
  move_until_ = TimePoint{};
  layer_.schedule(layer_.now());
}

// In turns of half of what a request may wait.
bool HandOver::holds_back() const {
  if (is_draining_) return true;
  return is_moving() && ((layer_.now() - move_since_) / (patience_of(layer_) / 2)) % 2 == 0;
}

bool HandOver::keeps_back(const PrimaryChannel& channel) const {
  if (!holds_back() && !yielding_.contains(channel.id())) return false;
  if (is_draining_) return channel.takes_frames();
  return channel.state() == PrimaryChannel::State::kOpen &&
         layer_.replicator->fate(channel.parties().secondary) == Fate::kUsable;
}

void HandOver::advance_move() {
  const bool holds = !is_draining_ && holds_back();
  if (held_back_ && !holds) {
    for (const PrimaryChannel* channel : layer_.replicator->primaries()) {
      parking_.wake(channel->id());
    }
  }
  held_back_ = holds;
  if (!is_moving()) return;
  for (PrimaryChannel* channel : layer_.replicator->primaries()) grant(*channel);
  layer_.schedule(layer_.now() + (layer_.store.size() > 0 ? kDrainLook : kMoveLook));
}

// --- a proxy that cannot reach this member -----------------------------------------------------

// Only what was asked for goes: other proxies may reach this member, and it goes on serving them.
void HandOver::yield(PrimaryChannel& channel) {
  if (is_draining_ || is_moving() || yielding_.contains(channel.id())) return;
  const TimePoint now = layer_.now();
  if (yielded_.size() >= kYieldedMax) yielded_.clear();
  const auto [last, is_first] = yielded_.try_emplace(channel.parties().secondary, now);
  if (!is_first && now - last->second < kYieldPause) return;
  last->second = now;
  LOG(kNotice, "a proxy does not reach this member: sessions ({}) go to member {}",
      layer_.store.count_in(channel.id()), mid_text(channel.parties().secondary));
  yielding_.emplace(channel.id(), now + patience_of(layer_) / 2);
  layer_.schedule(now);
}

void HandOver::advance_yield() {
  const TimePoint now = layer_.now();
  std::vector<ChannelId> over;
  for (const auto& [id, until] : yielding_) {
    PrimaryChannel* channel = layer_.replicator->primary(id);
    const bool goes_on =
        channel != nullptr && channel->state() == PrimaryChannel::State::kOpen && now < until;
    if (goes_on) {
      grant(*channel);
    } else {
      over.push_back(id);
    }
  }
  for (const ChannelId id : over) {
    yielding_.erase(id);
    parking_.wake(id);
  }
  if (!yielding_.empty()) layer_.schedule(now + kDrainLook);
}

}  // namespace understudy
