// SPDX-License-Identifier: Apache-2.0
// Replicator: all channels of one life of a member, in its three parts: primary of some
// (Outgoing), secondary of others (Incoming), witness of a third kind (Witnessing). Hands frames to
// the part they belong to, knows what became of the other members, and lets the parts tell the
// session layer (its Owner). It knows session ids and positions, not requests. Owned by NodeCore's
// life; loop thread only; time comes from the Clock.
#pragma once

#include <deque>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backend_sdk/membership/view.h"
#include "backend_sdk/replication/incoming.h"
#include "backend_sdk/replication/links.h"
#include "backend_sdk/replication/outgoing.h"
#include "backend_sdk/replication/witnessing.h"
#include "backend_sdk/transport/transport.h"

namespace understudy {

class Replicator final : private Links {
 public:
  // Called inside of calls into the Replicator; may use its queries, place(), the channels, and
  // what takes and passes over copies.
  class Owner : public Outgoing::Owner, public Incoming::Owner {
   public:
    // Of both parts.
    bool needs_passed_over(ChannelId channel) const override = 0;
    virtual FoundPayload on_lookup(const LookupPayload& lookup) = 0;
    virtual void on_found(MemberId from, const FoundPayload& found) = 0;
    virtual void on_probe(MemberId member, bool answered) = 0;
    virtual bool has_quorum() const = 0;
  };

  // `fates`: what membership knows of other lives; borrowed, outlives this.
  Replicator(const ReplicationOptions& options, MemberId self, const Fates& fates,
             const Clock& clock, Transport& transport, Owner& owner);
  ~Replicator() override;
  Replicator(const Replicator&) = delete;

  // For the session layer.
  // As Outgoing::place.
  PrimaryChannel* place(const SessionId& sid, bool any) { return outgoing_.place(sid, any); }
  PrimaryChannel* primary(ChannelId channel) const { return outgoing_.find(channel); }
  SecondaryChannel* secondary(ChannelId channel) const { return incoming_.find(channel); }
  const ReplicaStore& copies() const { return incoming_.copies(); }
  // At most `count`; fewer: there are no more. The epoch is still the primary's.
  ReplicaStore::Copies take_promoted(ChannelId channel, size_t count) {
    return incoming_.copies().take_promoted(channel, count);
  }
  std::optional<SessionImage> take_promoted(const SessionId& sid) {
    return incoming_.copies().take_promoted(sid);
  }
  std::optional<SessionImage> take_passed_over(const SessionId& sid) {
    return incoming_.copies().take_passed_over(sid);
  }
  // A session of a channel of ours that its secondary has, or may have, sealed (FENCED, GRANTED):
  // kept until that one says that another member holds it, in case it dies alone. False: not kept,
  // for want of room, or because it may have ended elsewhere meanwhile.
  bool pass_over(const PrimaryChannel& channel, const SessionId& sid, const SessionImage& image);
  std::vector<PrimaryChannel*> primaries() const { return outgoing_.all(); }
  std::vector<SecondaryChannel*> secondaries() const { return incoming_.all(); }
  // A sealed channel in which no session is left.
  void close(PrimaryChannel& channel) { outgoing_.close(channel); }
  Fate fate(MemberId member) const override { return fates_.fate(member); }
  // When the latest death was proven; the beginning of this life before the first.
  TimePoint last_proof() const { return fates_.last_proof(); }
  bool is_anybody_missing() const;
  bool is_admitted() const { return view_.find(self_) != nullptr; }
  const MemberView& view() const override { return view_; }
  void probe(MemberId member) override;
  void send_lookup(MemberId to, const LookupPayload& lookup);
  // Leaving: takes no more copies.
  void refuse_copies() { incoming_.refuse(); }
  // At the end of its life, just before it is destroyed.
  std::unique_ptr<ReplicaStore> take_copies() { return incoming_.take_copies(); }
  struct OpenChannels {
    size_t out = 0;  // we are the primary
    size_t in = 0;   // we are the secondary
  };
  OpenChannels open_channels() const { return {outgoing_.open_count(), incoming_.open_count()}; }

  // From below.
  void on_view(const MemberView& view);
  void on_dead(MemberId member);
  // The proof of its death was withdrawn.
  void on_alive(MemberId member);
  static bool owns(FrameType type);
  void on_frame(const Peer& from, const Frame& frame);
  void on_link_down(const Peer& peer, LinkDown why);
  void on_probe_failed(const Peer& peer, LinkDown why);
  void on_probe_answered(const Peer& peer);

  void advance(TimePoint patience);
  TimePoint wake_at() const { return incoming_.owes_acks() ? TimePoint{} : wake_at_; }
  ReplicatorStatistics statistics() const;

 private:
  // Asked in place of a member that we have no proof against yet.
  struct HeldLookup {
    MemberId from = kNobody;
    LookupPayload lookup;
    TimePoint until;
  };

  // Links.
  void send(MemberId to, Frame frame) override;
  void wake_by(TimePoint at) override;

  void on_channel_frame(MemberId from, const Frame& frame);
  void on_open(MemberId from, const Frame& frame);
  void on_claim(MemberId from, const Frame& frame);
  void on_lookup(MemberId from, const LookupPayload& lookup);
  void answer_lookup(MemberId to, const LookupPayload& lookup);
  void hold_lookup(MemberId from, const LookupPayload& lookup);
  void answer_held();
  void drop_held(MemberId instead_of);
  void tell_fates();

  // Constant after construction.
  const ReplicationOptions& options_;
  const MemberId self_;
  const Fates& fates_;
  const Clock& clock_;
  Transport& transport_;
  Owner& owner_;

  MemberView view_;
  std::unordered_map<MemberId, Peer> peers_;  // of the view, and of members that speak to us
  std::deque<HeldLookup> held_lookups_;       // the oldest first; at most lookups_held_max

  ReplicatorStatistics statistics_;
  Outgoing outgoing_;
  Incoming incoming_;
  Witnessing witnessing_;
  TimePoint wake_at_ = TimePoint::max();
};

}  // namespace understudy
