// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1/field_section.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "cookies/contract.h"
#include "proxy/http/field_table.h"
#include "proxy/http/http1/line_memo.h"
#include "proxy/http/list.h"
#include "proxy/http/scan.h"

namespace understudy::http::internal {
namespace {

constexpr FieldSet kReadWhileParsing{
    FieldId::kConnection,    FieldId::kTe,   FieldId::kTransferEncoding,
    FieldId::kContentLength, FieldId::kHost, FieldId::kExpect};
constexpr uint64_t kContentLengthMax = UINT64_MAX / 2;

// RFC 9110 8.6: digits only. Lists of equal values, which it lets us repair, are refused.
Refusal parse_content_length(std::string_view text, uint64_t& length) {
  if (text.empty()) return Refusal::kInvalidContentLength;
  length = 0;
  const bool may_overflow = text.size() > std::numeric_limits<int64_t>::digits10;
  bool too_large = false;
  for (char digit : text) {
    const unsigned value = static_cast<uint8_t>(digit - '0');
    if (value > 9) return Refusal::kInvalidContentLength;
    if (may_overflow) {
      too_large |= length > (kContentLengthMax - value) / 10;
      if (too_large) length = 0;
    }
    length = length * 10 + value;
  }
  return too_large ? Refusal::kContentLengthTooLarge : Refusal::kNone;
}

Refusal read_connection(std::string_view value, ConnectionOptions& connection) {
  if (is_word(value, "keep-alive")) {  // nearly always
    connection.keep_alive = true;
    return Refusal::kNone;
  }
  ListReader options(value);
  while (const auto option = options.next()) {
    if (is_word(*option, "close")) {
      connection.close = true;
    } else if (is_word(*option, "keep-alive")) {
      connection.keep_alive = true;
    } else if (is_word(*option, "upgrade")) {
      connection.upgrade = true;
    } else if (!all(kToken, *option)) {
      return Refusal::kInvalidConnection;
    } else if (++connection.nominated > kNominationsMax) {
      return Refusal::kTooManyNominations;
    }
  }
  return Refusal::kNone;
}

bool lists_trailers(std::string_view value) {
  ListReader codings(value);
  while (const auto coding = codings.next()) {
    if (is_word(*coding, "trailers")) return true;
  }
  return false;
}

// `section.present` does not hold this field yet.
Refusal note(const Field& field, FieldSection& section) {
  const bool again = section.present.has(field.id);
  switch (field.id) {
    case FieldId::kConnection:
      return read_connection(field.value, section.connection);
    case FieldId::kTe:
      section.accepts_trailers |= lists_trailers(field.value);
      return Refusal::kNone;
    case FieldId::kTransferEncoding:
      section.transfer_encoding = field.value;
      return again ? Refusal::kInvalidTransferEncoding : Refusal::kNone;
    case FieldId::kContentLength:
      if (again) return Refusal::kDuplicateContentLength;
      return parse_content_length(field.value, section.content_length);
    case FieldId::kHost:
      section.host = field.value;
      return again ? Refusal::kDuplicateHost : Refusal::kNone;
    case FieldId::kExpect:
      (is_word(field.value, "100-continue") ? section.expect_continue : section.expect_unknown) =
          true;
      return Refusal::kNone;
    default:
      return Refusal::kNone;
  }
}

// RFC 9112 6.1, 7: a body ends in one way only if chunked is applied once, and last. Codings under
// it are allowed, but we announce none (no TE), so no sender may use one.
Refusal check_coding(std::string_view value) {
  if (is_word(value, "chunked")) return Refusal::kNone;
  size_t codings = 0;
  size_t chunked = 0;
  bool chunked_last = false;
  ListReader elements(value);
  while (const auto element = elements.next()) {
    ++codings;
    chunked_last = is_word(*element, "chunked");
    chunked += chunked_last ? 1 : 0;
  }
  const bool well_formed = chunked_last && chunked == 1 && codings > 1;
  return well_formed ? Refusal::kUnsupportedTransferEncoding : Refusal::kInvalidTransferEncoding;
}

// Why a line that began at `line` has no colon behind its name. `stop` is the first byte that no
// name may hold.
[[gnu::cold]] Refusal refusal_of_name(const char* line, const char* stop, const char* end) {
  const char next = stop + 1 < end ? stop[1] : '\0';
  if (stop == line && *stop == ':') return Refusal::kEmptyFieldName;
  if (stop == line && is_blank(*stop)) return Refusal::kFoldedLine;
  if (is_blank(*stop)) {
    const char* behind = std::find_if_not(stop, end, is_blank);
    return behind != end && *behind == ':' ? Refusal::kBlankBeforeColon
                                           : Refusal::kInvalidFieldName;
  }
  if (*stop == '\r' && next == '\n') return Refusal::kMissingColon;
  return refusal_of_byte(*stop, next, Refusal::kInvalidFieldName);
}

FieldId id_of_plain_name(std::string_view name) {
  const FieldId id = known_field(name);
  return id == FieldId::kOther && is_contract_header(name) ? FieldId::kContract : id;
}

// A line that may go on behind the end: `name_end` is the end, or the first byte that no name may
// hold. What is wrong already is refused now, for its sender may be waiting for the answer.
[[gnu::cold]] Progress near_end(Cursor& cursor, const char* line, const char* name_end,
                                size_t field_bytes_max) {
  const char* const end = cursor.end;
  if (name_end != end && (*name_end != ':' || name_end == line)) {
    return cursor.refuse(refusal_of_name(line, name_end, end));
  }
  const char* const stop = name_end == end ? end : scalar::skip_value(name_end + 1, end);
  if (stop != end && *stop != '\r') {
    return cursor.refuse(refusal_of_byte(*stop, '\0', Refusal::kControlByte));
  }
  if (end - stop >= 2 && stop[1] != '\n') return cursor.refuse(Refusal::kBareCr);
  return cursor.incomplete(stop - line, field_bytes_max, Refusal::kFieldTooLarge);
}

// Trims what is seldom there: blanks but the one behind the colon.
[[gnu::cold]] std::string_view trimmed(const char* begin, const char* end) {
  return without_blanks({begin, static_cast<size_t>(end - begin)});
}

// What one call of read_field came to: where the next line begins, or null and the reason.
struct Line {
  const char* next = nullptr;
  Progress progress = Progress::kComplete;
};

// One line "name: value CRLF" at `line`, which is not the empty line.
inline Line read_field(Cursor& cursor, const char* line, size_t field_bytes_max, Field& field) {
  const char* const end = cursor.end;
  const char* const plain_end = scan::skip_plain_name(line, end);
  const char* name_end = plain_end;
  // In a head that has arrived, CRLF CRLF follow: so no byte below needs a check of its own.
  if (end - name_end < 5 || *name_end != ':') {
    name_end = scalar::skip<kToken>(name_end, end);
    if (end - name_end < 5) return {nullptr, near_end(cursor, line, name_end, field_bytes_max)};
    if (*name_end != ':') return {nullptr, cursor.refuse(refusal_of_name(line, name_end, end))};
  }
  if (name_end == line) return {nullptr, cursor.refuse(Refusal::kEmptyFieldName)};
  const char* const value = name_end + (name_end[1] == ' ' ? 2 : 1);
  const char* const stop = scan::skip_value(value, end);
  if (end - stop < 2) return {nullptr, near_end(cursor, line, name_end, field_bytes_max)};
  if (load<uint16_t>(stop) != load<uint16_t>("\r\n")) {
    return {nullptr, cursor.refuse(refusal_of_byte(stop[0], stop[1], Refusal::kControlByte))};
  }
  if (static_cast<size_t>(stop - line) > field_bytes_max) {
    return {nullptr, cursor.refuse(Refusal::kFieldTooLarge)};
  }
  field.name = {line, static_cast<size_t>(name_end - line)};
  field.value = {value, static_cast<size_t>(stop - value)};
  // Blanks and the CR of an empty value are the bytes up to ' ' that can stand here.
  if (static_cast<uint8_t>(*value) <= ' ' || static_cast<uint8_t>(stop[-1]) <= ' ') {
    field.value = trimmed(value, stop);
  }
  field.id = name_end == plain_end ? id_of_plain_name(field.name) : field_id(field.name);
  return {stop + 2};
}

}  // namespace

Progress read_fields(Cursor& cursor, const HeadOptions& options, FieldSection& section) {
  const char* const end = cursor.end;
  const char* at = cursor.at;
  const size_t field_bytes_max = options.limits.field_bytes_max;
  // What it knows may be longer than a small limit.
  LineMemo* const memo = field_bytes_max >= LineMemo::kLineBytesMax ? options.memo : nullptr;
  Field* const fields = options.fields.data();
  Field* const fields_end =
      fields + std::min({size_t{options.limits.fields_max}, options.fields.size(), kFieldsMax});
  const Field* const memo_end = memo == nullptr ? fields : fields_end;
  for (Field* field = fields;; ++field) {
    const char* next = field < memo_end ? memo->find(at, end, *field) : nullptr;
    if (next == nullptr) {
      if (end - at < 2 && (at == end || *at == '\r')) return Progress::kIncomplete;
      if (*at == '\r') {
        if (at[1] != '\n') return cursor.refuse(Refusal::kBareCr);
        cursor.at = at + 2;
        section.count = static_cast<uint32_t>(field - fields);
        return Progress::kComplete;
      }
      if (field == fields_end) return cursor.refuse(Refusal::kTooManyFields);
      const Line line = read_field(cursor, at, field_bytes_max, *field);
      if (line.next == nullptr) return line.progress;
      next = line.next;
      if (memo != nullptr) memo->offer(at, end, next, *field);
    }
    at = next;
    const FieldSet one{field->id};
    if (kReadWhileParsing.meets(one)) {
      const Refusal refusal = note(*field, section);
      if (refusal != Refusal::kNone) return cursor.refuse(refusal);
    }
    section.present = section.present | one;
  }
}

Refusal framing_of(const FieldSection& section, Version version, BodyFraming& body) {
  if (section.present.has(FieldId::kTransferEncoding)) {
    if (version == Version::kHttp10) return Refusal::kTransferEncodingOnHttp10;
    if (section.present.has(FieldId::kContentLength)) return Refusal::kLengthAndCoding;
    body.kind = Framing::kChunked;
    return check_coding(section.transfer_encoding);
  }
  if (section.present.has(FieldId::kContentLength)) {
    body.kind = Framing::kLength;
    body.length = section.content_length;
  }
  return Refusal::kNone;
}

Refusal parse_version(const char* text, Version& version) {
  const auto word = load<uint64_t>(text);
  if (word == load<uint64_t>("HTTP/1.1")) {
    version = Version::kHttp11;
    return Refusal::kNone;
  }
  if (word == load<uint64_t>("HTTP/1.0")) {
    version = Version::kHttp10;
    return Refusal::kNone;
  }
  if (std::memcmp(text, "HTTP/", 5) != 0 || !is_digit(text[5]) || text[6] != '.' ||
      !is_digit(text[7])) {
    return Refusal::kInvalidVersion;
  }
  // RFC 9110 2.5: a higher minor version is read as the highest one we know.
  version = Version::kHttp11;
  return text[5] == '1' ? Refusal::kNone : Refusal::kUnsupportedVersion;
}

Refusal refusal_of_byte(char byte, char next, Refusal otherwise) {
  if (byte == '\n') return Refusal::kBareLf;
  if (byte == '\r') return next == '\n' ? otherwise : Refusal::kBareCr;
  const auto code = static_cast<uint8_t>(byte);
  return code < 0x20 || code == 0x7f ? Refusal::kControlByte : otherwise;
}

bool worth_parsing(std::string_view bytes, const HeadProgress& progress) {
  if (progress.searched == 0 || bytes.size() >= progress.retry_at) return true;
  // An empty line of whatever kind: LF LF or LF CR LF. The parser says which one it is.
  size_t at = progress.searched < 2 ? 0 : progress.searched - 2;
  while ((at = bytes.find('\n', at)) != std::string_view::npos) {
    ++at;
    const std::string_view behind = bytes.substr(at, 2);
    if (behind == "\r\n" || behind.starts_with('\n')) return true;
  }
  return false;
}

HeadResult still_incomplete(std::string_view bytes, const HeadLimits& limits,
                            HeadProgress& progress) {
  if (bytes.size() >= limits.head_bytes_max) {
    return {.progress = Progress::kRefused, .refusal = Refusal::kHeadTooLarge};
  }
  progress.searched = static_cast<uint32_t>(bytes.size());
  if (bytes.size() >= progress.retry_at) {
    progress.retry_at = static_cast<uint32_t>(2 * bytes.size());
  }
  return {};
}

}  // namespace understudy::http::internal
