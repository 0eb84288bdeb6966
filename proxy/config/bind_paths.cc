// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::size_t kPathBytesMax = 1024;
constexpr std::string_view kBalancerScheme = "balancer://";

bool is_path_byte(char c) {
  const bool digit_or_letter =
      (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return digit_or_letter || std::string_view("-._~!$&'()*+,=:@/").find(c) != std::string_view::npos;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// A path directive's value without its slash at the end; empty when it is not written, and after an
// error.
std::string path_of(const conf::Settings& settings, std::string_view name,
                    conf::Diagnostics& diagnostics) {
  const conf::Directive* directive = settings.directive(name);
  if (directive == nullptr) return {};
  const conf::Word& word = directive->arguments.front();
  const std::string_view path = without_slash(word.text);
  if (path.empty() && word.text.starts_with('/')) return {};
  if (is_plain_path(path)) return std::string(path);
  diagnostics.error(word, std::string(name) + " is a path such as /shop, without '//', '..', '%'");
  return {};
}

std::string default_file_of(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  const conf::Directive* directive = settings.directive("DefaultFileName");
  if (directive == nullptr) return {};
  const conf::Word& word = directive->arguments.front();
  std::string_view file = word.text;
  if (file.starts_with('/')) file.remove_prefix(1);
  if (is_plain_path("/" + std::string(file))) return std::string(file);
  diagnostics.error(word, "DefaultFileName is a file such as index.jsp, not '" + word.text + "'");
  return {};
}

// It may be written without its dot.
std::string extension_of(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  const conf::Directive* directive = settings.directive("TrimExt");
  if (directive == nullptr) return {};
  const conf::Word& word = directive->arguments.front();
  const std::string extension = word.text.starts_with('.') ? word.text : "." + word.text;
  const bool is_plain = extension.size() > 1 && is_plain_path("/x" + extension) &&
                        extension.find('/') == std::string::npos &&
                        extension.find("..") == std::string::npos;
  if (is_plain) return extension;
  diagnostics.error(word, "TrimExt is an extension such as .wl, not '" + word.text + "'");
  return {};
}

void add_cookie_rule(const conf::Directive& directive, CookieRule::Attribute attribute,
                     std::vector<CookieRule>& rules, conf::Diagnostics& diagnostics) {
  for (const conf::Word& word : directive.arguments) {
    const bool is_path = attribute == CookieRule::Attribute::kPath;
    const bool is_said = std::all_of(word.text.begin(), word.text.end(), [](char c) {
      return c > ' ' && c < 0x7f && c != ';' && c != ',' && c != '"';
    });
    if (!word.text.empty() && is_said && (!is_path || word.text.starts_with('/'))) continue;
    diagnostics.error(word, is_path
                                ? "expected a path such as /app, not '" + word.text + "'"
                                : "expected a domain such as example.org, not '" + word.text + "'");
    return;
  }
  CookieRule rule{.attribute = attribute,
                  .of_members = directive.arguments[0].text,
                  .of_clients = directive.arguments[1].text};
  if (attribute == CookieRule::Attribute::kDomain) {
    rule.of_members = lower(rule.of_members);
    if (rule.of_members.starts_with('.')) rule.of_members.erase(0, 1);
  }
  rules.push_back(std::move(rule));
}

// Patterns may stand in several words, and several in one word between commas.
void add_excluded(const conf::Word& word, std::vector<std::string>& patterns,
                  conf::Diagnostics& diagnostics) {
  std::string_view rest = word.text;
  while (!rest.empty()) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view pattern = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (pattern.starts_with('/') || pattern.starts_with('*')) {
      patterns.emplace_back(pattern);
    } else {
      diagnostics.error(word, "expected patterns such as *.gif or /private/*, not '" +
                                  std::string(pattern) + "'");
    }
  }
}

// The authority of a URL behind its scheme, "balancer://name" having none; nothing is no URL.
std::optional<std::string_view> target_of(std::string_view url, std::string& authority) {
  if (url.starts_with('/')) return url;
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://"), std::string_view("ws://"),
        std::string_view("wss://"), std::string_view("h2c://"), std::string_view("h2://"),
        std::string_view("ajp://"), kBalancerScheme}) {
    if (!url.starts_with(scheme)) continue;
    url.remove_prefix(scheme.size());
    const std::size_t slash = std::min(url.find('/'), url.size());
    if (slash == 0) return {};
    if (scheme != kBalancerScheme) authority = lower(url.substr(0, slash));
    return url.substr(slash);
  }
  return {};
}

void add_reverse_rule(const conf::Directive& directive, const Scope& scope, const Seeds& seeds,
                      std::vector<ReverseRule>& rules, conf::Diagnostics& diagnostics) {
  const std::string_view path = scope.path;
  const std::size_t target = scope.is_location ? 0 : 1;
  // Apache takes one more word outside of a location, and looks whether it is "interpolate".
  const std::size_t most = scope.is_location ? 1 : target + 2;
  if (directive.arguments.size() < target + 1 || directive.arguments.size() > most) {
    diagnostics.error(directive.name, scope.is_location
                                          ? "inside a location ProxyPassReverse takes the URL alone"
                                          : "ProxyPassReverse takes a path and a URL here");
    return;
  }
  ReverseRule rule;
  const conf::Word& word = directive.arguments[target];
  const auto of_members = target_of(word.text, rule.authority);
  if (!of_members) {
    diagnostics.error(word,
                      "expected http://host:port/path, \"balancer://name/path\" or /path, "
                      "not '" +
                          word.text + "'");
    return;
  }
  rule.path = without_slash(*of_members);
  rule.is_bare = word.text.starts_with('/');
  const std::string_view of_clients =
      scope.is_location ? path : std::string_view(directive.arguments[0].text);
  if (!of_clients.starts_with('/')) {
    diagnostics.warning(directive.arguments[0],
                        "this does nothing: it is taken for a path, as in Apache, and no path "
                        "begins so; write /shop");
    return;
  }
  rule.client_path = without_slash(of_clients);
  const bool is_balancer = word.text.starts_with(kBalancerScheme);
  for (const MemberSeed& member : seeds.members) {
    if (!is_balancer || member.path.empty()) continue;
    ReverseRule of_member = rule;
    of_member.authority = lower(member.address);
    of_member.path = member.path + rule.path;
    rules.push_back(std::move(of_member));
  }
  rules.push_back(std::move(rule));
}

}  // namespace

bool is_plain_path(std::string_view text) {
  if (!text.starts_with('/') || text.size() > kPathBytesMax) return false;
  if (!std::all_of(text.begin(), text.end(), is_path_byte)) return false;
  // Segments of dots, and empty ones, are not what a normalised path has.
  std::string_view rest = text.substr(1);
  for (;;) {
    const std::size_t slash = rest.find('/');
    const std::string_view segment = rest.substr(0, slash);
    if (segment == "." || segment == "..") return false;
    if (slash == std::string_view::npos) return true;
    if (segment.empty()) return false;
    rest.remove_prefix(slash + 1);
  }
}

std::string_view without_slash(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return path;
}

PathRules bind_path_rules(const conf::Settings& settings, std::string_view path, const Seeds& seeds,
                          conf::Diagnostics& diagnostics) {
  PathRules rules;
  const std::optional<std::string>& target_path = seeds.target_path;
  rules.trim = path_of(settings, "PathTrim", diagnostics);
  rules.prepend = path_of(settings, "PathPrepend", diagnostics);
  rules.default_file = default_file_of(settings, diagnostics);
  rules.trim_extension = extension_of(settings, diagnostics);
  if (!target_path) return rules;
  rules.as_sent = false;  // as ProxyPass has it
  for (const std::string_view name : {"PathTrim", "PathPrepend"}) {
    const conf::Directive* directive = settings.directive(name);
    if (directive == nullptr) continue;
    diagnostics.error(directive->name, "ProxyPass has replaced the path " + std::string(path) +
                                           " already, by that of its target");
    return rules;
  }
  rules.ends_in_slash = seeds.ends_in_slash;
  rules.trim = without_slash(path);
  rules.prepend = *target_path;
  return rules;
}

std::vector<std::string> bind_excluded(const Scope& innermost, conf::Diagnostics& diagnostics) {
  std::vector<std::string> patterns;
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    for (const conf::Directive* directive : scope->settings.all_here("WLExcludePathOrMimeType")) {
      for (const conf::Word& word : directive->arguments) {
        add_excluded(word, patterns, diagnostics);
      }
    }
  }
  return patterns;
}

std::vector<ReverseRule> bind_reverse_rules(const Scope& innermost, const Seeds& seeds,
                                            conf::Diagnostics& diagnostics) {
  std::vector<ReverseRule> rules;
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    for (const conf::Directive* directive : scope->settings.all_here("ProxyPassReverse")) {
      add_reverse_rule(*directive, *scope, seeds, rules, diagnostics);
    }
  }
  return rules;
}

std::vector<CookieRule> bind_cookie_rules(const Scope& innermost, conf::Diagnostics& diagnostics) {
  using enum CookieRule::Attribute;
  std::vector<CookieRule> rules;
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    for (const auto* directive : scope->settings.all_here("ProxyPassReverseCookieDomain")) {
      add_cookie_rule(*directive, kDomain, rules, diagnostics);
    }
    for (const auto* directive : scope->settings.all_here("ProxyPassReverseCookiePath")) {
      add_cookie_rule(*directive, kPath, rules, diagnostics);
    }
  }
  return rules;
}

}  // namespace understudy::config
