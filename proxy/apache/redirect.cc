// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/redirect.h"

#include <algorithm>
#include <array>

#include "proxy/apache/variables.h"

namespace understudy::apache {
namespace {

// What stands behind `path`; nothing when it is another one.
std::optional<std::string_view> rest_behind(std::string_view path, std::string_view whole) {
  if (!whole.starts_with(path)) return {};
  const std::string_view rest = whole.substr(path.size());
  if (!path.empty() && !path.ends_with('/') && !rest.empty() && rest.front() != '/') return {};
  return rest;
}

Verdict answer(const Redirect& rule, std::string url, const Request& request) {
  if (!is_redirect(rule.status)) {
    return {.status = rule.status, .sentence = "What was at this address is not there any more."};
  }
  url = whole_url(url, request);
  if (!request.query.empty() && url.find('?') == std::string::npos) {
    url += '?';
    url += request.query;
  }
  return redirect_to(url, rule.status);
}

}  // namespace

bool is_redirect(unsigned status) {
  return status >= 300 && status < 400;
}

std::string whole_url(std::string_view url, const Request& request) {
  if (!url.starts_with('/')) return std::string(url);
  const std::string_view scheme = request.is_tls ? "https://" : "http://";
  const std::string host =
      request.authority.empty() ? variable("SERVER_NAME", request) : std::string(request.authority);
  return std::string(scheme) + host + std::string(url);
}

Verdict redirect_to(std::string_view url, unsigned status) {
  std::string lines = "Location: ";
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte >= 0x7f) continue;  // nothing may end the line
    lines += c;
  }
  return {.status = status,
          .lines = lines + "\r\n",
          .sentence = "What you asked for is at another address."};
}

Verdict redirect(const std::vector<Redirect>& redirects, const Request& request) {
  std::array<std::string_view, Pattern::kGroupsMax> groups;
  for (const Redirect& rule : redirects) {
    if (rule.pattern) {
      if (!rule.pattern->find(request.path, 0, groups)) continue;
      return answer(rule, rule.url.apply_encoded(groups), request);
    }
    const auto rest = rest_behind(rule.path, request.path);
    if (!rest) continue;
    std::string url = rule.url.apply({});
    if (rule.appends_rest) url += encoded(*rest);
    return answer(rule, std::move(url), request);
  }
  return {};
}

}  // namespace understudy::apache
