// SPDX-License-Identifier: Apache-2.0
// Disputes: sessions that this member wrote alone, without a witness, and has lost to another member
// or with its life (PROTOCOL 2.4, partitions). Whether another member went on with them too is not
// known then: the members are asked, and each that has the session now makes it a conflict, which is
// told. Bounded in number and time. Owned by Sessions, outlives a life; loop thread only.
#pragma once

#include <map>
#include <vector>

#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/lookups.h"

namespace understudy {

class Disputes final {
 public:
  static constexpr size_t kMax = 4096;      // more are counted as conflicts nowhere
  static constexpr size_t kAskedMax = 16;   // at a time

  explicit Disputes(SessionLayer& layer) : layer_(layer) {}

  // It goes, with all that was written here. What is in a channel may live on at its secondary: then
  // only the member that it is disputed with has another one.
  void remember(const Stay& stay);
  // Which to ask for now; each comes again until it is settled.
  std::vector<SessionId> due();
  void settle(const Lookups::Finished& finished);

 private:
  struct Dispute {
    SessionId sid;  // as it was called here last; the other one may know an earlier id only
    Position ours;
    MemberId with = kNobody;  // kNobody: any
    TimePoint until;
    TimePoint ask_at{};
  };
  SessionLayer& layer_;
  std::map<SessionId, Dispute> disputes_;  // by each id that may be known elsewhere
};

}  // namespace understudy
