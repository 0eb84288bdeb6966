// SPDX-License-Identifier: Apache-2.0
// The bodies that an Exchange moves: a small form that may name the session and is read before a
// member is asked (the order of the WebLogic plug-in: the cookie, else the path's parameter, else
// the form), the rest of a request's body, and large responses, which are spliced.
#include <algorithm>

#include "base/check.h"
#include "proxy/exchange/exchange.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/char_class.h"

namespace understudy {
namespace {

bool is_form(const http::FieldList& fields) {
  static constexpr std::string_view kForm = "application/x-www-form-urlencoded";
  std::string_view type = fields.value(http::FieldId::kContentType);
  type = type.substr(0, std::min(type.find_first_of("; \t"), type.size()));
  return http::equals_ignoring_case(type, kForm);
}

// draft-ietf-httpapi-idempotency-key-header 2: one field with one value. Several, or an empty one,
// say nothing that a member could hold us to.
bool has_idempotency_key(const http::FieldList& fields) {
  static constexpr std::string_view kName = "idempotency-key";
  const http::Field* found = nullptr;
  for (const http::Field& field : fields) {
    if (field.id != http::FieldId::kOther || !http::equals_ignoring_case(field.name, kName))
      continue;
    if (found != nullptr) return false;
    found = &field;
  }
  return found != nullptr && !found->value.empty();
}

}  // namespace

// ---- A session in the body.

// Whether the body is to be read before a member is asked. Larger forms are not looked into, and
// when there is no room to hold one its request goes its way without: that costs stickiness, never
// the request.
bool Exchange::begin_gathering(const http::RequestHead& head) {
  const std::string& field = cluster_->session_form_field();
  if (field.empty() || !account_.has_body || head.method != http::Method::kPost) return false;
  const bool has_length = head.body.kind == http::Framing::kLength;
  if (has_length && head.body.length > kFormBytesMax) return false;
  if (!is_form(head.fields)) return false;
  const size_t room = downstream_.hold_request_body(kFormBytesMax);
  if (room == 0 || (has_length && head.body.length > room)) {
    downstream_.let_go_request_body();
    return false;
  }
  // Of a chunked body what would not fit is not looked at; a whole one may fill the room.
  form_ = std::make_unique<FormSearch>(field, head.body.kind, has_length ? room + 1 : room);
  phase_ = Phase::kGathering;
  if (head.expect_continue) {
    const http::FieldMask nothing;
    downstream_.send_interim({.reason = "Continue", .status = 100},
                             {.dropped = nothing, .added = {}});
    account_.body_has_begun = true;
  }
  return true;
}

void Exchange::gather() {
  for (;;) {
    const BodyBytes body = downstream_.request_body();
    form_->feed(body.bytes);
    downstream_.consume_request_body(body.bytes.size());
    if (body.last) form_->finish();
    if (body.last || form_->is_over()) break;
    if (!body.bytes.empty()) continue;
    switch (downstream_.fetch_request_body()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return on_request_broken();
    }
  }
  downstream_.rewind_request_body();
  downstream_.let_go_request_body();
  const std::unique_ptr<FormSearch> found = std::move(form_);
  phase_ = Phase::kChoosing;
  const http::RequestHead& head = downstream_.request_head();
  begin_affinity(found->value());
  choose(head);
}

// ---- What is kept of the request's body: that depends on how often it may be sent.

void Exchange::note_resends(const http::RequestHead& head) {
  const config::Failover& failover = location_->failover;
  account_.is_idempotent = http::is_idempotent(head.method) ||
                           (failover.idempotency_key && has_idempotency_key(head.fields));
  if (!account_.has_body) return;
  BodyKeeping keeping{.bytes_max = failover.replay_buffer_bytes_max};
  const bool may_go_twice =
      failover.resends_all() || (failover.idempotent && account_.is_idempotent);
  if (failover.replay_file_bytes_max != 0 && may_go_twice) {
    keeping.file_bytes_max = failover.replay_file_bytes_max;
    keeping.directory = &failover.temp_directory;
  }
  downstream_.keep_request_body(keeping);
}

// ---- The rest of the request's body, as fast as the member takes it.

void Exchange::relay_request_body() {
  for (;;) {
    if (downstream_.request_body_bytes() > location_->body_bytes_max) {
      return give_up(413, "The request's body is larger than this site accepts.");
    }
    const BodyBytes body = downstream_.request_body();
    if (!body.bytes.empty() || body.last) {
      account_.body_has_begun = true;
      const Taken taken = try_->send_body(body);
      downstream_.consume_request_body(taken.body_bytes);
      account_.body_bytes_received += taken.body_bytes;
      if (taken.body_bytes < body.bytes.size()) return;
      if (body.last) return;
      // What is here need not lie in one piece.
      continue;
    }
    switch (downstream_.fetch_request_body()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return on_request_broken();
    }
  }
}

void Exchange::on_request_body() {
  if (phase_ == Phase::kGathering) return gather();
  if (phase_ == Phase::kTunnel) {
    return on_tunnel(tunnel_->move_to_member(downstream_, try_->upstream()));
  }
  const bool waits = phase_ == Phase::kLearning || phase_ == Phase::kQueued ||
                     phase_ == Phase::kPausing || phase_ == Phase::kQuarantined ||
                     (phase_ == Phase::kAsking && try_->is_connecting());
  if (!waits) {
    if (try_ && try_->takes_body()) relay_request_body();
    return;
  }
  // No member takes it yet. What there is room for is read, so that a client that leaves is
  // noticed.
  for (;;) {
    switch (downstream_.fetch_request_body()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return on_request_broken();
    }
  }
}

void Exchange::on_member_writable(Try& which) {
  if (&which == second_) return;
  if (phase_ == Phase::kTunnel) {
    return on_tunnel(tunnel_->move_to_member(downstream_, which.upstream()));
  }
  if (which.takes_body() && account_.has_body) relay_request_body();
}

// ---- The response's body, as fast as the client takes it.

void Exchange::relay_response_body() {
  if (pipe_.is_open()) return splice_response_body();
  Upstream& upstream = try_->upstream();
  for (;;) {
    const BodyBytes body = upstream.body(account_.form);
    if (!body.bytes.empty() || body.last) {
      const Taken taken = downstream_.send_body(body);
      if (taken.broken) return abort("the client is gone");
      account_.body_bytes_sent += taken.body_bytes;
      upstream.consume_body(taken.body_bytes);
      if (taken.body_bytes < body.bytes.size()) return;
      if (body.last) return finish();
      // Payload comes chunk by chunk: there may be more of it in the buffer.
      if (!body.bytes.empty()) continue;
    }
    if (account_.form == BodyForm::kPayload &&
        upstream.splice_source().bytes_left >= kSpliceBytesMin && downstream_.splice_sink() &&
        pipe_.open()) {
      ++worker_.counters.splices;
      return splice_response_body();
    }
    switch (upstream.fetch()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return abort("the member's answer broke off");
    }
  }
}

void Exchange::on_response_body(Try& which) {
  DCHECK(&which == try_);
  if (phase_ == Phase::kTunnel) {
    return on_tunnel(tunnel_->move_to_client(downstream_, which.upstream()));
  }
  relay_response_body();
}

void Exchange::on_downstream_writable() {
  if (phase_ == Phase::kRelaying) return relay_response_body();
  if (phase_ != Phase::kTunnel) return;
  on_tunnel(tunnel_->move_to_client(downstream_, try_->upstream()));
}

void Exchange::splice_response_body() {
  Upstream& upstream = try_->upstream();
  bool source_is_dry = false;
  for (std::size_t moved = 0; moved < kSplicePerTurnBytesMax;) {
    const SpliceEnd source = upstream.splice_source();
    if (source && source.bytes_left != 0 && !source_is_dry && pipe_.has_room()) {
      const auto filled = pipe_.fill(source.fd, source.bytes_left);
      source_is_dry = filled.state == BodyPipe::State::kWouldBlock;
      if (filled.bytes == 0 && !source_is_dry) return abort("the member's answer broke off");
      upstream.on_spliced(filled.bytes, source_is_dry);
      moved += filled.bytes;
    }
    if (pipe_.held() == 0) {
      if (upstream.splice_source().bytes_left == 0) return finish();
      if (source_is_dry) return;
      continue;
    }
    const SpliceEnd sink = downstream_.splice_sink();
    if (!sink) return;
    const auto drained = pipe_.drain(sink.fd);
    const bool blocked = drained.state == BodyPipe::State::kWouldBlock;
    if (drained.bytes == 0 && !blocked) return abort("the client is gone");
    downstream_.on_spliced(drained.bytes, blocked);
    account_.body_bytes_sent += drained.bytes;
    if (blocked) return;
  }
  upstream.yield();
}

}  // namespace understudy
