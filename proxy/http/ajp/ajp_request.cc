// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/ajp/ajp_request.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"
#include "proxy/http/char_class.h"
#include "proxy/http/hop_by_hop.h"

namespace understudy::http {
namespace {

constexpr std::uint8_t kForwardRequest = 2;
constexpr std::uint8_t kStoredMethod = 0xff;
constexpr std::size_t kTextBytesMax = 0xfffe;  // 0xffff says that there is none
constexpr std::size_t kPacketHeaderBytes = 4;

// In the order of their codes, from 1 on.
constexpr std::string_view kMethods[] = {"OPTIONS",
                                         "GET",
                                         "HEAD",
                                         "POST",
                                         "PUT",
                                         "DELETE",
                                         "TRACE",
                                         "PROPFIND",
                                         "PROPPATCH",
                                         "MKCOL",
                                         "COPY",
                                         "MOVE",
                                         "LOCK",
                                         "UNLOCK",
                                         "ACL",
                                         "REPORT",
                                         "VERSION-CONTROL",
                                         "CHECKIN",
                                         "CHECKOUT",
                                         "UNCHECKOUT",
                                         "SEARCH",
                                         "MKWORKSPACE",
                                         "UPDATE",
                                         "LABEL",
                                         "MERGE",
                                         "BASELINE-CONTROL",
                                         "MKACTIVITY"};

// In the order of their codes, which begin behind this one.
constexpr std::size_t kCodedNames = 0xA000;
constexpr std::string_view kNames[] = {
    "accept",     "accept-charset", "accept-encoding", "accept-language", "authorization",
    "connection", "content-type",   "content-length",  "cookie",          "cookie2",
    "host",       "pragma",         "referer",         "user-agent"};

// Attributes by their codes.
enum class Code : std::uint8_t {
  kRemoteUser = 3,
  kAuthType = 4,
  kQueryString = 5,
  kCertificate = 7,
  kCipher = 8,
  kRequestAttribute = 10,
  kKeySize = 11,
  kSecret = 12,
  kStoredMethod = 13,
  kEnd = 0xff,
};

// How bodies are framed is the packets' business; what concerns one connection goes no further.
constexpr FieldSet kNotForwarded{
    FieldId::kConnection, FieldId::kKeepAlive,        FieldId::kProxyConnection,
    FieldId::kTe,         FieldId::kTransferEncoding, FieldId::kTrailer,
    FieldId::kUpgrade,    FieldId::kHttp2Settings,    FieldId::kExpect};

class Writer final {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}

  void byte(std::uint8_t value) {
    if (char* const at = reserve(1)) *at = static_cast<char>(value);
  }
  void number(std::size_t value) {
    if (char* const at = reserve(2)) put(at, value);
  }
  void text(std::string_view value) {
    if (value.size() > kTextBytesMax) ok_ = false;
    char* const at = reserve(value.size() + 3);
    if (at == nullptr) return;
    put(at, value.size());
    std::copy(value.begin(), value.end(), at + 2);
    at[value.size() + 2] = '\0';
  }
  void attribute(Code code, std::string_view value) {
    if (value.empty()) return;
    byte(static_cast<std::uint8_t>(code));
    text(value);
  }
  void attribute(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    byte(static_cast<std::uint8_t>(Code::kRequestAttribute));
    text(name);
    text(value);
  }
  std::size_t place() const { return size_; }
  void number_at(std::size_t place, std::size_t value) {
    if (ok_) put(room_.data() + place, value);
  }
  void fail() { ok_ = false; }
  bool ok() const { return ok_; }

 private:
  static void put(char* at, std::size_t value) {
    at[0] = static_cast<char>(value >> 8 & 0xff);
    at[1] = static_cast<char>(value & 0xff);
  }
  char* reserve(std::size_t bytes) {
    ok_ = ok_ && bytes <= room_.size() - size_;
    if (!ok_) return nullptr;
    char* const at = room_.data() + size_;
    size_ += bytes;
    return at;
  }

  std::span<char> room_;
  std::size_t size_ = 0;
  bool ok_ = true;
};

std::uint8_t code_of(std::string_view method) {
  const auto found = std::find(std::begin(kMethods), std::end(kMethods), method);
  if (found == std::end(kMethods)) return kStoredMethod;
  return static_cast<std::uint8_t>(found - std::begin(kMethods) + 1);
}

void write_field(Writer& out, std::string_view name, std::string_view value) {
  const auto* const known =
      std::find_if(std::begin(kNames), std::end(kNames),
                   [name](std::string_view each) { return equals_ignoring_case(each, name); });
  if (known != std::end(kNames)) {
    out.number(kCodedNames + 1 + static_cast<std::size_t>(known - std::begin(kNames)));
  } else {
    // A length that would be read as a code is that of no name.
    if (name.size() >= kCodedNames) out.fail();
    out.text(name);
  }
  out.text(value);
}

// Whole lines as the caller has composed them; how many they were.
std::size_t write_lines(Writer& out, std::string_view lines) {
  std::size_t count = 0;
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find("\r\n"), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 2, lines.size()));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    write_field(out, line.substr(0, colon), line.substr(colon + 2));
    ++count;
  }
  return count;
}

struct Authority {
  std::string_view text;
  std::string_view host;
  std::uint16_t port = 0;
};

Authority authority_of(const RequestHead& head, const RequestRewrite& rewrite, bool is_tls) {
  Authority out{.text = head.authority, .host = head.host, .port = head.port};
  if (!rewrite.host.empty()) {
    out = {.text = rewrite.host, .host = rewrite.host};
    const std::size_t colon = rewrite.host.rfind(':');
    if (colon != std::string_view::npos && !rewrite.host.ends_with(']')) {
      const std::string_view port = rewrite.host.substr(colon + 1);
      std::from_chars(port.data(), port.data() + port.size(), out.port);
      out.host = rewrite.host.substr(0, colon);
    }
  }
  if (out.port == 0) out.port = is_tls ? 443 : 80;
  return out;
}

std::size_t write_fields(Writer& out, const RequestHead& head, const RequestRewrite& rewrite,
                         std::string_view host) {
  std::size_t count = 0;
  const FieldList& list = head.fields;
  for (std::size_t i = rewrite.dropped.next_clear(0, list.size()); i < list.size();
       i = rewrite.dropped.next_clear(i + 1, list.size())) {
    if (kNotForwarded.has(list[i].id) || list[i].id == FieldId::kHost) continue;
    write_field(out, list[i].name, list[i].value);
    ++count;
  }
  if (!host.empty()) {
    write_field(out, "host", host);
    ++count;
  }
  return count + write_lines(out, rewrite.added);
}

void write_tls(Writer& out, const AjpFacts& facts) {
  if (!facts.is_tls) return;
  out.attribute(Code::kCertificate, facts.certificate);
  out.attribute(Code::kCipher, facts.cipher);
  if (facts.key_bits != 0) {
    out.byte(static_cast<std::uint8_t>(Code::kKeySize));
    out.number(facts.key_bits);
  }
  out.attribute("AJP_SSL_PROTOCOL", facts.tls_protocol);
}

void write_attributes(Writer& out, std::string_view query, const AjpFacts& facts) {
  out.attribute(Code::kRemoteUser, facts.user);
  out.attribute(Code::kAuthType, facts.auth_type);
  if (query.starts_with('?')) {
    out.byte(static_cast<std::uint8_t>(Code::kQueryString));
    out.text(query.substr(1));
  }
  write_tls(out, facts);
  out.attribute(Code::kSecret, facts.secret);
  if (facts.remote_port != 0) {
    char digits[5];
    const auto end = std::to_chars(digits, digits + sizeof digits, facts.remote_port).ptr;
    out.attribute("AJP_REMOTE_PORT", {digits, static_cast<std::size_t>(end - digits)});
  }
  out.attribute("AJP_LOCAL_ADDR", facts.local_address);
  for (const AjpAttribute& each : facts.attributes) out.attribute(each.name, each.value);
}

}  // namespace

std::size_t write_ajp_request(const RequestHead& head, const RequestRewrite& rewrite,
                              const AjpFacts& facts, std::span<char> room) {
  DCHECK(room.size() <= kAjpPacketBytesMax);
  std::string_view path = head.path;
  std::string_view query = head.query;
  if (!rewrite.target.empty()) {
    const std::size_t end = std::min(rewrite.target.find('?'), rewrite.target.size());
    path = rewrite.target.substr(0, end);
    query = rewrite.target.substr(end);
  }
  const std::uint8_t method = code_of(head.method_text);
  const Authority authority = authority_of(head, rewrite, facts.is_tls);

  Writer out(room);
  out.number(0x1234);
  out.number(0);  // the packet's length
  out.byte(kForwardRequest);
  out.byte(method);
  out.text("HTTP/1.1");
  out.text(path);
  out.text(facts.remote_address);
  out.text(facts.remote_address);  // in place of its name, which is not looked up
  out.text(authority.host);
  out.number(authority.port);
  out.byte(facts.is_tls ? 1 : 0);
  const std::size_t count_place = out.place();
  out.number(0);  // of the fields
  const std::size_t fields = write_fields(out, head, rewrite, authority.text);
  if (method == kStoredMethod) out.attribute(Code::kStoredMethod, head.method_text);
  write_attributes(out, query, facts);
  out.byte(static_cast<std::uint8_t>(Code::kEnd));
  if (!out.ok()) return 0;
  out.number_at(count_place, fields);
  out.number_at(2, out.place() - kPacketHeaderBytes);
  return out.place();
}

std::array<char, kAjpBodyHeaderBytes> ajp_body_header(std::size_t bytes) {
  DCHECK(bytes != 0 && bytes + kAjpBodyHeaderBytes <= kAjpPacketBytesMax);
  const std::size_t packet = bytes + 2;
  return {'\x12',
          '\x34',
          static_cast<char>(packet >> 8),
          static_cast<char>(packet & 0xff),
          static_cast<char>(bytes >> 8),
          static_cast<char>(bytes & 0xff)};
}

}  // namespace understudy::http
