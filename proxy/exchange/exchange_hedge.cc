// SPDX-License-Identifier: Apache-2.0
// Hedged reads: when a member has not begun to answer after HedgeDelay, a second one is asked the
// same, and the client gets what comes first. Only where that is safe and can help: GET and HEAD
// without a body, of clients that name no session. A session is served by one member (PROTOCOL R1):
// its secondary would answer 421, and a stranger would not know it.
#include <utility>

#include "base/check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/hedge.h"
#include "proxy/exchange/worker_cluster.h"

namespace understudy {

bool Exchange::may_be_hedged() const {
  const bool is_read =
      account_.method == http::Method::kGet || account_.method == http::Method::kHead;
  return is_read && !account_.has_body && !tunnel_ && !account_.has_failed_over &&
         attempt_.last().why == routing::Why::kNoCookie;
}

bool Exchange::is_hedging() const {
  return hedge_ && hedge_->is_racing();
}

// Never in a queue, never a member that is in doubt, never beyond RetryBudget: a second try is
// there to help when there is room, not to add to what makes members slow.
void Exchange::begin_hedge(TimePoint now) {
  account_.may_hedge = false;
  if (!cluster_->load().allows_resend(location_->failover)) {
    ++worker_.counters.hedges_over_budget;
    return;
  }
  routing::Cluster& routing = cluster_->routing();
  routing::Member* const member = routing.beside(attempt_, now);
  if (member == nullptr) return;
  MemberConnections& connections = cluster_->connections(*member);
  if (cluster_->must_queue(*member, connections)) return;

  if (!hedge_) {
    Hedge::Owner& owner = *this;
    Upstream::User& exchange = *this;
    hedge_ = std::make_unique<Hedge>(owner, exchange);
  }
  hedge_->begin();
  connections.hold();
  routing.occupy(*member);
  Hedge::Try& other = hedge_->its_try();
  other = {.member = member,
           .connections = &connections,
           .occupied = member->serial,
           .attempt = attempt_};
  routing.take(other.attempt, *member, now);
  ++worker_.counters.hedges;
  account_.hedge = HedgeOutcome::kLost;  // until it wins
  if (!account_.is_resend) {
    account_.is_resend = true;
    ++cluster_->load().resends;
  }
  cluster_->begin_waiting(*hedge_, connections);
  other.upstream = connections.take_idle(hedge_->user());
  if (other.upstream != nullptr) return send_hedge();
  const Client& client = downstream_.client();
  const auto upstream = connections.connect(
      hedge_->user(), {.client = &client.address, .server = client.local.get()});
  if (!upstream) return on_hedge_failed(upstream.error().code);
  other.upstream = *upstream;
  ++other.member->counters.connections;
}

void Exchange::on_hedge_connected() {
  send_hedge();
}

void Exchange::swap_try(Hedge::Try& other) {
  std::swap(member_, other.member);
  std::swap(connections_, other.connections);
  std::swap(attempt_, other.attempt);
}

void Exchange::send_hedge() {
  Hedge::Try& other = hedge_->its_try();
  const http::RequestHead& head = downstream_.request_head();
  // The lines are written for the member that gets them.
  http::RequestRewrite rewrite{
      .dropped = worker_.io.scratch.dropped, .added = {}, .target = {}, .host = {}};
  swap_try(other);
  const bool fits = compose_request(head, false, rewrite);
  swap_try(other);
  if (!fits) return drop_hedge();
  other.is_sent = true;
  ++other.member->counters.requests;
  ++other.member->counters.in_flight;
  const Taken taken = other.upstream->send_head(head, rewrite, BodyBytes{.last = true});
  if (taken.too_large) drop_hedge();
}

// An error is no answer as long as the first member may still have a better one.
void Exchange::on_hedge_answer(const http::ResponseHead& head) {
  DCHECK(phase_ == Phase::kWaiting);
  Hedge::Try& other = hedge_->its_try();
  const bool is_misdirected = head.status == 421 && cluster_->speaks_native();
  if (head.status >= 500 || is_misdirected) {
    ++other.member->counters.responses;
    const TimePoint now = worker_.io.loop.now();
    if (head.status == 503) {
      ++other.member->counters.unavailable;
      cluster_->routing().on_failure(other.attempt, *other.member, routing::Failure::kUnavailable,
                                     now);
    } else if (head.status == 502 || head.status == 504) {
      cluster_->routing().on_bad_answer(*other.member, now);
    }
    return drop_hedge();
  }
  ++worker_.counters.hedges_won;
  account_.hedge = HedgeOutcome::kWon;
  // The first member was slow, and has done nothing wrong.
  leave_member();
  release_upstream();
  take_over_hedge();
  on_response_head(head);
}

void Exchange::on_hedge_failed(ErrorCode code) {
  Hedge::Try& other = hedge_->its_try();
  const bool is_refused = code == ErrorCode::kConnectRefused;
  ++(is_refused ? other.member->counters.refused : other.member->counters.resets);
  // No connection left is our own business, and says nothing about the member.
  if (code != ErrorCode::kUnavailable) {
    cluster_->routing().on_failure(
        other.attempt, *other.member,
        is_refused ? routing::Failure::kRefused : routing::Failure::kReset, worker_.io.loop.now());
  }
  drop_hedge();
}

void Exchange::on_hedge_member_gone() {
  drop_hedge();
}

void Exchange::drop_hedge() {
  Hedge::Try& other = hedge_->its_try();
  hedge_->leave();
  if (other.is_sent) --other.member->counters.in_flight;
  cluster_->routing().vacate(other.occupied);
  if (other.upstream != nullptr) other.upstream->release();
  other.connections->let_go();
  hedge_->rest();
}

// The first try is over; the second one is the exchange's own from now on.
void Exchange::take_over_hedge() {
  DCHECK(is_hedging() && upstream_ == nullptr && member_ == nullptr);
  Hedge::Try& other = hedge_->its_try();
  hedge_->leave();
  hedge_->pass_on();
  hold(other.connections);
  other.connections->let_go();
  vacate();
  occupied_ = other.occupied;
  member_ = other.member;
  upstream_ = other.upstream;
  attempt_ = other.attempt;
  account_.tried_fresh = false;
  account_.request_sent = other.is_sent;
  account_.heard = worker_.io.loop.now();
  cluster_->begin_waiting(*this, *connections_);
  if (other.is_sent) {
    phase_ = Phase::kWaiting;
    return wait_in_silence(account_.heard);
  }
  phase_ = Phase::kConnecting;
  timer_.start_at(account_.heard + cluster_->connection_options().connect_timeout);
}

}  // namespace understudy
