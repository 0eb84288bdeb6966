// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <memory>

#include "proxy/http/authority.h"
#include "proxy/http/http1/field_section.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/scan.h"

namespace understudy::http {
namespace {

using internal::Authority;
using internal::Cursor;
using internal::FieldSection;
using internal::Target;

template <size_t kSize>
bool is_text(const char* at, const char (&text)[kSize]) {
  return std::memcmp(at, text, kSize - 1) == 0;
}

Method method_of(std::string_view text) {
  const char* at = text.data();
  switch (text.size()) {
    case 3:
      return is_text(at, "GET") ? Method::kGet : is_text(at, "PUT") ? Method::kPut : Method::kOther;
    case 4:
      return is_text(at, "POST")   ? Method::kPost
             : is_text(at, "HEAD") ? Method::kHead
                                   : Method::kOther;
    case 5:
      return is_text(at, "PATCH")   ? Method::kPatch
             : is_text(at, "TRACE") ? Method::kTrace
                                    : Method::kOther;
    case 6:
      return is_text(at, "DELETE") ? Method::kDelete : Method::kOther;
    case 7:
      return is_text(at, "OPTIONS")   ? Method::kOptions
             : is_text(at, "CONNECT") ? Method::kConnect
                                      : Method::kOther;
    default:
      return Method::kOther;
  }
}

// Goes on behind a backslash at `stop`. In a query it may stand; in a path some servers take it for
// '/', so that we and they would see different paths.
[[gnu::cold]] const char* end_of_odd_target(const char* target, const char* stop, const char* end) {
  if (std::find(target, stop, '?') == stop) return stop;
  while (stop != end && *stop == '\\') stop = scan::skip_target(stop + 1, end);
  return stop;
}

// First byte behind a target.
const char* end_of_target(const char* target, const char* end) {
  const char* const stop = scan::skip_target(target, end);
  return stop != end && *stop == '\\' ? end_of_odd_target(target, stop, end) : stop;
}

[[gnu::cold]] Refusal refusal_of_target(char byte, char next) {
  if (byte == '#') return Refusal::kTargetFragment;
  if (byte == '\r' && next == '\n') return Refusal::kInvalidVersion;  // HTTP/0.9
  return internal::refusal_of_byte(byte, next, Refusal::kInvalidTarget);
}

// "method SP target SP version CRLF", RFC 9112 3.
Progress read_request_line(Cursor& cursor, const HeadLimits& limits, RequestHead& head) {
  const char* const line = cursor.at;
  const char* const end = cursor.end;
  const size_t bytes_max = limits.first_line_bytes_max;

  const char* const method_end = scalar::skip<kToken>(line, end);
  if (method_end == end)
    return cursor.incomplete(end - line, bytes_max, Refusal::kFirstLineTooLong);
  if (*method_end != ' ' || method_end == line) {
    const char next = method_end + 1 < end ? method_end[1] : '\0';
    return cursor.refuse(internal::refusal_of_byte(*method_end, next, Refusal::kInvalidMethod));
  }
  head.method_text = {line, static_cast<size_t>(method_end - line)};
  head.method = method_of(head.method_text);

  const char* const target = method_end + 1;
  const char* const target_end = end_of_target(target, end);
  if (target_end == end)
    return cursor.incomplete(end - line, bytes_max, Refusal::kFirstLineTooLong);
  if (*target_end != ' ' || target_end == target) {
    if (*target_end == '\r' && end - target_end < 2) return Progress::kIncomplete;
    return cursor.refuse(
        refusal_of_target(*target_end, end - target_end < 2 ? '\0' : target_end[1]));
  }
  head.target = {target, static_cast<size_t>(target_end - target)};

  constexpr ptrdiff_t kVersionBytes = 8;
  const char* const version = target_end + 1;
  if (end - version < kVersionBytes + 2) {
    const char* const stop =
        std::find_if(version, end, [](char c) { return c == '\r' || c == '\n'; });
    if (stop < version + kVersionBytes && stop != end)
      return cursor.refuse(Refusal::kInvalidVersion);
    return cursor.incomplete(target_end - line, bytes_max, Refusal::kFirstLineTooLong);
  }
  const Refusal refusal = internal::parse_version(version, head.version);
  const char* const line_end = version + kVersionBytes;
  if (refusal != Refusal::kNone) return cursor.refuse(refusal);
  if (load<uint16_t>(line_end) != load<uint16_t>("\r\n")) {
    return cursor.refuse(
        internal::refusal_of_byte(line_end[0], line_end[1], Refusal::kInvalidVersion));
  }
  if (static_cast<size_t>(line_end - line) > bytes_max) {
    return cursor.refuse(Refusal::kFirstLineTooLong);
  }
  cursor.at = line_end + 2;
  return Progress::kComplete;
}

// Target and Host together say who is meant, RFC 9112 3.2 and 3.3.
Refusal find_authority(const FieldSection& section, RequestHead& head) {
  Target target;
  Refusal refusal = internal::parse_target(head.method, head.target, target);
  if (refusal != Refusal::kNone) return refusal;
  head.target_form = target.form;
  head.path = target.path;
  head.query = target.query;

  Authority named;
  if (section.present.has(FieldId::kHost)) {
    refusal = internal::parse_authority(section.host, named);
    if (refusal != Refusal::kNone) return refusal;
    head.authority = section.host;
  } else if (head.version == Version::kHttp11) {
    return Refusal::kMissingHost;
  }
  if (!target.authority.empty() || target.form == TargetForm::kAbsolute) {
    Authority own;
    refusal = internal::parse_authority(target.authority, own);
    if (refusal != Refusal::kNone) return refusal;
    // RFC 9112 3.2.2: the target wins, and the writer replaces the Host field by it.
    head.authority = target.authority;
    named = own;
  }
  head.host = named.host;
  head.port = named.port;
  return Refusal::kNone;
}

Refusal conclude(const FieldSection& section, const HeadOptions& options, RequestHead& head) {
  head.fields = FieldList(options.fields.first(section.count), section.present);
  head.connection = section.connection;
  head.keep_alive = internal::persists(section.connection, head.version);
  head.accepts_trailers = section.accepts_trailers;
  if (head.version == Version::kHttp11) {
    // RFC 9110 10.1.1 and 7.8: neither means anything in HTTP/1.0.
    if (section.expect_unknown) return Refusal::kUnknownExpectation;
    head.expect_continue = section.expect_continue;
    head.wants_upgrade = section.connection.upgrade && section.present.has(FieldId::kUpgrade);
  }
  const Refusal refusal = internal::framing_of(section, head.version, head.body);
  return refusal != Refusal::kNone ? refusal : find_authority(section, head);
}

Progress parse(Cursor& cursor, const HeadOptions& options, RequestHead& head) {
  // RFC 9112 2.2: one empty line before a request is an old client's habit.
  if (cursor.at != cursor.end && *cursor.at == '\r') {
    if (cursor.end - cursor.at < 2) return Progress::kIncomplete;
    if (cursor.at[1] != '\n') return cursor.refuse(Refusal::kBareCr);
    cursor.at += 2;
    if (cursor.at != cursor.end && *cursor.at == '\r') {
      return cursor.refuse(Refusal::kLeadingEmptyLines);
    }
  }
  if (cursor.at == cursor.end) return Progress::kIncomplete;
  std::construct_at(&head);
  const char* const begin = cursor.at;
  Progress progress = read_request_line(cursor, options.limits, head);
  if (progress != Progress::kComplete) return progress;
  FieldSection section;
  progress = internal::read_fields(cursor, options, section);
  if (progress != Progress::kComplete) return progress;
  head.bytes = {begin, static_cast<size_t>(cursor.at - begin)};
  const Refusal refusal = conclude(section, options, head);
  return refusal == Refusal::kNone ? Progress::kComplete : cursor.refuse(refusal);
}

}  // namespace

HeadResult parse_request_head(std::string_view bytes, const HeadOptions& options,
                              HeadProgress& progress, RequestHead& head) {
  return internal::parse_head(bytes, options.limits, progress,
                              [&](Cursor& cursor) { return parse(cursor, options, head); });
}

}  // namespace understudy::http
