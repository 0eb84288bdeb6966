// SPDX-License-Identifier: Apache-2.0
// host[:port] as it stands in Host and in a target (RFC 9110 4.2, RFC 3986 3.2), and the forms of a
// request target (RFC 9112 3.2). Syntax only: nothing is decoded, resolved or normalised. Internal
// to proxy/http. Pure; any thread.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"
#include "proxy/http/refusal.h"

namespace understudy::http::internal {

struct Authority {
  std::string_view host;
  uint16_t port = 0;  // 0: none named
};

// kNone, or why `text` is no authority. Empty text is none.
Refusal parse_authority(std::string_view text, Authority& authority);

struct Target {
  TargetForm form = TargetForm::kOrigin;
  std::string_view path;
  std::string_view query;
  std::string_view authority;  // absolute- and authority-form
};

// `text` consists of bytes that may stand in a target, and backslashes in the query.
Refusal parse_target(Method method, std::string_view text, Target& target);

}  // namespace understudy::http::internal
