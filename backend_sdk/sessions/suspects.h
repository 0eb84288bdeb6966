// SPDX-License-Identifier: Apache-2.0
// Suspects: requests whose first run may have ended its member (Understudy-Failover: reset). Before
// the handler of such a request runs here, this member sees to it that its own end would lose no
// session: it probes the members that it shares channels with, takes over what is its own by now,
// copies what it holds alone, and waits for the acknowledgements, at most AckDeadline (P14). Other
// requests go on meanwhile. Owned by Sessions, loop thread only; empty between lives.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "backend_sdk/sessions/layer.h"
#include "backend_sdk/sessions/parking.h"
#include "backend_sdk/sessions/protection.h"

namespace understudy {

class Suspects final {
 public:
  Suspects(SessionLayer& layer, Parking& parking, const Protection& protection)
      : layer_(layer), parking_(parking), protection_(protection) {}

  // It comes back by Parking::Owner, once: admitted again, or refused where the wait was for
  // nothing and no request may be served alone (SoloPolicy::kDeny).
  void hold(WaitingPtr waiting);
  bool are_held() const { return !held_.empty(); }
  // That member has answered a probe, or has not.
  void on_probe(MemberId member) { asked_.erase(member); }
  void advance();
  void end_life();

 private:
  struct Held {
    WaitingId id = 0;
    TimePoint until;
  };
  bool would_lose_nothing();
  bool has_taken_over() const;
  bool is_alone() const;
  bool are_copies_held();

  SessionLayer& layer_;
  Parking& parking_;
  const Protection& protection_;
  std::vector<Held> held_;
  std::set<MemberId> asked_;  // probed when the last request came, and no word of it yet
  // By channel, once no session is alone: the last frame that was on its way then.
  std::map<ChannelId, uint64_t> owed_;
};

}  // namespace understudy
