// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_head.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "proxy/http/authority.h"
#include "proxy/http/scan.h"

namespace understudy::http {
namespace {

constexpr size_t kRoomKeptBytes = 4096;
// RFC 9113 6.5.2: what each field counts beyond its name and value.
constexpr uint32_t kFieldOverheadBytes = 32;
constexpr std::string_view kVersionText = "HTTP/2.0";
// Beyond the fields received: host, cookie or transfer-encoding, upgrade and the WebSocket's key.
constexpr size_t kLinesAddedMax = 4;
constexpr uint64_t kContentLengthMax = UINT64_MAX / 2;

Method method_of(std::string_view text) {
  for (unsigned i = 0; i < static_cast<unsigned>(Method::kOther); ++i) {
    if (to_text(static_cast<Method>(i)) == text) return static_cast<Method>(i);
  }
  return Method::kOther;
}

bool is_name(std::string_view text) {
  const char* const end = text.data() + text.size();
  return scalar::skip<kToken>(scan::skip_plain_name(text.data(), end), end) == end;
}

bool is_value(std::string_view text) {
  const char* const end = text.data() + text.size();
  return scan::skip_value(text.data(), end) == end;
}

// As in a request line: nothing that ends it early, no backslash in the path.
bool is_target(std::string_view text) {
  const char* const end = text.data() + text.size();
  const char* stop = scan::skip_target(text.data(), end);
  while (stop != end && *stop == '\\' && std::find(text.data(), stop, '?') != stop) {
    stop = scan::skip_target(stop + 1, end);
  }
  return stop == end;
}

bool parse_length(std::string_view text, uint64_t& length) {
  length = 0;
  for (const char digit : text) {
    if (!is_digit(digit)) return false;
    const auto value = static_cast<uint64_t>(digit - '0');
    if (length > (kContentLengthMax - value) / 10) return false;
    length = length * 10 + value;
  }
  return !text.empty();
}

}  // namespace

void Http2Head::clear() {
  if (text_.capacity() > kRoomKeptBytes || cookie_.capacity() > kRoomKeptBytes) {
    *this = Http2Head();
    return;
  }
  text_.clear();
  method_text_.clear();
  path_.clear();
  authority_.clear();
  protocol_.clear();
  cookie_.clear();
  lines_.clear();
  present_ = {};
  body_ = {};
  content_length_ = 0;
  list_bytes_ = count_ = beyond_ = authority_line_ = host_bytes_ = key_at_ = 0;
  port_ = 0;
  method_ = Method::kOther;
  refusal_ = Refusal::kNone;
  started_ = scheme_is_known_ = websocket_ = expect_continue_ = accepts_trailers_ = false;
}

void Http2Head::refuse(Refusal why) {
  if (refusal_ == Refusal::kNone) refusal_ = why;
}

// ---- Fields.

void Http2Head::add(std::string_view name, std::string_view value, const HeadLimits& limits) {
  if (refusal_ != Refusal::kNone) {
    ++beyond_;
    return;
  }
  list_bytes_ += static_cast<uint32_t>(name.size() + value.size()) + kFieldOverheadBytes;
  if (list_bytes_ > limits.head_bytes_max) return refuse(Refusal::kHeadTooLarge);
  if (!is_value(value)) return refuse(Refusal::kControlByte);
  if (name.starts_with(':')) {
    if (value.size() > limits.first_line_bytes_max) return refuse(Refusal::kFirstLineTooLong);
    return add_pseudo(name, value);
  }
  if (!started_) start(limits);
  if (++count_ > std::min<size_t>(limits.fields_max, kFieldsMax - kLinesAddedMax)) {
    return refuse(Refusal::kTooManyFields);
  }
  if (name.size() + value.size() + 1 > limits.field_bytes_max) {
    return refuse(Refusal::kFieldTooLarge);
  }
  if (!is_name(name)) return refuse(Refusal::kInvalidFieldName);
  const FieldId id = field_id(name);
  if (id == FieldId::kCookie) return add_crumb(value, limits);
  note(value, id);
  // Said by :authority already (RFC 9113 8.3.1); note() has compared them.
  if (id == FieldId::kHost && present_.has(FieldId::kHost)) return;
  // RFC 8441 5.1: it is not used here, and the member shall see one only.
  if (websocket_ && equals_ignoring_case(name, kWebSocketKeyName)) return;
  add_line(name, value, id);
}

void Http2Head::add_pseudo(std::string_view name, std::string_view value) {
  if (name == ":method") {
    if (value.empty() || !all(kToken, value)) return refuse(Refusal::kInvalidMethod);
    method_text_ = value;
    method_ = method_of(value);
  } else if (name == ":path") {
    if (!is_target(value)) return refuse(Refusal::kInvalidTarget);
    path_ = value;
  } else if (name == ":authority") {
    authority_ = value;
  } else if (name == ":protocol") {
    protocol_ = value;
  } else if (name == ":scheme") {
    scheme_is_known_ = value == "https" || value == "http";
  }
}

// RFC 8441 4: CONNECT with a protocol is no CONNECT.
void Http2Head::check_protocol() {
  if (protocol_.empty()) return;
  if (method_ != Method::kConnect) return refuse(Refusal::kInvalidMethod);
  if (!equals_ignoring_case(protocol_, kWebSocketToken)) return refuse(Refusal::kUnknownProtocol);
  websocket_ = true;
  method_ = Method::kGet;
  method_text_ = to_text(Method::kGet);
}

// RFC 9113 8.2.3: one field of all crumbs, since HTTP/1.1 knows none.
void Http2Head::add_crumb(std::string_view value, const HeadLimits& limits) {
  if (!cookie_.empty()) cookie_ += "; ";
  cookie_ += value;
  if (cookie_.size() > limits.field_bytes_max) refuse(Refusal::kFieldTooLarge);
}

void Http2Head::add_line(std::string_view name, std::string_view value, FieldId id) {
  lines_.push_back({.at = static_cast<uint32_t>(text_.size()),
                    .name_bytes = static_cast<uint32_t>(name.size()),
                    .value_bytes = static_cast<uint32_t>(value.size()),
                    .id = id});
  const size_t begin = text_.size();
  text_.resize(begin + name.size() + value.size() + 4);
  char* out = text_.data() + begin;
  out = std::copy(name.begin(), name.end(), out);
  *out++ = ':';
  *out++ = ' ';
  out = std::copy(value.begin(), value.end(), out);
  *out++ = '\r';
  *out = '\n';
  present_.add(id);
}

// What the proxy acts upon. The codec has refused what concerns one connection only.
void Http2Head::note(std::string_view value, FieldId id) {
  switch (id) {
    case FieldId::kHost:
      if (!present_.has(id)) {
        authority_line_ = static_cast<uint32_t>(lines_.size());
      } else if (!equals_ignoring_case(value, value_of(lines_[authority_line_]))) {
        refuse(authority_.empty() ? Refusal::kDuplicateHost : Refusal::kHostMismatch);
      }
      return;
    case FieldId::kContentLength:
      if (present_.has(id)) return refuse(Refusal::kDuplicateContentLength);
      if (!parse_length(value, content_length_)) refuse(Refusal::kInvalidContentLength);
      return;
    case FieldId::kExpect:
      if (!equals_ignoring_case(value, "100-continue")) refuse(Refusal::kUnknownExpectation);
      expect_continue_ = true;
      return;
    case FieldId::kTe:
      accepts_trailers_ = true;  // the only value that HTTP/2 allows
      return;
    case FieldId::kConnection:
    case FieldId::kKeepAlive:
    case FieldId::kProxyConnection:
    case FieldId::kTransferEncoding:
    case FieldId::kUpgrade:
      return refuse(Refusal::kInvalidConnection);  // RFC 9113 8.2.2
    default:
      return;
  }
}

// ---- Lines.

void Http2Head::start(const HeadLimits& limits) {
  started_ = true;
  check_protocol();
  const size_t line_bytes = method_text_.size() + path_.size() + kVersionText.size() + 2;
  if (line_bytes > limits.first_line_bytes_max) return refuse(Refusal::kFirstLineTooLong);
  text_.reserve(512);
  lines_.reserve(16);
  text_.append(method_text_).append(" ").append(path_).append(" ").append(kVersionText);
  text_.append("\r\n");
  if (authority_.empty()) return;
  add_line("host", authority_, FieldId::kHost);
}

void Http2Head::finish(bool has_body, const HeadLimits& limits) {
  if (!started_ && refusal_ == Refusal::kNone) start(limits);
  if (refusal_ != Refusal::kNone) return;
  if (!cookie_.empty()) add_line("cookie", cookie_, FieldId::kCookie);
  if (websocket_) {
    add_line("upgrade", kWebSocketToken, FieldId::kUpgrade);
    add_line(kWebSocketKeyName, std::string(kWebSocketKeyBytes, '0'), FieldId::kOther);
    key_at_ = static_cast<uint32_t>(text_.size() - kWebSocketKeyBytes - 2);
  }
  frame_body(has_body);
  text_.append("\r\n");
  if (!scheme_is_known_) return refuse(Refusal::kInvalidTarget);
  refuse(check_target());
}

void Http2Head::set_websocket_key(const WebSocketKey& key) {
  DCHECK(websocket_ && refusal_ == Refusal::kNone);
  text_.replace(key_at_, key.size(), key.data(), key.size());
}

std::string_view Http2Head::websocket_key() const {
  return std::string_view(text_).substr(key_at_, kWebSocketKeyBytes);
}

void Http2Head::frame_body(bool has_body) {
  if (websocket_) {
    // What comes on the stream is the tunnel's, and begins behind the answer.
    if (present_.has(FieldId::kContentLength)) refuse(Refusal::kInvalidContentLength);
    return;
  }
  if (present_.has(FieldId::kContentLength)) {
    body_ = {.kind = Framing::kLength, .length = content_length_};
    if (!has_body && content_length_ != 0) refuse(Refusal::kInvalidContentLength);
  } else if (has_body) {
    body_.kind = Framing::kChunked;
    add_line("transfer-encoding", "chunked", FieldId::kTransferEncoding);
  }
}

Refusal Http2Head::check_target() {
  internal::Target target;
  Refusal refusal = internal::parse_target(method_, path_, target);
  if (refusal != Refusal::kNone) return refusal;
  // RFC 9113 8.3.1: :path is an origin-form or "*"; CONNECT has none at all.
  if (target.form != TargetForm::kOrigin && target.form != TargetForm::kAsterisk) {
    return Refusal::kTargetForm;
  }
  if (!present_.has(FieldId::kHost)) return Refusal::kMissingHost;
  internal::Authority authority;
  refusal = internal::parse_authority(value_of(lines_[authority_line_]), authority);
  host_bytes_ = static_cast<uint32_t>(authority.host.size());
  port_ = authority.port;
  return refusal;
}

std::string_view Http2Head::value_of(const Line& line) const {
  return std::string_view(text_).substr(line.at + line.name_bytes + 2, line.value_bytes);
}

RequestHead Http2Head::view(std::span<Field> fields) const {
  DCHECK(refusal_ == Refusal::kNone && lines_.size() <= fields.size());
  RequestHead head;
  const std::string_view text = text_;
  head.bytes = text;
  head.method = method_;
  head.method_text = text.substr(0, method_text_.size());
  head.target = text.substr(method_text_.size() + 1, path_.size());
  const size_t path_bytes = std::min(head.target.find('?'), head.target.size());
  head.path = head.target.substr(0, path_bytes);
  head.query = head.target.substr(path_bytes);
  head.target_form = head.target == "*" ? TargetForm::kAsterisk : TargetForm::kOrigin;
  head.authority = value_of(lines_[authority_line_]);
  head.host = head.authority.substr(0, host_bytes_);
  head.port = port_;
  for (size_t i = 0; i < lines_.size(); ++i) {
    const Line& line = lines_[i];
    fields[i] = {text.substr(line.at, line.name_bytes), value_of(line), line.id};
  }
  head.fields = FieldList(fields.first(lines_.size()), present_);
  head.body = body_;
  head.keep_alive = true;
  head.connection.upgrade = head.wants_upgrade = websocket_;
  head.expect_continue = expect_continue_ && body_.has_bytes();
  head.accepts_trailers = accepts_trailers_;
  return head;
}

}  // namespace understudy::http
