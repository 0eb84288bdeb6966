// SPDX-License-Identifier: Apache-2.0
// The first bytes of a client that speaks HTTP/2 (RFC 9113 3.4). No request of HTTP/1.1 begins so.
// Pure; any thread. Used by downstream/ to tell which protocol a connection speaks.
#pragma once

#include <string_view>

namespace understudy::http {

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// kSome: the bytes are a beginning of it, and more must come before it is known.
enum class PrefaceMatch : unsigned char { kNo, kSome, kWhole };

inline PrefaceMatch match_http2_preface(std::string_view bytes) {
  if (bytes.starts_with(kHttp2Preface)) return PrefaceMatch::kWhole;
  return kHttp2Preface.starts_with(bytes) ? PrefaceMatch::kSome : PrefaceMatch::kNo;
}

}  // namespace understudy::http
