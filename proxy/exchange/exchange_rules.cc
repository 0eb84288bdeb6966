// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange_rules.h"

#include "base/clock.h"
#include "proxy/apache/host_rules.h"
#include "proxy/exchange/balancer_page.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/routing/request_path.h"

namespace understudy {
namespace {

std::string_view protocol_of(const http::RequestHead& head) {
  const std::string_view line = head.bytes.substr(0, head.bytes.find('\r'));
  if (line.ends_with("HTTP/2.0")) return "HTTP/2.0";
  return head.version == http::Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

apache::Request RuleWalk::facts(const http::RequestHead& head) const {
  const Client& peer = exchange_.downstream_.client();
  apache::Request request{.method = head.method_text,
                          .target = head.target,
                          .path = exchange_.passage_->decoded,
                          .query = exchange_.passage_->query
                                       ? std::string_view(*exchange_.passage_->query)
                                       : head.query.substr(head.query.empty() ? 0 : 1),
                          .authority = head.authority,
                          .protocol = protocol_of(head),
                          .fields = &head.fields,
                          .peer = IpAddress::of(peer.address),
                          .peer_port = peer.address.port(),
                          .local_port = peer.local_port,
                          .is_tls = exchange_.account_.is_tls,
                          .tls = peer.tls,
                          .now_us = wall_clock_us(),
                          .environment = &exchange_.passage_->environment,
                          .logins = &exchange_.worker_.logins};
  request.user = exchange_.passage_->user;
  if (!exchange_.host_->names.empty()) request.local_name = exchange_.host_->names.front();
  if (peer.local != nullptr) request.local = IpAddress::of(*peer.local);
  request.client = exchange_.client_.address.is_set() ? exchange_.client_.address : request.peer;
  return request;
}

void RuleWalk::show(const http::RequestHead& head) {
  exchange_.passage_->seen = facts(head);
}

void RuleWalk::show_answer(const http::ResponseHead& head) {
  apache::Environment& environment = exchange_.passage_->environment;
  const routing::Member* member = exchange_.attempt_.last().member;
  if (member != nullptr && exchange_.cluster_ != nullptr) {
    const std::string& session = exchange_.cluster_->session_cookie();
    environment.set("BALANCER_NAME", "balancer://" + exchange_.cluster_->routing().options().name);
    environment.set("BALANCER_WORKER_NAME", "http://" + exchange_.asked_->label());
    environment.set("BALANCER_WORKER_ROUTE", member->route);
    if (!session.empty()) environment.set("BALANCER_SESSION_STICKY", session);
    if (!session.empty() && !exchange_.attempt_.last().is_bound()) {
      environment.set("BALANCER_ROUTE_CHANGED", "1");
    }
  }
  show(exchange_.downstream_.request_head());
  exchange_.passage_->seen->response = &head.fields;
  exchange_.passage_->seen->status = head.status;
}

// Where the rules have led so far.
struct RuleWalk::Followed {
  const routing::Mapping& mapping;
  routing::Mapping::Match& match;
  std::string path;                            // decoded
  std::optional<std::uint32_t> target = {};    // of a rule with [P]
  std::optional<std::uint32_t> location = {};  // chosen
  bool is_mapped = true;                       // ProxyPass and its like see the path
  bool is_answered = false;
};

bool RuleWalk::obey(apache::Rewritten& rewritten, Followed& at) {
  using Kind = apache::Rewritten::Kind;
  if (rewritten.query) exchange_.passage_->query = std::move(rewritten.query);
  switch (rewritten.kind) {
    case Kind::kUnchanged:
      return false;
    case Kind::kAnswer:
      at.is_answered = true;
      exchange_.answer(rewritten.verdict.status, rewritten.verdict.sentence, false,
                       rewritten.verdict.lines);
      return false;
    case Kind::kProxied:
      at.target = rewritten.target;
      exchange_.passage_->path =
          rewritten.is_encoded ? std::move(rewritten.path) : apache::encoded(rewritten.path);
      return false;
    case Kind::kPath:
    case Kind::kPassed:
      break;
  }
  std::string path =
      rewritten.is_encoded ? std::move(rewritten.path) : apache::encoded(rewritten.path);
  if (!path.starts_with('/')) path.insert(0, "/");
  const auto normal = routing::normalise_path(path, exchange_.worker_.io.scratch.target);
  if (!normal) {
    at.is_answered = true;
    exchange_.answer(400, "The rules of this site lead to a path that cannot be.", false);
    return false;
  }
  exchange_.passage_->uri = normal.path;
  at.path = apache::decoded(normal.path);
  at.is_mapped = rewritten.kind == Kind::kPassed;
  if (at.is_mapped) at.match.location = at.mapping.location(at.match.host, normal.path);
  return true;
}

bool RuleWalk::follow_once(const http::RequestHead& head, Followed& at) {
  const apache::HostRules* rules = exchange_.host_->rules.get();
  apache::Request request = facts(head);
  if (rules != nullptr) {
    request.document_root = rules->document_root;
    apache::set_variables(rules->early, request);
    apache::Rewritten rewritten = apache::rewrite(rules->rewriting, at.path, request);
    if (obey(rewritten, at)) {
      request.path = at.path;
      if (exchange_.passage_->query) request.query = *exchange_.passage_->query;
    }
    if (at.is_answered) return false;
  }
  at.location = at.match.location;
  if (rules != nullptr && at.location) {
    if (at.target) {
      at.location = rules->rewritten[*at.target][*at.location];
    } else if (at.is_mapped && !rules->targets.empty()) {
      if (auto chosen = apache::choose_target(*rules, *at.location, at.path)) {
        at.location = chosen->location;
        exchange_.passage_->path = apache::encoded(chosen->path);
      }
    }
  }
  const bool is_proxied =
      at.location && at.is_mapped && exchange_.host_->locations[*at.location].is_proxied;
  if (rules != nullptr && !is_proxied && at.is_mapped) {
    const apache::Verdict verdict = apache::redirect(rules->redirects, request);
    if (verdict.status != 0) {
      at.is_answered = true;
      exchange_.answer(verdict.status, verdict.sentence, false, verdict.lines);
      return false;
    }
  }
  apache::Rewritten rewritten;
  if (at.location) {
    exchange_.location_ = &exchange_.host_->locations[*at.location];
    if (exchange_.location_->rules) {
      const apache::Verdict verdict =
          apache::pass(*exchange_.location_->rules, request, *exchange_.passage_, rewritten);
      if (verdict.status != 0) {
        at.is_answered = true;
        exchange_.answer(verdict.status, verdict.sentence, false, verdict.lines);
        return false;
      }
    }
  }
  if (rules != nullptr) apache::set_variables(rules->late, request);
  if (rules != nullptr && !is_proxied && !rules->directories.empty() &&
      rewritten.kind == apache::Rewritten::Kind::kUnchanged) {
    const std::string file = rules->document_root + at.path;
    const apache::DirectoryRules& last = rules->directories.back();
    request.filename = file;
    rewritten =
        apache::rewrite(last.rewriting, std::string_view(file).substr(last.path.size()), request);
  }
  // Inside of a section a path is one for the whole server, which begins with it anew.
  if (rewritten.kind == apache::Rewritten::Kind::kPath) {
    rewritten.kind = apache::Rewritten::Kind::kPassed;
  }
  const std::string before = at.path;
  if (obey(rewritten, at)) return at.path != before;
  if (at.is_answered || rewritten.kind != apache::Rewritten::Kind::kProxied) return false;
  at.location = rules->rewritten[*at.target][*at.match.location];
  at.is_mapped = true;
  return false;
}

bool RuleWalk::follow(const http::RequestHead& head, const routing::Mapping& mapping,
                      std::string_view path, routing::Mapping::Match& match) {
  constexpr int kRoundsMax = 10;  // as Apache's LimitInternalRecursion
  Followed at{.mapping = mapping, .match = match, .path = apache::decoded(path)};
  exchange_.passage_ = std::make_unique<apache::Passage>();
  exchange_.passage_->decoded = at.path;
  for (int round = 0; follow_once(head, at); ++round) {
    if (round == kRoundsMax) {
      exchange_.answer(500, "The rules of this site lead in a circle.", false);
      return false;
    }
    exchange_.passage_->decoded = at.path;
    exchange_.passage_->request_edits.clear();
    exchange_.passage_->response_edits.clear();
  }
  if (at.is_answered) return false;
  exchange_.passage_->decoded = at.path;
  if (!at.is_mapped && !at.target) {
    exchange_.answer(404, "Nothing is configured for this address.", false);
    return false;
  }
  match.location = at.location;
  const bool is_own =
      at.location && exchange_.host_->locations[*at.location].rules &&
      exchange_.host_->locations[*at.location].rules->page != apache::OwnPage::kNone;
  const bool is_read = head.method == http::Method::kGet || head.method == http::Method::kHead;
  if (!is_own || !is_read) return true;
  answer_own_page(head, exchange_.host_->locations[*at.location].rules->page);
  return false;
}

void RuleWalk::answer_own_page(const http::RequestHead& head, apache::OwnPage page) {
  const bool is_auto = page == apache::OwnPage::kStatus && head.query.starts_with("?auto");
  const std::string body = is_auto ? status_text(exchange_.worker_.counters)
                           : page == apache::OwnPage::kStatus
                               ? status_page(exchange_.worker_.counters, *exchange_.routes_)
                               : balancer_page(*exchange_.routes_);
  exchange_.account_.status = 200;
  const std::string lines = std::string(is_auto ? "Content-Type: text/plain; charset=utf-8\r\n"
                                                : "Content-Type: text/html; charset=utf-8\r\n") +
                            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  show(head);
  Page answer{.status = 200, .reason = "OK", .body = body};
  answer.lines = edit_page_lines(exchange_.head_facts(), lines);
  exchange_.downstream_.send_page(answer);
  if (exchange_.account_.method != http::Method::kHead)
    exchange_.account_.body_bytes_sent = body.size();
  exchange_.end(false);
  exchange_.downstream_.finish();
}

}  // namespace understudy
