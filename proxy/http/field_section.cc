// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/field_section.h"

#include <algorithm>
#include <cstring>

#include "cookies/contract.h"
#include "proxy/http/field_table.h"
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
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
    return Refusal::kInvalidContentLength;
  }
  length = 0;
  for (char digit : text) {
    const auto value = static_cast<uint64_t>(digit - '0');
    if (length > (kContentLengthMax - value) / 10) return Refusal::kContentLengthTooLarge;
    length = length * 10 + value;
  }
  return Refusal::kNone;
}

Refusal read_connection(std::string_view value, ConnectionOptions& connection) {
  // What nearly everybody sends.
  if (equals_ignoring_case(value, "keep-alive"))
    return connection.keep_alive = true, Refusal::kNone;
  ListReader options(value);
  while (const auto option = options.next()) {
    if (equals_ignoring_case(*option, "close")) {
      connection.close = true;
    } else if (equals_ignoring_case(*option, "keep-alive")) {
      connection.keep_alive = true;
    } else if (equals_ignoring_case(*option, "upgrade")) {
      connection.upgrade = true;
    } else if (!all(kToken, *option)) {
      return Refusal::kInvalidConnection;
    } else if (++connection.nominated > kNominationsMax) {
      return Refusal::kTooManyNominations;
    }
  }
  return Refusal::kNone;
}

bool list_has(std::string_view value, std::string_view wanted) {
  ListReader elements(value);
  while (const auto element = elements.next()) {
    if (equals_ignoring_case(*element, wanted)) return true;
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
      section.accepts_trailers |= list_has(field.value, "trailers");
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
      (equals_ignoring_case(field.value, "100-continue") ? section.expect_continue
                                                         : section.expect_unknown) = true;
      return Refusal::kNone;
    default:
      return Refusal::kNone;
  }
}

// RFC 9112 6.1, 7: a body ends in one way only if chunked is applied once, and last. Codings under
// it are allowed, but we announce none (no TE), so nobody may use one.
Refusal check_coding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return Refusal::kNone;
  size_t codings = 0;
  size_t chunked = 0;
  bool chunked_last = false;
  ListReader elements(value);
  while (const auto element = elements.next()) {
    ++codings;
    chunked_last = equals_ignoring_case(*element, "chunked");
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

// One line "name: value CRLF" at the cursor, which is not the empty line.
Progress read_field(Cursor& cursor, const HeadLimits& limits, Field& field) {
  const char* const line = cursor.at;
  const char* const end = cursor.end;
  const char* const plain_end = scan::skip_plain_name(line, end);
  const char* name_end = plain_end;
  if (plain_end != end && *plain_end != ':') name_end = scalar::skip<kToken>(plain_end, end);
  if (name_end == end) {
    return cursor.incomplete(line, limits.field_bytes_max, Refusal::kFieldTooLarge);
  }
  if (*name_end != ':' || name_end == line) {
    return cursor.refuse(refusal_of_name(line, name_end, end));
  }
  const char* value = name_end + 1;
  while (value != end && is_blank(*value)) ++value;
  const char* const stop = scan::skip_value(value, end);
  if (end - stop < 2) {
    // A CR that ends what has arrived so far may be the line's.
    if (stop != end && *stop != '\r') {
      return cursor.refuse(refusal_of_byte(*stop, '\0', Refusal::kControlByte));
    }
    return cursor.incomplete(line, size_t{limits.field_bytes_max} + 1, Refusal::kFieldTooLarge);
  }
  if (load<uint16_t>(stop) != load<uint16_t>("\r\n")) {
    return cursor.refuse(refusal_of_byte(*stop, stop[1], Refusal::kControlByte));
  }
  if (static_cast<size_t>(stop - line) > limits.field_bytes_max) {
    return cursor.refuse(Refusal::kFieldTooLarge);
  }
  const char* value_end = stop;
  while (value_end != value && is_blank(value_end[-1])) --value_end;

  field.name = {line, static_cast<size_t>(name_end - line)};
  field.value = {value, static_cast<size_t>(value_end - value)};
  field.id = name_end == plain_end ? id_of_plain_name(field.name) : field_id(field.name);
  cursor.at = stop + 2;
  return Progress::kComplete;
}

}  // namespace

Progress read_fields(Cursor& cursor, const HeadOptions& options, FieldSection& section) {
  const size_t fields_max = std::min<size_t>(options.limits.fields_max, options.fields.size());
  for (;;) {
    if (cursor.at == cursor.end) return Progress::kIncomplete;
    if (*cursor.at == '\r') {
      if (cursor.end - cursor.at < 2) return Progress::kIncomplete;
      if (cursor.at[1] != '\n') return cursor.refuse(Refusal::kBareCr);
      cursor.at += 2;
      return Progress::kComplete;
    }
    if (section.count == fields_max) return cursor.refuse(Refusal::kTooManyFields);
    Field& field = options.fields[section.count];
    const Progress progress = read_field(cursor, options.limits, field);
    if (progress != Progress::kComplete) return progress;
    if (kReadWhileParsing.has(field.id)) {
      const Refusal refusal = note(field, section);
      if (refusal != Refusal::kNone) return cursor.refuse(refusal);
    }
    section.present.add(field.id);
    ++section.count;
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
