// SPDX-License-Identifier: Apache-2.0
// Heads for tests of proxy/http: a parsed one together with the bytes and fields it points into.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "proxy/http/http1/http1_parser.h"

namespace understudy::http {

struct ParsedRequest final {
  explicit ParsedRequest(std::string text, const HeadLimits& limits = {})
      : bytes(std::move(text)),
        result(parse_request_head(bytes, {.limits = limits, .fields = fields}, progress, head)) {}
  ParsedRequest(const ParsedRequest&) = delete;
  bool complete() const { return result.progress == Progress::kComplete; }

  std::string bytes;
  std::array<Field, kFieldsMax> fields{};
  RequestHead head;
  HeadProgress progress;
  HeadResult result;
};

struct ParsedResponse final {
  explicit ParsedResponse(std::string text, Method method = Method::kGet,
                          const HeadLimits& limits = {})
      : bytes(std::move(text)),
        result(parse_response_head(bytes, method, {.limits = limits, .fields = fields}, progress,
                                   head)) {}
  ParsedResponse(const ParsedResponse&) = delete;
  bool complete() const { return result.progress == Progress::kComplete; }

  std::string bytes;
  std::array<Field, kFieldsMax> fields{};
  ResponseHead head;
  HeadProgress progress;
  HeadResult result;
};

// Why a head is refused; kNone when it is complete or incomplete.
inline Refusal refusal_of_request(std::string text, const HeadLimits& limits = {}) {
  return ParsedRequest(std::move(text), limits).result.refusal;
}
inline Refusal refusal_of_response(std::string text, Method method = Method::kGet) {
  return ParsedResponse(std::move(text), method).result.refusal;
}

// A request with the given lines behind "Host: a", each with its CRLF.
inline std::string get_with(std::string_view lines) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(lines) + "\r\n";
}
inline std::string ok_with(std::string_view lines) {
  return "HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n";
}

inline void PrintTo(Refusal refusal, std::ostream* out) {
  *out << to_text(refusal);
}

// As a browser sends it: 12 fields, about 700 bytes.
inline constexpr std::string_view kBrowserRequest =
    "GET /shop/cart?item=17&colour=dark%20blue HTTP/1.1\r\n"
    "Host: shop.example.com\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
    "\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Accept-Language: en-GB,en;q=0.9,de;q=0.8\r\n"
    "Referer: http://shop.example.com/shop/list?page=3\r\n"
    "Connection: keep-alive\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Cookie: theme=dark; UNDERSTUDY=1.AAECAwQFBgcICQoLDA0ODw.EjRWeA.h2VDIQ.3.1234."
    "1AAECAwQFBgcICQoL\r\n"
    "Cache-Control: max-age=0\r\n"
    "\r\n";

inline constexpr std::string_view kPlainResponse =
    "HTTP/1.1 200 OK\r\n"
    "Date: Mon, 01 Jul 2024 12:00:00 GMT\r\n"
    "Server: counter\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 1024\r\n"
    "Understudy-View: 0123456789abcdef\r\n"
    "Connection: keep-alive\r\n"
    "\r\n";

}  // namespace understudy::http
