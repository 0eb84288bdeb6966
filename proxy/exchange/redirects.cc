// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/redirects.h"

#include <algorithm>

#include "proxy/http/char_class.h"

namespace understudy {
namespace {

struct Url {
  std::string_view scheme;     // empty: a path alone
  std::string_view authority;  // without the scheme's own port
  std::string_view path;       // with query and fragment; may be empty behind an authority
};

std::string_view without_default_port(std::string_view authority, std::string_view scheme) {
  const std::string_view port = http::equals_ignoring_case(scheme, "https") ? ":443" : ":80";
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

// "//host/path" is no path, and is left alone.
bool take_apart(std::string_view text, Url& url) {
  if (text.starts_with('/')) {
    url.path = text;
    return !text.starts_with("//");
  }
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return false;
  url.scheme = text.substr(0, colon);
  if (!http::equals_ignoring_case(url.scheme, "http") &&
      !http::equals_ignoring_case(url.scheme, "https")) {
    return false;
  }
  const std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  url.authority = without_default_port(rest.substr(0, end), url.scheme);
  url.path = rest.substr(end);
  return true;
}

bool is_ours(const config::ReverseRule& rule, const RedirectFacts& facts, const Url& url) {
  if (url.scheme.empty()) return rule.is_bare;
  const auto is = [&](std::string_view authority) {
    return !authority.empty() &&
           http::equals_ignoring_case(url.authority, without_default_port(authority, url.scheme));
  };
  if (is(facts.authority)) return true;
  return rule.authority.empty() ? is(facts.member) : is(rule.authority);
}

// The path behind the rule's, at the end of a segment; false when it is another.
bool take_prefix(std::string_view prefix, std::string_view& path) {
  if (!path.starts_with(prefix)) return false;
  const std::string_view rest = path.substr(prefix.size());
  if (!rest.empty() && std::string_view("/?#;").find(rest.front()) == std::string_view::npos) {
    return false;
  }
  path = rest;
  return true;
}

bool add_reversed(const std::vector<config::ReverseRule>& rules, const RedirectFacts& facts,
                  const http::Field& field, http::LineArena& lines) {
  Url url;
  if (!take_apart(field.value, url)) return false;
  for (const config::ReverseRule& rule : rules) {
    std::string_view rest = url.path;
    if (!is_ours(rule, facts, url) || !take_prefix(rule.path, rest)) continue;
    lines.append(field.name);
    lines.append(": ");
    if (!url.scheme.empty() && !facts.authority.empty()) {
      lines.append(facts.scheme);
      lines.append("://");
      lines.append(facts.authority);
    }
    lines.append(rule.client_path);
    if (rule.client_path.empty() && !rest.starts_with('/')) lines.append("/");
    lines.append(rest);
    lines.append("\r\n");
    return true;
  }
  return false;
}

}  // namespace

void reverse_redirects(const std::vector<config::ReverseRule>& rules, const RedirectFacts& facts,
                       const http::FieldList& fields, http::FieldMask& dropped,
                       http::LineArena& lines) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const bool is_meant = fields[i].id == http::FieldId::kLocation ||
                          (fields[i].id == http::FieldId::kOther &&
                           http::equals_ignoring_case(fields[i].name, "Content-Location"));
    if (is_meant && add_reversed(rules, facts, fields[i], lines)) dropped.set(i);
  }
}

}  // namespace understudy
