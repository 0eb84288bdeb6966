// SPDX-License-Identifier: Apache-2.0
// How a head that is forwarded differs from the one that was received: the same for each protocol
// of HTTP and for AJP. Values, which borrow what they name; composed by exchange/.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/request_origin.h"

namespace understudy::http {

class FieldMask;

struct RequestRewrite {
  const FieldMask& dropped;
  std::string_view added;   // whole lines with their CRLF; lives as long as the pieces
  std::string_view target;  // empty: the received one, an absolute-form as origin-form
  std::string_view host;    // empty: as received; the absolute-form's own replaces Host
  // "Transfer-Encoding: chunked" is added: the caller frames the body (keep_framing was false).
  bool add_chunked = false;
  bool add_upgrade = false;  // "Connection: upgrade" (keep_upgrade was true)
  bool add_close = false;    // "Connection: close": no further request on this connection
  // Of which no head of HTTP speaks: for AJP. Lives as long as the pieces; null: the proxy itself
  // asks.
  const RequestOrigin* origin = nullptr;
};

enum class ConnectionLine : uint8_t { kNone, kClose, kKeepAlive, kUpgrade };

struct ResponseRewrite {
  const FieldMask& dropped;
  std::string_view added;
  ConnectionLine connection = ConnectionLine::kNone;  // kKeepAlive is for HTTP/1.0 clients
  bool add_chunked = false;                           // as above
};

}  // namespace understudy::http
