// SPDX-License-Identifier: Apache-2.0
// Links: what the parts of Replicator need of the other members: to send to them, and to know what
// became of them. An interface; Replicator is it.
#pragma once

#include "backend_sdk/membership/fates.h"
#include "backend_sdk/membership/view.h"
#include "backend_sdk/replication/statistics.h"
#include "backend_sdk/wire/frame.h"
#include "base/clock.h"

namespace understudy {

class Links {
 public:
  virtual ~Links() = default;
  // Dropped when no address is known: what matters is said again.
  virtual void send(MemberId to, Frame frame) = 0;
  // fate() changes when it is refused, and the parts are told; or an answer comes, or nothing does.
  virtual void probe(MemberId member) = 0;
  virtual Fate fate(MemberId member) const = 0;
  virtual const MemberView& view() const = 0;
  // Asks to be called at `at` at the latest.
  virtual void wake_by(TimePoint at) = 0;
};

}  // namespace understudy
