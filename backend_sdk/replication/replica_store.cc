// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replica_store.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

const ReplicaStore::Replica* ReplicaStore::find(const SessionId& sid) const {
  const auto found = replicas_.find(sid);
  return found == replicas_.end() ? nullptr : &found->second;
}

void ReplicaStore::keep(const SessionId& sid, Replica& replica, TimePoint now) {
  const TimePoint until = now + replica.image.ttl + options_.kept_beyond_ttl;
  replica.kept_until = until;
  // A later end is found when the earlier entry comes up.
  if (replica.ending && (*replica.ending)->first <= until) return;
  if (replica.ending) ending_.erase(*replica.ending);
  replica.ending = ending_.emplace(until, sid);
}

void ReplicaStore::remove(Replicas::iterator replica) {
  const auto channel = by_channel_.find(replica->second.channel);
  CHECK(channel != by_channel_.end());
  channel->second.erase(replica->first);
  if (channel->second.empty()) by_channel_.erase(channel);
  if (replica->second.ending) ending_.erase(*replica->second.ending);
  bytes_ -= replica->second.image.bytes();
  replicas_.erase(replica);
}

std::optional<NackCode> ReplicaStore::apply_full(ChannelId channel, const FullPayload& full,
                                                 TimePoint now) {
  const auto old = replicas_.find(full.sid);
  std::optional<Recovery> recovery = full.image.recovery;
  if (recovery) recovery->sure_since = now;
  if (old != replicas_.end()) {
    const std::optional<Recovery>& before = old->second.image.recovery;
    if (recovery && before && before->epoch == recovery->epoch) recovery = before;
    const Position known = old->second.image.position;
    const Position offered = full.image.position;
    // In its own channel a session only goes forward; from elsewhere only a higher epoch may come.
    const bool fits =
        old->second.channel == channel ? offered >= known : offered.epoch > known.epoch;
    if (!fits) return NackCode::kStale;
    remove(old);
  }
  const auto passed_over = passed_over_.find(full.sid);
  if (passed_over != passed_over_.end() &&
      passed_over->second.image.position.epoch < full.image.position.epoch) {
    take_passed_over(full.sid);
  }
  const size_t bytes = full.image.bytes();
  if (!make_room(bytes)) return NackCode::kOverload;
  bytes_ += bytes;
  Replica& replica = replicas_[full.sid];
  replica.channel = channel;
  replica.image = full.image;
  replica.image.recovery = recovery;
  by_channel_[channel].insert(full.sid);
  keep(full.sid, replica, now);
  return std::nullopt;
}

std::optional<NackCode> ReplicaStore::apply_repl(ChannelId channel, const ReplPayload& repl,
                                                 TimePoint now) {
  const auto found = replicas_.find(repl.sid);
  if (found == replicas_.end()) return NackCode::kNeedFull;
  Replica& replica = found->second;
  const Position known = replica.image.position;
  if (replica.channel != channel) {
    return known.epoch > repl.delta.position.epoch ? NackCode::kStale : NackCode::kNeedFull;
  }
  const bool fits = known.epoch == repl.delta.position.epoch && known.version == repl.delta.base;
  if (!fits || replica.image.requests.find(repl.delta.request_id) != nullptr) {
    return NackCode::kNeedFull;
  }
  bytes_ -= replica.image.bytes();
  replica.image.apply(repl.delta, now);
  bytes_ += replica.image.bytes();
  if (!make_room(0)) {
    remove(found);
    return NackCode::kOverload;
  }
  keep(repl.sid, replica, now);
  return std::nullopt;
}

void ReplicaStore::touch(ChannelId channel, const SessionId& sid, TimePoint now) {
  const auto found = replicas_.find(sid);
  if (found != replicas_.end() && found->second.channel == channel) {
    keep(sid, found->second, now);
  }
}

void ReplicaStore::erase(ChannelId channel, const SessionId& sid) {
  const auto found = replicas_.find(sid);
  if (found != replicas_.end() && found->second.channel == channel) remove(found);
}

void ReplicaStore::adopt(ChannelId from, ChannelId to) {
  const auto channel = by_channel_.find(from);
  if (channel == by_channel_.end()) return;
  std::unordered_set<SessionId> sids = std::move(channel->second);
  by_channel_.erase(channel);
  for (const SessionId& sid : sids) {
    Replica& replica = replicas_.at(sid);
    CHECK(replica.channel == from);
    replica.channel = to;
    ++replica.image.position.epoch;
  }
  CHECK(by_channel_.emplace(to, std::move(sids)).second, "a successor starts empty");
}

ReplicaStore::Copies ReplicaStore::take(ChannelId channel) {
  Copies copies;
  for (const SessionId& sid : sids(channel)) {
    const auto found = replicas_.find(sid);
    copies.emplace_back(sid, found->second.image);
    remove(found);
  }
  return copies;
}

std::vector<SessionId> ReplicaStore::sids(ChannelId channel) const {
  const auto found = by_channel_.find(channel);
  if (found == by_channel_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

// What was passed over goes first, the oldest of it.
bool ReplicaStore::make_room(size_t bytes) {
  while (bytes_ + passed_over_bytes_ + bytes > options_.bytes_max && !passed_over_.empty()) {
    take_passed_over(SessionId(passed_over_ending_.begin()->second));
  }
  return bytes_ + bytes <= options_.bytes_max;
}

void ReplicaStore::pass_over(ChannelId channel, TimePoint kept_until) {
  for (auto& [sid, image] : take(channel)) {
    if (const PassedOver* known = find_passed_over(sid); known != nullptr) {
      if (known->image.position > image.position) continue;
      take_passed_over(sid);
    }
    passed_over_bytes_ += image.bytes();
    passed_over_by_channel_[channel].insert(sid);
    passed_over_.emplace(
        sid, PassedOver{channel, std::move(image), passed_over_ending_.emplace(kept_until, sid)});
  }
}

const ReplicaStore::PassedOver* ReplicaStore::find_passed_over(const SessionId& sid) const {
  const auto found = passed_over_.find(sid);
  return found == passed_over_.end() ? nullptr : &found->second;
}

std::vector<SessionId> ReplicaStore::passed_over_in(ChannelId channel) const {
  const auto found = passed_over_by_channel_.find(channel);
  if (found == passed_over_by_channel_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::optional<SessionImage> ReplicaStore::take_passed_over(const SessionId& sid) {
  const auto found = passed_over_.find(sid);
  if (found == passed_over_.end()) return std::nullopt;
  const auto channel = passed_over_by_channel_.find(found->second.channel);
  channel->second.erase(sid);
  if (channel->second.empty()) passed_over_by_channel_.erase(channel);
  passed_over_ending_.erase(found->second.ending);
  SessionImage image = std::move(found->second.image);
  passed_over_bytes_ -= image.bytes();
  passed_over_.erase(found);
  return image;
}

void ReplicaStore::forget_passed_over(ChannelId channel) {
  for (const SessionId& sid : passed_over_in(channel)) take_passed_over(sid);
}

void ReplicaStore::expire(TimePoint now) {
  while (!passed_over_ending_.empty() && passed_over_ending_.begin()->first <= now) {
    take_passed_over(SessionId(passed_over_ending_.begin()->second));
  }
  while (!ending_.empty() && ending_.begin()->first <= now) {
    const auto replica = replicas_.find(ending_.begin()->second);
    CHECK(replica != replicas_.end(), "an entry goes with its copy");
    if (replica->second.kept_until <= now) {
      remove(replica);
    } else {
      ending_.erase(ending_.begin());
      replica->second.ending = ending_.emplace(replica->second.kept_until, replica->first);
    }
  }
}

TimePoint ReplicaStore::wake_at() const {
  TimePoint at = ending_.empty() ? TimePoint::max() : ending_.begin()->first;
  if (!passed_over_ending_.empty()) at = std::min(at, passed_over_ending_.begin()->first);
  return at;
}

}  // namespace understudy
