// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/authority.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "proxy/http/scan.h"

namespace understudy::http::internal {
namespace {

// Behind the host: ':' and a port, which may be empty (RFC 3986 3.2.3).
bool parse_port(std::string_view text, uint16_t& port) {
  if (text[0] != ':' || text.size() > 6) return false;
  unsigned value = 0;
  for (char digit : text.substr(1)) {
    if (!is_digit(digit)) return false;
    value = value * 10 + static_cast<unsigned>(digit - '0');
  }
  if (value > 65535 || (value == 0 && text.size() > 1)) return false;
  port = static_cast<uint16_t>(value);
  return true;
}

// Bytes of "[...]" at the start, 0 when it is no IPv6 address in brackets.
size_t bracketed_bytes(std::string_view text) {
  const size_t close = text.find(']');
  if (close == std::string_view::npos || close < 3) return 0;
  for (char byte : text.substr(1, close - 1)) {
    if (!is(kHexDigit, byte) && byte != ':' && byte != '.') return 0;
  }
  return close + 1;
}

// Whether text of 8 to 32 bytes is of letters, digits, '-' and '.' alone, as most hosts are: a look
// at its first and its last half, which overlap.
bool is_plain_host(std::string_view text) {
  using Block = unsigned char __attribute__((vector_size(16)));
  std::array<Block, 2> blocks = {};
  auto* const to = reinterpret_cast<char*>(blocks.data());
  const char* const last = text.data() + text.size();
  if (text.size() < 16) {
    std::memcpy(to, text.data(), 8);
    std::memcpy(to + 8, last - 8, 8);
    blocks[1] = blocks[0];
  } else {
    std::memcpy(to, text.data(), 16);
    std::memcpy(to + 16, last - 16, 16);
  }
  const auto odd = [](Block c) {
    const auto is_letter = (c | 0x20) - 'a' < 26;
    const auto is_digit_or_mark = (c - '-' < 13) & (c != '/');
    return ~(is_letter | is_digit_or_mark);
  };
  const auto found = odd(blocks[0]) | odd(blocks[1]);
  std::array<uint64_t, 2> halves;
  std::memcpy(halves.data(), &found, sizeof found);
  return (halves[0] | halves[1]) == 0;
}

// Behind a reg-name with its escapes (RFC 3986 3.2.2); at a '%' that is none.
const char* behind_name(const char* at, const char* end) {
  at = scalar::skip<kHostByte>(at, end);
  while (end - at >= 3 && *at == '%' && is(kHexDigit, at[1]) && is(kHexDigit, at[2])) {
    at = scalar::skip<kHostByte>(at + 3, end);
  }
  return at;
}

Refusal parse_absolute(std::string_view text, Target& target) {
  // "http:" and "https:" are both refused where something else follows; other schemes, too.
  const size_t scheme_bytes = text.find("://");
  if (scheme_bytes == std::string_view::npos) return Refusal::kInvalidTarget;
  const std::string_view scheme = text.substr(0, scheme_bytes);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return Refusal::kInvalidTarget;
  }
  const std::string_view rest = text.substr(scheme_bytes + 3);
  const size_t authority_bytes = std::min(rest.find_first_of("/?"), rest.size());
  target.form = TargetForm::kAbsolute;
  target.authority = rest.substr(0, authority_bytes);
  target.path = rest.substr(authority_bytes);
  return Refusal::kNone;
}

}  // namespace

Refusal parse_authority(std::string_view text, Authority& authority) {
  if (text.size() >= 8 && text.size() <= 32 && is_plain_host(text)) {
    authority.host = text;
    return Refusal::kNone;
  }
  const char* const begin = text.data();
  const char* const end = begin + text.size();
  const char* const host_end =
      text.starts_with('[') ? begin + bracketed_bytes(text) : behind_name(begin, end);
  const auto host_bytes = static_cast<size_t>(host_end - begin);
  if (host_bytes == 0 ||
      (host_end != end && !parse_port(text.substr(host_bytes), authority.port))) {
    return text.find('@') == std::string_view::npos ? Refusal::kInvalidHost : Refusal::kUserinfo;
  }
  authority.host = {begin, host_bytes};
  return Refusal::kNone;
}

Refusal parse_target(Method method, std::string_view text, Target& target) {
  if (text.empty()) return Refusal::kInvalidTarget;
  if (method == Method::kConnect) {
    Authority authority;
    if (parse_authority(text, authority) != Refusal::kNone || authority.port == 0) {
      return Refusal::kTargetForm;
    }
    target.form = TargetForm::kAuthority;
    target.authority = text;
    return Refusal::kNone;
  }
  if (text == "*") {
    target.form = TargetForm::kAsterisk;
    target.path = text;
    return method == Method::kOptions ? Refusal::kNone : Refusal::kTargetForm;
  }
  target.path = text;
  if (text[0] != '/') {
    const Refusal refusal = parse_absolute(text, target);
    if (refusal != Refusal::kNone) return refusal;
  }
  const size_t path_bytes = std::min(target.path.find('?'), target.path.size());
  target.query = target.path.substr(path_bytes);
  target.path = target.path.substr(0, path_bytes);
  if (target.path.empty()) {
    // RFC 9112 3.2.4: OPTIONS for the server as a whole loses its "*" in the absolute-form.
    const bool whole_server = method == Method::kOptions && target.query.empty();
    target.path = whole_server ? "*" : "/";
  }
  return Refusal::kNone;
}

}  // namespace understudy::http::internal
