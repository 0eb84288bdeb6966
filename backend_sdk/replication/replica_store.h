// SPDX-License-Identifier: Apache-2.0
// ReplicaStore: the copies that this member keeps for others, and the fence in front of them (R3):
// a frame is applied only if it fits exactly onto the copy. It decides nothing about channels. Each
// copy belongs to one channel. Owned by Replicator, loop thread only.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "backend_sdk/replication/payloads.h"
#include "base/clock.h"

namespace understudy {

class ReplicaStore final {
 public:
  struct Options {
    uint64_t bytes_max = 0;
    Duration kept_beyond_ttl = std::chrono::seconds(60);
  };
  struct Replica {
    ChannelId channel = 0;
    SessionImage image;
    TimePoint kept_until;
    std::optional<std::multimap<TimePoint, SessionId>::iterator> ending = {};
  };
  using Copies = std::vector<std::pair<SessionId, SessionImage>>;
  // Of a channel that its primary has sealed, until that one needs it no more. Gives way to copies.
  struct PassedOver {
    ChannelId channel = 0;
    SessionImage image;
    std::multimap<TimePoint, SessionId>::iterator ending;
  };

  explicit ReplicaStore(const Options& options) : options_(options) {}

  const Replica* find(const SessionId& sid) const;
  const std::unordered_map<SessionId, Replica>& all() const { return replicas_; }

  // Nothing: applied. Otherwise why not; after kOverload there is no copy any more.
  std::optional<NackCode> apply_full(ChannelId channel, const FullPayload& full, TimePoint now);
  std::optional<NackCode> apply_repl(ChannelId channel, const ReplPayload& repl, TimePoint now);
  void touch(ChannelId channel, const SessionId& sid, TimePoint now);
  void erase(ChannelId channel, const SessionId& sid);
  // All copies of `from` move to `to`, one epoch up.
  void adopt(ChannelId from, ChannelId to);
  // All copies of the channel, which has none afterwards.
  Copies take(ChannelId channel);
  std::vector<SessionId> sids(ChannelId channel) const;

  void pass_over(ChannelId channel, TimePoint kept_until);
  const PassedOver* find_passed_over(const SessionId& sid) const;
  std::vector<SessionId> passed_over_in(ChannelId channel) const;
  std::optional<SessionImage> take_passed_over(const SessionId& sid);
  void forget_passed_over(ChannelId channel);

  void expire(TimePoint now);
  TimePoint wake_at() const;

  size_t size() const { return replicas_.size(); }  // without those passed over
  size_t passed_over_count() const { return passed_over_.size(); }
  uint64_t bytes() const { return bytes_ + passed_over_bytes_; }

 private:
  using Replicas = std::unordered_map<SessionId, Replica>;
  void remove(Replicas::iterator replica);
  void keep(const SessionId& sid, Replica& replica, TimePoint now);
  bool make_room(size_t bytes);

  const Options options_;
  Replicas replicas_;
  std::unordered_map<ChannelId, std::unordered_set<SessionId>> by_channel_;
  // One entry per copy; a copy that was touched since is entered again when it comes up.
  std::multimap<TimePoint, SessionId> ending_;
  uint64_t bytes_ = 0;

  std::unordered_map<SessionId, PassedOver> passed_over_;
  std::unordered_map<ChannelId, std::unordered_set<SessionId>> passed_over_by_channel_;
  std::multimap<TimePoint, SessionId> passed_over_ending_;  // one entry each
  uint64_t passed_over_bytes_ = 0;
};

}  // namespace understudy
