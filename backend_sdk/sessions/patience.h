// SPDX-License-Identifier: Apache-2.0
// How long a request waits for a session's ownership to be decided. Pure.
#pragma once

#include <algorithm>

#include "backend_sdk/replication/lease.h"
#include "backend_sdk/sessions/layer.h"

namespace understudy {

// The longest that ownership can reasonably stay open: the grace period, and a claim.
inline Duration patience_of(const SessionLayer& layer) {
  return std::min(layer.options.park_max,
                  grace_of(lease_of(layer.replication.beat)) + layer.replication.ack_deadline);
}

}  // namespace understudy
