// SPDX-License-Identifier: Apache-2.0
// Where an Exchange asks Apache's rules (proxy/apache): once, between the mapping and the members.
// A request whose host and location have none does not come here.
#include "base/clock.h"
#include "proxy/exchange/exchange.h"

namespace understudy {
namespace {

std::string_view protocol_of(const http::RequestHead& head) {
  const std::string_view line = head.bytes.substr(0, head.bytes.find('\r'));
  if (line.ends_with("HTTP/2.0")) return "HTTP/2.0";
  return head.version == http::Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
}

}  // namespace

apache::Request Exchange::rule_facts(const http::RequestHead& head, std::string_view path) {
  const Client& peer = downstream_.client();
  apache::Request request{.method = head.method_text,
                          .target = head.target,
                          .path = path,
                          .query = head.query.substr(head.query.empty() ? 0 : 1),
                          .authority = head.authority,
                          .protocol = protocol_of(head),
                          .fields = &head.fields,
                          .peer = IpAddress::of(peer.address),
                          .peer_port = peer.address.port(),
                          .local_port = peer.local_port,
                          .is_tls = account_.is_tls,
                          .tls = peer.tls,
                          .now_us = wall_clock_us(),
                          .environment = &passage_->environment,
                          .logins = &worker_.logins};
  if (!host_->names.empty()) request.local_name = host_->names.front();
  if (peer.local != nullptr) request.local = IpAddress::of(*peer.local);
  request.client = client_.address.is_set() ? client_.address : request.peer;
  return request;
}

bool Exchange::follow_rules(const http::RequestHead& head, std::string_view path,
                            std::optional<std::uint32_t>& location) {
  passage_ = std::make_unique<apache::Passage>();
  const std::string decoded = apache::decoded(path);
  apache::Request request = rule_facts(head, decoded);
  if (host_->rules && location) {
    if (auto chosen = apache::choose_target(*host_->rules, *location, decoded)) {
      location = chosen->location;
      passage_->path = apache::encoded(chosen->path);
    }
  }
  if (!location) return true;
  location_ = &host_->locations[*location];
  if (!location_->rules) return true;
  const apache::Verdict verdict = apache::pass(*location_->rules, request, *passage_);
  if (verdict.status == 0) return true;
  answer(verdict.status, verdict.sentence, false, verdict.lines);
  return false;
}

}  // namespace understudy
