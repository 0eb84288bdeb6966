// SPDX-License-Identifier: Apache-2.0
// Replicator: all channels of one life of a member, in its three parts: primary of some, secondary
// of others, witness of a third kind. Chooses secondaries and witnesses, hands frames to the
// channel they belong to, and tells the session layer (its Owner) what became of them. It knows
// session ids and positions, not requests. Owned by NodeCore's life; loop thread only; time comes
// from the Clock.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/replication/primary_channel.h"
#include "backend_sdk/replication/replica_store.h"
#include "backend_sdk/replication/secondary_channel.h"
#include "backend_sdk/replication/vote_book.h"
#include "backend_sdk/transport/transport.h"
#include "base/random.h"

namespace understudy {

struct ReplicatorStatistics {
  uint64_t claims = 0;
  uint64_t claims_won = 0;
  uint64_t promotions = 0;
  uint64_t fences = 0;
  uint64_t votes = 0;
  uint64_t adoptions = 0;
  uint64_t conflicts = 0;
};

class Replicator final : public PrimaryChannel::Host, public SecondaryChannel::Host {
 public:
  // Called inside of calls into the Replicator; may use its queries, place() and the channels.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_acked(ChannelId channel, const SessionId& sid, Position position,
                          bool ended) = 0;
    virtual void on_refused(ChannelId channel, const Nack& nack) = 0;
    // Its state changed, it has room again, or its lease is back.
    virtual void on_primary(PrimaryChannel& channel) = 0;
    // All sessions of `from` are in `to` now, one epoch up, and held there.
    virtual void on_adopted(ChannelId from, ChannelId to) = 0;
    virtual size_t sessions_in(ChannelId channel) const = 0;
    // Sealed by us: are there sessions that have no newer copy yet than the one passed over?
    virtual bool needs_passed_over(ChannelId channel) const = 0;

    // The channel is ours now, with these copies.
    virtual void on_promoted(SecondaryChannel& channel, ReplicaStore::Copies copies) = 0;
    // It is the primary's (or nobody's, see is_lost()), and these copies are passed over.
    virtual void on_passed_over(SecondaryChannel& channel, std::vector<SessionId> sids) = 0;
    // Something that a waiting request may want to know: claiming, or the primary's fate.
    virtual void on_secondary(SecondaryChannel& channel) = 0;

    // The session layer's part of the fence: ended ids, and sessions that are served here.
    virtual std::optional<NackCode> on_copy_offered(MemberId primary, const SessionId& sid,
                                                    Position position) = 0;
    virtual void on_copy_ended(const SessionId& sid) = 0;
    virtual void on_copy_renamed(const SessionId& old_id, const SessionId& new_id) = 0;

    // A secondary wants to serve what it has of ours: all, because an operator drains us, or the
    // one channel, because a proxy cannot reach us.
    virtual void on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) = 0;
    virtual FoundPayload on_lookup(const LookupPayload& lookup) = 0;
    virtual void on_found(MemberId from, const FoundPayload& found) = 0;
    virtual void on_probe(MemberId member, bool answered) = 0;
    virtual bool has_quorum() const = 0;
  };

  // `fates`: what membership knows of other lives; borrowed, outlives this.
  Replicator(const ReplicationOptions& options, MemberId self, const Fates& fates,
             const Clock& clock, Random& random, Transport& transport, Owner& owner);
  ~Replicator() override;
  Replicator(const Replicator&) = delete;

  // For the session layer.
  // An open channel to the best secondary for this session; null: nobody can hold a copy now.
  // `any`: also one that has failed a moment ago.
  PrimaryChannel* place(const SessionId& sid, bool any);
  PrimaryChannel* primary(ChannelId channel) const;
  SecondaryChannel* secondary(ChannelId channel) const;
  const ReplicaStore& copies() const { return replicas_; }
  std::optional<SessionImage> take_passed_over(const SessionId& sid) {
    return replicas_.take_passed_over(sid);
  }
  std::vector<PrimaryChannel*> primaries() const;
  std::vector<SecondaryChannel*> secondaries() const;
  // A sealed channel in which no session is left.
  void close(PrimaryChannel& channel);
  Fate fate(MemberId member) const { return fates_.fate(member); }
  // When the latest death was proven; the beginning of this life before the first.
  TimePoint last_proof() const { return fates_.last_proof(); }
  // Somebody of the view is believed dead without proof, and may go on out of our sight.
  bool is_anybody_missing() const;
  bool is_admitted() const { return view_.find(self_) != nullptr; }
  const MemberView& view() const { return view_; }
  void probe(MemberId member);
  void send_lookup(MemberId to, const LookupPayload& lookup);
  // Leaving: takes no more copies.
  void refuse_copies() { takes_copies_ = false; }
  size_t open_secondaries() const;

  // From below.
  void on_view(const MemberView& view);
  void on_dead(MemberId member, bool is_proven);
  // The proof of its death was withdrawn.
  void on_alive(MemberId member);
  static bool owns(FrameType type);
  void on_frame(const Peer& from, const Frame& frame);
  void on_link_down(const Peer& peer, LinkDown why);
  void on_probe_failed(const Peer& peer, LinkDown why);
  void on_probe_answered(const Peer& peer);

  void advance(TimePoint patience);
  TimePoint wake_at() const { return acks_due_.empty() ? wake_at_ : TimePoint{}; }
  const ReplicatorStatistics& statistics() const { return statistics_; }

 private:
  // Asked in place of a member that we have no proof against yet.
  struct HeldLookup {
    MemberId from = kNobody;
    LookupPayload lookup;
    TimePoint until;
  };
  struct Reputation {
    TimePoint avoid_until{};
    std::deque<TimePoint> failures;  // at most flaps_max + 1
  };

  // PrimaryChannel::Host and SecondaryChannel::Host.
  void send(MemberId to, Frame frame) override;
  void on_acked(PrimaryChannel& channel, const SessionId& sid, Position position,
                bool ended) override;
  void on_refused(PrimaryChannel& channel, const Nack& nack) override;
  void on_state(PrimaryChannel& channel) override;
  void on_relief(PrimaryChannel& channel) override;
  SecondaryChannel::Applied on_data(SecondaryChannel& channel, const Frame& frame) override;
  void on_state(SecondaryChannel& channel) override;
  uint32_t bulk_credit(SecondaryChannel& channel) override;

  SecondaryChannel::Applied apply_full(SecondaryChannel& channel, const Frame& frame);
  SecondaryChannel::Applied apply_repl(SecondaryChannel& channel, const Frame& frame);
  SecondaryChannel::Applied apply_touch(SecondaryChannel& channel, const Frame& frame);
  SecondaryChannel::Applied apply_invalidate(SecondaryChannel& channel, const Frame& frame);
  void end_copies(ChannelId channel, const SessionId& sid);

  void on_channel_frame(MemberId from, const Frame& frame);
  void on_stream(SecondaryChannel& channel, const Frame& frame);
  void on_open(MemberId from, const Frame& frame);
  void on_claim(MemberId from, const Frame& frame);
  void on_lookup(MemberId from, const LookupPayload& lookup);
  void answer_lookup(MemberId to, const LookupPayload& lookup);
  void hold_lookup(MemberId from, const LookupPayload& lookup);
  void answer_held(MemberId proven);
  void on_close(MemberId from, ChannelId channel);
  bool adopt(const OpenPayload& open);
  PrimaryChannel& open_channel(MemberId secondary, PrimaryChannel* adopts);
  void settle_adoption(PrimaryChannel& channel);
  void refresh_targets();
  void replace_witnesses();
  void let_go_of_unwanted();
  void tell_fates();
  void note_failure(MemberId member);
  bool is_avoided(const Member& member) const;
  void schedule(TimePoint at);
  void flush_acks();
  bool is_passed_over_needed(const PrimaryChannel& channel) const;
  void forget_finished();

  // Constant after construction.
  const ReplicationOptions& options_;
  const MemberId self_;
  const Fates& fates_;
  const Clock& clock_;
  Random& random_;
  Transport& transport_;
  Owner& owner_;

  MemberView view_;
  std::unordered_map<MemberId, Peer> peers_;  // of the view, and of whoever speaks to us
  std::deque<HeldLookup> held_lookups_;  // the oldest first; at most lookups_held_max
  std::map<std::string, Reputation> reputations_;  // by name; the view's and recent ones
  std::vector<MemberId> targets_;  // of the best class, without and with avoided ones
  std::vector<MemberId> targets_any_;

  uint32_t last_channel_ = 0;
  std::map<ChannelId, std::unique_ptr<PrimaryChannel>> primaries_;
  std::map<ChannelId, std::unique_ptr<SecondaryChannel>> secondaries_;
  std::map<ChannelId, TimePoint> outcomes_;  // finished secondary channels, kept until
  std::unordered_set<ChannelId> voluntary_;  // claimed for another reason than failure
  VoteBook votes_;
  ReplicaStore replicas_;
  std::map<ChannelId, TimePoint> bulk_senders_;  // last bulk frame; at most bulk_senders_max
  std::vector<ChannelId> acks_due_;  // at the end of this turn, one for all frames of a channel
  bool takes_copies_ = true;
  TimePoint wake_at_ = TimePoint::max();
  ReplicatorStatistics statistics_;
};

}  // namespace understudy
