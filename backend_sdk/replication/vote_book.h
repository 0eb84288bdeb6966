// SPDX-License-Identifier: Apache-2.0
// VoteBook: a witness's memory: one vote per channel, given to the first who claims, never taken
// back (PROTOCOL 2.3, S8). Nothing is kept per session. An entry goes when both parties have closed
// the channel or are dead, and an hour has passed; a full book gives no new vote. Owned by
// Replicator; one life of the process.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>

#include "backend_sdk/replication/payloads.h"
#include "base/clock.h"

namespace understudy {

class VoteBook final {
 public:
  struct Options {
    size_t votes_max;
    Duration kept;
  };
  explicit VoteBook(const Options& options) : options_(options) {}

  // The winner: the first claimant ever. Nothing when the book is full.
  std::optional<MemberId> vote(const ClaimPayload& claim);
  bool has_voted(ChannelId channel) const { return votes_.contains(channel); }
  void on_closed(ChannelId channel, MemberId party, TimePoint now);
  // Called for every member that is dead; again is harmless.
  void on_dead(MemberId member, TimePoint now);
  // Forgets what is over; when it has to be asked again.
  void expire(TimePoint now);
  TimePoint wake_at() const;

  size_t size() const { return votes_.size(); }
  void forget_all_for_fault();  // ReplicationOptions::Faults::amnesiac_witness

 private:
  struct Vote {
    ChannelParties parties;
    MemberId winner = kNobody;
    bool primary_over = false;
    bool secondary_over = false;
  };
  void mark_over(Vote& vote, MemberId party, TimePoint now);

  const Options options_;
  std::unordered_map<ChannelId, Vote> votes_;
  std::multimap<TimePoint, ChannelId> ending_;  // each channel at most once
};

}  // namespace understudy
