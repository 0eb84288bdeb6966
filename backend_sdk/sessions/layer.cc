// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/layer.h"

#include "backend_sdk/replication/lease.h"

namespace understudy {

SessionId SessionLayer::resolve(const SessionId& sid, TimePoint came) const {
  const SessionId known = history.resolve(sid, {.came = came, .now = now()});
  const Stay* stay = unheard_login(known);
  return stay == nullptr ? known : stay->sid;
}

Stay* SessionLayer::unheard_login(const SessionId& former) const {
  if (replicator == nullptr || !history.is_ended(former)) return nullptr;
  Stay* stay = store.find(history.newest(former));
  if (stay == nullptr || may_answer_for(*stay)) return nullptr;
  if (!stay->placement.acknowledged()) return nullptr;  // it knows the session by no other id
  const auto& unheard = stay->placement.former_ids();
  return std::ranges::find(unheard, former) == unheard.end() ? nullptr : stay;
}

Duration SessionLayer::tombstone_min() const {
  return 2 * grace_of(lease_of(replication.beat));
}

}  // namespace understudy
