// SPDX-License-Identifier: Apache-2.0
// Reads the field lines of a head and gathers on the way what they say about framing and the
// connection. Shared by the parsers of requests and responses; internal to proxy/http. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "proxy/http/http1/http1_parser.h"

namespace understudy::http::internal {

// Where a parser stands in the bytes of one head.
struct Cursor {
  const char* at;
  const char* end;
  Refusal refusal = Refusal::kNone;

  Progress refuse(Refusal why) {
    refusal = why;
    return Progress::kRefused;
  }
  // The bytes end inside of a line of which so many are there.
  Progress incomplete(size_t line_bytes, size_t bytes_max, Refusal too_long) {
    return line_bytes > bytes_max ? refuse(too_long) : Progress::kIncomplete;
  }
};

struct FieldSection {
  FieldSet present;
  uint32_t count = 0;  // of fields written to the caller's array
  uint64_t content_length = 0;
  std::string_view host;
  std::string_view transfer_encoding;
  ConnectionOptions connection;
  bool accepts_trailers = false;
  bool expect_continue = false;
  bool expect_unknown = false;
};

// From the line behind the first one up to and with the empty line.
Progress read_fields(Cursor& cursor, const HeadOptions& options, FieldSection& section);

// Content-Length and Transfer-Encoding together (RFC 9112 6.1, 6.3); kNone when there is neither.
Refusal framing_of(const FieldSection& section, Version version, BodyFraming& body);

// RFC 9112 9.3.
inline bool persists(const ConnectionOptions& connection, Version version) {
  return !connection.close && (version == Version::kHttp11 || connection.keep_alive);
}

// "HTTP/1.1" and its kin: eight bytes at `text`.
Refusal parse_version(const char* text, Version& version);

// What a byte that ends a line too early is called; `otherwise` if it is none of CR, LF, control.
// `next` is the byte behind it, or 0.
Refusal refusal_of_byte(char byte, char next, Refusal otherwise);

// What to do with `bytes` before and after they were parsed, so that retries stay linear.
bool worth_parsing(std::string_view bytes, const HeadProgress& progress);
HeadResult still_incomplete(std::string_view bytes, const HeadLimits& limits,
                            HeadProgress& progress);

// The way of every head: parse(cursor) reads what there is of it, within the limits.
template <typename Parse>
HeadResult parse_head(std::string_view bytes, const HeadLimits& limits, HeadProgress& progress,
                      const Parse& parse) {
  if (!worth_parsing(bytes, progress)) return still_incomplete(bytes, limits, progress);
  const std::string_view window = bytes.substr(0, limits.head_bytes_max);
  Cursor cursor{window.data(), window.data() + window.size()};
  HeadResult result;
  result.progress = parse(cursor);
  if (result.progress == Progress::kIncomplete) return still_incomplete(bytes, limits, progress);
  result.refusal = cursor.refusal;
  if (result.progress == Progress::kComplete) {
    result.head_bytes = static_cast<uint32_t>(cursor.at - bytes.data());
  }
  return result;
}

}  // namespace understudy::http::internal
