// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange.h"

#include <algorithm>

#include "base/check.h"
#include "base/tls_stream.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"
#include "proxy/routing/path_rewrite.h"
#include "proxy/routing/request_path.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {
namespace {

using http::FieldId;

// The path that rules are matched over; "*" of OPTIONS and the authority of CONNECT, which have
// none, stand for the whole server.
std::string_view path_to_match(const http::RequestHead& head) {
  const bool has_path = head.target_form == http::TargetForm::kOrigin ||
                        head.target_form == http::TargetForm::kAbsolute;
  return has_path ? head.path : std::string_view("/");
}

// draft-ietf-httpapi-idempotency-key-header 2: one field with one value. Several, or an empty one,
// say nothing that a member could hold us to.
bool has_idempotency_key(const http::FieldList& fields) {
  static constexpr std::string_view kName = "idempotency-key";
  const http::Field* found = nullptr;
  for (const http::Field& field : fields) {
    if (field.id != FieldId::kOther || !http::equals_ignoring_case(field.name, kName)) continue;
    if (found != nullptr) return false;
    found = &field;
  }
  return found != nullptr && !found->value.empty();
}

// A 503 that no other member and no later moment would make better.
bool is_for_its_client(const http::ResponseHead& head) {
  return head.fields.value(FieldId::kUnderstudySession) == kSessionOutdated;
}

// RFC 9110 15.5.20: who has connected as one host's client may not reach, by another Host field, a
// host that would have asked for a certificate.
bool may_reach(const config::VirtualHost& host, const Client& client) {
  const bool asks = host.tls && host.tls->client_certificate() != ClientCertificate::kNone;
  if (!asks || client.tls == nullptr) return !asks;
  const TlsHost* connected = client.tls->host();
  return connected != nullptr && connected->identity() == host.tls->identity();
}

}  // namespace

Exchange::Exchange(WorkerContext& worker, Downstream& downstream)
    : worker_(worker),
      downstream_(downstream),
      timer_(Timer::of<&Exchange::on_timer>(worker.io.loop.timers(), *this)),
      pipe_(worker.pipes) {}

Exchange::~Exchange() {
  DCHECK(!is_active());
}

// ---- 1. The request's head is here.

void Exchange::start(const http::RequestHead& head, std::size_t site) {
  receive(site);
  account_.method = head.method;
  account_.has_body = head.body.has_bytes();
  if (!map(head, site)) return;
  if (begin_gathering(head)) return gather();
  begin_affinity(session_value(head));
  choose(head);
}

void Exchange::receive(std::size_t site) {
  DCHECK(!is_active());
  phase_ = Phase::kChoosing;
  account_ = {};
  account_.started = worker_.io.loop.now();
  routes_ = worker_.routes;
  ++routes_->exchanges;
  ++worker_.counters.requests;
  access_log_ = routes_->sites[site].access_logs.front();
  host_ = routes_->sites[site].hosts.front();
  location_ = nullptr;
  client_.address = {};
  cluster_ = nullptr;
}

// ---- 2. Which location, and so which cluster.

bool Exchange::map(const http::RequestHead& head, std::size_t site) {
  const Site& here = routes_->sites[site];
  const auto path = routing::normalise_path(path_to_match(head), worker_.io.scratch.path);
  if (!path) {
    answer(static_cast<unsigned>(status_of(path.refusal)), to_text(path.refusal), false);
    return false;
  }
  account_.path_is_normal = path.path.data() == path_to_match(head).data();
  const auto match = here.mapping->find(head.authority, path.path);
  access_log_ = here.access_logs[match.host];
  host_ = here.hosts[match.host];
  account_.is_tls = downstream_.client().tls != nullptr;
  if (host_->trusted_hops) meet_client(head);
  if (!may_reach(*host_, downstream_.client())) {
    answer(421, "This connection was made for another host; please connect anew.", false);
    return false;
  }
  if (head.method == http::Method::kTrace || head.method == http::Method::kConnect) {
    answer(405, "This proxy does not offer the method.", true);
    return false;
  }
  if (!match.location) {
    answer(404, "Nothing is configured for this address.", false);
    return false;
  }
  location_ = &host_->locations[*match.location];
  if (!location_->is_proxied ||
      (!location_->excluded.empty() && routing::is_excluded(location_->excluded, path.path))) {
    answer(404, "Requests for this address are not passed on.", false);
    return false;
  }
  cluster_ = routes_->clusters[location_->cluster];
  ++cluster_->load().exchanges;
  if (head.body.kind == http::Framing::kLength && head.body.length > location_->body_bytes_max) {
    answer(413, "The request's body is larger than this site accepts.", false);
    return false;
  }
  note_resends(head);
  return !head.wants_upgrade || open_tunnel(head);
}

// How often it may be sent, and so how much of its body is kept.
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

// ---- 3. Whom to ask. Which session the request names is in exchange_affinity.cc.

void Exchange::choose(const http::RequestHead& head) {
  phase_ = Phase::kChoosing;
  const TimePoint now = worker_.io.loop.now();
  while (const routing::Choice choice = cluster_->routing().choose(attempt_, now)) {
    if (approach(choice, head)) return;
  }
  // Those that could be asked are busy, and somebody else of the cluster may be free first.
  if (account_.met_full_member) return queue(nullptr);
  end_pass();
}

// False: ask another one.
bool Exchange::approach(const routing::Choice& choice, const http::RequestHead& head) {
  turn_to(*choice.member);
  account_.tried_fresh = false;
  if (!cluster_->must_queue(*member_, *connections_)) return ask(head);
  if (choice.is_bound()) {
    queue(connections_);
    return true;
  }
  account_.met_full_member = true;
  member_ = nullptr;
  return false;
}

void Exchange::queue(MemberConnections* connections) {
  vacate();
  member_ = nullptr;
  account_.met_full_member = false;
  if (!cluster_->join_queue(*this, connections)) {
    ++worker_.counters.queue_refusals;
    return give_up_queueing("queue is full");
  }
  ++worker_.counters.queued;
  phase_ = Phase::kQueued;
  timer_.start_at(worker_.io.loop.now() + cluster_->connection_options().queue_timeout);
}

void Exchange::on_room(uint64_t serial) {
  const http::RequestHead& head = downstream_.request_head();
  phase_ = Phase::kChoosing;
  routing::Member* const member = cluster_->routing().table().by_serial(serial);
  if (!member) return choose(head);
  const bool was_bound = attempt_.last().is_bound() && attempt_.last().member == member;
  if (!was_bound) cluster_->routing().take(attempt_, *member, worker_.io.loop.now());
  turn_to(*member);
  if (!ask(head)) choose(head);
}

// ---- 4. A connection to it: an idle one, or a new one. False when that failed at once.

Wants Exchange::wants() const {
  return tunnel_ ? Wants::kTunnel : Wants::kAny;
}

bool Exchange::ask(const http::RequestHead& head) {
  upstream_ = connections_->take_idle(*this, wants());
  if (!upstream_) return connect();
  send_request(head);
  return true;
}

bool Exchange::connect() {
  const Client& client = downstream_.client();
  auto upstream = connections_->connect(
      *this, {.wants = wants(), .client = &client.address, .server = client.local.get()});
  if (!upstream) {
    mark_member(upstream.error().code == ErrorCode::kConnectRefused ? TryFailure::kConnectRefused
                : upstream.error().code == ErrorCode::kUnavailable  ? TryFailure::kNoConnection
                                                                    : TryFailure::kConnectFailed);
    member_ = nullptr;
    return false;
  }
  upstream_ = *upstream;
  ++member_->counters.connections;
  phase_ = Phase::kConnecting;
  account_.heard = worker_.io.loop.now();
  cluster_->begin_waiting(*this, *connections_);
  timer_.start_at(account_.heard + cluster_->connection_options().connect_timeout);
  return true;
}

void Exchange::on_connected(Upstream& connection) {
  upstream_ = &connection;
  send_request(downstream_.request_head());
}

// ---- 5. The request's head, with what there is of its body.

void Exchange::send_request(const http::RequestHead& head) {
  if (account_.has_body && is_body_too_large()) {
    return give_up(413, "The request's body is larger than this site accepts.");
  }
  const BodyBytes body = account_.has_body ? downstream_.request_body() : BodyBytes{.last = true};
  // A client that sends its body already waits for no 100.
  if (!body.bytes.empty()) account_.body_has_begun = true;
  http::RequestRewrite rewrite{
      .dropped = worker_.io.scratch.dropped, .added = {}, .target = {}, .host = {}};
  if (!compose_request(head, tunnel_ && upstream_->can_tunnel(), rewrite)) {
    return give_up(431, "The request's header fields are too large.");
  }

  phase_ = Phase::kWaiting;
  if (!is_waiting()) cluster_->begin_waiting(*this, *connections_);
  ++member_->counters.requests;
  ++member_->counters.in_flight;
  const Taken taken = upstream_->send_head(head, rewrite, body);
  if (taken.too_large) return give_up(431, "The request's header fields are too large.");
  account_.request_sent = body.last && taken.body_bytes == body.bytes.size();
  account_.heard = worker_.io.loop.now();
  account_.body_bytes_received = account_.bytes_moved = taken.body_bytes;
  account_.may_hedge = location_->failover.hedge_delay.count() != 0 && may_be_hedged();
  wait_in_silence(account_.heard);
  if (!account_.has_body) return;
  downstream_.consume_request_body(taken.body_bytes);
  if (!account_.request_sent && taken.body_bytes == body.bytes.size()) relay_request_body();
}

// ---- 6. The rest of its body, as fast as the member takes it.

void Exchange::relay_request_body() {
  for (;;) {
    if (is_body_too_large()) {
      return give_up(413, "The request's body is larger than this site accepts.");
    }
    const BodyBytes body = downstream_.request_body();
    if (!body.bytes.empty() || body.last) {
      account_.body_has_begun = true;
      const Taken taken = upstream_->send_body(body);
      downstream_.consume_request_body(taken.body_bytes);
      account_.body_bytes_received += taken.body_bytes;
      if (taken.body_bytes < body.bytes.size()) return;
      if (body.last) {
        account_.request_sent = true;
        account_.heard = worker_.io.loop.now();
        return;
      }
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

bool Exchange::is_body_too_large() const {
  return downstream_.request_body_bytes() > location_->body_bytes_max;
}

void Exchange::on_request_body() {
  if (phase_ == Phase::kGathering) return gather();
  if (phase_ == Phase::kTunnel) return move_to_member();
  const bool waits =
      phase_ == Phase::kQueued || phase_ == Phase::kConnecting || phase_ == Phase::kPausing;
  if (waits) return collect_request_body();
  if (upstream_ && !account_.request_sent) relay_request_body();
}

// Nobody takes it yet. What there is room for is read, so that a client that leaves is noticed.
void Exchange::collect_request_body() {
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

void Exchange::on_upstream_writable() {
  if (phase_ == Phase::kTunnel) return move_to_member();
  if (!account_.request_sent && account_.has_body) relay_request_body();
}

// ---- 7. The response's head.

void Exchange::on_interim_response(const http::ResponseHead& head) {
  HeadScratch& scratch = worker_.io.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  http::drop_from_response(head, {}, scratch.dropped);
  downstream_.send_interim(head, {.dropped = scratch.dropped, .added = {}});
}

void Exchange::on_response_head(const http::ResponseHead& head) {
  DCHECK(phase_ == Phase::kWaiting);
  ++member_->counters.responses;
  if (head.fields.present().meets(http::kContractFields)) {
    cluster_->hear(*member_, head.fields);
    account_.speaks_contract = head.fields.has(FieldId::kUnderstudyView);
  }
  if (head.status == 503) {
    if (!is_for_its_client(head) && ask_elsewhere(TryFailure::kUnavailable, head)) return;
  } else if (head.status == 421 && cluster_->speaks_native()) {
    if (ask_elsewhere(TryFailure::kMisdirected, head)) return;
  } else if (head.status == 502 || head.status == 504) {
    cluster_->routing().on_bad_answer(*member_, worker_.io.loop.now());
  } else if (!member_->has_clean_record()) {
    cluster_->routing().on_success(*member_, worker_.io.loop.now());
  }
  if (is_hedging()) drop_hedge();
  // A member that wants to be left alone binds nobody.
  if (const InsertedCookie* inserted = cluster_->inserted(); inserted && head.status != 503) {
    account_.given = inserted->next(account_.shown, *member_, cluster_->wall_seconds());
  }
  leave_member();
  if (tunnel_ && answer_upgrade(head)) return;
  send_response_head(head);
}

void Exchange::send_response_head(const http::ResponseHead& head) {
  const bool chunked = head.body.kind == http::Framing::kChunked;
  const bool takes_chunks = downstream_.takes_chunks();
  account_.form = chunked && takes_chunks ? BodyForm::kChunked : BodyForm::kPayload;
  account_.status = head.status;
  compose_response_lines(head);
  HeadScratch& scratch = worker_.io.scratch;
  if (account_.given.tag != 0) {
    cluster_->inserted()->add_to(head, account_.given, cluster_->routing().codec(), account_.is_tls,
                                 scratch.lines);
  }
  if (!scratch.lines.ok()) return give_up(502, "The member's answer is too large.");

  const BodyBytes body = upstream_->body(account_.form);
  const Taken taken = downstream_.send_head(
      head, {.dropped = scratch.dropped, .added = scratch.lines.text()}, account_.form, body);
  if (taken.too_large) return give_up(502, "The member's answer is too large.");
  phase_ = Phase::kRelaying;
  if (taken.broken) return abort("the client is gone");
  account_.body_bytes_sent += taken.body_bytes;
  upstream_->consume_body(taken.body_bytes);
  if (taken.body_bytes < body.bytes.size()) return;
  if (body.last) return finish();
  relay_response_body();
}

// ---- 8. The response's body, as fast as the client takes it.

void Exchange::relay_response_body() {
  if (pipe_.is_open()) return splice_response_body();
  for (;;) {
    const BodyBytes body = upstream_->body(account_.form);
    if (!body.bytes.empty() || body.last) {
      const Taken taken = downstream_.send_body(body);
      if (taken.broken) return abort("the client is gone");
      account_.body_bytes_sent += taken.body_bytes;
      upstream_->consume_body(taken.body_bytes);
      if (taken.body_bytes < body.bytes.size()) return;
      if (body.last) return finish();
      // Payload comes chunk by chunk: there may be more of it in the buffer.
      if (!body.bytes.empty()) continue;
    }
    if (account_.form == BodyForm::kPayload &&
        upstream_->splice_source().bytes_left >= kSpliceBytesMin && downstream_.splice_sink() &&
        pipe_.open()) {
      ++worker_.counters.splices;
      return splice_response_body();
    }
    switch (upstream_->fetch()) {
      case Fetched::kSome:
        continue;
      case Fetched::kNone:
        return;
      case Fetched::kBroken:
        return abort("the member's answer broke off");
    }
  }
}

void Exchange::splice_response_body() {
  bool source_is_dry = false;
  for (std::size_t moved = 0; moved < kSplicePerTurnBytesMax;) {
    const SpliceEnd source = upstream_->splice_source();
    if (source && source.bytes_left != 0 && !source_is_dry && pipe_.has_room()) {
      const auto filled = pipe_.fill(source.fd, source.bytes_left);
      source_is_dry = filled.state == BodyPipe::State::kWouldBlock;
      if (filled.bytes == 0 && !source_is_dry) return abort("the member's answer broke off");
      upstream_->on_spliced(filled.bytes, source_is_dry);
      moved += filled.bytes;
    }
    if (pipe_.held() == 0) {
      if (upstream_->splice_source().bytes_left == 0) return finish();
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
  upstream_->yield();
}

void Exchange::on_response_body() {
  if (phase_ == Phase::kTunnel) return move_to_client();
  relay_response_body();
}

void Exchange::on_downstream_writable() {
  if (phase_ == Phase::kRelaying) return relay_response_body();
  if (phase_ == Phase::kTunnel) move_to_client();
}

// ---- 9. The end.

void Exchange::finish() {
  // The whole answer is here: the request is not sent again, and its member may forget it. But a
  // stopped process may still have the request in its receive buffer, and run it when it goes on.
  if (account_.speaks_contract && cluster_->speaks_native() && !account_.may_be_unread) {
    connections_->answered().add(account_.request_id);
  }
  upstream_->release();
  upstream_ = nullptr;
  end(false);
  downstream_.finish();
}

}  // namespace understudy
