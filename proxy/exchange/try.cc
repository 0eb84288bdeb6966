// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/try.h"

#include <algorithm>

#include "base/check.h"
#include "base/log.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"

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
      return routing::Failure::kReset;
    case TryFailure::kUnavailable:
      return routing::Failure::kUnavailable;
    case TryFailure::kBadResponse:
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
    case ErrorCode::kUnavailable:
      return TryFailure::kNoConnection;
    case ErrorCode::kUnreachable:
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

}  // namespace

// ---- The place at the member.

Try::Try(Owner& owner, WorkerContext& worker, WorkerCluster& cluster,
         MemberConnections& connections, const routing::Choice& choice, bool fresh)
    : owner_(owner),
      worker_(worker),
      cluster_(cluster),
      choice_(choice),
      serial_(choice.member->serial),
      fresh_(fresh),
      member_(choice.member),
      connections_(connections) {
  cluster_.routing().occupy(*member_);
}

Try::~Try() {
  leave();
  if (state_ == State::kSent) --member_->counters.in_flight;
  if (upstream_) upstream_->release();
  cluster_.routing().vacate(serial_);
}

void Try::accept() {
  DCHECK(state_ == State::kSent);
  leave();
  --member_->counters.in_flight;
  place_.reset();
  member_ = nullptr;
  state_ = State::kAnswered;
}

bool Try::enter_quarantine() {
  place_ = worker_.quarantine->enter(connections_->address(), worker_.io.loop.now());
  return static_cast<bool>(place_);
}

// ---- A connection: an idle one, or a new one.

Try::Begun Try::begin(Wants wants, const Client& client) {
  if (!fresh_) upstream_ = connections_->take_idle(*this, wants);
  if (upstream_) return Begun::kReady;
  const auto upstream = connections_->connect(
      *this, {.wants = wants, .client = &client.address, .server = client.local.get()});
  if (!upstream) {
    const ErrorCode code = upstream.error().code;
    const bool is_known = code == ErrorCode::kConnectRefused || code == ErrorCode::kUnavailable;
    failure_ = is_known ? failure_of(code) : TryFailure::kConnectFailed;
    return Begun::kFailed;
  }
  upstream_ = *upstream;
  ++member_->counters.connections;
  state_ = State::kConnecting;
  heard_ = worker_.io.loop.now();
  cluster_.begin_waiting(*this, *connections_);
  return Begun::kConnecting;
}

void Try::on_connected(Upstream& connection) {
  upstream_ = &connection;
  owner_.on_connected(*this);
}

// ---- The request.

Taken Try::send_head(const http::RequestHead& head, const http::RequestRewrite& rewrite,
                     BodyBytes body) {
  if (!is_waiting()) cluster_.begin_waiting(*this, *connections_);
  state_ = State::kSent;
  ++member_->counters.requests;
  ++member_->counters.in_flight;
  const Taken taken = upstream_->send_head(head, rewrite, body);
  request_sent_ = body.last && taken.body_bytes == body.bytes.size();
  heard_ = worker_.io.loop.now();
  moved_ = taken.body_bytes;
  return taken;
}

Taken Try::send_body(BodyBytes body) {
  const Taken taken = upstream_->send_body(body);
  if (body.last && taken.body_bytes == body.bytes.size()) {
    request_sent_ = true;
    heard_ = worker_.io.loop.now();
  }
  return taken;
}

void Try::on_upstream_writable() {
  owner_.on_member_writable(*this);
}

// ---- The answer.

void Try::on_interim_response(const http::ResponseHead& head) {
  owner_.on_interim_response(*this, head);
}

void Try::on_response_head(const http::ResponseHead& head) {
  DCHECK(state_ == State::kSent);
  ++member_->counters.responses;
  owner_.on_answer(*this, head);
}

void Try::on_response_body() {
  owner_.on_response_body(*this);
}

// ---- No answer.

void Try::on_upstream_failed(ErrorCode code, std::string_view detail) {
  // An expired certificate, or one for another name, is for the operator to repair.
  if (code == ErrorCode::kTls) {
    LOG(kWarn, "member {}: {}", connections_->label(), detail);
  } else {
    LOG(kDebug, "member {}: {}", connections_->label(), detail);
  }
  owner_.on_failed(*this, failure_of(code), detail);
}

void Try::on_member_gone() {
  owner_.on_failed(*this, TryFailure::kMemberGone, {});
}

void Try::on_room(uint64_t) {
  CHECK(false, "an exchange queues, and not its try");
}

void Try::blame(TryFailure failure, routing::Attempt& attempt) {
  count(member_->counters, failure);
  // As bad as a 502 of its own, and as little a reason to leave the member alone.
  if (failure == TryFailure::kBadResponse) {
    cluster_.routing().on_bad_answer(*member_, worker_.io.loop.now());
  }
  const routing::Failure seen = seen_as(failure);
  if (seen == routing::Failure::kNone) return;
  // The other idle connections are as bad, and no exchange should find out one by one.
  if (failure == TryFailure::kUnreachable) connections_->close_idle();
  cluster_.routing().on_failure(attempt, *member_, seen, worker_.io.loop.now());
}

FailedTry Try::describe(TryFailure failure) const {
  return {.failure = failure,
          .sent = upstream_ != nullptr && upstream_->has_sent(),
          .received = upstream_ != nullptr && upstream_->has_received(),
          .connection_was_reused = upstream_ != nullptr && upstream_->was_reused(),
          .refused = upstream_ != nullptr && upstream_->was_refused(),
          .tried_fresh = fresh_};
}

// ---- Silence.

TimePoint Try::next_look(TimePoint now, Duration io_timeout) const {
  if (state_ == State::kConnecting) return heard_ + cluster_.connection_options().connect_timeout;
  return std::min(now + kSilenceCheck, heard_ + io_timeout);
}

std::optional<TryFailure> Try::judge(TimePoint now, uint64_t moved, Duration io_timeout) {
  if (state_ == State::kConnecting) {
    const bool is_late = now >= heard_ + cluster_.connection_options().connect_timeout;
    return is_late ? std::optional(TryFailure::kConnectTimeout) : std::nullopt;
  }
  if (is_cut_off()) return TryFailure::kUnreachable;
  if (moved != moved_) heard_ = now;
  moved_ = moved;
  if (now - heard_ >= io_timeout) return TryFailure::kTimeout;
  return std::nullopt;
}

// No timer and no system call belongs to this but those of the look at a silent member.
bool Try::is_cut_off() const {
  const config::Connections& options = cluster_.connection_options();
  Duration patience = options.unreachable_timeout;
  if (patience.count() == 0) return false;
  // New connections are not answered either.
  if (member_ != nullptr && member_->back_off.last_failure() == routing::Failure::kUnreachable) {
    patience = std::min<Duration>(patience, options.connect_timeout);
  }
  return upstream_->unacknowledged_for() >= patience;
}

}  // namespace understudy
