// SPDX-License-Identifier: Apache-2.0
// Redirect, RedirectMatch, RedirectPermanent and RedirectTemp.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/rewriting.h"

namespace understudy::config {

namespace {

struct NamedStatus {
  std::string_view name;
  unsigned status;
};
constexpr std::array<NamedStatus, 4> kStatuses{
    {{"permanent", 301}, {"temp", 302}, {"seeother", 303}, {"gone", 410}}};

std::optional<unsigned> status_of(std::string_view text) {
  for (const NamedStatus& named : kStatuses) {
    if (conf::equal_ignoring_case(text, named.name)) return named.status;
  }
  const auto number = conf::parse_integer(text);
  if (!number || *number < 300 || *number > 599) return {};
  return static_cast<unsigned>(*number);
}

class RedirectReader final {
 public:
  RedirectReader(bool is_location, conf::Diagnostics& diagnostics)
      : is_location_(is_location), diagnostics_(diagnostics) {}

  std::optional<apache::Redirect> read(const conf::Directive& directive) {
    const std::string_view name = directive.name.text;
    const auto& words = directive.arguments;
    const bool is_match = conf::equal_ignoring_case(name, "RedirectMatch");
    apache::Redirect rule;
    std::size_t at = 0;
    if (conf::equal_ignoring_case(name, "RedirectPermanent")) {
      rule.status = 301;
    } else if (is_match || conf::equal_ignoring_case(name, "Redirect")) {
      if (const auto status = status_of(words[0].text)) {
        rule.status = *status;
        ++at;
      }
    }
    const bool has_url = apache::is_redirect(rule.status);
    const std::size_t left = words.size() - at;
    const std::size_t needed = has_url ? 2 : 1;
    const bool is_whole = is_location_ && !is_match && left + 1 == needed;
    if (left != needed && !is_whole) {
      return refuse(directive.name, has_url
                                        ? directive.name.text + " needs a path and a URL"
                                        : "a status that is no redirect takes a path and no URL");
    }
    if (!is_whole && !read_path(words[at++], is_match, rule)) return {};
    if (is_whole) rule.appends_rest = false;
    if (!has_url) return rule;
    return read_url(words[at], rule) ? std::optional(std::move(rule)) : std::nullopt;
  }

 private:
  std::nullopt_t refuse(const conf::Word& word, std::string message) {
    diagnostics_.error(word, std::move(message));
    return std::nullopt;
  }

  bool read_path(const conf::Word& word, bool is_match, apache::Redirect& rule) {
    if (is_match) {
      auto pattern = Pattern::compile(word.text);
      if (!pattern) {
        refuse(word, "no regular expression: " + pattern.error().detail);
        return false;
      }
      rule.pattern = *std::move(pattern);
      return true;
    }
    rule.path = word.text;
    if (word.text.starts_with('/')) return true;
    refuse(word, "expected a path such as /old, not '" + word.text + "'");
    return false;
  }

  bool read_url(const conf::Word& word, apache::Redirect& rule) {
    const std::string& text = word.text;
    const bool is_url = text.starts_with('/') || text.find("://") != std::string::npos ||
                        (rule.pattern && text.starts_with('$'));
    const bool is_plain = std::all_of(text.begin(), text.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte > 0x20 && byte < 0x7f;
    });
    if (!is_url || !is_plain) {
      refuse(word, "expected a URL or a path, not '" + text + "'");
      return false;
    }
    if (!rule.pattern) {
      std::string escaped;
      for (const char c : text) escaped += c == '$' ? std::string("\\$") : std::string(1, c);
      rule.url = apache::Substitution(escaped);
      return true;
    }
    rule.url = apache::Substitution(text);
    if (!rule.url.has_groups() || rule.url.highest_group() <= rule.pattern->group_count()) {
      return true;
    }
    refuse(word, "the regular expression has no group " + std::to_string(rule.url.highest_group()));
    return false;
  }

  const bool is_location_;
  conf::Diagnostics& diagnostics_;
};

}  // namespace

std::vector<apache::Redirect> bind_redirects(const conf::Settings& settings, bool is_location,
                                             conf::Diagnostics& diagnostics) {
  std::vector<apache::Redirect> redirects;
  for (const conf::Directive* directive :
       settings.all_here({"Redirect", "RedirectMatch", "RedirectPermanent", "RedirectTemp"})) {
    auto rule = RedirectReader(is_location, diagnostics).read(*directive);
    if (rule) redirects.push_back(*std::move(rule));
  }
  return redirects;
}

}  // namespace understudy::config
