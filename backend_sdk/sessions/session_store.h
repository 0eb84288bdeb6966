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
#include <utility>
#include <vector>

#include "backend_sdk/replication/session_image.h"
#include "backend_sdk/sessions/placement.h"
#include "backend_sdk/sessions/requests.h"
#include "base/clock.h"
#include "base/sharded.h"

namespace understudy {

using TicketId = uint64_t;
using WaitingId = uint64_t;
using StayId = uint64_t;

// One stay of a session at this member, from creation or promotion until it goes elsewhere or ends.
// Ids change at login, a stay does not. The application's Session is a handle on one request.
struct Stay {
  SessionId sid;
  StayId id = 0;
  SessionImage image;
  Placement placement;
  std::vector<RequestId> forgotten;  // since the last frame; the secondary still remembers them
  TimePoint access_told{};           // when the secondary last heard of an access
  TimePoint place_after{};           // no candidate had room for so much; not before
  size_t refused_bytes = 0;
  TimePoint ended_at{};  // of a dead one
  Duration place_pause{};
  size_t counted_bytes = 0;  // of SessionStore::bytes()

  // Who uses it.
  TimePoint last_access{};
  size_t active = 0;  // requests between begin and commit
  RequestHandle exclusive = 0;
  std::deque<WaitingId> exclusive_queue;
  std::deque<WaitingId> memory_queue;                        // no more requests can be remembered
  std::vector<std::pair<RequestId, RequestHandle>> running;  // those with a request id
  std::vector<std::pair<RequestId, WaitingId>> repeated;     // waiting for one that is running
  std::vector<TicketId> tickets;                             // responses at the gate
  bool was_warned = false;                                   // about its size
  // Without a witness: `with` may have gone on from this version, too.
  struct Disputed {
    MemberId with = kNobody;
    uint64_t from = 0;
  };
  std::optional<Disputed> disputed;

  TimePoint expires() const { return last_access + image.ttl; }
  bool is_idle() const { return active == 0 && tickets.empty(); }
  bool was_written_alone() const { return disputed && image.position.version > disputed->from; }
  bool is_waited_for() const {
    return !exclusive_queue.empty() || !memory_queue.empty() || !repeated.empty();
  }

 private:
  friend class SessionStore;
  // Those of one channel, or of one fallback. They follow to a successor all at once; each shows it
  // when it is looked at next.
  struct Group {
    ChannelId channel = 0;
    uint32_t epochs = 0;  // by which they have risen so
    Sharded<std::unordered_map<StayId, Stay*>> stays = {};
  };
  Group* group = nullptr;
  Group* fallback_group = nullptr;
  uint32_t epochs = 0;  // of its group, that its position has
  std::optional<std::multimap<TimePoint, Stay*>::iterator> unprotected;
  std::optional<std::multimap<TimePoint, Stay*>::iterator> expiring;
};

class SessionStore final {
 public:
  Stay* find(const SessionId& sid) const;
  // Null once that stay is over, whatever became of the session.
  Stay* find_stay(StayId id) const;
  // The id must be free.
  Stay& create(const SessionId& sid, SessionImage image, TimePoint now);
  void rename(Stay& stay, const SessionId& new_id);
  void erase(Stay& stay);

  // Placement's transitions, with the indexes.
  [[nodiscard]] bool enter(Stay& stay, ChannelId channel);
  void leave(Stay& stay);  // waits for a copy again
  void follow_all(ChannelId from, ChannelId to, uint32_t epochs);
  void on_acknowledged(Stay& stay, uint64_t version);
  void set_fallback(Stay& stay, ChannelId channel);

  std::vector<Stay*> in_channel(ChannelId channel, size_t count_max) const;
  size_t count_in(ChannelId channel) const;
  // Of sessions that have no newer copy than the one passed over there.
  bool is_fallback(ChannelId channel) const { return fallbacks_.contains(channel); }

  // Those without a channel, the most recently used first.
  Stay* next_unprotected();
  void put_back_last(Stay& stay);  // it could not be placed; others first
  size_t unprotected_count() const { return unprotected_.size(); }

  // Those that may have expired: entered again by the caller or erased.
  Stay* next_expiring(TimePoint now);
  void watch_expiry(Stay& stay, TimePoint at);  // instead of the time before
  TimePoint expiry_wake_at() const;

  // Counts what its image has now.
  void count_bytes(Stay& stay);
  uint64_t bytes() const { return bytes_; }
  size_t size() const { return stays_.size(); }
  std::vector<Stay*> all() const;
  Stay* any() const;  // null: there is none
  std::vector<ChannelId> channels() const;
  // All of it; the ids of later stays are still others.
  SessionStore take_all();

 private:
  using Group = Stay::Group;
  // By stay, so that every run walks in the same order. Never empty groups.
  using Channels = std::unordered_map<ChannelId, std::unique_ptr<Group>>;
  Group& group_of(Channels& channels, ChannelId channel) const;
  static void remove(Channels& channels, Group*& group, const Stay& stay);
  static Stay* settled(Stay* stay);
  void follow(Channels& channels, ChannelId from, ChannelId to, uint32_t epochs);
  void leave_channel(Stay& stay);
  void wait_for_copy(Stay& stay, TimePoint order);
  void index_fallback(Stay& stay, ChannelId before);

  Sharded<std::unordered_map<SessionId, std::unique_ptr<Stay>>> stays_;
  Sharded<std::unordered_map<StayId, Stay*>> by_id_;
  Channels by_channel_;
  std::multimap<TimePoint, Stay*> unprotected_;  // by last access
  Channels fallbacks_;                           // by Placement::fallback()
  std::multimap<TimePoint, Stay*> expiring_;     // at most one entry for each
  uint64_t bytes_ = 0;
  StayId last_id_ = 0;
};

}  // namespace understudy
