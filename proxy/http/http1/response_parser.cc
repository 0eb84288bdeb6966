// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>

#include "proxy/http/http1/field_section.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/scan.h"

namespace understudy::http {
namespace {

using internal::Cursor;
using internal::FieldSection;

// "HTTP/1.1 200" and one byte that shows whether a reason follows.
constexpr ptrdiff_t kStatusLineBytesMin = 14;

// Of the three digits at `text`; 0 when it is no status of RFC 9110 15.
uint16_t status_at(const char* text) {
  if (!is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2])) return 0;
  const int status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
  return status >= 100 && status <= 599 ? static_cast<uint16_t>(status) : 0;
}

// "version SP status [SP reason] CRLF", RFC 9112 4; the second SP is missing from many servers.
Progress read_status_line(Cursor& cursor, const HeadLimits& limits, ResponseHead& head) {
  const char* const line = cursor.at;
  const char* const end = cursor.end;
  if (end - line < kStatusLineBytesMin) {
    const bool ended = std::find(line, end, '\n') != end;
    return ended ? cursor.refuse(Refusal::kInvalidStatusLine) : Progress::kIncomplete;
  }
  const Refusal refusal = internal::parse_version(line, head.version);
  if (refusal != Refusal::kNone) return cursor.refuse(refusal);
  head.status = status_at(line + 9);
  if (line[8] != ' ' || head.status == 0 || (line[12] != ' ' && line[12] != '\r')) {
    return cursor.refuse(Refusal::kInvalidStatusLine);
  }
  const char* const reason = line + (line[12] == ' ' ? 13 : 12);
  const char* const stop = scan::skip_value(reason, end);
  if (stop == end || (*stop == '\r' && end - stop < 2)) {
    return cursor.incomplete(stop - line, limits.first_line_bytes_max, Refusal::kFirstLineTooLong);
  }
  if (*stop != '\r' || stop[1] != '\n') {
    return cursor.refuse(
        internal::refusal_of_byte(*stop, end - stop < 2 ? '\0' : stop[1], Refusal::kControlByte));
  }
  if (static_cast<size_t>(stop - line) > limits.first_line_bytes_max) {
    return cursor.refuse(Refusal::kFirstLineTooLong);
  }
  head.reason = {reason, static_cast<size_t>(stop - reason)};
  cursor.at = stop + 2;
  return Progress::kComplete;
}

// RFC 9112 6.3, for responses.
Refusal find_framing(const FieldSection& section, Method method, ResponseHead& head) {
  const Refusal refusal = internal::framing_of(section, head.version, head.body);
  if (refusal != Refusal::kNone) return refusal;
  const bool never_a_body = head.status < 200 || head.status == 204;
  // RFC 9110 8.6 and RFC 9112 6.1 forbid the fields, and 6.3 says that no body follows whatever
  // they say. Behind a 101 other bytes do.
  if (head.status == 101 && head.body.has_bytes()) return Refusal::kBodyNotAllowed;
  const bool tunnel = method == Method::kConnect && head.status / 100 == 2;
  if (never_a_body || head.status == 304 || method == Method::kHead || tunnel) {
    head.body = BodyFraming{};
  } else if (head.body.kind == Framing::kNone) {
    head.body.kind = Framing::kUntilClose;
  }
  return Refusal::kNone;
}

Progress parse(Cursor& cursor, Method method, const HeadOptions& options, ResponseHead& head) {
  std::construct_at(&head);
  const char* const begin = cursor.at;
  Progress progress = read_status_line(cursor, options.limits, head);
  if (progress != Progress::kComplete) return progress;
  FieldSection section;
  progress = internal::read_fields(cursor, options, section);
  if (progress != Progress::kComplete) return progress;
  head.bytes = {begin, static_cast<size_t>(cursor.at - begin)};
  head.fields = FieldList(options.fields.first(section.count), section.present);
  head.connection = section.connection;
  const Refusal refusal = find_framing(section, method, head);
  if (refusal != Refusal::kNone) return cursor.refuse(refusal);
  // A member that announces a body where none may be could send one, too.
  const bool is_doubtful = head.status == 204 && (section.content_length != 0 ||
                                                  section.present.has(FieldId::kTransferEncoding));
  head.keep_alive = internal::persists(section.connection, head.version) && !is_doubtful &&
                    head.body.kind != Framing::kUntilClose && head.status != 101;
  return Progress::kComplete;
}

}  // namespace

HeadResult parse_response_head(std::string_view bytes, Method method, const HeadOptions& options,
                               HeadProgress& progress, ResponseHead& head) {
  return internal::parse_head(bytes, options.limits, progress,
                              [&](Cursor& cursor) { return parse(cursor, method, options, head); });
}

}  // namespace understudy::http
