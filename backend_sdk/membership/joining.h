// SPDX-License-Identifier: Apache-2.0
// Joining: what a fresh member knows of the world before it is admitted, and whether it is the one
// to start a group. Whom to ask, and who answered what. Pure; membership's core sends and asks.
//
// Fresh members that start together must end in one group: each asks all seeds; those that belong
// to no group say so; when nobody let anybody in for a while, the one with the lowest address among
// those that see each other starts the group, and the others find it.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "backend_sdk/transport/transport.h"
#include "base/clock.h"

namespace understudy {

class Joining final {
 public:
  static constexpr size_t kSeedsMax = 32;

  struct Options {
    Address self;
    std::vector<Address> seeds;  // at most kSeedsMax are used; self and repetitions are skipped
    Duration retry;              // between two requests to the same seed
    Duration found_after;
  };
  Joining(const Options& options, TimePoint now);

  // Whom to send a JOIN now: every seed, and the leader we were told of.
  std::vector<Peer> due_requests(TimePoint now);
  TimePoint due() const { return next_request_; }

  void on_fresh(const Address& seed, TimePoint now);  // it belongs to no group either
  void on_redirected(const Peer& leader, TimePoint now);
  void on_refused(TimePoint now);  // there is a group, but not for us as we are
  void on_unreachable(const Peer& peer);

  bool should_found(TimePoint now) const;

 private:
  bool is_recent(TimePoint when, TimePoint now) const;
  Options options_;
  TimePoint began_;
  TimePoint next_request_;
  TimePoint group_seen_{};  // somebody knew a group
  Peer leader_;
  std::map<Address, TimePoint> fresh_;
};

}  // namespace understudy
