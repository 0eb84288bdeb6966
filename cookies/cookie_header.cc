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

bool is_cookie_called(std::string_view part, std::string_view name) {
  return part.size() > name.size() && part[name.size()] == '=' &&
         std::memcmp(part.data(), name.data(), name.size()) == 0;
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

std::optional<std::string_view> find_path_parameter(std::string_view target,
                                                    std::string_view name) {
  if (name.empty()) return std::nullopt;
  std::string_view rest = target.substr(0, target.find_first_of("?#"));
  while (true) {
    const std::size_t mark = rest.find(';');
    if (mark == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(mark + 1);
    if (is_cookie_called(rest, name)) {
      const std::string_view value = rest.substr(name.size() + 1);
      return value.substr(0, value.find_first_of(";/"));
    }
  }
}

std::string remove_cookie(std::string_view header, std::string_view name) {
  std::string kept;
  kept.reserve(header.size());
  while (!header.empty()) {
    const std::string_view part = trim(next_part(header));
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
  return line;
}

}  // namespace understudy
