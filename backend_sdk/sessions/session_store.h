// SPDX-License-Identifier: Apache-2.0
// SessionStore: the sessions that this member serves, found by id, by channel, by the order in
// which they should get a copy, and by the time at which they expire. It keeps the indexes true and
// decides nothing. Owned by Sessions, loop thread only.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backend_sdk/replication/session_image.h"
#include "backend_sdk/sessions/requests.h"
#include "base/clock.h"

namespace understudy {

using TicketId = uint64_t;
using PendingId = uint64_t;

class SessionStore final {
 public:
  // A session as its primary keeps it; the application's Session is a handle on one request.
  struct Session {
    SessionId sid;
    uint64_t generation = 0;  // one stay of this session at this member; handles belong to one
    SessionImage image;

    // Where its copy is.
    ChannelId channel = 0;          // 0: nowhere, nobody but us can have it
    std::optional<uint64_t> acked;  // the version that the secondary is known to hold, in `channel`
    ChannelId passed_over = 0;      // sealed by us; its secondary's copy is the newest but ours
    bool is_dirty = false;          // the secondary lacks something that was not sent yet
    bool was_shown = false;         // a client may know its position
    std::vector<SessionId> former_ids;  // said again until the secondary knows
    bool is_ended = false;              // invalidated; goes when the secondary knows
    TimePoint told{};                   // when the secondary last heard of an access

    // Who uses it.
    TimePoint last_access{};
    size_t active = 0;  // requests between begin and commit
    RequestHandle exclusive = 0;
    std::deque<PendingId> exclusive_queue;
    std::vector<std::pair<RequestId, RequestHandle>> running;  // those with a request id
    std::vector<std::pair<RequestId, PendingId>> repeated;     // waiting for one that is running
    std::vector<TicketId> tickets;
    bool was_warned = false;  // about its size

    TimePoint expires() const { return last_access + image.ttl; }
    bool is_idle() const { return active == 0 && tickets.empty(); }

   private:
    friend class SessionStore;
    std::optional<std::multimap<TimePoint, SessionId>::iterator> unprotected;
    std::optional<std::multimap<TimePoint, uint64_t>::iterator> expiring;
  };

  Session* find(const SessionId& sid);
  // Null once that stay is over, whatever became of the session.
  Session* find_stay(uint64_t generation);
  // The id must be free.
  Session& create(const SessionId& sid, SessionImage image, TimePoint now);
  void rename(Session& session, const SessionId& new_id);
  void erase(Session& session);

  void attach(Session& session, ChannelId channel);  // from nowhere
  void detach(Session& session);                     // to nowhere; waits for a copy again
  void move_all(ChannelId from, ChannelId to);
  // See Session::passed_over; 0: there is a newer copy.
  void set_passed_over(Session& session, ChannelId channel);
  bool is_passed_over_in(ChannelId channel) const { return passed_over_.contains(channel); }
  std::vector<Session*> in_channel(ChannelId channel);
  size_t count_in(ChannelId channel) const;

  // Those without a channel, the most recently used first.
  Session* next_unprotected();
  void put_back_last(Session& session);  // it could not be placed; others first
  size_t unprotected_count() const { return unprotected_.size(); }

  // Those that may have expired: entered again by the caller or erased.
  Session* next_expiring(TimePoint now);
  void watch_expiry(Session& session, TimePoint at);  // instead of the time before
  TimePoint expiry_wake_at() const;

  size_t size() const { return sessions_.size(); }
  std::vector<Session*> all() const;

 private:
  void wait_for_copy(Session& session, TimePoint order);

  std::unordered_map<SessionId, std::unique_ptr<Session>> sessions_;
  std::unordered_map<uint64_t, Session*> by_generation_;
  std::unordered_map<ChannelId, std::unordered_set<SessionId>> by_channel_;
  std::multimap<TimePoint, SessionId> unprotected_;    // by last access
  std::unordered_map<ChannelId, size_t> passed_over_;  // sessions, never 0
  std::multimap<TimePoint, uint64_t> expiring_;        // generations; at most one entry for each
  uint64_t last_generation_ = 0;
};

}  // namespace understudy
