// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cookies as text in HTTP: find or remove one in a Cookie line, find a path parameter, build a
// Set-Cookie line. It does not know what an affinity cookie means (affinity.h does) and keeps
// nothing. Pure functions, any thread. Called by proxy/exchange and backend_sdk.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace understudy {

// The value of the first cookie called `name` (exactly, case-sensitive), without the quotes that
// may surround it; nothing if there is none. An empty value is a value. Parts are divided at every
// ';', inside quotes too, as browsers do (RFC 6265 5.2): a quote never hides the next cookie.
// One pass, no allocation; the view points into `header`.
std::optional<std::string_view> find_cookie(std::string_view header, std::string_view name);

// The same over several Cookie lines, in their order.
std::optional<std::string_view> find_cookie(std::span<const std::string_view> headers,
                                            std::string_view name);

// The value of the first `;name=value` in the path of a request target, the name in any letter case
// (containers write JSESSIONID as ;jsessionid=): ends at ';', '/', '?' or '#', and nothing after
// the first '?' or '#' is looked at. ';', '=' and any byte of the value may be percent-encoded, as
// mail programs and redirects leave them; such a value is written to `room`, and one that has no
// place there is none. The view points into `target` or `room`. No allocation.
std::optional<std::string_view> find_path_parameter(std::string_view target, std::string_view name,
                                                    std::span<char> room);

// Cuts the next cookie, `name=value` without blanks around it, off a Cookie line; empty parts may
// come. And whether that is the cookie called so.
std::string_view next_cookie(std::string_view& header);
bool is_cookie_called(std::string_view cookie, std::string_view name);

// `header` without any cookie called `name`; the other parts keep their bytes and order and are
// joined by "; ". Empty when nothing is left: then the whole line goes.
std::string remove_cookie(std::string_view header, std::string_view name);

enum class SameSite : std::uint8_t { kUnset, kLax, kStrict, kNone };
enum class SecureWhen : std::uint8_t { kTls, kAlways, kNever };  // kTls: the client's side is TLS

// What an operator may choose of a cookie that we set.
struct CookieAttributes {
  std::string path = "/";
  std::string domain = {};  // empty: the host that was asked, and no other
  SecureWhen secure = SecureWhen::kTls;
  bool http_only = true;
  SameSite same_site = SameSite::kLax;
  bool partitioned = false;                          // CHIPS: for third-party frames
  std::optional<std::chrono::seconds> max_age = {};  // nothing: until the browser closes

  bool is_secure(bool client_has_tls) const {
    return secure == SecureWhen::kAlways || (secure == SecureWhen::kTls && client_has_tls);
  }
  bool operator==(const CookieAttributes&) const = default;
};
// One sentence about what cannot be so, or an empty one.
std::string fault_of(const CookieAttributes& attributes);

struct SetCookie {
  std::string_view name;
  std::string_view value;
  std::string_view path = "/";
  std::string_view domain = {};  // empty: the host that was asked, and no other
  bool http_only = true;
  bool secure = false;
  SameSite same_site = SameSite::kLax;
  bool partitioned = false;
  std::optional<std::chrono::seconds> max_age = {};  // nothing: until the browser closes; 0: delete
};

// The value of a Set-Cookie line. Nothing when a field has a byte that would end it early or start
// another attribute: control characters, ';', and in name and value all that RFC 6265 4.1.1
// forbids.
std::optional<std::string> build_set_cookie(const SetCookie& cookie);
std::optional<std::string> build_set_cookie(std::string_view name, std::string_view value,
                                            const CookieAttributes& attributes,
                                            bool client_has_tls);

}  // namespace understudy
