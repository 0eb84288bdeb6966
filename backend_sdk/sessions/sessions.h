// SPDX-License-Identifier: Apache-2.0
// Sessions: requests meet sessions. It puts the parts of the session layer together and hands each
// event to the part whose business it is; it is Replicator's Owner. Owned by NodeCore for the whole
// process: it is attached to one life after the other. Loop thread only; callbacks are collected in
// ready() and run by the owner.
//
//   Admission     the way in: served here, waits, or goes to another member     (R1, R7, S4, S11)
//   SessionQueues requests of one session that wait for each other
//   Commits       the way out: a version, a delta, a response                   (R2)
//   Gate          responses wait until the secondary holds what they show       (R4, S3)
//   Protection    each session has a copy, and the copy is current
//   Turnover      sessions change hands with their channels, in slices          (S9, S10)
//   HandOver      drain, move, yield
//   FormerLife    what an earlier life served goes in slices                    (C4)
//   Disputes      what two members may have served is told
//   Recovery      asks all members, serves what a dead one left                 (S2)
//   Parking       what waits, for what, until when                              (L3)
#pragma once

#include <deque>
#include <functional>
#include <vector>

#include "backend_sdk/sessions/admission.h"
#include "backend_sdk/sessions/commits.h"
#include "backend_sdk/sessions/former_life.h"
#include "backend_sdk/sessions/layer.h"

namespace understudy {

class Sessions final : public Replicator::Owner, private HandOver::Owner {
 public:
  Sessions(const SessionOptions& options, const ReplicationOptions& replication, const Clock& clock,
           Random& random, SessionHost& host);
  ~Sessions() override;
  Sessions(const Sessions&) = delete;

  // A life: between the two, `replicator` is used. At its end sessions are dropped, and all that
  // waits is told.
  void begin_life(Replicator& replicator, MemberId self);
  void end_life();

  std::optional<SessionToken> choose(const std::vector<SessionToken>& tokens) const;
  void begin(const BeginRequest& request, BeginCallback callback);
  void commit(RequestHandle handle, Change change, CommitCallback callback);
  void abandon(RequestHandle handle);

  // Takes no new sessions and hands over what there is; is_drained() says when.
  void start_drain() { hand_over_.start_drain(); }
  bool is_draining() const { return hand_over_.is_draining(); }
  bool is_drained() const { return hand_over_.is_drained(); }

  void on_view();
  void advance();
  TimePoint wake_at() const { return layer_.wake_at; }
  std::deque<std::function<void()>>& ready() { return layer_.ready; }

  const SessionStatistics& statistics() const { return layer_.statistics; }
  std::vector<ServedSession> served() const;
  size_t size() const { return layer_.store.size(); }
  size_t solo_count() const { return layer_.store.unprotected_count(); }
  size_t active_count() const { return admission_.active().size(); }
  size_t parked_count() const { return parking_.size(); }
  uint64_t bytes() const { return layer_.store.bytes(); }

  // Replicator::Owner.
  void on_acked(ChannelId channel, const SessionId& sid, Position position, bool ended) override;
  void on_refused(ChannelId channel, const Nack& nack) override;
  void on_primary(PrimaryChannel& channel) override;
  void on_adopted(ChannelId from, ChannelId to) override;
  size_t sessions_in(ChannelId channel) const override { return layer_.store.count_in(channel); }
  bool needs_passed_over(ChannelId channel) const override {
    return layer_.store.is_fallback(channel);
  }
  void on_promoted(SecondaryChannel& channel) override;
  void on_passed_over(SecondaryChannel& channel) override;
  void on_secondary(SecondaryChannel& channel) override;
  std::optional<NackCode> on_copy_offered(MemberId primary, const SessionId& sid,
                                          Position position) override;
  void on_copy_ended(const SessionId& sid) override;
  void on_copy_renamed(const SessionId& old_id, const SessionId& new_id,
                       Duration alias_left) override;
  void on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) override;
  FoundPayload on_lookup(const LookupPayload& lookup) override;
  void on_found(MemberId from, const FoundPayload& found) override;
  void on_probe(MemberId member, bool answered) override;
  bool has_quorum() const override { return layer_.host.has_quorum(); }

 private:
  // HandOver::Owner.
  bool is_unused(const PrimaryChannel& channel) const override;
  bool has_nothing_left() const override;

  void expire_due();
  bool expire(Stay& stay);
  void fence_busy();

  SessionLayer layer_;
  Parking parking_;
  SessionQueues queues_;
  Gate gate_;
  Protection protection_;
  Suspects suspects_;
  Turnover turnover_;
  HandOver hand_over_;
  Disputes disputes_;
  FormerLife former_life_;
  Recovery recovery_;
  Admission admission_;
  Commits commits_;
};

}  // namespace understudy
