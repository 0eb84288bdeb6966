// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/reversed_cookies.h"

#include <algorithm>
#include <optional>

#include "proxy/http/char_class.h"

namespace understudy {
namespace {

using config::CookieRule;

std::string_view without_blanks(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

// An attribute's value within the line, and what stands there instead.
struct Change {
  std::string_view old_value;
  std::string_view new_value;
};

std::optional<Change> change_of(const CookieRule& rule, std::string_view value) {
  if (rule.attribute == CookieRule::Attribute::kDomain) {
    std::string_view domain = value;
    if (domain.starts_with('.')) domain.remove_prefix(1);
    if (!http::equals_ignoring_case(domain, rule.of_members)) return {};
    return Change{.old_value = value, .new_value = rule.of_clients};
  }
  // As in Apache the path is replaced as a whole when the rule's is its beginning.
  if (!value.starts_with(rule.of_members)) return {};
  const std::string_view rest = value.substr(rule.of_members.size());
  const bool is_whole_segment =
      rule.of_members.ends_with('/') || rest.empty() || rest.starts_with('/');
  if (!is_whole_segment) return {};
  return Change{.old_value = value, .new_value = rule.of_clients};
}

std::optional<Change> change_of(const std::vector<CookieRule>& rules, std::string_view attribute) {
  const std::size_t equals = attribute.find('=');
  if (equals == std::string_view::npos) return {};
  const std::string_view name = without_blanks(attribute.substr(0, equals));
  const std::string_view value = without_blanks(attribute.substr(equals + 1));
  const bool is_domain = http::equals_ignoring_case(name, "domain");
  if (!is_domain && !http::equals_ignoring_case(name, "path")) return {};
  for (const CookieRule& rule : rules) {
    if ((rule.attribute == CookieRule::Attribute::kDomain) != is_domain) continue;
    if (auto change = change_of(rule, value)) return change;
  }
  return {};
}

// Calls `on_change` for each attribute that a rule fits; how many there were. The cookie itself,
// before the first semicolon, is none.
template <typename OnChange>
std::size_t each_change(const std::vector<CookieRule>& rules, std::string_view line,
                        OnChange on_change) {
  std::size_t changes = 0;
  for (std::size_t at = line.find(';'); at != std::string_view::npos;) {
    const std::size_t next = line.find(';', at + 1);
    const std::size_t end = std::min(next, line.size());
    if (const auto change = change_of(rules, line.substr(at + 1, end - at - 1))) {
      ++changes;
      on_change(*change);
    }
    at = next;
  }
  return changes;
}

}  // namespace

void reverse_cookies(const std::vector<config::CookieRule>& rules, const http::FieldList& fields,
                     http::FieldMask& dropped, http::LineArena& lines) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id != http::FieldId::kSetCookie || dropped.test(i)) continue;
    const std::string_view line = fields[i].value;
    if (each_change(rules, line, [](const Change&) {}) == 0) continue;
    dropped.set(i);
    lines.append(fields[i].name);
    lines.append(": ");
    const char* copied = line.data();
    each_change(rules, line, [&](const Change& change) {
      lines.append(std::string_view(copied, change.old_value.data()));
      lines.append(change.new_value);
      copied = change.old_value.data() + change.old_value.size();
    });
    lines.append(std::string_view(copied, line.data() + line.size()));
    lines.append("\r\n");
  }
}

}  // namespace understudy
