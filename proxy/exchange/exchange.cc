// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange.h"

#include <algorithm>

#include "base/check.h"
#include "base/tls_stream.h"
#include "cookies/cookie_header.h"
#include "proxy/exchange/exchange_rules.h"
#include "proxy/exchange/form_search.h"
#include "proxy/exchange/mapped_path.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/session_values.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/http/char_class.h"
#include "proxy/routing/path_rewrite.h"
#include "proxy/upstream/member_connections.h"

namespace understudy {
namespace {

using http::FieldId;

InsertedCookie::Shown shown_by(const AffinityToken& token, WorkerCluster& cluster) {
  const routing::Member* member = cluster.routing().table().by_tag(token.member_tag);
  return {.serial = member == nullptr ? 0 : member->serial,
          .tag = token.member_tag,
          .issued_s = token.issued_s,
          .seen_s = token.seen_s};
}

// Of whom a trusted peer speaks, and whether that client's side is TLS.
http::RemoteClient meet_client(const config::VirtualHost& host, const Client& peer,
                               const http::RequestHead& head, bool& is_tls) {
  http::RemoteClient client =
      http::find_remote_client(*host.trusted_hops, head.fields, IpAddress::of(peer.address));
  if (client.peer_is_trusted && head.fields.has(FieldId::kXForwardedProto)) {
    is_tls = http::equals_ignoring_case(head.fields.value(FieldId::kXForwardedProto), "https");
  }
  return client;
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
  if (!find_session(head) && begin_gathering(head)) return gather();
  if (!waits_for_ids()) choose(head);
}

void Exchange::receive(std::size_t site) {
  DCHECK(!is_active());
  phase_ = Phase::kChoosing;
  account_ = {};
  account_.started = worker_.io.loop.now();
  routes_ = worker_.routes;
  ++routes_->exchanges;
  ++worker_.counters.requests;
  peer_ = &downstream_.client();
  access_log_ = routes_->sites[site].access_logs.front();
  host_ = routes_->sites[site].hosts.front();
  location_ = nullptr;
  client_.address = {};
  cluster_ = nullptr;
  if (passage_) passage_.reset();
}

// ---- 2. Which location, and so which cluster.

bool Exchange::map(const http::RequestHead& head, std::size_t site) {
  const Site& here = routes_->sites[site];
  const MappedPath mapped = map_path(here, head, worker_.io.scratch);
  const std::string_view path = mapped.path.path;
  if (!mapped.path) {
    const routing::PathRefusal refusal = mapped.path.refusal;
    answer(static_cast<unsigned>(status_of(refusal)), to_text(refusal), false);
    return false;
  }
  routing::Mapping::Match match = mapped.match;
  access_log_ = here.access_logs[match.host];
  host_ = here.hosts[match.host];
  account_.is_tls = peer_->tls != nullptr;
  if (host_->trusted_hops) {
    client_ = meet_client(*host_, *peer_, head, account_.is_tls);
  }
  if (!may_reach(*host_, *peer_)) {
    answer(421, "This connection was made for another host; please connect anew.", false);
    return false;
  }
  if (head.method == http::Method::kTrace || head.method == http::Method::kConnect) {
    answer(405, "This proxy does not offer the method.", true);
    return false;
  }
  if (head.method == http::Method::kOptions) {
    if (const auto forwards = http::max_forwards(head); forwards && forwards->left == 0) {
      answer(200, "This is a proxy, which the request was not to pass.", false);
      return false;
    }
  }
  const bool has_rules =
      host_->rules || (match.location && host_->locations[*match.location].rules);
  if (has_rules && !ExchangeRules(*this).follow(head, *here.mapping, path, match)) return false;
  if (!match.location) {
    answer(host_->unmapped_status, "Nothing is configured for this address.", false);
    return false;
  }
  location_ = &host_->locations[*match.location];
  // Rules may ask for what stands behind a slash, and the member may take an escaped one for that.
  const bool is_ambiguous = has_rules && !location_->forwards_raw;
  if (mapped.path.has_slash_escape && (is_ambiguous || location_->refuses_slash_escapes)) {
    answer(404, to_text(routing::PathRefusal::kEncodedSlash), false);
    return false;
  }
  account_.sends_path_as_is = mapped.goes_as_is(*location_);
  if (!location_->is_proxied ||
      (!location_->excluded.empty() && routing::is_excluded(location_->excluded, path))) {
    answer(host_->unmapped_status, "Requests for this address are not passed on.", false);
    return false;
  }
  cluster_ = routes_->clusters[location_->cluster];
  ++cluster_->load().exchanges;
  if (head.body.kind == http::Framing::kLength && head.body.length > location_->body_bytes_max) {
    answer(413, "The request's body is larger than this site accepts.", false);
    return false;
  }
  note_resends(head);
  // An Upgrade that the proxy does not pass on makes the request an ordinary one (RFC 9110 7.8).
  if (!head.wants_upgrade || !Tunnel::is_wanted(head)) return true;
  tunnel_ = Tunnel::open(worker_);
  if (tunnel_) return true;
  account_.failure = "MaxWebSocketClients";
  answer(503, "This site has as many WebSocket connections as it may have.", false);
  return false;
}

// ---- 3. Whom to ask: first those whom the session names, in the cookie, else in the path.
// A session in a form is in exchange_body.cc.

// Browsers send several cookies of one name when their paths or domains differ, the stale one
// first as likely as not: what decides is the first that names a member which is there, else the
// first that says the most. False when there is none at all.
bool Exchange::find_session(const http::RequestHead& head) {
  const routing::Cluster& routing = cluster_->routing();
  SessionValues values(head, *cluster_, worker_.io.scratch.session);
  auto value = values.next();
  begin_affinity(value);
  if (!value) return false;
  routing::Named best = routing.named_by(attempt_);
  while (best != routing::Named::kKnown) {
    value = values.next();
    if (!value) break;
    const routing::Named named = routing.named_by(routing.begin(cluster_->decode(*value)));
    if (named <= best) continue;
    best = named;
    begin_affinity(value);
  }
  return true;
}

void Exchange::begin_affinity(std::optional<std::string_view> session) {
  const DecodedAffinity cookie = session ? cluster_->decode(*session) : DecodedAffinity();
  if (cookie) {
    account_.primary = cookie.token.primary;
    account_.secondary = cookie.token.secondary;
    if (cluster_->inserted()) account_.shown = shown_by(cookie.token, *cluster_);
  }
  // Built in its place: most of its bytes are a list that is empty, and would be copied.
  ::new (&attempt_) routing::Attempt(cluster_->routing().begin(cookie));
  if (account_.request_id != 0) return;
  if (cluster_->speaks_native() || !location_->forwarding.request_id_header.empty()) {
    // One id for all tries: that is how a member knows a request it has executed already.
    do {
      account_.request_id = worker_.request_ids.next();
    } while (account_.request_id == 0);
  }
}

// The plug-in's rule: who is not known as the session's primary may be one that has not said its id
// yet. Asking costs a round trip; giving the session to another member costs it its primary.
bool Exchange::waits_for_ids() {
  if (!cluster_->speaks_weblogic() || !attempt_.names_any()) return false;
  if (cluster_->routing().knows_primary(attempt_) || !cluster_->wait_for_ids(*this)) return false;
  phase_ = Phase::kLearning;
  return true;
}

void Exchange::choose(const http::RequestHead& head) {
  phase_ = Phase::kChoosing;
  const TimePoint now = worker_.io.loop.now();
  // The session's own members cannot be asked, and no other one is to be.
  const bool is_sticky_only = location_->failover.sticky_only && attempt_.names_any() &&
                              !cluster_->routing().has_copy(attempt_);
  while (const routing::Choice choice = cluster_->routing().choose(attempt_, now)) {
    if (!choice.is_bound() && is_sticky_only) {
      account_.failure = "StickyOnly";
      return give_up(503, "The server that has your session is not available. Please try again.");
    }
    if (approach(choice, head)) return;
  }
  // Those that could be asked are busy, and another one of the cluster may be free first.
  if (account_.met_full_member) return queue(nullptr);
  end_pass();
}

// False: ask another one.
bool Exchange::approach(const routing::Choice& choice, const http::RequestHead& head) {
  asked_.reset(&cluster_->connections(*choice.member));
  if (!cluster_->must_queue(*choice.member, *asked_)) return ask(choice, head);
  if (choice.is_bound()) {
    queue(&*asked_);
    return true;
  }
  account_.met_full_member = true;
  return false;
}

// ---- 4. A try at that member, on an idle connection or a new one. False: it failed at once.

bool Exchange::ask(const routing::Choice& choice, const http::RequestHead& head, bool fresh) {
  try_ = &start_try(*asked_, choice, fresh);
  // What may have ended a member runs alone at the next one, as far as there is time for that.
  if (account_.breaks != 0 && !fresh && !try_->enter_quarantine()) {
    const TimePoint now = worker_.io.loop.now();
    if (account_.quarantined == TimePoint()) account_.quarantined = now;
    if (now - account_.quarantined < kQuarantineWait) {
      account_.waits_for = try_->serial();
      drop(try_);
      phase_ = Phase::kQuarantined;
      timer_.start_at(now + TimerWheel::kTick);
      return true;
    }
  }
  const Wants wants = tunnel_ ? Wants::kTunnel : Wants::kAny;
  switch (try_->begin(wants, *peer_)) {
    case Try::Begun::kReady:
      send_request(*try_, head);
      return true;
    case Try::Begun::kConnecting:
      phase_ = Phase::kAsking;
      wait_for_tries(worker_.io.loop.now());
      return true;
    case Try::Begun::kFailed:
      break;
  }
  if (fresh) {
    on_failed(*try_, try_->failure(), {});
    return true;
  }
  try_->blame(try_->failure(), attempt_);
  drop(try_);
  return false;
}

Try& Exchange::start_try(MemberConnections& connections, const routing::Choice& choice,
                         bool fresh) {
  std::optional<Try>& place = tries_[tries_[0] ? 1 : 0];
  Try::Owner& owner = *this;
  return place.emplace(owner, worker_, *cluster_, connections, choice, fresh);
}

// The try gives back what it has taken.
void Exchange::drop(Try*& which) {
  tries_[tries_[0] && &*tries_[0] == which ? 0 : 1].reset();
  which = nullptr;
  ++serial_;
}

void Exchange::on_connected(Try& which) {
  send_request(which, downstream_.request_head());
}

void Exchange::wait_for_tries(TimePoint now) {
  const Duration io_timeout = location_->failover.io_timeout;
  TimePoint until = try_->next_look(now, io_timeout);
  if (second_) until = std::min(until, second_->next_look(now, io_timeout));
  if (account_.may_hedge && phase_ == Phase::kAsking) {
    until = std::min(until, try_->heard() + location_->failover.hedge_delay);
  }
  timer_.start_at(until);
}

// ---- 5. The request's head, with what there is of its body. What more comes of that is relayed in
// exchange_body.cc.

void Exchange::send_request(Try& to, const http::RequestHead& head) {
  if (account_.has_body && downstream_.request_body_bytes() > location_->body_bytes_max) {
    return give_up(413, "The request's body is larger than this site accepts.");
  }
  const BodyBytes body = account_.has_body ? downstream_.request_body() : BodyBytes{.last = true};
  // A client that sends its body already waits for no 100.
  if (!body.bytes.empty()) account_.body_has_begun = true;
  http::RequestRewrite rewrite{
      .dropped = worker_.io.scratch.dropped, .added = {}, .target = {}, .host = {}};
  if (passage_) ExchangeRules(*this).show(head);
  const bool fits = compose_request(head_facts(),
                                    {.attempt = to,
                                     .cluster = *cluster_,
                                     .upgrades = tunnel_ && to.upstream().can_tunnel(),
                                     .keeps_expect = !account_.body_has_begun,
                                     .has_broken_off = account_.breaks != 0,
                                     .sends_path_as_is = account_.sends_path_as_is,
                                     .keeps_request_id = account_.keeps_request_id},
                                    head, rewrite);
  const Taken taken = fits ? to.send_head(head, rewrite, body) : Taken{.too_large = true};
  if (&to == second_) {
    if (taken.too_large) drop(second_);
    return;
  }
  if (taken.too_large) return give_up(431, "The request's header fields are too large.");
  phase_ = Phase::kAsking;
  account_.body_bytes_received = taken.body_bytes;
  const bool is_read =
      account_.method == http::Method::kGet || account_.method == http::Method::kHead;
  account_.may_hedge = location_->failover.hedge_delay.count() != 0 && is_read &&
                       !account_.has_body && !tunnel_ && !account_.has_failed_over &&
                       attempt_.last().why == routing::Why::kNoCookie;
  wait_for_tries(worker_.io.loop.now());
  if (!account_.has_body) return;
  downstream_.consume_request_body(taken.body_bytes);
  if (to.takes_body() && taken.body_bytes == body.bytes.size()) relay_request_body();
}

HeadFacts Exchange::head_facts() const {
  return {.scratch = worker_.io.scratch,
          .host = *host_,
          .location = location_,
          .peer = *peer_,
          .client = client_,
          .passage = passage_.get(),
          .waited = worker_.io.loop.now() - account_.started,
          .request_id = account_.request_id,
          .is_tls = account_.is_tls};
}

// ---- 6. The response's head, with what there is of its body.

void Exchange::on_interim_response(Try&, const http::ResponseHead& head) {
  // What a member says meanwhile is worth nothing before it is known whose answer the client gets.
  if (second_) return;
  HeadScratch& scratch = worker_.io.scratch;
  scratch.lines.clear();
  scratch.dropped.clear();
  http::drop_from_response(head, {}, scratch.dropped);
  downstream_.send_interim(head, {.dropped = scratch.dropped, .added = {}});
}

void Exchange::on_answer(Try& which, const http::ResponseHead& head) {
  if (&which == second_ && !is_better(head)) return;
  routing::Member& member = *try_->member();
  if (head.fields.present().meets(http::kContractFields)) {
    cluster_->hear(member, head.fields);
    account_.speaks_contract = head.fields.has(FieldId::kUnderstudyView);
  }
  if (head.status == 503) {
    if (!is_for_its_client(head) && ask_elsewhere(TryFailure::kUnavailable, head)) return;
  } else if (head.status == 421 && cluster_->speaks_native()) {
    if (ask_elsewhere(TryFailure::kMisdirected, head)) return;
  } else if (head.status == 502 || head.status == 504) {
    cluster_->routing().on_bad_answer(member, worker_.io.loop.now());
  } else if (head.status >= 400 && location_->failover.fails_on(head.status)) {
    const bool may_ask = location_->failover.asks_elsewhere;
    if (may_ask && ask_elsewhere(TryFailure::kUnavailable, head)) return;
    cluster_->routing().on_failure(attempt_, member, routing::Failure::kUnavailable,
                                   worker_.io.loop.now());
  } else if (!member.has_clean_record()) {
    cluster_->routing().on_success(member, worker_.io.loop.now());
  }
  if (second_) drop(second_);
  // A member that wants to be left alone binds no client.
  if (const InsertedCookie* inserted = cluster_->inserted(); inserted && head.status != 503) {
    account_.given = inserted->next(account_.shown, member, cluster_->wall_seconds());
  }
  try_->accept();
  send_response_head(head);
}

void Exchange::send_response_head(const http::ResponseHead& head) {
  if (head.status >= 400 && location_->overrides(head.status)) {
    return give_up(head.status, "The server that was asked reported an error.");
  }
  const bool begins_tunnel = tunnel_ && head.status == 101;
  // Over HTTP/2 any 2xx would mean that the tunnel is there (RFC 8441 5).
  const bool would_mean_a_tunnel =
      tunnel_ && head.status / 100 == 2 && !downstream_.takes_answer_for_upgrade();
  if (would_mean_a_tunnel) {
    account_.failure = "no upgrade";
    return give_up(502, "The server did not switch to WebSocket.");
  }
  const bool chunked = head.body.kind == http::Framing::kChunked;
  const bool takes_chunks = downstream_.takes_chunks();
  account_.form = chunked && takes_chunks ? BodyForm::kChunked : BodyForm::kPayload;
  account_.status = head.status;
  HeadScratch& scratch = worker_.io.scratch;
  const bool reverses = !location_->reverse.empty();
  if (passage_) ExchangeRules(*this).show_answer(head);
  compose_response(
      head_facts(),
      {.cluster = *cluster_,
       .authority = reverses ? downstream_.request_head().authority : std::string_view(),
       .member = asked_->name(),
       .takes_chunks = takes_chunks,
       .upgrades = begins_tunnel,
       .given = account_.given},
      head);
  if (access_log_ != nullptr && !access_log_->response_fields().empty()) {
    note_fields(access_log_->response_fields(), head.fields, scratch, noted_);
  }
  if (!scratch.lines.ok()) return give_up(502, "The member's answer is too large.");
  if (begins_tunnel) return begin_tunnel(head);

  Upstream& upstream = try_->upstream();
  const BodyBytes body = upstream.body(account_.form);
  const Taken taken = downstream_.send_head(
      head, {.dropped = scratch.dropped, .added = scratch.lines.text()}, account_.form, body);
  if (taken.too_large) return give_up(502, "The member's answer is too large.");
  phase_ = Phase::kRelaying;
  if (taken.broken) return abort("the client is gone");
  account_.body_bytes_sent += taken.body_bytes;
  upstream.consume_body(taken.body_bytes);
  if (taken.body_bytes < body.bytes.size()) return;
  if (body.last) return finish();
  relay_response_body();
}

// ---- 7. The end.

void Exchange::finish() {
  // The whole answer is here: the request is not sent again, and its member may forget it. But a
  // stopped process may still have the request in its receive buffer, and run it when it goes on.
  if (account_.speaks_contract && cluster_->speaks_native() && !account_.may_be_unread) {
    asked_->answered().add(account_.request_id);
  }
  end(false);
  downstream_.finish();
}

void Exchange::end(bool aborted) {
  leave();
  if (pipe_.is_open()) pipe_.close();
  if (second_) drop(second_);
  if (try_) drop(try_);
  form_.reset();
  ++worker_.counters.responses_by_class[std::min(account_.status / 100, 5)];
  if (tunnel_) {
    account_.body_bytes_sent += tunnel_->bytes_to_client();
    account_.body_bytes_received += tunnel_->bytes_to_member();
  }
  if (access_log_) log(aborted);
  tunnel_.reset();
  asked_.reset(nullptr);
  if (cluster_) {
    --cluster_->load().exchanges;
    if (account_.is_resend) --cluster_->load().resends;
  }
  --routes_->exchanges;
  ++serial_;
  phase_ = Phase::kNone;
}

}  // namespace understudy
