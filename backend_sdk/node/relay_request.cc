// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/node/relay_request.h"

#include <algorithm>
#include <array>

#include "backend_sdk/node/answer_reader.h"
#include "cookies/contract.h"

namespace understudy {
namespace {

// RFC 9110 7.6.1, and what the framing of the next hop says anew.
constexpr std::array<std::string_view, 8> kHopByHop = {
    "Connection", "Keep-Alive",        "Proxy-Connection", "TE",
    "Trailer",    "Transfer-Encoding", "Upgrade",          "Expect"};

bool is_hop_by_hop(std::string_view name) {
  return std::ranges::any_of(kHopByHop,
                             [&](std::string_view one) { return is_same_header(one, name); });
}

}  // namespace

bool is_relayed_header(std::string_view name) {
  if (is_same_header(name, kSessionHeader)) return true;
  return !is_hop_by_hop(name) && !is_contract_header(name);
}

RelayRequest RelayRequest::of(const RequestView& request, std::string_view body, bool streams) {
  RelayRequest made{.method = std::string(request.method),
                    .target = std::string(request.target),
                    .headers = {},
                    .body = std::string(body),
                    .streams = streams};
  std::string named;  // by Connection
  for (const HeaderView& line : request.headers) {
    if (!is_same_header(line.name, "Connection")) continue;
    named.append(line.value).append(1, ',');
    made.asks_for_upgrade = made.asks_for_upgrade || has_word(line.value, "upgrade");
  }
  constexpr std::string_view kProto = "X-Forwarded-Proto";
  bool says_proto = false;
  for (const HeaderView& line : request.headers) {
    const bool is_dropped = is_hop_by_hop(line.name) || is_contract_header(line.name) ||
                            is_same_header(line.name, "Content-Length") ||
                            has_word(named, line.name);
    if (is_dropped) continue;
    says_proto = says_proto || is_same_header(line.name, kProto);
    made.headers.push_back({std::string(line.name), std::string(line.value)});
  }
  if (request.tls && !says_proto) made.headers.push_back({std::string(kProto), "https"});
  return made;
}

bool RelayRequest::is_idempotent() const {
  constexpr std::array<std::string_view, 6> kMethods = {"GET",   "HEAD", "OPTIONS",
                                                        "TRACE", "PUT",  "DELETE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

std::string RelayRequest::text(std::span<const Header> more, std::string_view host) const {
  std::string out;
  out.reserve(512 + body.size());
  out.append(method).append(1, ' ').append(target).append(" HTTP/1.1\r\n");
  const auto add = [&out](std::string_view name, std::string_view value) {
    out.append(name).append(": ").append(value).append("\r\n");
  };
  bool has_host = false;
  for (const Header& header : headers) {
    has_host = has_host || is_same_header(header.name, "Host");
    add(header.name, header.value);
  }
  if (!has_host) add("Host", host);
  for (const Header& header : more) add(header.name, header.value);
  const bool has_body = !body.empty() || method == "POST" || method == "PUT" || method == "PATCH";
  if (has_body) add("Content-Length", std::to_string(body.size()));
  return out.append("\r\n").append(body);
}

}  // namespace understudy
