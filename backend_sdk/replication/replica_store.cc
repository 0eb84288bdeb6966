// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replica_store.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

namespace {

// What a delta adds to an image is at most this beside its bytes.
constexpr size_t kAddedPerChange = 256;

// At most what the image grows by; costs less than to know exactly.
size_t growth_max(const SessionDelta& delta) {
  size_t sum = 2 * kAddedPerChange + (delta.response ? delta.response->size() : 0);
  for (const AttributeChange& change : delta.changes) {
    sum += kAddedPerChange + change.name.size() + (change.value ? change.value->size() : 0);
  }
  return sum;
}

}  // namespace

ReplicaStore::ReplicaStore(const Options& options) : options_(options) {}
ReplicaStore::~ReplicaStore() = default;

// --- one copy ----------------------------------------------------------------------------------

ReplicaStore::Replica& ReplicaStore::settled(Replica& replica) {
  const Group& group = *replica.group;
  replica.image.position.epoch += group.adoptions - replica.adoptions;
  replica.adoptions = group.adoptions;
  replica.channel = group.channel;
  replica.is_promoted = group.standing == Standing::kPromoted;
  return replica;
}

// What is forgotten is not there any more.
ReplicaStore::Replicas::iterator ReplicaStore::find_live(const SessionId& sid) {
  const auto found = replicas_.find(sid);
  if (found == replicas_.end()) return found;
  if (found->second.group->standing == Standing::kForgotten) {
    remove(found);
    return replicas_.end();
  }
  settled(found->second);
  return found;
}

const ReplicaStore::Replica* ReplicaStore::find(const SessionId& sid) const {
  const auto found = replicas_.find(sid);
  if (found == replicas_.end()) return nullptr;
  const Standing standing = found->second.group->standing;
  const bool is_kept = standing == Standing::kHeld || standing == Standing::kPromoted;
  return is_kept ? &settled(found->second) : nullptr;
}

void ReplicaStore::visit(
    const std::function<void(const SessionId&, const Replica&)>& visitor) const {
  for (const auto& [sid, replica] : replicas_) {
    if (const Replica* kept = find(sid); kept != nullptr) visitor(sid, *kept);
  }
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
  Group& group = *replica->second.group;
  group.sids.erase(replica->first);
  count(group, 1, replica->second.bytes, false);
  if (replica->second.ending) ending_.erase(*replica->second.ending);
  replicas_.erase(replica);
  drop_if_empty(group);
}

void ReplicaStore::touch(ChannelId channel, const SessionId& sid, TimePoint now) {
  const auto found = find_live(sid);
  if (found == replicas_.end() || found->second.channel != channel) return;
  if (found->second.group->standing == Standing::kHeld) keep(sid, found->second, now);
}

void ReplicaStore::erase(ChannelId channel, const SessionId& sid) {
  const auto found = find_live(sid);
  if (found == replicas_.end() || found->second.channel != channel) return;
  if (found->second.group->standing == Standing::kHeld) remove(found);
}

// --- groups ------------------------------------------------------------------------------------

ReplicaStore::Group& ReplicaStore::group_of(Groups& groups, ChannelId channel, MemberId owner) {
  std::unique_ptr<Group>& group = groups[channel];
  if (group == nullptr) {
    group = std::make_unique<Group>();
    group->channel = channel;
    group->owner = owner;
    group->is_single = &groups == &single_groups_;
    group->standing = group->is_single ? Standing::kPassedOver : Standing::kHeld;
  }
  return *group;
}

void ReplicaStore::count(Group& group, int copies, size_t bytes, bool more) {
  group.bytes = more ? group.bytes + bytes : group.bytes - bytes;
  if (group.standing == Standing::kForgotten) return;
  size_t& number = group.standing == Standing::kPassedOver ? passed_over_ : kept_;
  number = more ? number + static_cast<size_t>(copies) : number - static_cast<size_t>(copies);
  bytes_ = more ? bytes_ + bytes : bytes_ - bytes;
}

void ReplicaStore::set_standing(Group& group, Standing standing) {
  const auto counted = [this, &group] {
    return group.standing == Standing::kPassedOver ? &passed_over_ : &kept_;
  };
  *counted() -= group.sids.size();
  group.standing = standing;
  if (standing == Standing::kForgotten) {
    bytes_ -= group.bytes;
  } else {
    *counted() += group.sids.size();
  }
}

void ReplicaStore::end_at(Group& group, TimePoint until) {
  if (group.ending) groups_ending_.erase(*group.ending);
  group.ending = groups_ending_.emplace(until, &group);
}

void ReplicaStore::drop_if_empty(Group& group) {
  if (!group.sids.empty() || group.standing == Standing::kForgotten) return;
  if (group.ending) groups_ending_.erase(*group.ending);
  (group.is_single ? single_groups_ : groups_).erase(ChannelId{group.channel});
}

void ReplicaStore::forget(Groups& groups, ChannelId channel) {
  const auto found = groups.find(channel);
  if (found == groups.end() || found->second->standing != Standing::kPassedOver) return;
  Group& group = *found->second;
  if (group.ending) groups_ending_.erase(*group.ending);
  group.ending.reset();
  set_standing(group, Standing::kForgotten);
  forgotten_.push_back(std::move(found->second));
  groups.erase(found);
}

void ReplicaStore::forget_all() {
  for (Groups* groups : {&groups_, &single_groups_}) {
    for (auto& [channel, group] : *groups) {
      if (group->ending) groups_ending_.erase(*group->ending);
      group->ending.reset();
      set_standing(*group, Standing::kForgotten);
      forgotten_.push_back(std::move(group));
    }
    groups->clear();
  }
}

void ReplicaStore::adopt(ChannelId from, ChannelId to) {
  for (Groups* groups : {&groups_, &single_groups_}) {
    auto moved = groups->extract(from);
    if (moved.empty()) continue;
    Group& group = *moved.mapped();
    CHECK(group.is_single || group.standing == Standing::kHeld);
    if (!group.is_single) ++group.adoptions;
    group.channel = to;
    moved.key() = to;
    CHECK(groups->insert(std::move(moved)).inserted, "a successor starts empty");
  }
}

void ReplicaStore::promote(ChannelId channel, TimePoint until) {
  if (const auto single = single_groups_.find(channel); single != single_groups_.end()) {
    end_at(*single->second, until);
  }
  const auto found = groups_.find(channel);
  if (found == groups_.end()) return;
  CHECK(found->second->standing == Standing::kHeld, "a channel is sealed once");
  set_standing(*found->second, Standing::kPromoted);
}

bool ReplicaStore::has_promoted(ChannelId channel) const {
  const auto found = groups_.find(channel);
  return found != groups_.end() && found->second->standing == Standing::kPromoted;
}

ReplicaStore::Copies ReplicaStore::take_promoted(ChannelId channel, size_t count) {
  Copies copies;
  while (copies.size() < count && has_promoted(channel)) {
    const SessionId sid = *groups_.at(channel)->sids.begin();
    copies.emplace_back(sid, *take_promoted(sid));
  }
  return copies;
}

std::optional<SessionImage> ReplicaStore::take_promoted(const SessionId& sid) {
  const auto found = find_live(sid);
  if (found == replicas_.end() || !found->second.is_promoted) return std::nullopt;
  SessionImage image = std::move(found->second.image);
  remove(found);
  return image;
}

// --- the fence ---------------------------------------------------------------------------------

std::optional<NackCode> ReplicaStore::apply_full(ChannelId channel, const FullPayload& full,
                                                 TimePoint now) {
  const Position offered = full.image.position;
  std::optional<Recovered> recovery = full.image.recovery;
  if (recovery) recovery->sure_since = now;
  auto old = find_live(full.sid);
  if (old != replicas_.end() && old->second.group->standing == Standing::kPassedOver) {
    // Only what is newer supersedes it, and that once it stands.
    const Group& group = *old->second.group;
    const TimePoint until = group.ending ? (*group.ending)->first : old->second.kept_until;
    set_aside(old, group.channel, group.owner, until);
    old = replicas_.end();
  }
  size_t less = superseded_bytes(full.sid, offered.epoch);
  if (old != replicas_.end()) {
    if (old->second.is_promoted) return NackCode::kStale;
    const std::optional<Recovered>& before = old->second.image.recovery;
    if (recovery && before && before->epoch == recovery->epoch) recovery = before;
    const Position known = old->second.image.position;
    // In its own channel a session only goes forward; from elsewhere only a higher epoch may come.
    const bool fits =
        old->second.channel == channel ? offered >= known : offered.epoch > known.epoch;
    if (!fits) return NackCode::kStale;
    less += old->second.bytes;
  }
  // By an id of before a login it is the same session.
  std::vector<SessionId> renamed;
  for (const FormerId& former : full.former_ids) {
    const auto copy = find_live(former.sid);
    const bool is_its = copy != replicas_.end() && copy->second.channel == channel &&
                        copy->second.group->standing == Standing::kHeld;
    if (!is_its) continue;
    renamed.push_back(former.sid);
    less += copy->second.bytes;
  }
  const size_t bytes = full.image.bytes();
  if (!fits(bytes, less)) {
    for (const SessionId& former : renamed) {
      const auto copy = find_live(former);
      set_aside(copy, channel, primary_of(channel), copy->second.kept_until);
    }
    if (old != replicas_.end()) {
      set_aside(old, channel, primary_of(channel), old->second.kept_until);
    }
    return NackCode::kOverload;
  }
  if (old != replicas_.end()) remove(old);
  supersede(full.sid, offered.epoch);
  Group& group = group_of(groups_, channel, primary_of(channel));
  CHECK(group.standing == Standing::kHeld, "nothing is applied in a sealed channel");
  Replica& replica = replicas_[full.sid];
  replica.channel = channel;
  replica.image = full.image;
  replica.image.recovery = recovery;
  replica.group = &group;
  replica.adoptions = group.adoptions;
  replica.bytes = bytes;
  group.sids.emplace(full.sid);
  count(group, 1, bytes, true);
  keep(full.sid, replica, now);
  return std::nullopt;
}

std::optional<NackCode> ReplicaStore::apply_repl(ChannelId channel, const ReplPayload& repl,
                                                 TimePoint now) {
  const auto found = find_live(repl.sid);
  const bool is_kept =
      found != replicas_.end() && found->second.group->standing != Standing::kPassedOver;
  if (!is_kept) return NackCode::kNeedFull;
  Replica& replica = found->second;
  if (replica.is_promoted) return NackCode::kStale;
  const Position known = replica.image.position;
  if (replica.channel != channel) {
    return known.epoch > repl.delta.position.epoch ? NackCode::kStale : NackCode::kNeedFull;
  }
  const bool follows = known.epoch == repl.delta.position.epoch && known.version == repl.delta.base;
  if (!follows || replica.image.requests.find(repl.delta.request_id) != nullptr) {
    return NackCode::kNeedFull;
  }
  if (!fits(growth_max(repl.delta), 0)) {
    SessionImage next = replica.image;
    next.apply(repl.delta, now);
    if (!fits(next.bytes(), replica.bytes)) {
      set_aside(found, channel, primary_of(channel), replica.kept_until);
      return NackCode::kOverload;
    }
  }
  replica.image.apply(repl.delta, now);
  const size_t bytes = replica.image.bytes();
  count(*replica.group, 0, replica.bytes, false);
  count(*replica.group, 0, bytes, true);
  replica.bytes = bytes;
  keep(repl.sid, replica, now);
  return std::nullopt;
}

// --- time --------------------------------------------------------------------------------------

size_t ReplicaStore::sweep(size_t count) {
  size_t done = 0;
  while (!forgotten_.empty()) {
    Group& group = *forgotten_.front();
    while (!group.sids.empty()) {
      if (done++ == count) return count;
      const SessionId sid = *group.sids.begin();
      if (group.is_single) {
        remove(singles_.find(sid));
      } else {
        remove(replicas_.find(sid));
      }
    }
    forgotten_.pop_front();
  }
  return done;
}

void ReplicaStore::expire(TimePoint now) {
  while (!groups_ending_.empty() && groups_ending_.begin()->first <= now) {
    const Group& group = *groups_ending_.begin()->second;
    forget(group.is_single ? single_groups_ : groups_, group.channel);
  }
  size_t left = options_.slice - std::min(options_.slice, sweep(options_.slice));
  for (; left > 0 && !singles_ending_.empty() && singles_ending_.begin()->first <= now; --left) {
    remove(singles_.find(singles_ending_.begin()->second));
  }
  for (; left > 0 && !ending_.empty() && ending_.begin()->first <= now; --left) {
    const auto replica = replicas_.find(ending_.begin()->second);
    CHECK(replica != replicas_.end(), "an entry goes with its copy");
    const Group& group = *replica->second.group;
    // What is passed over ends with its channel, what is promoted is taken.
    if (group.standing != Standing::kHeld && group.standing != Standing::kForgotten) {
      const TimePoint end = group.ending ? (*group.ending)->first : TimePoint{};
      replica->second.kept_until = std::max(end, now + options_.kept_beyond_ttl);
    }
    if (replica->second.kept_until <= now) {
      remove(replica);
    } else {
      ending_.erase(ending_.begin());
      replica->second.ending = ending_.emplace(replica->second.kept_until, replica->first);
    }
  }
}

TimePoint ReplicaStore::wake_at() const {
  if (!forgotten_.empty()) return TimePoint{};
  TimePoint at = ending_.empty() ? TimePoint::max() : ending_.begin()->first;
  if (!singles_ending_.empty()) at = std::min(at, singles_ending_.begin()->first);
  if (!groups_ending_.empty()) at = std::min(at, groups_ending_.begin()->first);
  return at;
}

}  // namespace understudy
