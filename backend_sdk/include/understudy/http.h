// SPDX-License-Identifier: Apache-2.0
// What the SDK needs to see of an HTTP request and what it says about the response, in words that
// any HTTP library can produce: names, values, numbers. No parser and no server; an adapter
// (evhttp.h) carries them to and from one. Values; views live only for the call they are given to.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace understudy {

// The path at which proxies ask for the member list. An adapter gives its requests to begin(),
// which has the reply.
inline constexpr std::string_view kReservedPath = "/.understudy/view";

struct HeaderView {
  std::string_view name;  // in any letter case
  std::string_view value;
};

// One request, as far as the session cares. Repeated headers stand as often as they came.
struct RequestView {
  std::string_view method;
  std::string_view target;  // as on the request line: "/count?x=1"
  std::span<const HeaderView> headers;
  bool tls = false;  // the client's side was TLS; the cookie then gets Secure
};

struct Header {
  std::string name;
  std::string value;

  bool operator==(const Header&) const = default;
};

// A complete response. The SDK makes these for 421, 503, the reserved path, and for a request that
// was answered before. Content-Length and Date are the HTTP library's business.
struct Reply {
  int status = 200;
  std::vector<Header> headers;
  std::string body;
};

}  // namespace understudy
