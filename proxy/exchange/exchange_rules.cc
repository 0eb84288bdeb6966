// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/exchange_rules.h"

#include "proxy/exchange/balancer_page.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/exchange/worker_context.h"

namespace understudy {

AskedFor ExchangeRules::asked(const http::RequestHead& head) const {
  return {.head = head,
          .host = *exchange_.host_,
          .peer = *exchange_.peer_,
          .client = exchange_.client_.address,
          .is_tls = exchange_.account_.is_tls,
          .logins = &exchange_.worker_.logins};
}

bool ExchangeRules::follow(const http::RequestHead& head, const routing::Mapping& mapping,
                           std::string_view path, routing::Mapping::Match& match) {
  exchange_.passage_ = std::make_unique<apache::Passage>();
  const RuledMatch ruled = walk_rules(asked(head), mapping, path, match,
                                      exchange_.worker_.io.scratch.target, *exchange_.passage_);
  match.location = ruled.location;
  if (ruled.location) exchange_.location_ = &exchange_.host_->locations[*ruled.location];
  if (ruled.verdict.status != 0) {
    exchange_.answer(ruled.verdict.status, ruled.verdict.sentence, false, ruled.verdict.lines);
    return false;
  }
  if (ruled.page == apache::OwnPage::kNone) return true;
  answer_own_page(head, ruled.page);
  return false;
}

void ExchangeRules::show(const http::RequestHead& head) {
  exchange_.passage_->seen = request_of(asked(head), *exchange_.passage_);
}

void ExchangeRules::show_answer(const http::ResponseHead& head) {
  apache::Environment& environment = exchange_.passage_->environment;
  const routing::Member* member = exchange_.attempt_.last().member;
  if (member != nullptr && exchange_.cluster_ != nullptr) {
    const std::string& session = exchange_.cluster_->session_cookie();
    environment.set("BALANCER_NAME", "balancer://" + exchange_.cluster_->routing().options().name);
    environment.set("BALANCER_WORKER_NAME", "http://" + member->address_text);
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

std::string ExchangeRules::bridge_page_of_location() const {
  const config::Location& location = *exchange_.location_;
  return bridge_page(location.rules->settings, *exchange_.routes_->clusters[location.cluster]);
}

void ExchangeRules::answer_own_page(const http::RequestHead& head, apache::OwnPage page) {
  const bool is_auto = page == apache::OwnPage::kStatus && head.query.starts_with("?auto");
  const std::string body = is_auto ? status_text(exchange_.worker_.counters)
                           : page == apache::OwnPage::kStatus
                               ? status_page(exchange_.worker_.counters, *exchange_.routes_)
                           : page == apache::OwnPage::kBridge ? bridge_page_of_location()
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
