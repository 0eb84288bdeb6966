// SPDX-License-Identifier: Apache-2.0
// Outgoing: the channels whose primary is this member: opened to the best secondary, succeeded by
// ones with a better witness, claimed when the secondary is silent, and closed when no session is
// left in them. Owned by Replicator, loop thread only.
#pragma once

#include <map>
#include <memory>
#include <unordered_set>
#include <vector>

#include "backend_sdk/replication/links.h"
#include "backend_sdk/replication/placing.h"
#include "backend_sdk/replication/primary_channel.h"

namespace understudy {

class Outgoing final : public PrimaryChannel::Host {
 public:
  // Called inside of calls into Outgoing; may place sessions and use the channels. None of these
  // calls walks sessions here: that is the owner's to do in slices.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_acked(ChannelId channel, const SessionId& sid, Position position,
                          bool ended) = 0;
    virtual void on_refused(ChannelId channel, const Nack& nack) = 0;
    // Its state changed, it has room again, or its lease is back.
    virtual void on_primary(PrimaryChannel& channel) = 0;
    // All sessions of `from` are in `to` now, one epoch up, and held there; what the secondary has
    // passed over of `from` is passed over in `to`.
    virtual void on_adopted(ChannelId from, ChannelId to) = 0;
    virtual size_t sessions_in(ChannelId channel) const = 0;
    // Is there a session that was in this channel and that no other member holds yet? What the
    // other party has passed over of it is needed until then.
    virtual bool needs_passed_over(ChannelId channel) const = 0;
    // A secondary wants to serve what it has of ours: all, because an operator drains us, or the
    // one channel, because a proxy cannot reach us.
    virtual void on_hand_over_asked(PrimaryChannel& channel, bool is_only_this) = 0;
  };

  Outgoing(const ReplicationOptions& options, MemberId self, const Clock& clock, Links& links,
           Owner& owner, ReplicatorStatistics& statistics);
  ~Outgoing() override;

  // An open channel to the best secondary for this session; null: no member can hold a copy now.
  // `any`: also one that has failed a moment ago.
  PrimaryChannel* place(const SessionId& sid, bool any);
  PrimaryChannel* find(ChannelId channel) const;
  std::vector<PrimaryChannel*> all() const;
  size_t open_count() const;
  // A sealed channel in which no session is left.
  void close(PrimaryChannel& channel);
  // From the secondary that has taken the channel over: nothing of it is needed any more.
  void on_close(MemberId from, ChannelId channel);
  void on_close_heard(MemberId from, ChannelId channel);

  // The best secondaries are chosen anew; then the fates are told, then what is not the best any
  // more is replaced.
  void on_view();
  void tidy();
  void on_fates(bool has_quorum);
  void on_link_down(MemberId secondary);
  void on_frame(PrimaryChannel& channel, MemberId from, const Frame& frame);
  // Acks are not judged late before `patience`.
  void advance(TimePoint patience);

 private:
  // PrimaryChannel::Host.
  void send(MemberId to, Frame frame) override { links_.send(to, std::move(frame)); }
  void on_acked(PrimaryChannel& channel, const SessionId& sid, Position position,
                bool ended) override;
  void on_refused(PrimaryChannel& channel, const Nack& nack) override;
  void on_state(PrimaryChannel& channel) override;
  void on_relief(PrimaryChannel& channel) override { owner_.on_primary(channel); }

  PrimaryChannel& open(MemberId secondary, PrimaryChannel* adopts);
  void settle_adoption(PrimaryChannel& channel);
  void replace_witnesses();
  void let_go_of_unwanted();
  void note_failure(MemberId secondary);
  bool is_passed_over_needed(const PrimaryChannel& channel) const;
  void forget_finished();

  // Constant after construction.
  const ReplicationOptions& options_;
  const MemberId self_;
  const Clock& clock_;
  Links& links_;
  Owner& owner_;
  ReplicatorStatistics& statistics_;

  Placing placing_;
  uint32_t last_channel_ = 0;
  std::map<ChannelId, std::unique_ptr<PrimaryChannel>> channels_;
  std::unordered_set<ChannelId> voluntary_;  // claimed for another reason than failure
};

}  // namespace understudy
