// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/cookie_options.h"

namespace understudy {
namespace {

SecureWhen secure_of(Options::CookieSecure secure) {
  switch (secure) {
    case Options::CookieSecure::kAuto:
      return SecureWhen::kTls;
    case Options::CookieSecure::kOn:
      return SecureWhen::kAlways;
    case Options::CookieSecure::kOff:
      return SecureWhen::kNever;
  }
  return SecureWhen::kTls;
}

SameSite same_site_of(Options::CookieSameSite same_site) {
  switch (same_site) {
    case Options::CookieSameSite::kLax:
      return SameSite::kLax;
    case Options::CookieSameSite::kStrict:
      return SameSite::kStrict;
    case Options::CookieSameSite::kNone:
      return SameSite::kNone;
    case Options::CookieSameSite::kUnset:
      return SameSite::kUnset;
  }
  return SameSite::kLax;
}

}  // namespace

CookieAttributes cookie_attributes(const Options& options) {
  return {.path = options.session_cookie_path,
          .domain = options.session_cookie_domain,
          .secure = secure_of(options.session_cookie_secure),
          .http_only = options.session_cookie_http_only,
          .same_site = same_site_of(options.session_cookie_same_site)};
}

Dialect cookie_dialect(const Options& options) {
  switch (options.session_cookie_format) {
    case Options::CookieFormat::kNative:
      return Dialect::kNative;
    case Options::CookieFormat::kWeblogic:
      return Dialect::kWeblogic;
    case Options::CookieFormat::kRoute:
      return Dialect::kRoute;
  }
  return Dialect::kNative;
}

}  // namespace understudy
