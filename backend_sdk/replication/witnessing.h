// SPDX-License-Identifier: Apache-2.0
// Witnessing: this member as the third of channels between two others: it gives its vote, once
// per channel, and only for a reason (PROTOCOL 2.3). A secondary that says its primary is dead may
// be wrong, for a refused connection proves little: such a claim is held until this member has a
// proof of its own. Owned by Replicator, loop thread only.
#pragma once

#include <map>

#include "backend_sdk/replication/links.h"
#include "backend_sdk/replication/options.h"
#include "backend_sdk/replication/payloads.h"
#include "backend_sdk/replication/vote_book.h"
#include "base/clock.h"

namespace understudy {

class Witnessing final {
 public:
  Witnessing(const ReplicationOptions& options, Links& links);

  // Of a channel whose witness this member is, from its claimant.
  void on_claim(const ClaimPayload& claim, TimePoint now);
  void on_closed(ChannelId channel, MemberId party, TimePoint now);
  void on_dead(MemberId member, TimePoint now);
  // Some fate has changed: a claim that was held may have its proof.
  void on_fates(TimePoint now);
  // It answers: nothing is held against it any more. The claimant asks again when grace is over.
  void on_alive(MemberId member);

  void expire(TimePoint now);
  TimePoint wake_at() const;

  uint64_t votes() const { return votes_given_; }
  size_t held() const { return held_.size(); }

 private:
  struct Held {
    ClaimPayload claim;
    TimePoint until;
  };
  void vote(const ClaimPayload& claim, TimePoint now);
  void hold(const ClaimPayload& claim, TimePoint now);

  const ReplicationOptions& options_;
  Links& links_;
  VoteBook book_;
  std::map<ChannelId, Held> held_;
  uint64_t votes_given_ = 0;
};

}  // namespace understudy
