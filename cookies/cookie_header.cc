// SPDX-License-Identifier: Apache-2.0
#include "cookies/cookie_header.h"

#include <cstring>

namespace understudy {
namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view unquote(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

// Cuts the first part off `rest`; the parts lie between ';'.
std::string_view next_part(std::string_view& rest) {
  const void* end = std::memchr(rest.data(), ';', rest.size());
  const std::size_t size =
      end == nullptr ? rest.size()
                     : static_cast<std::size_t>(static_cast<const char*>(end) - rest.data());
  const std::string_view part = rest.substr(0, size);
  rest.remove_prefix(size == rest.size() ? size : size + 1);
  return part;
}

// RFC 6265 4.1.1 cookie-octet.
bool is_cookie_octet(char c) {
  return c > ' ' && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

// RFC 9110 5.6.2 token.
bool is_token_char(char c) {
  return c > ' ' && c < 0x7f && std::strchr("\"(),/:;<=>?@[\\]{}", c) == nullptr;
}

// What an attribute such as Path may carry: all but control characters and ';'.
bool is_attribute_char(char c) {
  return c >= ' ' && c < 0x7f && c != ';';
}

bool is_domain_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.';
}

template <typename Predicate>
bool all_of(std::string_view text, Predicate is_allowed) {
  for (char c : text) {
    if (!is_allowed(c)) return false;
  }
  return true;
}

std::string_view same_site_attribute(SameSite same_site) {
  switch (same_site) {
    case SameSite::kUnset:
      return "";
    case SameSite::kLax:
      return "; SameSite=Lax";
    case SameSite::kStrict:
      return "; SameSite=Strict";
    case SameSite::kNone:
      return "; SameSite=None";
  }
  return "";
}

}  // namespace

// The one loop that every request runs, over pointers so that a part which is not asked for costs
// little more than the memchr that skips it.
std::optional<std::string_view> find_cookie(std::string_view header, std::string_view name) {
  if (name.empty()) return std::nullopt;
  const char* at = header.data();
  const char* const end = at + header.size();
  while (at < end) {
    while (at < end && is_blank(*at)) ++at;
    const auto left = static_cast<std::size_t>(end - at);
    if (left == 0) break;
    const void* mark = std::memchr(at, ';', left);
    const char* const part_end = mark == nullptr ? end : static_cast<const char*>(mark);
    const std::string_view part(at, static_cast<std::size_t>(part_end - at));
    if (is_cookie_called(part, name)) return unquote(trim(part.substr(name.size() + 1)));
    if (mark == nullptr) break;
    at = part_end + 1;
  }
  return std::nullopt;
}

std::optional<std::string_view> find_cookie(std::span<const std::string_view> headers,
                                            std::string_view name) {
  for (std::string_view header : headers) {
    if (auto value = find_cookie(header, name)) return value;
  }
  return std::nullopt;
}

std::string_view next_cookie(std::string_view& header) {
  return trim(next_part(header));
}

bool is_cookie_called(std::string_view cookie, std::string_view name) {
  return cookie.size() > name.size() && cookie[name.size()] == '=' &&
         std::memcmp(cookie.data(), name.data(), name.size()) == 0;
}

std::string remove_cookie(std::string_view header, std::string_view name) {
  std::string kept;
  kept.reserve(header.size());
  while (!header.empty()) {
    const std::string_view part = next_cookie(header);
    if (part.empty() || (!name.empty() && is_cookie_called(part, name))) continue;
    if (!kept.empty()) kept += "; ";
    kept += part;
  }
  return kept;
}

std::optional<std::string> build_set_cookie(const SetCookie& cookie) {
  if (cookie.name.empty() || !all_of(cookie.name, is_token_char) ||
      !all_of(cookie.value, is_cookie_octet) || !all_of(cookie.path, is_attribute_char) ||
      !all_of(cookie.domain, is_attribute_char)) {
    return std::nullopt;
  }
  std::string line;
  line.reserve(cookie.name.size() + cookie.value.size() + cookie.path.size() +
               cookie.domain.size() + 96);
  line.append(cookie.name).append("=").append(cookie.value);
  if (cookie.max_age) line.append("; Max-Age=").append(std::to_string(cookie.max_age->count()));
  if (!cookie.domain.empty()) line.append("; Domain=").append(cookie.domain);
  if (!cookie.path.empty()) line.append("; Path=").append(cookie.path);
  if (cookie.secure) line.append("; Secure");
  if (cookie.http_only) line.append("; HttpOnly");
  line.append(same_site_attribute(cookie.same_site));
  if (cookie.partitioned) line.append("; Partitioned");
  return line;
}

std::optional<std::string> build_set_cookie(std::string_view name, std::string_view value,
                                            const CookieAttributes& attributes,
                                            bool client_has_tls) {
  return build_set_cookie({.name = name,
                           .value = value,
                           .path = attributes.path,
                           .domain = attributes.domain,
                           .http_only = attributes.http_only,
                           .secure = attributes.is_secure(client_has_tls),
                           .same_site = attributes.same_site,
                           .partitioned = attributes.partitioned,
                           .max_age = attributes.max_age});
}

std::string fault_of(const CookieAttributes& attributes) {
  if (!attributes.path.starts_with('/') || !all_of(attributes.path, is_attribute_char)) {
    return "a cookie's path begins with / and has no ; and no control characters";
  }
  if (!all_of(attributes.domain, is_domain_char)) {
    return "a cookie's domain is a host name such as example.com";
  }
  if (attributes.same_site == SameSite::kNone && attributes.secure == SecureWhen::kNever) {
    return "browsers refuse a cookie with SameSite=None that is not Secure";
  }
  return {};
}

}  // namespace understudy
