// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/layer.h"

#include "backend_sdk/replication/lease.h"

namespace understudy {

SessionId SessionLayer::resolve(const SessionId& sid) const {
  const SessionId known = history.resolve(sid, now());
  if (replicator == nullptr || !history.is_ended(known)) return known;
  const Stay* stay = store.find(history.newest(known));
  if (stay == nullptr || may_answer_for(*stay)) return known;
  if (!stay->placement.acknowledged()) return known;  // the secondary knows it by no other id
  const auto& unheard = stay->placement.former_ids();
  return std::ranges::find(unheard, known) == unheard.end() ? known : stay->sid;
}

Duration SessionLayer::tombstone_min() const {
  return 2 * grace_of(lease_of(replication.beat));
}

}  // namespace understudy
