// SPDX-License-Identifier: Apache-2.0
// How sessions stick: which cookie, in which dialect, which path parameter, and what the cookie
// that the proxy inserts looks like.
#include <algorithm>
#include <array>
#include <chrono>
#include <string>
#include <string_view>

#include "conf/suggestion.h"
#include "conf/values.h"
#include "cookies/cookie_header.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::seconds;

// What insert takes where no name is given: SessionCookie's default is an application's own cookie.
constexpr std::string_view kInsertedName = "UNDERSTUDY";
constexpr std::string_view kNoParameter = "None";

// RFC 6265 4.1.1: a cookie's name is a token.
bool is_cookie_name(std::string_view text) {
  static constexpr std::string_view kSeparators = "()<>@,;:\\\"/[]?={} \t";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    const auto code = static_cast<unsigned char>(c);
    return code > 0x20 && code < 0x7F && kSeparators.find(c) == std::string_view::npos;
  });
}

// Cookies that applications set: insert would take them away.
bool is_of_applications(std::string_view name) {
  static constexpr std::array<std::string_view, 6> kNames = {
      "JSESSIONID", "PHPSESSID", "ASP.NET_SessionId", "connect.sid", "sessionid", "SESSION"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
    return conf::equal_ignoring_case(known, name);
  });
}

Dialect bind_dialect(std::string_view text) {
  for (const Dialect dialect :
       {Dialect::kNative, Dialect::kWeblogic, Dialect::kRoute, Dialect::kInsert}) {
    if (to_text(dialect) == text) return dialect;
  }
  return Dialect::kAuto;
}

SecureWhen bind_secure(std::string_view text) {
  if (text == "On") return SecureWhen::kAlways;
  return text == "Off" ? SecureWhen::kNever : SecureWhen::kTls;
}

SameSite bind_same_site(std::string_view text) {
  if (text == "Strict") return SameSite::kStrict;
  if (text == "None") return SameSite::kNone;
  return text == "Unset" ? SameSite::kUnset : SameSite::kLax;
}

seconds bind_seconds(const conf::Settings& settings, std::string_view name) {
  return std::chrono::ceil<seconds>(settings.duration(name));
}

void bind_name(const conf::Settings& settings, const Seeds& seeds, Cluster& cluster,
               Binding& binding) {
  const conf::Directive* directive = settings.directive("SessionCookie");
  cluster.session_cookie = settings.text("SessionCookie");
  const bool inserts = cluster.dialect == Dialect::kInsert;
  if (directive == nullptr && inserts) cluster.session_cookie = kInsertedName;
  if (directive == nullptr && !seeds.session_cookie.empty()) {
    cluster.session_cookie = seeds.session_cookie;
  }
  if (directive == nullptr) return;
  const conf::Word& word = directive->arguments.front();
  if (!is_cookie_name(cluster.session_cookie)) {
    binding.diagnostics().error(word,
                                "a cookie's name has no blanks and none of ()<>@,;:\\\"/[]?={}");
  } else if (inserts && is_of_applications(cluster.session_cookie)) {
    binding.diagnostics().warning(
        word, cluster.session_cookie +
                  " is a cookie of applications; with insert the proxy sets it itself and takes it "
                  "out of every request");
  }
}

void bind_parameter(const conf::Settings& settings, const Seeds& seeds, Cluster& cluster,
                    Binding& binding) {
  // The proxy's own cookie is in no path, and the SDK writes none into paths.
  const bool is_foreign =
      cluster.dialect != Dialect::kInsert && cluster.dialect != Dialect::kNative;
  if (is_foreign) cluster.session_parameter = cluster.session_cookie;
  if (!seeds.session_parameter.empty()) cluster.session_parameter = seeds.session_parameter;
  if (const conf::Directive* directive = settings.directive("SessionParameter")) {
    cluster.session_parameter = settings.text("SessionParameter");
    if (conf::equal_ignoring_case(cluster.session_parameter, kNoParameter)) {
      cluster.session_parameter.clear();
    } else if (!is_cookie_name(cluster.session_parameter)) {
      binding.diagnostics().error(directive->arguments.front(),
                                  "a parameter's name has no blanks and none of "
                                  "()<>@,;:\\\"/[]?={}; None means that there is none");
    }
  }
  if (cluster.dialect == Dialect::kInsert) cluster.session_parameter.clear();
}

void bind_inserted(const conf::Settings& settings, Cluster& cluster, Binding& binding) {
  InsertedCookie& inserted = cluster.inserted;
  inserted.idle_max = bind_seconds(settings, "SessionCookieMaxIdle");
  inserted.life_max = bind_seconds(settings, "SessionCookieMaxLife");
  CookieAttributes& attributes = inserted.attributes;
  attributes.path = settings.text("SessionCookiePath");
  attributes.domain = settings.text("SessionCookieDomain");
  attributes.secure = bind_secure(settings.text("SessionCookieSecure"));
  attributes.http_only = settings.flag("SessionCookieHttpOnly");
  attributes.partitioned = settings.flag("SessionCookiePartitioned");
  attributes.same_site = bind_same_site(settings.text("SessionCookieSameSite"));
  const seconds max_age = bind_seconds(settings, "SessionCookieMaxAge");
  if (max_age.count() > 0) attributes.max_age = max_age;

  if (attributes.partitioned && attributes.secure == SecureWhen::kNever) {
    const conf::Directive* directive = settings.directive("SessionCookiePartitioned");
    binding.diagnostics().error(directive->arguments.front(),
                                "browsers refuse a Partitioned cookie that is not Secure; leave "
                                "SessionCookieSecure Off out");
  }
  const std::string fault = fault_of(attributes);
  if (fault.empty()) return;
  for (const std::string_view name :
       {"SessionCookieSameSite", "SessionCookieDomain", "SessionCookiePath"}) {
    if (const conf::Directive* directive = settings.directive(name)) {
      return binding.diagnostics().error(directive->arguments.front(), fault);
    }
  }
}

}  // namespace

namespace {

// With keys members link the SDK, and all dialects may come.
bool has_own_words(const conf::Settings& settings) {
  return settings.is_set("SessionCookieFormat") || settings.is_set("ClusterKeyFile");
}

// Apache's balancers stick by stickysession= and by nothing else.
bool has_no_sessions(const conf::Settings& settings, const Seeds& seeds) {
  return seeds.is_apache && seeds.session_cookie.empty() && !settings.is_set("SessionCookie") &&
         !settings.is_set("SessionParameter");
}

}  // namespace

void bind_session(const conf::Settings& settings, const Seeds& seeds, Cluster& cluster,
                  Binding& binding) {
  cluster.dialect = bind_dialect(settings.text("SessionCookieFormat"));
  if (!has_own_words(settings)) {
    if (seeds.is_plugin) cluster.dialect = Dialect::kWeblogic;
    if (seeds.is_apache) cluster.dialect = Dialect::kRoute;
    cluster.ranks_routes = !seeds.is_apache;
    if (has_no_sessions(settings, seeds)) return;
  }
  cluster.session_in_query = !seeds.session_cookie.empty();
  bind_name(settings, seeds, cluster, binding);
  bind_parameter(settings, seeds, cluster, binding);
  cluster.session_form_field = settings.text("SessionFormField");
  if (cluster.dialect != Dialect::kInsert) return;
  cluster.session_form_field.clear();
  bind_inserted(settings, cluster, binding);
}

}  // namespace understudy::config
