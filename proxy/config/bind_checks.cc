// SPDX-License-Identifier: Apache-2.0
// ProxyHCExpr and ProxyHCTemplate: what hcexpr= and hctemplate= behind a member stand for. Of
// Apache's expressions those that a check is for are understood: comparisons of the answer's status
// and body with a regular expression or a number, joined by &&.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/pattern.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = std::min(text.find_first_not_of(' '), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(' ') + 1);
}

// "/TEXT/", "m#TEXT#" and with i behind it; empty: it is none of them.
std::string pattern_of(std::string_view text) {
  if (text.starts_with('m') && text.size() > 2) text.remove_prefix(1);
  if (text.size() < 3) return {};
  const std::size_t end = text.rfind(text.front());
  if (end == 0) return {};
  const std::string_view flags = text.substr(end + 1);
  if (!flags.empty() && flags != "i") return {};
  return (flags.empty() ? "" : "(?i)") + std::string(text.substr(1, end - 1));
}

// "%{REQUEST_STATUS} =~ /^2/", "%{REQUEST_STATUS} -eq 200", "hc('body') !~ /down/".
std::optional<CheckRule> rule_of(std::string_view text) {
  CheckRule rule;
  constexpr std::string_view kStatus = "%{REQUEST_STATUS}";
  const std::string_view kBodies[] = {"hc('body')", "hc(body)", "hc(\"body\")"};
  if (text.starts_with(kStatus)) {
    text.remove_prefix(kStatus.size());
  } else {
    const auto* const body =
        std::find_if(std::begin(kBodies), std::end(kBodies),
                     [text](std::string_view name) { return text.starts_with(name); });
    if (body == std::end(kBodies)) return {};
    rule.is_of_body = true;
    text.remove_prefix(body->size());
  }
  text = trimmed(text);
  const std::size_t blank = std::min(text.find(' '), text.size());
  const std::string_view sign = text.substr(0, blank);
  const std::string_view wanted = trimmed(text.substr(blank));
  if (sign == "=~" || sign == "!~") {
    rule.is_negated = sign == "!~";
    rule.pattern = pattern_of(wanted);
    if (rule.pattern.empty() || !Pattern::compile(rule.pattern)) return {};
    return rule;
  }
  std::string_view number = wanted;
  if (number.size() > 2 && number.front() == '\'' && number.ends_with('\'')) {
    number = number.substr(1, number.size() - 2);
  }
  const bool is_number = !number.empty() && number.size() == 3 &&
                         number.find_first_not_of("0123456789") == std::string_view::npos;
  if (rule.is_of_body || !is_number) return {};
  if (sign != "-eq" && sign != "-ne" && sign != "==" && sign != "!=" && sign != "=") return {};
  rule.is_negated = sign == "-ne" || sign == "!=";
  rule.pattern = "^" + std::string(number) + "$";
  return rule;
}

// The last ProxyHCExpr or ProxyHCTemplate of that name, of the host or outside of it.
const conf::Directive* definition(const Scope& scope, std::string_view directive,
                                  std::string_view name) {
  for (const Scope* each = &scope; each != nullptr; each = each->outer) {
    const conf::Directive* found = nullptr;
    for (const conf::Directive* one : each->settings.all_here(directive)) {
      if (one->arguments.front().text == name) found = one;
    }
    if (found != nullptr) return found;
  }
  return nullptr;
}

}  // namespace

std::optional<std::vector<CheckRule>> check_rules(std::string_view expression) {
  std::vector<CheckRule> rules;
  for (;;) {
    const std::size_t end = std::min(expression.find(" && "), expression.size());
    auto rule = rule_of(trimmed(expression.substr(0, end)));
    if (!rule) return {};
    rules.push_back(*std::move(rule));
    if (end == expression.size()) return rules;
    expression.remove_prefix(end + 4);
  }
}

conf::Directive with_check_words(const conf::Directive& directive, const Scope& scope,
                                 conf::Diagnostics& diagnostics) {
  conf::Directive out = directive;
  out.arguments.clear();
  const auto add = [&](const conf::Word& word, const auto& self) -> void {
    const std::size_t equals = word.text.find('=');
    const std::string_view key = std::string_view(word.text).substr(0, equals);
    const bool is_template = conf::equal_ignoring_case(key, "hctemplate");
    if (equals == std::string::npos ||
        (!is_template && !conf::equal_ignoring_case(key, "hcexpr"))) {
      return out.arguments.push_back(word);
    }
    const std::string name = word.text.substr(equals + 1);
    const conf::Directive* const found =
        definition(scope, is_template ? "ProxyHCTemplate" : "ProxyHCExpr", name);
    if (found == nullptr) {
      diagnostics.error(word, std::string("there is no ") +
                                  (is_template ? "ProxyHCTemplate " : "ProxyHCExpr ") + name);
      return;
    }
    if (is_template) {
      for (std::size_t i = 1; i < found->arguments.size(); ++i) self(found->arguments[i], self);
      return;
    }
    std::string text;
    for (std::size_t i = 1; i < found->arguments.size(); ++i) {
      text += (text.empty() ? "" : " ") + found->arguments[i].text;
    }
    if (text.starts_with('{') && text.ends_with('}')) text = text.substr(1, text.size() - 2);
    if (!check_rules(text)) {
      diagnostics.error(found->arguments.front(),
                        "a check compares %{REQUEST_STATUS} or hc('body') with /EXPRESSION/ by =~ "
                        "or !~, or the status with a number by -eq or -ne, joined by &&");
      return;
    }
    conf::Word made = word;
    made.text = "hcexpr=" + text;
    out.arguments.push_back(std::move(made));
  };
  for (const conf::Word& word : directive.arguments) add(word, add);
  return out;
}

}  // namespace understudy::config
