// SPDX-License-Identifier: Apache-2.0
// What an Exchange does when time has passed: a look at the member that is silent, and an end to
// patience.
#include <algorithm>

#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

void Exchange::on_timer() {
  switch (phase_) {
    case Phase::kNone:
    case Phase::kGathering:  // the client's time is the connection's business
    case Phase::kLearning:   // that of those who are asked
    case Phase::kChoosing:
      return;
    case Phase::kQueued:
      ++worker_.counters.queue_timeouts;
      leave();
      return give_up_queueing("waited in the queue for too long");
    case Phase::kPausing:
      attempt_.start_pass();
      account_.met_full_member = false;
      return choose(downstream_.request_head());
    case Phase::kQuarantined: {
      const http::RequestHead& head = downstream_.request_head();
      phase_ = Phase::kChoosing;
      const auto* const member = cluster_->routing().table().by_serial(account_.waits_for);
      // The request before it may have ended this member.
      const bool is_there = member != nullptr && !routing::is_gone(member->liveness) &&
                            !member->back_off.is_blocked(worker_.io.loop.now());
      if (!is_there || !approach(attempt_.last(), head)) choose(head);
      return;
    }
    case Phase::kAsking:
    case Phase::kRelaying:
      break;
    case Phase::kTunnel:
      return on_tunnel_timer();
  }
  const TimePoint now = worker_.io.loop.now();
  const bool goes_on = (!second_ || look_at(*second_, now)) && look_at(*try_, now);
  if (!goes_on) {
    // The second one is over, and the first goes on: that is not its end.
    if (try_ && !timer_.is_running()) wait_for_tries(now);
    return;
  }
  const bool is_hedge_due = account_.may_hedge && phase_ == Phase::kAsking &&
                            now >= try_->heard() + location_->failover.hedge_delay;
  if (is_hedge_due) begin_hedge(now);
  wait_for_tries(now);
}

// False: the try is over, or the exchange.
bool Exchange::look_at(Try& which, TimePoint now) {
  const uint32_t serial = serial_;
  if (!which.is_connecting()) which.check();
  if (serial != serial_) return false;
  const uint64_t moved =
      &which == try_ ? account_.body_bytes_received + account_.body_bytes_sent : 0;
  const auto failure = which.judge(now, moved, location_->failover.io_timeout);
  if (!failure) return true;
  if (phase_ == Phase::kRelaying) {
    abort(*failure == TryFailure::kUnreachable ? "the member is unreachable"
                                               : "nothing moved for the I/O timeout");
    return false;
  }
  MemberHold hold(which.connections());
  on_failed(which, *failure, {});
  // The others that wait for this member need not find out for themselves.
  if (*failure == TryFailure::kConnectTimeout) hold->fail_unanswered();
  return false;
}

}  // namespace understudy
