// SPDX-License-Identifier: Apache-2.0
// Electing: the leader is lost: the oldest survivor asks the others to agree, and takes over
// (election.h counts). A group that yields goes on yielding under its next leader. Owned by
// membership's core.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "backend_sdk/membership/election.h"
#include "backend_sdk/membership/group.h"
#include "backend_sdk/membership/losses.h"
#include "backend_sdk/membership/messages.h"
#include "backend_sdk/membership/standing.h"
#include "backend_sdk/membership/watch.h"

namespace understudy {

class Electing final {
 public:
  Electing(Standing& standing, Group& group, Losses& losses, Watch& watch)
      : standing_(standing),
        group_(group),
        losses_(losses),
        watch_(watch),
        election_(standing.mid()) {}

  TimePoint due() const { return next_stand_; }
  void advance();
  // Called whenever a member was lost, a vote came in, or time to try again has come.
  void consider();
  void end();
  // This member belongs to another group now. Terms are a group's own, so are the votes in them.
  void on_other_group();
  void on_elect(const Peer& from, const ElectMessage& message);
  void on_elect_ok(const Peer& from, const ElectOkMessage& message);

 private:
  bool is_elector(const Member& member) const;
  void stand(const Member& leader);
  void wait_for(const Peer& candidate);
  // As leader: a member has voted in a later term (behind a cut, in an election that came to
  // nothing), so its reports count no more. The leader stands above that term, and leads on
  // meanwhile.
  void renew_term();
  Election::Voters voters() const;
  void decide_ballot();
  std::optional<Peer> standing_in_the_way(const Member& candidate) const;

  Standing& standing_;
  Group& group_;
  Losses& losses_;
  Watch& watch_;
  Election election_;
  TimePoint next_stand_ = TimePoint::max();
  std::optional<std::pair<Peer, ElectMessage>> ballot_;
};

}  // namespace understudy
