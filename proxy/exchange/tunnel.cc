// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/tunnel.h"

#include <algorithm>

#include "proxy/exchange/routes.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/char_class.h"
#include "proxy/http/field_id.h"

namespace understudy {
namespace {

using http::FieldId;

bool starts_with_ignoring_case(std::string_view text, std::string_view start) {
  return text.size() >= start.size() &&
         http::equals_ignoring_case(text.substr(0, start.size()), start);
}

// This worker's part of the process's limit.
std::size_t share_of(std::size_t tunnels_max, std::size_t workers) {
  return (tunnels_max + workers - 1) / workers;
}

}  // namespace

// A list of protocols would leave the choice, and so the check of what may be chosen, to the
// member.
bool Tunnel::is_wanted(const http::RequestHead& head) {
  if (!head.wants_upgrade || head.body.has_bytes()) return false;
  if (head.fields.count(FieldId::kUpgrade) != 1) return false;
  const std::string_view protocol = head.fields.value(FieldId::kUpgrade);
  if (protocol.empty() || protocol.find(',') != std::string_view::npos) return false;
  return !starts_with_ignoring_case(protocol, "h2") &&
         !starts_with_ignoring_case(protocol, "HTTP/") &&
         !starts_with_ignoring_case(protocol, "TLS");
}

bool Tunnel::is_answer(const http::RequestHead& request, const http::ResponseHead& response) {
  return response.connection.upgrade && response.fields.count(FieldId::kUpgrade) == 1 &&
         http::equals_ignoring_case(response.fields.value(FieldId::kUpgrade),
                                    request.fields.value(FieldId::kUpgrade));
}

std::unique_ptr<Tunnel> Tunnel::open(WorkerContext& worker) {
  if (worker.tunnels >= share_of(worker.routes->config->tunnels_max, worker.workers)) {
    ++worker.counters.tunnels_refused;
    return nullptr;
  }
  ++worker.tunnels;
  return std::unique_ptr<Tunnel>(new Tunnel(worker));
}

Tunnel::~Tunnel() {
  --worker_.tunnels;
  if (begun_) --worker_.counters.tunnels_open;
}

void Tunnel::begin(TimePoint now) {
  begun_ = true;
  moved_ = now;
  ++worker_.counters.tunnels;
  ++worker_.counters.tunnels_open;
}

Tunnel::State Tunnel::move_to_member(Downstream& downstream, Upstream& upstream) {
  while (!client_ended_) {
    const BodyBytes body = downstream.request_body();
    if (!body.bytes.empty() || body.last) {
      const Taken taken = upstream.send_body(body);
      downstream.consume_request_body(taken.body_bytes);
      bytes_to_member_ += taken.body_bytes;
      if (taken.body_bytes < body.bytes.size()) break;
      client_ended_ = body.last;
      continue;
    }
    const Fetched fetched = downstream.fetch_request_body();
    if (fetched == Fetched::kBroken) return State::kClientGone;
    if (fetched == Fetched::kNone) break;
  }
  return state();
}

Tunnel::State Tunnel::move_to_client(Downstream& downstream, Upstream& upstream) {
  while (!member_ended_) {
    const BodyBytes body = upstream.body(BodyForm::kPayload);
    if (!body.bytes.empty() || body.last) {
      const Taken taken = downstream.send_body(body);
      if (taken.broken) return State::kClientGone;
      upstream.consume_body(taken.body_bytes);
      bytes_to_client_ += taken.body_bytes;
      if (taken.body_bytes < body.bytes.size()) break;
      member_ended_ = body.last;
      continue;
    }
    const Fetched fetched = upstream.fetch();
    if (fetched == Fetched::kBroken) return State::kMemberGone;
    if (fetched == Fetched::kNone) break;
  }
  return state();
}

TimePoint Tunnel::silent_since(TimePoint now) {
  const uint64_t bytes = bytes_to_client_ + bytes_to_member_;
  if (bytes != bytes_seen_) moved_ = now;
  bytes_seen_ = bytes;
  return moved_;
}

}  // namespace understudy
