// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/former_life.h"

#include <utility>

namespace understudy {

void FormerLife::take() {
  if (layer_.store.size() == 0) return;
  Life& life = lives_.emplace_back();
  life.store = layer_.store.take_all();
  for (const ChannelId channel : life.store.channels()) {
    life.secondaries[channel] = layer_.replicator->primary(channel)->parties().secondary;
  }
  layer_.schedule(layer_.now());
}

void FormerLife::let_go_of(const SessionId& sid) {
  if (lives_.empty()) return;
  const SessionId newest = layer_.history.newest(sid);
  for (Life& life : lives_) {
    if (Stay* stay = life.store.find(newest)) let_go(life, *stay);
  }
  std::erase_if(lives_, [](const Life& life) { return life.store.size() == 0; });
}

// What has come back meanwhile, as a session or a copy, needs no pointer.
void FormerLife::let_go(Life& life, Stay& stay) {
  if (stay.was_written_alone()) disputes_.remember(stay);
  const ChannelId channel = stay.placement.channel();
  const MemberId route = channel == 0 ? kNobody : life.secondaries.at(channel);
  const bool is_back =
      layer_.store.find(stay.sid) != nullptr ||
      (layer_.replicator != nullptr && layer_.replicator->copies().find(stay.sid) != nullptr);
  if (!is_back) layer_.history.move(stay.sid, route, layer_.now());
  if (!is_back && route != kNobody) {
    for (const SessionId& former : stay.placement.former_ids()) {
      if (layer_.history.newest(former) != stay.sid) continue;
      layer_.history.take_back(former, route, layer_.now());
    }
  }
  // A request that is left in its queues has been told: all that were parked when the life ended.
  stay.exclusive_queue.clear();
  stay.memory_queue.clear();
  stay.repeated.clear();
  life.store.erase(stay);
}

void FormerLife::advance() {
  for (size_t left = layer_.options.slice; left > 0 && !lives_.empty(); --left) {
    Life& life = lives_.front();
    let_go(life, *life.store.any());
    if (life.store.size() == 0) lives_.pop_front();
  }
  if (!lives_.empty()) layer_.schedule(layer_.now());
}

}  // namespace understudy
