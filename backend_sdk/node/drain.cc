// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/drain.h"

#include <utility>

#include "backend_sdk/node_core.h"
#include "base/log.h"

namespace understudy {

void Drain::begin(NodeCore& core, Waiter waiter) {
  if (is_done()) return waiter->answer({});
  waiters_.push_back(std::move(waiter));
  if (state_ == State::kUnderWay) return;
  state_ = State::kUnderWay;
  LOG(kNotice, "member {}: draining", member_name_);
  core.drain([this] { on_done(); });
}

// The last member of a cluster would wait in vain for another one to take its sessions.
void Drain::advance(NodeCore& core) {
  if (state_ != State::kUnderWay || core.statistics().requests_under_way > 0) return;
  for (const Member& member : core.view().members) {
    const bool is_heir = member.mid != core.mid() && member.is_usable() &&
                         member.operator_state == OperatorState::kReady;
    if (is_heir) return;
  }
  if (const std::uint64_t sessions = core.statistics().sessions_primary; sessions > 0) {
    LOG(kWarn, "member {}: no member is left to take over its sessions; {} end here", member_name_,
        sessions);
  }
  core.leave();
  on_done();
}

void Drain::on_done() {
  if (is_done()) return;
  state_ = State::kDone;
  LOG(kNotice, "member {}: drained, and left", member_name_);
  for (const Waiter& waiter : std::exchange(waiters_, {})) waiter->answer({});
}

}  // namespace understudy
