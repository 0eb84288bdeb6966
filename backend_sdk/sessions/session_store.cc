// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/session_store.h"

#include <algorithm>

#include "base/check.h"

namespace understudy {

SessionStore::Session* SessionStore::find(const SessionId& sid) {
  const auto found = sessions_.find(sid);
  return found == sessions_.end() ? nullptr : found->second.get();
}

SessionStore::Session* SessionStore::find_stay(uint64_t generation) {
  const auto found = by_generation_.find(generation);
  return found == by_generation_.end() ? nullptr : found->second;
}

SessionStore::Session& SessionStore::create(const SessionId& sid, SessionImage image,
                                            TimePoint now) {
  const auto [entry, is_new] = sessions_.emplace(sid, std::make_unique<Session>());
  CHECK(is_new, "a session is served once (S9)");
  Session& session = *entry->second;
  session.sid = sid;
  session.generation = ++last_generation_;
  by_generation_.emplace(session.generation, &session);
  session.image = std::move(image);
  session.last_access = now;
  wait_for_copy(session, now);
  watch_expiry(session, session.expires());
  return session;
}

void SessionStore::wait_for_copy(Session& session, TimePoint order) {
  CHECK(session.channel == 0 && !session.unprotected);
  session.unprotected = unprotected_.emplace(order, session.sid);
}

void SessionStore::rename(Session& session, const SessionId& new_id) {
  const auto found = sessions_.find(session.sid);
  std::unique_ptr<Session> moved = std::move(found->second);
  sessions_.erase(found);
  if (session.channel != 0) {
    auto& sids = by_channel_.at(session.channel);
    sids.erase(session.sid);
    sids.insert(new_id);
  }
  if (session.unprotected) (*session.unprotected)->second = new_id;
  session.sid = new_id;
  CHECK(sessions_.emplace(new_id, std::move(moved)).second, "a fresh id is free");
}

void SessionStore::erase(Session& session) {
  CHECK(session.tickets.empty() && session.exclusive_queue.empty() && session.repeated.empty(),
        "whoever waits for a session is told before it goes");
  if (session.channel != 0) {
    const auto channel = by_channel_.find(session.channel);
    channel->second.erase(session.sid);
    if (channel->second.empty()) by_channel_.erase(channel);
  }
  set_passed_over(session, 0);
  if (session.unprotected) unprotected_.erase(*session.unprotected);
  if (session.expiring) expiring_.erase(*session.expiring);
  by_generation_.erase(session.generation);
  sessions_.erase(session.sid);
}

void SessionStore::attach(Session& session, ChannelId channel) {
  CHECK(session.channel == 0 && channel != 0);
  unprotected_.erase(*session.unprotected);
  session.unprotected.reset();
  session.channel = channel;
  session.acked.reset();
  session.is_dirty = false;
  by_channel_[channel].insert(session.sid);
}

void SessionStore::detach(Session& session) {
  CHECK(session.channel != 0);
  const auto channel = by_channel_.find(session.channel);
  channel->second.erase(session.sid);
  if (channel->second.empty()) by_channel_.erase(channel);
  session.channel = 0;
  session.acked.reset();
  session.is_dirty = false;
  wait_for_copy(session, session.last_access);
}

void SessionStore::move_all(ChannelId from, ChannelId to) {
  const auto found = by_channel_.find(from);
  if (found == by_channel_.end()) return;
  std::unordered_set<SessionId> sids = std::move(found->second);
  by_channel_.erase(found);
  for (const SessionId& sid : sids) find(sid)->channel = to;
  by_channel_[to].merge(sids);
}

void SessionStore::set_passed_over(Session& session, ChannelId channel) {
  if (session.passed_over != 0) {
    const auto before = passed_over_.find(session.passed_over);
    if (--before->second == 0) passed_over_.erase(before);
  }
  session.passed_over = channel;
  if (channel != 0) ++passed_over_[channel];
}

std::vector<SessionStore::Session*> SessionStore::in_channel(ChannelId channel) {
  std::vector<Session*> result;
  const auto found = by_channel_.find(channel);
  if (found == by_channel_.end()) return result;
  for (const SessionId& sid : found->second) result.push_back(find(sid));
  return result;
}

size_t SessionStore::count_in(ChannelId channel) const {
  const auto found = by_channel_.find(channel);
  return found == by_channel_.end() ? 0 : found->second.size();
}

SessionStore::Session* SessionStore::next_unprotected() {
  return unprotected_.empty() ? nullptr : find(std::prev(unprotected_.end())->second);
}

void SessionStore::put_back_last(Session& session) {
  const TimePoint last = unprotected_.begin()->first;
  unprotected_.erase(*session.unprotected);
  session.unprotected = unprotected_.emplace_hint(unprotected_.begin(), last, session.sid);
}

SessionStore::Session* SessionStore::next_expiring(TimePoint now) {
  if (expiring_.empty() || expiring_.begin()->first > now) return nullptr;
  Session* const session = find_stay(expiring_.begin()->second);
  CHECK(session != nullptr, "an entry goes with its session");
  expiring_.erase(expiring_.begin());
  session->expiring.reset();
  return session;
}

void SessionStore::watch_expiry(Session& session, TimePoint at) {
  if (session.expiring) expiring_.erase(*session.expiring);
  session.expiring = expiring_.emplace(at, session.generation);
}

TimePoint SessionStore::expiry_wake_at() const {
  return expiring_.empty() ? TimePoint::max() : expiring_.begin()->first;
}

std::vector<SessionStore::Session*> SessionStore::all() const {
  std::vector<Session*> result;
  for (const auto& [sid, session] : sessions_) result.push_back(session.get());
  return result;
}

}  // namespace understudy
