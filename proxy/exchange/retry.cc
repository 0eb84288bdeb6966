// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/retry.h"
#include "proxy/config/location.h"

namespace understudy {
namespace {

config::Resend knob_for(TryFailure failure, const config::Failover& policy) {
  switch (failure) {
    case TryFailure::kTimeout:
      return policy.on_timeout;
    case TryFailure::kUnavailable:
      return policy.on_503;
    default:
      return policy.on_dropped;
  }
}

// No handler has begun to execute it, and none will.
bool is_unseen(const FailedTry& failed, const config::Failover& policy) {
  if (!failed.not_handled) return false;
  return failed.failure == TryFailure::kMisdirected ||
         (failed.failure == TryFailure::kUnavailable && policy.on_503 != config::Resend::kNone);
}

// A byte of the request has left: may it leave a second time?
Reason reason_against(const FailedTry& failed, const config::Failover& policy) {
  if (!failed.replayable) return Reason::kBodyNotKept;
  if (is_unseen(failed, policy)) return Reason::kNone;
  if (policy.session_replay) return Reason::kNone;
  if (!policy.idempotent) return Reason::kIdempotentOff;
  switch (knob_for(failed.failure, policy)) {
    case config::Resend::kAll:
      return Reason::kNone;
    case config::Resend::kNone:
      return Reason::kPolicyNone;
    case config::Resend::kIdempotent:
      break;
  }
  return failed.is_idempotent ? Reason::kNone : Reason::kMethodNotIdempotent;
}

// And if it may: do we want to ask the other members for more now?
Reason reason_against_another(const FailedTry& failed, const config::Failover& policy) {
  const Reason reason = reason_against(failed, policy);
  return reason == Reason::kNone && failed.over_budget ? Reason::kOverBudget : reason;
}

// The member closed a connection that it had kept open while our request was on its way to it. That
// says nothing about the member, unless another one has broken off on this request.
bool is_half_open(const FailedTry& failed) {
  return failed.failure == TryFailure::kDropped && failed.connection_was_reused &&
         !failed.received && !failed.tried_fresh && failed.breaks == 0;
}

// It may be sent again, but has it ended members before?
Reason reason_against_break(const FailedTry& failed, const config::Failover& policy) {
  if (!is_break(failed)) return Reason::kNone;
  if (failed.broke_elsewhere) return Reason::kSuspect;
  return failed.breaks >= policy.resend_limit ? Reason::kResendLimit : Reason::kNone;
}

}  // namespace

bool is_break(const FailedTry& failed) {
  if (failed.refused || is_half_open(failed)) return false;
  switch (failed.failure) {
    case TryFailure::kDropped:
    case TryFailure::kUnreachable:
    case TryFailure::kMemberGone:
      return failed.sent || failed.tried_fresh;
    case TryFailure::kConnectRefused:
    case TryFailure::kConnectTimeout:
    case TryFailure::kConnectFailed:
      return failed.tried_fresh;
    case TryFailure::kNoConnection:
    case TryFailure::kBadResponse:
    case TryFailure::kTimeout:
    case TryFailure::kUnavailable:
    case TryFailure::kMisdirected:
      break;
  }
  return false;
}

bool adds_load(const FailedTry& failed, bool has_failed_over) {
  if (!failed.sent) return false;
  switch (failed.failure) {
    case TryFailure::kMemberGone:
    case TryFailure::kMisdirected:
      return false;
    case TryFailure::kDropped:
    case TryFailure::kUnreachable:
      return has_failed_over;
    case TryFailure::kUnavailable:
      return has_failed_over || !failed.not_handled;
    default:
      return true;
  }
}

RetryDecision decide(const FailedTry& failed, const config::Failover& policy) {
  if (failed.failure == TryFailure::kBadResponse && failed.sent) {
    return {.step = NextStep::kGiveUp, .reason = Reason::kNotUnderstood};
  }
  const NextStep again = is_half_open(failed) ? NextStep::kSameMember : NextStep::kNextMember;
  if (!failed.sent && !is_break(failed)) return {.step = again};
  Reason reason = again == NextStep::kSameMember ? reason_against(failed, policy)
                                                 : reason_against_another(failed, policy);
  // Of a request that ends its members this says more than the budget does.
  if (reason == Reason::kNone || reason == Reason::kOverBudget) {
    const Reason of_break = reason_against_break(failed, policy);
    if (of_break != Reason::kNone) reason = of_break;
  }
  switch (failed.failure) {
    case TryFailure::kUnavailable:
      // A 503 that may not be answered by a re-send is an answer.
      if (reason != Reason::kNone) return {.step = NextStep::kPassOn, .reason = reason};
      return {.step = NextStep::kNextMember};
    case TryFailure::kMisdirected:
      // Passed on it would ask the client to do what only we can do.
      if (reason != Reason::kNone) return {.step = NextStep::kGiveUp, .reason = reason};
      return {.step = failed.names_route ? NextStep::kFollowRoute : NextStep::kNextMember};
    default:
      if (reason != Reason::kNone) return {.step = NextStep::kGiveUp, .reason = reason};
      return {.step = again};
  }
}

std::string_view to_text(TryFailure failure) {
  switch (failure) {
    case TryFailure::kConnectRefused:
      return "connection refused";
    case TryFailure::kConnectTimeout:
      return "no connection in time";
    case TryFailure::kConnectFailed:
      return "connection failed";
    case TryFailure::kNoConnection:
      return "no connection left";
    case TryFailure::kDropped:
      return "connection dropped";
    case TryFailure::kUnreachable:
      return "member unreachable";
    case TryFailure::kBadResponse:
      return "invalid response";
    case TryFailure::kTimeout:
      return "no answer in time";
    case TryFailure::kMemberGone:
      return "member gone from the view";
    case TryFailure::kUnavailable:
      return "answered 503";
    case TryFailure::kMisdirected:
      return "answered 421";
  }
  return "";
}

std::string_view to_text(Reason reason) {
  switch (reason) {
    case Reason::kNone:
      return "";
    case Reason::kIdempotentOff:
      return "Idempotent is Off";
    case Reason::kMethodNotIdempotent:
      return "method not idempotent";
    case Reason::kPolicyNone:
      return "the retry policy is NONE";
    case Reason::kBodyNotKept:
      return "request body above ReplayBufferSize";
    case Reason::kOverBudget:
      return "RetryBudget is used up";
    case Reason::kResendLimit:
      return "ResendLimit is used up";
    case Reason::kSuspect:
      return "two members broke off on it";
    case Reason::kNotUnderstood:
      return "the answer cannot be understood";
  }
  return "";
}

}  // namespace understudy
