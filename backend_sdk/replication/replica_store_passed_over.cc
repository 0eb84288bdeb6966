// SPDX-License-Identifier: Apache-2.0
// What ReplicaStore keeps although nothing of it may be served: whole channels that their primary
// has sealed, and single copies. Of one session there may be both; the newer one counts.
#include <algorithm>

#include "backend_sdk/replication/replica_store.h"
#include "base/check.h"

namespace understudy {

ReplicaStore::Singles::iterator ReplicaStore::find_single(const SessionId& sid) {
  const auto found = singles_.find(sid);
  if (found == singles_.end()) return found;
  if (found->second.group->standing != Standing::kForgotten) return found;
  remove(found);
  return singles_.end();
}

void ReplicaStore::remove(Singles::iterator single) {
  Group& group = *single->second.group;
  group.sids.erase(single->first);
  count(group, 1, single->second.bytes, false);
  singles_ending_.erase(single->second.ending);
  singles_.erase(single);
  drop_if_empty(group);
}

// An acknowledged copy that cannot be held any more, or whose place another one takes.
void ReplicaStore::set_aside(Replicas::iterator replica, ChannelId channel, MemberId owner,
                             TimePoint until) {
  const SessionId sid = replica->first;
  SessionImage image = std::move(replica->second.image);
  remove(replica);
  put_single(channel, owner, sid, std::move(image), until);
}

void ReplicaStore::put_single(ChannelId channel, MemberId owner, const SessionId& sid,
                              SessionImage image, TimePoint until) {
  if (const auto known = find_single(sid); known != singles_.end()) {
    if (known->second.image.position > image.position) return;
    remove(known);
  }
  Group& group = group_of(single_groups_, channel, owner);
  const size_t bytes = image.bytes();
  group.sids.emplace(sid);
  count(group, 1, bytes, true);
  singles_.emplace(sid,
                   Single{&group, std::move(image), bytes, singles_ending_.emplace(until, sid)});
}

void ReplicaStore::pass_over(ChannelId channel, TimePoint until) {
  for (Groups* groups : {&groups_, &single_groups_}) {
    const auto found = groups->find(channel);
    if (found == groups->end()) continue;
    set_standing(*found->second, Standing::kPassedOver);
    end_at(*found->second, until);
  }
}

bool ReplicaStore::pass_over(const PassedOver& copy, const SessionId& sid, TimePoint until) {
  if (find(sid) != nullptr) return false;
  const auto known = find_passed_over(sid);
  if (known && known->image->position > copy.image->position) return false;
  if (!fits(copy.image->bytes(), 0)) return false;
  take_passed_over(sid);
  put_single(copy.channel, copy.owner, sid, *copy.image, until);
  return true;
}

std::optional<ReplicaStore::PassedOver> ReplicaStore::find_passed_over(const SessionId& sid) const {
  std::optional<PassedOver> best;
  const auto replica = replicas_.find(sid);
  if (replica != replicas_.end()) {
    const Group& group = *replica->second.group;
    if (group.standing == Standing::kPassedOver) {
      best = PassedOver{group.channel, group.owner, &settled(replica->second).image};
    }
  }
  const auto single = singles_.find(sid);
  if (single != singles_.end()) {
    const Group& group = *single->second.group;
    const bool is_newer = !best || best->image->position < single->second.image.position;
    if (group.standing == Standing::kPassedOver && is_newer) {
      best = PassedOver{group.channel, group.owner, &single->second.image};
    }
  }
  return best;
}

std::optional<SessionImage> ReplicaStore::take_passed_over(const SessionId& sid) {
  const auto newest = find_passed_over(sid);
  if (!newest) return std::nullopt;
  SessionImage image = *newest->image;
  supersede(sid, UINT32_MAX);
  return image;
}

size_t ReplicaStore::superseded_bytes(const SessionId& sid, uint32_t epoch) {
  const auto single = find_single(sid);
  const bool goes = single != singles_.end() && single->second.image.position.epoch < epoch;
  return goes ? single->second.bytes : 0;
}

void ReplicaStore::supersede(const SessionId& sid, uint32_t epoch) {
  const auto replica = find_live(sid);
  const bool goes = replica != replicas_.end() &&
                    replica->second.group->standing == Standing::kPassedOver &&
                    replica->second.image.position.epoch < epoch;
  if (goes) remove(replica);
  const auto single = find_single(sid);
  if (single != singles_.end() && single->second.image.position.epoch < epoch) remove(single);
}

void ReplicaStore::forget_passed_over(ChannelId channel) {
  forget(groups_, channel);
  forget(single_groups_, channel);
}

MemberId ReplicaStore::passed_over_owner(ChannelId channel) const {
  if (const auto single = single_groups_.find(channel); single != single_groups_.end()) {
    return single->second->owner;
  }
  const auto found = groups_.find(channel);
  const bool is_passed_over =
      found != groups_.end() && found->second->standing == Standing::kPassedOver;
  return is_passed_over ? found->second->owner : kNobody;
}

std::vector<ChannelId> ReplicaStore::passed_over_channels() const {
  std::vector<ChannelId> channels;
  for (const auto& [channel, group] : groups_) {
    if (group->standing == Standing::kPassedOver) channels.push_back(channel);
  }
  for (const auto& [channel, group] : single_groups_) {
    const auto whole = groups_.find(channel);
    const bool is_listed =
        whole != groups_.end() && whole->second->standing == Standing::kPassedOver;
    if (!is_listed) channels.push_back(channel);
  }
  return channels;
}

void ReplicaStore::visit_passed_over(ChannelId channel,
                                     const std::function<bool(const SessionId&)>& visitor) const {
  for (const Groups* groups : {&groups_, &single_groups_}) {
    const auto found = groups->find(channel);
    if (found == groups->end() || found->second->standing != Standing::kPassedOver) continue;
    for (const SessionId& sid : found->second->sids) {
      if (!visitor(sid)) return;
    }
  }
}

}  // namespace understudy
