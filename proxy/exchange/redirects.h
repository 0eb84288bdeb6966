// SPDX-License-Identifier: Apache-2.0
// ProxyPassReverse: a redirect that names a member, or a path as members know it, is turned into
// one that leads the client through the proxy again. Pure; called by exchange/ for each response of
// a location that has such rules.
#pragma once

#include <string_view>
#include <vector>

#include "proxy/config/path_rules.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/line_arena.h"
#include "proxy/http/message.h"

namespace understudy {

struct RedirectFacts {
  std::string_view scheme;     // "http" or "https": as the client came
  std::string_view authority;  // that the client asked for; empty: an HTTP/1.0 client named none
  std::string_view member;     // "host:port" of the one that answers
};

// Location and Content-Location; the first rule that fits decides.
void reverse_redirects(const std::vector<config::ReverseRule>& rules, const RedirectFacts& facts,
                       const http::FieldList& fields, http::FieldMask& dropped,
                       http::LineArena& lines);

}  // namespace understudy
