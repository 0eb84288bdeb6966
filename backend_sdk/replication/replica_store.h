// SPDX-License-Identifier: Apache-2.0
// ReplicaStore: the copies that this member keeps for others, and the fence in front of them (R3):
// a frame is applied only if it fits exactly onto the copy. Each copy belongs to one channel, and
// what becomes of a channel becomes of all its copies at once, in constant time: it is promoted,
// passed over, adopted by a successor, or forgotten. Single copies are passed over too: an
// acknowledged one for whose successor there was no room, and what this member served itself until
// its secondary took over. It decides nothing about channels. Owned by Replicator, loop thread
// only.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "backend_sdk/replication/payloads.h"
#include "base/clock.h"
#include "base/sharded.h"

namespace understudy {

class ReplicaStore final {
  struct Group;

 public:
  struct Options {
    uint64_t bytes_max = 0;
    Duration kept_beyond_ttl = std::chrono::seconds(60);
    size_t slice = 250;  // copies that one expire() ends at most
  };
  struct Replica {
    ChannelId channel = 0;
    SessionImage image;
    bool is_promoted = false;  // ours to serve, and not taken yet
    TimePoint kept_until;

   private:
    friend class ReplicaStore;
    Group* group = nullptr;
    uint32_t adoptions = 0;  // of the group, as far as `image` shows them
    size_t bytes = 0;
    std::optional<std::multimap<TimePoint, SessionId>::iterator> ending = {};
  };
  using Copies = std::vector<std::pair<SessionId, SessionImage>>;
  // Not served from unless `owner`, which has newer ones or none, is proven dead and all other
  // members have been asked.
  struct PassedOver {
    ChannelId channel = 0;
    MemberId owner = kNobody;
    const SessionImage* image = nullptr;
  };

  explicit ReplicaStore(const Options& options);
  ~ReplicaStore();

  // Copies that are held, or promoted and not taken. The pointer holds until the next call that is
  // not a query.
  const Replica* find(const SessionId& sid) const;
  // Of every copy that is held or promoted; for tests and reports.
  void visit(const std::function<void(const SessionId&, const Replica&)>& visitor) const;

  // Nothing: applied. Otherwise why not. With kOverload the copy that was held before is passed
  // over; it counts further, and gives way to no other session's copy.
  std::optional<NackCode> apply_full(ChannelId channel, const FullPayload& full, TimePoint now);
  std::optional<NackCode> apply_repl(ChannelId channel, const ReplPayload& repl, TimePoint now);
  void touch(ChannelId channel, const SessionId& sid, TimePoint now);
  void erase(ChannelId channel, const SessionId& sid);
  // All copies of `from` move to `to`, one epoch up; those passed over move as they are.
  void adopt(ChannelId from, ChannelId to);

  // The copies are ours now, until they are taken. What was passed over of them ends at `until`.
  void promote(ChannelId channel, TimePoint until);
  Copies take_promoted(ChannelId channel, size_t count);
  std::optional<SessionImage> take_promoted(const SessionId& sid);
  bool has_promoted(ChannelId channel) const;

  // All copies of the channel: its primary has sealed it.
  void pass_over(ChannelId channel, TimePoint until);
  // One that this member has served. False, and not kept: there is no room, or a newer one.
  bool pass_over(const PassedOver& copy, const SessionId& sid, TimePoint until);
  std::optional<PassedOver> find_passed_over(const SessionId& sid) const;
  std::optional<SessionImage> take_passed_over(const SessionId& sid);
  // Drops what is passed over of this session when a copy of `epoch` stands elsewhere.
  void supersede(const SessionId& sid, uint32_t epoch);
  void forget_passed_over(ChannelId channel);
  // This life is over: all go, by slices of expire(), until wake_at() has nothing to come for.
  void forget_all();
  // Of what is passed over in the channel; kNobody: nothing is.
  MemberId passed_over_owner(ChannelId channel) const;
  std::vector<ChannelId> passed_over_channels() const;
  // Ends with the first `false`.
  void visit_passed_over(ChannelId channel,
                         const std::function<bool(const SessionId&)>& visitor) const;

  // Ends a slice of what is due; wake_at() says when to come again, the beginning of time: at once.
  void expire(TimePoint now);
  TimePoint wake_at() const;

  size_t size() const { return kept_; }  // held or promoted
  size_t passed_over_count() const { return passed_over_; }
  uint64_t bytes() const { return bytes_; }

 private:
  enum class Standing : uint8_t { kHeld, kPromoted, kPassedOver, kForgotten };
  // Copies with one fate: those of one channel, or the single ones of it that are passed over.
  struct Group {
    ChannelId channel = 0;
    MemberId owner = kNobody;
    Standing standing = Standing::kHeld;
    bool is_single = false;
    uint32_t adoptions = 0;
    size_t bytes = 0;
    Sharded<std::unordered_set<SessionId>> sids;
    std::optional<std::multimap<TimePoint, Group*>::iterator> ending = {};
  };
  using Groups = std::map<ChannelId, std::unique_ptr<Group>>;
  struct Single {
    Group* group = nullptr;
    SessionImage image;
    size_t bytes = 0;
    std::multimap<TimePoint, SessionId>::iterator ending;
  };
  using Replicas = Sharded<std::unordered_map<SessionId, Replica>>;
  using Singles = Sharded<std::unordered_map<SessionId, Single>>;

  static Replica& settled(Replica& replica);
  Replicas::iterator find_live(const SessionId& sid);
  Singles::iterator find_single(const SessionId& sid);
  Group& group_of(Groups& groups, ChannelId channel, MemberId owner);
  void set_standing(Group& group, Standing standing);
  void end_at(Group& group, TimePoint until);
  void drop_if_empty(Group& group);
  void forget(Groups& groups, ChannelId channel);
  void count(Group& group, int copies, size_t bytes, bool more);
  void remove(Replicas::iterator replica);
  void remove(Singles::iterator single);
  void set_aside(Replicas::iterator replica, ChannelId channel, MemberId owner, TimePoint until);
  void put_single(ChannelId channel, MemberId owner, const SessionId& sid, SessionImage image,
                  TimePoint until);
  size_t superseded_bytes(const SessionId& sid, uint32_t epoch);
  void keep(const SessionId& sid, Replica& replica, TimePoint now);
  bool fits(size_t more, size_t less) const { return bytes_ - less + more <= options_.bytes_max; }
  size_t sweep(size_t count);

  const Options options_;
  // A copy shows its channel's adoptions when it is looked at, not before.
  mutable Replicas replicas_;
  Groups groups_;  // held, promoted or passed over; never empty ones
  // One entry per copy; a copy that was touched since is entered again when it comes up.
  std::multimap<TimePoint, SessionId> ending_;
  Singles singles_;
  Groups single_groups_;  // passed over; never empty ones
  std::multimap<TimePoint, SessionId> singles_ending_;
  std::multimap<TimePoint, Group*> groups_ending_;
  std::deque<std::unique_ptr<Group>> forgotten_;  // what they hold does not count any more
  uint64_t bytes_ = 0;
  size_t kept_ = 0;
  size_t passed_over_ = 0;
};

}  // namespace understudy
