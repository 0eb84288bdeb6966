// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/quarantine.h"

#include <algorithm>

namespace understudy {

Quarantine::Place Quarantine::enter(const Address& member, TimePoint now) {
  const std::lock_guard lock(mutex_);
  const uint64_t ticket = last_ticket_ + 1;
  const auto at = std::find_if(taken_.begin(), taken_.end(),
                               [&](const Taken& taken) { return taken.member == member; });
  if (at == taken_.end()) {
    taken_.push_back({.member = member, .since = now, .ticket = ticket});
  } else if (now - at->since >= kQuarantineTurn) {
    at->since = now;
    at->ticket = ticket;
  } else {
    return {};
  }
  last_ticket_ = ticket;
  return {*this, ticket};
}

// A place whose turn had passed may be another request's by now.
void Quarantine::leave(uint64_t ticket) {
  const std::lock_guard lock(mutex_);
  std::erase_if(taken_, [&](const Taken& taken) { return taken.ticket == ticket; });
}

}  // namespace understudy
