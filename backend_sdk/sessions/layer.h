// SPDX-License-Identifier: Apache-2.0
// SessionLayer: what the parts of the session layer share: the life they are in, the sessions, the
// clock and what is to be done when the call is over. Owned by Sessions; the parts borrow it. It
// decides nothing. Loop thread only.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <set>
#include <utility>

#include "backend_sdk/membership/search.h"
#include "backend_sdk/replication/replicator.h"
#include "backend_sdk/sessions/id_history.h"
#include "backend_sdk/sessions/options.h"
#include "backend_sdk/sessions/session_store.h"
#include "backend_sdk/sessions/statistics.h"
#include "base/clock.h"
#include "base/random.h"

namespace understudy {

// What the session layer asks of, and tells, NodeCore.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  virtual void on_session_lost(const SessionId& sid, Position floor) = 0;
  virtual void on_conflict(const SessionId& sid, Position kept, Position dropped) = 0;
  virtual bool has_quorum() const = 0;
  // Would these members, and this one, be a quorum of the view?
  virtual bool is_quorum(const std::set<MemberId>& members) const = 0;
  // This member knows of a newer view, or of another group.
  virtual void ask_for_view(MemberId member) = 0;
  // Begins to look for groups that this one has not become one with, and says what was found.
  virtual void search_groups() = 0;
  virtual Search::Finding found_groups() const = 0;
};

struct SessionLayer {
  const SessionOptions& options;
  const ReplicationOptions& replication;
  const Clock& clock;
  Random& random;
  SessionHost& host;

  // Of this life.
  Replicator* replicator = nullptr;  // null: between lives
  MemberId self = kNobody;
  SessionStore store{};

  // Of the process.
  IdHistory history;
  SessionStatistics statistics{};
  std::deque<std::function<void()>> ready{};  // run by the owner, when the call is over
  TimePoint wake_at = TimePoint::max();

  TimePoint now() const { return clock.now(); }
  void schedule(TimePoint at) { wake_at = std::min(wake_at, at); }
  template <typename Outcome>
  void call(std::function<void(Outcome)> callback, Outcome outcome) {
    ready.push_back([callback = std::move(callback), outcome = std::move(outcome)]() mutable {
      callback(std::move(outcome));
    });
  }
  PrimaryChannel& channel_of(const Stay& stay) const {
    return *replicator->primary(stay.placement.channel());
  }
  // R1, by the clock of now: turns of the loop can be long.
  bool may_answer_for(const Stay& stay) const {
    return stay.placement.channel() == 0 || channel_of(stay).may_serve(clock.read());
  }
  // What that member has of the session comes from here: it has taken over the channel that the
  // session is in. It may have gone on alone where the session is disputed with it.
  bool is_heir(MemberId member, const Stay& stay) const {
    if (stay.placement.channel() == 0) return false;
    const bool is_disputed_with_it = stay.disputed && stay.disputed->with == member;
    return channel_of(stay).parties().secondary == member && !is_disputed_with_it;
  }
  // By which id the session of a cookie is known here, for a request that came then: one that was
  // under way when a login changed the id is led to the new one (I5). As long as the login may not
  // have happened, because its secondary has not heard of it and may have taken over, the old id
  // does not end. Without a time: for a request that has been let in, or that another member asks
  // about.
  SessionId resolve(const SessionId& sid, TimePoint came = TimePoint::min()) const;
  // The session that had this id, where the login that took it from it may not have happened; null:
  // none.
  Stay* unheard_login(const SessionId& former) const;
  // Two members have served the session: `kept` lives on, `dropped` does not.
  void tell_conflict(const SessionId& sid, Position kept, Position dropped) {
    ++statistics.conflicts;
    ready.push_back([this, sid, kept, dropped] { host.on_conflict(sid, kept, dropped); });
  }
  // No frame of a session's past outlives its tombstone.
  Duration tombstone_min() const;
};

}  // namespace understudy
