// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/id_history.h"

#include <algorithm>

namespace understudy {

namespace {

constexpr int kRenamesFollowed = 8;

}  // namespace

IdHistory::Record& IdHistory::put(const SessionId& sid, TimePoint until) {
  const auto known = records_.find(sid);
  if (known != records_.end()) {
    ending_.erase(known->second.ending);
    known->second.ending = ending_.emplace(until, sid);
    return known->second;
  }
  if (records_.size() >= options_.tombstones_max + options_.pointers_max) {
    erase(records_.find(ending_.begin()->second));
  }
  Record& record = records_[sid];
  record.ending = ending_.emplace(until, sid);
  return record;
}

void IdHistory::clear_alias(const SessionId& sid, Record& record) {
  if (!record.alias) return;
  const auto former = former_.find(*record.alias);
  std::erase(former->second, sid);
  if (former->second.empty()) former_.erase(former);
  record.alias.reset();
}

void IdHistory::erase(Records::iterator record) {
  clear_alias(record->first, record->second);
  ending_.erase(record->second.ending);
  records_.erase(record);
}

void IdHistory::end(const SessionId& sid, Duration kept_at_least, TimePoint now) {
  Record& record = put(sid, now + std::max(kept_at_least, options_.tombstone_kept));
  record.owner = kNobody;
  clear_alias(sid, record);
}

void IdHistory::rename(const SessionId& old_id, const SessionId& new_id, const Renaming& renaming,
                       TimePoint now) {
  const auto known = records_.find(old_id);
  const bool leads_already = known != records_.end() && known->second.alias.has_value();
  const TimePoint until = leads_already ? known->second.alias_until : TimePoint::max();
  end(old_id, renaming.kept, now);
  Record& record = records_[old_id];
  record.alias = new_id;
  record.alias_until = std::min(until, now + renaming.alias);
  former_[new_id].push_back(old_id);
}

void IdHistory::take_back(const SessionId& old_id, MemberId owner, TimePoint now) {
  const auto found = records_.find(old_id);
  if (found == records_.end() || !found->second.alias) return;
  erase(found);
  move(old_id, owner, now);
}

Duration IdHistory::alias_left(const SessionId& old_id, TimePoint now) const {
  const auto found = records_.find(old_id);
  if (found == records_.end() || !found->second.alias) return Duration::zero();
  return std::max(Duration::zero(), found->second.alias_until - now);
}

void IdHistory::move(const SessionId& sid, MemberId owner, TimePoint now) {
  if (is_ended(sid) || owner == kNobody) return;
  put(sid, now + options_.pointer_kept).owner = owner;
}

void IdHistory::forget_move(const SessionId& sid) {
  const auto found = records_.find(sid);
  if (found != records_.end() && found->second.owner != kNobody) erase(found);
}

std::vector<SessionId> IdHistory::former(const SessionId& sid, size_t at_most) const {
  std::vector<SessionId> found;
  for (size_t at = 0; at <= found.size(); ++at) {
    const auto former = former_.find(at == 0 ? sid : found[at - 1]);
    if (former == former_.end()) continue;
    for (auto id = former->second.rbegin(); id != former->second.rend(); ++id) {
      if (found.size() == at_most) return found;
      const bool is_known = *id == sid || std::ranges::find(found, *id) != found.end();
      if (!is_known) found.push_back(*id);
    }
  }
  return found;
}

bool IdHistory::leads(const Record& record, const Request& request) const {
  if (!record.alias || record.alias_until <= request.now) return false;
  const TimePoint login = record.alias_until - options_.alias_kept;
  return request.came < login + options_.alias_in_flight;
}

SessionId IdHistory::resolve(const SessionId& sid, const Request& request) const {
  SessionId current = sid;
  for (int step = 0; step < kRenamesFollowed; ++step) {
    const auto found = records_.find(current);
    if (found == records_.end() || !leads(found->second, request)) break;
    current = *found->second.alias;
  }
  return current;
}

bool IdHistory::is_ended(const SessionId& sid) const {
  const auto found = records_.find(sid);
  return found != records_.end() && found->second.owner == kNobody;
}

MemberId IdHistory::owner(const SessionId& sid) const {
  const auto found = records_.find(sid);
  return found == records_.end() ? kNobody : found->second.owner;
}

void IdHistory::expire(TimePoint now, size_t count_max) {
  for (; count_max > 0 && !ending_.empty() && ending_.begin()->first <= now; --count_max) {
    erase(records_.find(ending_.begin()->second));
  }
}

TimePoint IdHistory::wake_at() const {
  return ending_.empty() ? TimePoint::max() : ending_.begin()->first;
}

}  // namespace understudy
