// SPDX-License-Identifier: Apache-2.0
// Intake: the frames of the streams that come in, applied to the copies (R3), or the reason why
// not. Channels check the order before, and repeat the refusals after. Owned by Replicator, loop
// thread only.
#pragma once

#include <map>
#include <optional>

#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/replica_store.h"
#include "backend_sdk/replication/secondary_channel.h"
#include "base/clock.h"

namespace understudy {

class Intake final {
 public:
  // The session layer's part of the fence: ended ids, and sessions that are served here. Called
  // inside of calls into Intake.
  class Judge {
   public:
    virtual ~Judge() = default;
    // Before anything of the session is applied. A copy that is promoted and not taken yet must be
    // taken here: after that a session that is served here is all that counts.
    virtual std::optional<NackCode> on_copy_offered(MemberId primary, const SessionId& sid,
                                                    Position position) = 0;
    virtual void on_copy_ended(const SessionId& sid) = 0;
    // The old id leads to the new one for `alias_left` yet.
    virtual void on_copy_renamed(const SessionId& old_id, const SessionId& new_id,
                                 Duration alias_left) = 0;
  };

  Intake(const ReplicationOptions& options, ReplicaStore& replicas, Judge& judge);

  SecondaryChannel::Applied apply(SecondaryChannel& channel, const Frame& frame, TimePoint now);
  // A secondary lets few copy in bulk at a time; the others send one copy after the other.
  uint32_t bulk_credit(ChannelId channel, TimePoint now);
  void on_sealed(ChannelId channel) { bulk_senders_.erase(channel); }

 private:
  SecondaryChannel::Applied apply_full(SecondaryChannel& channel, const Frame& frame,
                                       TimePoint now);
  SecondaryChannel::Applied apply_repl(SecondaryChannel& channel, const Frame& frame,
                                       TimePoint now);
  SecondaryChannel::Applied apply_touch(SecondaryChannel& channel, const Frame& frame,
                                        TimePoint now);
  SecondaryChannel::Applied apply_invalidate(SecondaryChannel& channel, const Frame& frame);
  void drop(ChannelId channel, const SessionId& sid);

  const ReplicationOptions& options_;
  ReplicaStore& replicas_;
  Judge& judge_;
  std::map<ChannelId, TimePoint> bulk_senders_;  // last bulk frame; at most bulk_senders_max
};

}  // namespace understudy
