// SPDX-License-Identifier: Apache-2.0
// What Apache's rules make of a request between the mapping and the members: variables, rewriting,
// patterns, redirects, and the sections with their access rules. Pure but for the passage, where
// what they have found is noted. Asked by Exchange for each request of a host or a location that
// has rules, and by `understudy check --explain`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "proxy/apache/host_rules.h"
#include "proxy/apache/sections.h"
#include "proxy/config/virtual_host.h"
#include "proxy/exchange/downstream.h"
#include "proxy/routing/mapping.h"

namespace understudy {

// A request as its client has sent it. Borrows; within one call.
struct AskedFor {
  const http::RequestHead& head;
  const config::VirtualHost& host;
  const Client& peer;
  IpAddress client = {};  // of whom a trusted peer speaks; unset: the peer
  bool is_tls = false;
  apache::LoginMemo* logins = nullptr;
};

// What the rules see of it, with the passage's variables.
apache::Request request_of(const AskedFor& asked, apache::Passage& passage);

struct RuledMatch {
  // Where the request goes, or whose pages an answer has; nothing: no location is about it.
  std::optional<std::uint32_t> location = {};
  apache::Verdict verdict = {};                   // with a status: the rules have answered
  apache::OwnPage page = apache::OwnPage::kNone;  // the proxy's own answer
};

// `path` is normal, and `match` what it leads to. `scratch` is for one path.
RuledMatch walk_rules(const AskedFor& asked, const routing::Mapping& mapping, std::string_view path,
                      const routing::Mapping::Match& match, std::span<char> scratch,
                      apache::Passage& passage);

}  // namespace understudy
