// SPDX-License-Identifier: Apache-2.0
// What to do when a member did not answer a request, or told us to ask elsewhere. Pure: what
// happened and what the operator allows go in, the next step comes out. It chooses no member
// (proxy/routing does) and sends nothing. Called by exchange.cc; the table is in
// tests/proxy/exchange/retry_test.cc.
//
// The rule above all others: a request that is not idempotent and of which a byte was sent is not
// sent again, unless the operator said for its location that it may be (SessionReplay On, or ALL),
// or the member that took it says that it has done nothing with it (Understudy-Handled: no).
//
// And a request may be what ends its members. One whose connection broke is sent again at most
// ResendLimit times, and never after two members have broken off on it.
#pragma once

#include <cstdint>
#include <string_view>

namespace understudy {

namespace config {
struct Failover;
}

enum class TryFailure : uint8_t {
  kConnectRefused,
  kConnectTimeout,
  kConnectFailed,
  kNoConnection,  // the member has no connection left for us
  kDropped,       // the connection broke or was closed before the response's head was complete
  kUnreachable,   // it broke because the member's machine acknowledges nothing any more
  kBadResponse,   // what came is not HTTP, or above a limit: an answer, to be passed on as 502
  kTimeout,       // no response in IOTimeoutSecs
  kMemberGone,    // a view says that it is dead or left
  kUnavailable,   // 503
  kMisdirected,   // 421
};
std::string_view to_text(TryFailure failure);

// What was done when it failed.
struct FailedTry {
  TryFailure failure = TryFailure::kDropped;
  bool sent = false;      // at least a byte of the request has left
  bool received = false;  // at least a byte of the response has come
  bool connection_was_reused = false;
  bool refused = false;          // the member says that it has not looked at it
  bool tried_fresh = false;      // this member has been asked again on a fresh connection already
  bool is_idempotent = false;    // by its method, or by an Idempotency-Key that counts here
  bool replayable = true;        // the whole request, as far as it was sent, is still here
  bool adds_load = false;        // see below
  unsigned breaks = 0;           // earlier tries of this request that broke: is_break()
  bool broke_elsewhere = false;  // one of them at another member
  bool over_budget = false;      // there are too many re-sends under way
  bool names_route = false;  // with kMisdirected: Understudy-Route was there and can be followed
  bool not_handled = false;  // with kMisdirected, kUnavailable: no handler has seen the request
};

enum class NextStep : uint8_t {
  kSameMember,  // once more, on a fresh connection; the member is not to blame
  kNextMember,
  kFollowRoute,
  kPassOn,  // give the client the member's 503 or 421
  kGiveUp,
};

// Why the request is not sent again.
enum class Reason : uint8_t {
  kNone,
  kIdempotentOff,
  kMethodNotIdempotent,
  kPolicyNone,
  kBodyNotKept,
  kOverBudget,
  kResendLimit,
  kSuspect,        // two members broke off: it may be the request that ends them
  kNotUnderstood,  // what came, and it would come again
};
std::string_view to_text(Reason reason);  // half a sentence for log and page

struct RetryDecision {
  NextStep step = NextStep::kGiveUp;
  Reason reason = Reason::kNone;
};

// Whether the connection broke on a request that the member may have begun to execute. A kept
// connection that turns out closed is none while the fresh one behind it gets an answer; when that
// one fails in any way, both are one.
bool is_break(const FailedTry& failed);

// Whether a re-send is load that would not be there without it, and so RetryBudget's. What a member
// leaves unfinished that has died, or unseen because it is in no cluster now, is no more than it
// was before, but only once: a dying process first breaks the connections that it kept, and then
// the fresh one that its backlog took.
bool adds_load(const FailedTry& failed, bool has_failed_over);

RetryDecision decide(const FailedTry& failed, const config::Failover& policy);

}  // namespace understudy
