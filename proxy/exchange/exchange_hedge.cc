// SPDX-License-Identifier: Apache-2.0
// Hedged reads: when a member has not begun to answer after HedgeDelay, a second one is asked the
// same, and the client gets what comes first. Only where that is safe and can help: GET and HEAD
// without a body, of clients that name no session. A session is served by one member (PROTOCOL R1):
// its secondary would answer 421, and a stranger would not know it.
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

// Never in a queue, never a member that is in doubt, never beyond RetryBudget: a second try is
// there to help when there is room, not to add to what makes members slow.
void Exchange::begin_hedge(TimePoint now) {
  account_.may_hedge = false;
  if (!cluster_->load().allows_resend(location_->failover)) {
    ++worker_.counters.hedges_over_budget;
    return;
  }
  routing::Member* const member = cluster_->routing().beside(attempt_, now);
  if (member == nullptr) return;
  MemberConnections& connections = cluster_->connections(*member);
  if (cluster_->must_queue(*member, connections)) return;
  ++worker_.counters.hedges;
  account_.hedge = HedgeOutcome::kLost;  // until it wins
  if (!account_.is_resend) {
    account_.is_resend = true;
    ++cluster_->load().resends;
  }
  second_ = &start_try(connections, {.member = member, .why = routing::Why::kRetry}, false);
  switch (second_->begin(Wants::kAny, *peer_)) {
    case Try::Begun::kReady:
      return send_request(*second_, downstream_.request_head());
    case Try::Begun::kConnecting:
      return;
    case Try::Begun::kFailed:
      return on_failed(*second_, second_->failure(), {});
  }
}

// What the second member answers is the client's, unless it is an error: that is no answer as long
// as the first member may still have a better one.
bool Exchange::is_better(const http::ResponseHead& head) {
  const bool is_misdirected = head.status == 421 && cluster_->speaks_native();
  if (head.status < 500 && !is_misdirected) {
    ++worker_.counters.hedges_won;
    account_.hedge = HedgeOutcome::kWon;
    // The first member was slow, and has done nothing wrong.
    promote_second();
    return true;
  }
  if (head.status == 503) {
    second_->blame(TryFailure::kUnavailable, attempt_);
  } else if (head.status == 502 || head.status == 504) {
    cluster_->routing().on_bad_answer(*second_->member(), worker_.io.loop.now());
  }
  drop(second_);
  return false;
}

// The first try is over; the second one is the one whose answer the client gets.
void Exchange::promote_second() {
  asked_.reset(&second_->connections());
  drop(try_);
  try_ = second_;
  second_ = nullptr;
  cluster_->routing().take(attempt_, *try_->member(), worker_.io.loop.now());
  wait_for_tries(worker_.io.loop.now());
}

}  // namespace understudy
