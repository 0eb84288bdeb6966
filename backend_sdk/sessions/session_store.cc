// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/session_store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace understudy {

Stay* SessionStore::find(const SessionId& sid) const {
  const auto found = stays_.find(sid);
  return found == stays_.end() ? nullptr : settled(found->second.get());
}

Stay* SessionStore::find_stay(StayId id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : settled(found->second);
}

Stay& SessionStore::create(const SessionId& sid, SessionImage image, TimePoint now) {
  const auto [entry, is_new] = stays_.emplace(sid, std::make_unique<Stay>());
  CHECK(is_new, "a session is served once (S9)");
  Stay& stay = *entry->second;
  stay.sid = sid;
  stay.id = ++last_id_;
  by_id_.emplace(stay.id, &stay);
  stay.image = std::move(image);
  stay.last_access = now;
  count_bytes(stay);
  wait_for_copy(stay, now);
  watch_expiry(stay, stay.expires());
  return stay;
}

void SessionStore::wait_for_copy(Stay& stay, TimePoint order) {
  CHECK(stay.placement.channel() == 0 && !stay.unprotected);
  stay.unprotected = unprotected_.emplace(order, &stay);
}

void SessionStore::rename(Stay& stay, const SessionId& new_id) {
  auto node = stays_.extract(stay.sid);
  node.key() = new_id;
  stay.sid = new_id;
  CHECK(stays_.insert(std::move(node)), "a fresh id is free");
}

void SessionStore::erase(Stay& stay) {
  CHECK(stay.tickets.empty() && !stay.is_waited_for(),
        "a request that waits for a session is told before the session goes");
  if (stay.placement.channel() != 0) leave_channel(stay);
  set_fallback(stay, 0);
  if (stay.unprotected) unprotected_.erase(*stay.unprotected);
  if (stay.expiring) expiring_.erase(*stay.expiring);
  bytes_ -= stay.counted_bytes;
  by_id_.erase(stay.id);
  stays_.erase(stay.sid);
}

void SessionStore::leave_channel(Stay& stay) {
  remove(by_channel_, stay.group, stay);
}

bool SessionStore::enter(Stay& stay, ChannelId channel) {
  const bool raises_epoch = settled(&stay)->placement.enter(channel);
  unprotected_.erase(*stay.unprotected);
  stay.unprotected.reset();
  stay.group = &group_of(by_channel_, channel);
  stay.epochs = stay.group->epochs;
  stay.group->stays.emplace(stay.id, &stay);
  return raises_epoch;
}

void SessionStore::leave(Stay& stay) {
  settled(&stay);
  const ChannelId before = stay.placement.fallback();
  leave_channel(stay);
  stay.placement.leave();
  index_fallback(stay, before);
  wait_for_copy(stay, stay.last_access);
}

void SessionStore::follow_all(ChannelId from, ChannelId to, uint32_t epochs) {
  follow(by_channel_, from, to, epochs);
  follow(fallbacks_, from, to, 0);
}

// However many there are, in one step.
void SessionStore::follow(Channels& channels, ChannelId from, ChannelId to, uint32_t epochs) {
  auto node = channels.extract(from);
  if (!node) return;
  Group& moved = *node.mapped();
  moved.channel = to;
  moved.epochs += epochs;
  // Those that are there already.
  if (auto there = channels.extract(to)) {
    for (const auto& [id, stay] : there.mapped()->stays) {
      settled(stay);
      moved.stays.emplace(id, stay);
      if (&channels == &fallbacks_) {
        stay->fallback_group = &moved;
      } else {
        stay->group = &moved;
        stay->epochs = moved.epochs;
      }
    }
  }
  node.key() = to;
  channels.insert(std::move(node));
}

Stay* SessionStore::settled(Stay* stay) {
  if (const Group* group = stay->group;
      group != nullptr && group->channel != stay->placement.channel()) {
    stay->image.position.epoch += group->epochs - stay->epochs;
    stay->epochs = group->epochs;
    stay->placement.follow(group->channel);
  }
  if (const Group* group = stay->fallback_group;
      group != nullptr && group->channel != stay->placement.fallback()) {
    stay->placement.set_fallback(group->channel);
  }
  return stay;
}

SessionStore::Group& SessionStore::group_of(Channels& channels, ChannelId channel) const {
  std::unique_ptr<Group>& group = channels[channel];
  if (!group) group = std::make_unique<Group>(Group{.channel = channel});
  return *group;
}

void SessionStore::remove(Channels& channels, Group*& group, const Stay& stay) {
  group->stays.erase(stay.id);
  if (group->stays.empty()) channels.erase(group->channel);
  group = nullptr;
}

void SessionStore::on_acknowledged(Stay& stay, uint64_t version) {
  const ChannelId before = settled(&stay)->placement.fallback();
  stay.placement.on_acknowledged(version, stay.image.position.version);
  stay.disputed.reset();
  index_fallback(stay, before);
}

void SessionStore::set_fallback(Stay& stay, ChannelId channel) {
  const ChannelId before = settled(&stay)->placement.fallback();
  stay.placement.set_fallback(channel);
  index_fallback(stay, before);
}

void SessionStore::index_fallback(Stay& stay, ChannelId before) {
  const ChannelId after = stay.placement.fallback();
  if (before == after) return;
  if (stay.fallback_group != nullptr) remove(fallbacks_, stay.fallback_group, stay);
  if (after == 0) return;
  stay.fallback_group = &group_of(fallbacks_, after);
  stay.fallback_group->stays.emplace(stay.id, &stay);
}

std::vector<Stay*> SessionStore::in_channel(ChannelId channel, size_t count_max) const {
  std::vector<Stay*> result;
  const auto found = by_channel_.find(channel);
  if (found == by_channel_.end()) return result;
  for (const auto& [id, stay] : found->second->stays) {
    if (result.size() == count_max) break;
    result.push_back(settled(stay));
  }
  return result;
}

size_t SessionStore::count_in(ChannelId channel) const {
  const auto found = by_channel_.find(channel);
  return found == by_channel_.end() ? 0 : found->second->stays.size();
}

Stay* SessionStore::next_unprotected() {
  return unprotected_.empty() ? nullptr : settled(std::prev(unprotected_.end())->second);
}

void SessionStore::put_back_last(Stay& stay) {
  const TimePoint last = unprotected_.begin()->first;
  unprotected_.erase(*stay.unprotected);
  stay.unprotected = unprotected_.emplace_hint(unprotected_.begin(), last, &stay);
}

Stay* SessionStore::next_expiring(TimePoint now) {
  if (expiring_.empty() || expiring_.begin()->first > now) return nullptr;
  Stay* const stay = expiring_.begin()->second;
  expiring_.erase(expiring_.begin());
  stay->expiring.reset();
  return settled(stay);
}

void SessionStore::watch_expiry(Stay& stay, TimePoint at) {
  if (stay.expiring) expiring_.erase(*stay.expiring);
  stay.expiring = expiring_.emplace(at, &stay);
}

TimePoint SessionStore::expiry_wake_at() const {
  return expiring_.empty() ? TimePoint::max() : expiring_.begin()->first;
}

void SessionStore::count_bytes(Stay& stay) {
  bytes_ -= stay.counted_bytes;
  stay.counted_bytes = stay.image.bytes();
  bytes_ += stay.counted_bytes;
}

Stay* SessionStore::any() const {
  return stays_.empty() ? nullptr : settled(stays_.begin()->second.get());
}

std::vector<ChannelId> SessionStore::channels() const {
  std::vector<ChannelId> channels;
  for (const auto& [channel, group] : by_channel_) channels.push_back(channel);
  return channels;
}

SessionStore SessionStore::take_all() {
  SessionStore taken = std::exchange(*this, SessionStore());
  last_id_ = taken.last_id_;
  return taken;
}

std::vector<Stay*> SessionStore::all() const {
  std::vector<Stay*> result;
  for (const auto& [sid, stay] : stays_) result.push_back(settled(stay.get()));
  return result;
}

}  // namespace understudy
