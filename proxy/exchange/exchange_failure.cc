// SPDX-License-Identifier: Apache-2.0
// What an Exchange does when a phase does not go well: asks again, elsewhere or later, or answers
// for the member.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/log.h"
#include "cookies/contract.h"
#include "proxy/exchange/error_response.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"

namespace understudy {
namespace {

routing::Failure seen_as(TryFailure failure) {
  switch (failure) {
    case TryFailure::kConnectRefused:
      return routing::Failure::kRefused;
    case TryFailure::kConnectTimeout:
    case TryFailure::kConnectFailed:
    case TryFailure::kUnreachable:
      return routing::Failure::kUnreachable;
    case TryFailure::kTimeout:
      return routing::Failure::kTimeout;
    case TryFailure::kDropped:
    case TryFailure::kBadResponse:
      return routing::Failure::kReset;
    case TryFailure::kUnavailable:
      return routing::Failure::kUnavailable;
    case TryFailure::kNoConnection:
    case TryFailure::kMemberGone:
    case TryFailure::kMisdirected:
      break;
  }
  return routing::Failure::kNone;
}

TryFailure failure_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kConnectRefused:
      return TryFailure::kConnectRefused;
    case ErrorCode::kConnectTimeout:
      return TryFailure::kConnectTimeout;
    case ErrorCode::kConnectFailed:
    case ErrorCode::kTls:
      return TryFailure::kConnectFailed;
    case ErrorCode::kReadTimeout:
      return TryFailure::kUnreachable;
    case ErrorCode::kProtocol:
    case ErrorCode::kTooLarge:
      return TryFailure::kBadResponse;
    default:
      return TryFailure::kDropped;
  }
}

void count(routing::MemberCounters& counters, TryFailure failure) {
  switch (failure) {
    case TryFailure::kConnectRefused:
      ++counters.refused;
      return;
    case TryFailure::kConnectTimeout:
    case TryFailure::kTimeout:
      ++counters.timeouts;
      return;
    case TryFailure::kUnavailable:
      ++counters.unavailable;
      return;
    case TryFailure::kMisdirected:
    case TryFailure::kMemberGone:
    case TryFailure::kNoConnection:
      return;
    default:
      ++counters.resets;
  }
}

// We closed the connection, and not the member.
bool is_silence(TryFailure failure) {
  return failure == TryFailure::kTimeout || failure == TryFailure::kUnreachable ||
         failure == TryFailure::kMemberGone;
}

// Understudy-Handled: no.
bool says_not_handled(const http::FieldList& fields) {
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::kContract) continue;
    if (http::equals_ignoring_case(field.name, kHandledHeader)) return field.value == kHandledNo;
  }
  return false;
}

// "GET /path HTTP/1.1", for the log.
std::string_view request_line(std::string_view head) {
  return head.substr(0, head.find('\r'));
}

}  // namespace

// ---- A member did not answer.

void Exchange::on_upstream_failed(ErrorCode code, std::string_view detail) {
  // An expired certificate, or one for another name, is for the operator to repair.
  if (code == ErrorCode::kTls) {
    LOG(kWarn, "member {}: {}", connections_->label(), detail);
  } else {
    LOG(kDebug, "member {}: {}", connections_->label(), detail);
  }
  fail_try(failure_of(code));
}

void Exchange::on_member_gone() {
  if (phase_ == Phase::kQueued) return choose(downstream_.request_head());
  fail_try(TryFailure::kMemberGone);
}

FailedTry Exchange::describe(TryFailure failure) const {
  return {.failure = failure,
          .sent = upstream_->has_sent(),
          .received = upstream_->has_received(),
          .connection_was_reused = upstream_->was_reused(),
          .tried_fresh = account_.tried_fresh,
          .is_idempotent = account_.is_idempotent,
          .replayable = downstream_.can_rewind(),
          .over_budget =
              counts_as_resend(failure) && !cluster_->load().allows_resend(location_->failover)};
}

// Load that would not be there without re-sends. What a member leaves unfinished that has died is
// no more than it was before, but only once: a dying process first breaks the connections that it
// kept, and then the fresh one that its backlog took.
bool Exchange::counts_as_resend(TryFailure failure) const {
  if (account_.is_resend || !upstream_->has_sent()) return false;
  if (failure == TryFailure::kMemberGone || failure == TryFailure::kMisdirected) return false;
  const bool broke = failure == TryFailure::kDropped || failure == TryFailure::kUnreachable;
  return !broke || account_.has_failed_over;
}

void Exchange::mark_member(TryFailure failure) {
  count(member_->counters, failure);
  const routing::Failure seen = seen_as(failure);
  if (seen == routing::Failure::kNone) return;
  // The other connections are as bad, and nobody should find out one by one.
  if (failure == TryFailure::kUnreachable) connections_->close_idle();
  cluster_->routing().on_failure(attempt_, *member_, seen, worker_.io.loop.now());
}

void Exchange::fail_try(TryFailure failure) {
  account_.may_be_unread |= upstream_->has_sent() && is_silence(failure);
  const RetryDecision decision = decide(describe(failure), location_->failover);
  if (is_hedging()) return rely_on_hedge(failure, decision.step);
  const bool counts = decision.step != NextStep::kSameMember && counts_as_resend(failure);
  routing::Member* const member = member_;
  if (decision.step != NextStep::kSameMember) mark_member(failure);
  leave_member();
  release_upstream();
  if (decision.step == NextStep::kGiveUp) return give_up_after(failure, decision.reason);
  note_resend(failure, counts);
  if (decision.step == NextStep::kSameMember) {
    member_ = member;
  } else {
    account_.has_failed_over = true;
  }
  try_again(decision.step);
}

// Somebody else has been asked already.
void Exchange::rely_on_hedge(TryFailure failure, NextStep step) {
  if (step != NextStep::kSameMember) mark_member(failure);
  account_.has_failed_over = true;
  leave_member();
  release_upstream();
  take_over_hedge();
}

void Exchange::try_again(NextStep step) {
  ++worker_.counters.resends;
  downstream_.rewind_request_body();
  account_.request_sent = false;
  account_.body_bytes_received = 0;
  if (step == NextStep::kSameMember) {
    account_.tried_fresh = true;
    if (connect()) return;
  }
  choose(downstream_.request_head());
}

// A 503 or a 421. The candidate is chosen before the answer is let go: with nobody left to ask, a
// 503 of a member says more than one of ours.
bool Exchange::ask_elsewhere(TryFailure failure, const http::ResponseHead& head) {
  if (is_hedging()) {
    rely_on_hedge(failure, NextStep::kNextMember);
    return true;
  }
  FailedTry failed = describe(failure);
  const auto route = parse_mid(head.fields.value(http::FieldId::kUnderstudyRoute));
  failed.names_route = route.has_value();
  failed.not_handled = failure == TryFailure::kMisdirected && says_not_handled(head.fields);
  const RetryDecision decision = decide(failed, location_->failover);
  mark_member(failure);
  if (decision.step == NextStep::kPassOn) {
    account_.failure = to_text(decision.reason);
    if (decision.reason == Reason::kOverBudget) {
      ++worker_.counters.resends_over_budget;
      LOG(kWarn, "{}: member {}: {}, not sent again: {}", request_line(downstream_.head_text()),
          connections_->label(), to_text(failure), to_text(decision.reason));
    }
    return false;
  }
  if (decision.step == NextStep::kGiveUp) {
    give_up_after(failure, decision.reason);
    return true;
  }
  auto& routing = cluster_->routing();
  if (decision.step == NextStep::kFollowRoute) routing.follow_route(attempt_, *route);
  const routing::Choice choice = routing.choose(attempt_, worker_.io.loop.now());
  if (!choice && failure == TryFailure::kUnavailable) {
    if (!has_page_for_no_member()) return false;
    give_up(503, "No server is available for this site. Please try again in a moment.");
    return true;
  }
  note_resend(failure, counts_as_resend(failure));
  account_.has_failed_over = true;
  leave_member();
  release_upstream();
  if (!choice) {
    end_pass();
    return true;
  }
  ++worker_.counters.resends;
  downstream_.rewind_request_body();
  account_.request_sent = false;
  account_.body_bytes_received = 0;
  phase_ = Phase::kChoosing;
  const http::RequestHead& request = downstream_.request_head();
  if (!approach(choice, request)) choose(request);
  return true;
}

// ---- Nobody could be asked.

void Exchange::end_pass() {
  const config::Failover& failover = location_->failover;
  const TimePoint now = worker_.io.loop.now();
  // A member that is being started or hands its sessions over is there in a moment: the others of
  // a rolling restart are not worth the whole first pause. These looks are no rounds.
  const TimePoint look = now + kFirstLook * (1 << account_.quick_looks);
  const bool is_quick = look < account_.started + failover.connect_retry;
  const std::size_t rounds = attempt_.passes() - account_.quick_looks;
  const TimePoint deadline = account_.started + failover.connect_timeout;
  const bool was_last = rounds >= failover.rounds_max() || (now >= deadline && rounds > 1);
  if (is_quick || !was_last) {
    vacate();
    phase_ = Phase::kPausing;
    account_.quick_looks += is_quick ? 1 : 0;
    timer_.start_at(is_quick ? look : now + failover.connect_retry);
    return;
  }
  account_.failure = "timed out";
  const auto waited = std::chrono::duration_cast<std::chrono::milliseconds>(now - account_.started);
  LOG(kWarn, "{}: no member of {} could be reached: timed out after {} ms, {} tries in {} rounds",
      request_line(downstream_.head_text()), cluster_->routing().options().name, waited.count(),
      attempt_.tries(), attempt_.passes());
  give_up(503,
          "No server is available for this site: timed out while looking for one. "
          "Please try again in a moment.");
}

void Exchange::give_up_queueing(std::string_view why) {
  account_.failure = why;
  LOG(kWarn, "{}: {}: no connection to a member of {} is free, {} requests wait",
      request_line(downstream_.head_text()), why, cluster_->routing().options().name,
      cluster_->queued());
  give_up(503, "The servers of this site are busy. Please try again in a moment.");
}

void Exchange::give_up_after(TryFailure failure, Reason reason) {
  ++worker_.counters.resends_refused;
  if (reason == Reason::kOverBudget) ++worker_.counters.resends_over_budget;
  account_.failure = reason != Reason::kNone ? to_text(reason) : to_text(failure);
  LOG(kWarn, "{}: member {}: {}, not sent again: {}", request_line(downstream_.head_text()),
      connections_->label(), to_text(failure), to_text(reason));
  std::array<char, 256> sentence;
  const auto end = fmt::format_to_n(
      sentence.data(), sentence.size(),
      "The server that was asked did not answer ({}), and the request was not sent again: {}.",
      to_text(failure), to_text(reason));
  give_up(status_of(failure), {sentence.data(), std::min(end.size, sentence.size())});
}

void Exchange::give_up(unsigned status, std::string_view sentence) {
  if (has_response_begun()) return abort(sentence);
  answer(status, sentence, false);
}

bool Exchange::has_page_for_no_member() const {
  return location_->errors.no_member != nullptr || host_->errors.no_member != nullptr;
}

void Exchange::answer(unsigned status, std::string_view sentence, bool close) {
  const ErrorResponse response(
      {.status = status,
       .sentence = sentence,
       .request_id = account_.request_id,
       .close = close,
       .page = config::find_error_page(location_ != nullptr ? &location_->errors : nullptr,
                                       host_->errors, status)});
  Page page = response.page();
  account_.status = static_cast<uint16_t>(page.status);
  leave_member();
  release_upstream();
  page.lines = edited_page_lines(page.lines);
  if (access_log_ != nullptr && !access_log_->response_fields().empty()) noted_ = page.lines;
  downstream_.send_page(page);
  if (account_.method != http::Method::kHead) account_.body_bytes_sent = page.body.size();
  end(false);
  downstream_.finish();
}

void Exchange::refuse(unsigned status, std::string_view sentence, std::size_t site) {
  receive(site);
  account_.failure = "request refused";
  answer(status, sentence, true);
}

// ---- The client.

void Exchange::on_request_broken() {
  account_.failure = "request body broken";
  if (has_response_begun()) return abort("the request's body is broken");
  answer(400, "The request's body ended early or is not validly framed.", true);
}

void Exchange::on_request_timeout() {
  account_.failure = "request body timed out";
  if (has_response_begun()) return abort("the request's body did not come in time");
  answer(408, "The request's body did not arrive in time.", true);
}

void Exchange::on_downstream_gone() {
  if (!is_active()) return;
  account_.failure = "client gone";
  leave_member();
  release_upstream();
  end(true);
}

// The client has had a part of the answer: all that is left is to break it off visibly.
void Exchange::abort(std::string_view why) {
  LOG(kInfo, "{}: member {}: response broken off: {}", request_line(downstream_.head_text()),
      connections_->label(), why);
  if (account_.failure.empty()) account_.failure = "response broken off";
  leave_member();
  release_upstream();
  end(true);
  downstream_.abort();
}

// ---- The end.

void Exchange::leave_member() {
  leave();
  if (member_ && phase_ == Phase::kWaiting) --member_->counters.in_flight;
  member_ = nullptr;
}

void Exchange::release_upstream() {
  pipe_.close();
  if (!upstream_) return;
  upstream_->release();
  upstream_ = nullptr;
}

void Exchange::hold(MemberConnections* connections) {
  if (connections) connections->hold();
  if (connections_) connections_->let_go();
  connections_ = connections;
}

void Exchange::turn_to(routing::Member& member) {
  member_ = &member;
  hold(&cluster_->connections(member));
  vacate();
  cluster_->routing().occupy(member);
  occupied_ = member.serial;
}

void Exchange::vacate() {
  if (occupied_ == 0) return;
  cluster_->routing().vacate(occupied_);
  occupied_ = 0;
}

void Exchange::end(bool aborted) {
  if (is_hedging()) drop_hedge();
  if (pipe_.is_open()) pipe_.close();
  form_.reset();
  ++worker_.counters.responses_by_class[std::min(account_.status / 100, 5)];
  if (tunnel_) {
    account_.body_bytes_sent += tunnel_->bytes_to_client();
    account_.body_bytes_received += tunnel_->bytes_to_member();
  }
  if (access_log_) log(aborted);
  vacate();
  if (tunnel_) tunnel_.reset();
  hold(nullptr);
  if (cluster_) {
    --cluster_->load().exchanges;
    if (account_.is_resend) --cluster_->load().resends;
  }
  --routes_->exchanges;
  ++serial_;
  phase_ = Phase::kNone;
}

void Exchange::note_resend(TryFailure failure, bool counts) {
  if (counts) {
    account_.is_resend = true;
    ++cluster_->load().resends;
  }
  LOG(kInfo, "{}: member {}: {}, asking again (try {})", request_line(downstream_.head_text()),
      connections_->label(), to_text(failure), attempt_.tries() + 1);
}

}  // namespace understudy
