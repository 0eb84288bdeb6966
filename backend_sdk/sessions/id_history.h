// SPDX-License-Identifier: Apache-2.0
// IdHistory: what this process remembers of session ids that it does not serve any more: ended
// (tombstones, so that nothing revives them), renamed at login (the old id still leads to the new
// one for a while), or moved to another member (pointers). Bounded; the entry that would end first
// goes first. Outlives a membership life. Loop thread only.
#pragma once

#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

#include "backend_sdk/sessions/options.h"
#include "backend_sdk/wire/ids.h"
#include "base/clock.h"
#include "base/sharded.h"

namespace understudy {

class IdHistory final {
 public:
  explicit IdHistory(const SessionOptions& options) : options_(options) {}

  // `kept_at_least`: 2 G, so that no frame of its past outlives the tombstone.
  void end(const SessionId& sid, Duration kept_at_least, TimePoint now);
  struct Renaming {
    // The old id leads to the new one for so long, then it has ended. Said again, what was said
    // later does not make it longer: it may have been under way for long.
    Duration alias{};
    Duration kept{};  // as kept_at_least
  };
  void rename(const SessionId& old_id, const SessionId& new_id, const Renaming& renaming,
              TimePoint now);
  void move(const SessionId& sid, MemberId owner, TimePoint now);  // ends no tombstone
  void forget_move(const SessionId& sid);                          // it is here again

  // A request that came to the proxy then, at the latest, and is looked at now.
  struct Request {
    TimePoint came = TimePoint::min();
    TimePoint now = TimePoint::min();
  };
  // Where an old id leads that request, or the id itself: to what a login has renamed, only where
  // the request was under way then, or in flight from its client (I5).
  SessionId resolve(const SessionId& sid, const Request& request) const;
  // The same when no id would end with time.
  SessionId newest(const SessionId& sid) const { return resolve(sid, {}); }
  // `owner` has the session, and may never have heard of the new id. What has ended stays so.
  void take_back(const SessionId& old_id, MemberId owner, TimePoint now);
  Duration alias_left(const SessionId& old_id, TimePoint now) const;
  // The ids that this one had before, as far as they are remembered, the latest first.
  std::vector<SessionId> former(const SessionId& sid, size_t at_most) const;
  bool is_ended(const SessionId& sid) const;
  MemberId owner(const SessionId& sid) const;  // kNobody: not known to have moved

  void expire(TimePoint now, size_t count_max);
  TimePoint wake_at() const;
  size_t size() const { return records_.size(); }

 private:
  struct Record {
    MemberId owner = kNobody;  // kNobody: ended
    std::optional<SessionId> alias;
    TimePoint alias_until{};
    std::multimap<TimePoint, SessionId>::iterator ending;
  };
  using Records = Sharded<std::unordered_map<SessionId, Record>>;
  bool leads(const Record& record, const Request& request) const;
  Record& put(const SessionId& sid, TimePoint until);
  void clear_alias(const SessionId& sid, Record& record);
  void erase(Records::iterator record);

  const SessionOptions& options_;
  Records records_;
  std::multimap<TimePoint, SessionId> ending_;  // one entry per record
  // By where they lead, the latest last: one entry per alias.
  Sharded<std::unordered_map<SessionId, std::vector<SessionId>>> former_;
};

}  // namespace understudy
