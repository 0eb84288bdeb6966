// SPDX-License-Identifier: Apache-2.0
// Incoming: the channels whose secondary is this member, with their copies: accepted, acknowledged
// once a turn, taken over when their primary is gone, and forgotten when no party needs them any
// more. Owned by Replicator, loop thread only.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "backend_sdk/replication/intake.h"
#include "backend_sdk/replication/links.h"
#include "backend_sdk/replication/replica_store.h"
#include "backend_sdk/replication/secondary_channel.h"

namespace understudy {

class Incoming final : public SecondaryChannel::Host {
 public:
  // Called inside of calls into Incoming; may take and pass over copies and use the channels. None
  // of these calls walks sessions here: that is the owner's to do in slices.
  class Owner : public Intake::Judge {
   public:
    // The channel is OWNED. Its copies stay in copies() with is_promoted until take_promoted();
    // nothing ends or replaces them meanwhile but on_copy_offered(), which must take them.
    virtual void on_promoted(SecondaryChannel& channel) = 0;
    // The channel is OUT: it is the primary's, or no member can have it (is_lost()). Its copies are
    // passed over already: find_passed_over() names the owner.
    virtual void on_passed_over(SecondaryChannel& channel) = 0;
    // Something that a waiting request may want to know: claiming, or the primary's fate.
    virtual void on_secondary(SecondaryChannel& channel) = 0;
    // As Outgoing::Owner's; of a channel that was taken over.
    virtual bool needs_passed_over(ChannelId channel) const = 0;
  };

  Incoming(const ReplicationOptions& options, MemberId self, const Clock& clock, Links& links,
           Owner& owner, ReplicatorStatistics& statistics);
  ~Incoming() override;

  SecondaryChannel* find(ChannelId channel) const;
  std::vector<SecondaryChannel*> all() const;
  size_t open_count() const;
  // Takes no more channels.
  void refuse() { refuses_ = true; }
  ReplicaStore& copies() { return *copies_; }
  const ReplicaStore& copies() const { return *copies_; }
  // For the end of this life: nothing else is called after it.
  std::unique_ptr<ReplicaStore> take_copies() { return std::move(copies_); }

  void on_open(const OpenPayload& open, const Frame& frame, bool has_quorum);
  // By the primary of a channel.
  void on_claim(const ClaimPayload& claim);
  void on_frame(SecondaryChannel& channel, MemberId from, const Frame& frame);
  void on_close(MemberId from, ChannelId channel);
  void on_close_heard(MemberId from, ChannelId channel);
  void on_fates(bool has_quorum);

  bool owes_acks() const { return !acks_due_.empty(); }
  // One acknowledgement for all frames of a channel in this turn.
  void flush_acks();
  void advance();

 private:
  // SecondaryChannel::Host.
  void send(MemberId to, Frame frame) override { links_.send(to, std::move(frame)); }
  SecondaryChannel::Applied on_data(SecondaryChannel& channel, const Frame& frame) override;
  void on_state(SecondaryChannel& channel) override;
  uint32_t bulk_credit(SecondaryChannel& channel) override;

  void on_stream(SecondaryChannel& channel, const Frame& frame);
  bool adopt(const OpenPayload& open);
  bool is_released(SecondaryChannel& channel);
  void forget_finished();

  // Constant after construction.
  const ReplicationOptions& options_;
  const MemberId self_;
  const Clock& clock_;
  Links& links_;
  Owner& owner_;
  ReplicatorStatistics& statistics_;

  std::map<ChannelId, std::unique_ptr<SecondaryChannel>> channels_;
  std::map<ChannelId, TimePoint> outcomes_;  // of finished channels, kept until
  std::unique_ptr<ReplicaStore> copies_;
  Intake intake_;
  std::vector<ChannelId> acks_due_;  // at the end of this turn
  bool refuses_ = false;
};

}  // namespace understudy
