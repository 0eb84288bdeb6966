// SPDX-License-Identifier: Apache-2.0
// What a head becomes on its way through the proxy, as text, for tests of proxy/http.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "proxy/http/forwarded.h"
#include "proxy/http/hop_by_hop.h"
#include "proxy/http/http1/http1_writer.h"
#include "tests/proxy/http/heads.h"

namespace understudy::http {

inline std::string text_of(const HeadSpans& spans) {
  std::string text(spans.bytes(), '\0');
  spans.copy_to(text.data());
  return text;
}

// As an exchange with default options forwards it, with `added` behind the received lines.
inline std::string forwarded_request(const ParsedRequest& request, const DropOptions& options = {},
                                     std::string_view added = {}) {
  FieldMask dropped;
  drop_from_request(request.head, options, dropped);
  std::array<char, 4096> block;
  LineArena arena(block);
  HeadSpans spans;
  EXPECT_TRUE(compose_request(
      request.head, {.dropped = dropped, .added = added, .add_chunked = !options.keep_framing},
      arena, spans));
  return text_of(spans);
}

inline std::string forwarded_response(const ParsedResponse& response,
                                      const DropOptions& options = {}) {
  FieldMask dropped;
  drop_from_response(response.head, options, dropped);
  std::array<char, 4096> block;
  LineArena arena(block);
  HeadSpans spans;
  EXPECT_TRUE(compose_response(response.head, {.dropped = dropped}, arena, spans));
  return text_of(spans);
}

// Only the fields that are left of get_with(lines), without "Host: a".
inline std::string kept_of(std::string_view lines, const DropOptions& options = {}) {
  const ParsedRequest request(get_with(lines));
  EXPECT_TRUE(request.complete()) << lines;
  FieldMask dropped;
  drop_from_request(request.head, options, dropped);
  std::string kept;
  for (size_t i = 1; i < request.head.fields.size(); ++i) {
    if (!dropped.test(i)) kept += std::string(request.head.fields[i].name) + ' ';
  }
  return kept;
}

}  // namespace understudy::http
