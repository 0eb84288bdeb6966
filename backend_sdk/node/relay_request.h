// SPDX-License-Identifier: Apache-2.0
// RelayRequest: a request that may be relayed to another member, kept whole from begin() to its
// Decision, and its text on the wire. A value; immutable once made.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "understudy/http.h"

namespace understudy {

struct RelayRequest {
  std::string method;
  std::string target;
  std::vector<Header> headers;  // without hop-by-hop and contract headers
  std::string body;
  bool asks_for_upgrade = false;
  bool streams = false;  // its door takes the answer piece by piece

  static RelayRequest of(const RequestView& request, std::string_view body, bool streams);
  // RFC 9110 9.2.2: may be sent again when it is not known whether it has run.
  bool is_idempotent() const;
  // Head and body. `more` are the contract's headers; `host` where the request has no Host.
  std::string text(std::span<const Header> more, std::string_view host) const;
};

// What of an answer's headers goes on to the client.
bool is_relayed_header(std::string_view name);

}  // namespace understudy
