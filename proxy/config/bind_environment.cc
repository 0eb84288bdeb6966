// SPDX-License-Identifier: Apache-2.0
// SetEnvIf and its relatives, SetEnv and UnsetEnv; and expressions in the words of a directive.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "proxy/apache/expression.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using apache::EnvironmentRule;
using Subject = EnvironmentRule::Subject;

class RuleReader final {
 public:
  explicit RuleReader(conf::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  std::optional<EnvironmentRule> read(const conf::Directive& directive) {
    const std::string_view name = directive.name.text;
    const auto is = [name](std::string_view other) {
      return conf::equal_ignoring_case(name, other);
    };
    EnvironmentRule rule;
    const auto& words = directive.arguments;
    if (is("SetEnvIfExpr")) {
      rule.subject = Subject::kExpression;
      rule.expression = bind_condition(words[0], words[0].text, diagnostics_);
      if (rule.expression == nullptr) return {};
      return read_assignments(words, 1, rule);
    }
    const bool ignores_case = is("SetEnvIfNoCase") || is("BrowserMatchNoCase");
    std::size_t at = 0;
    if (is("BrowserMatch") || is("BrowserMatchNoCase")) {
      rule.subject = Subject::kField;
      rule.name = "User-Agent";
    } else if (!read_subject(words[at++], rule)) {
      return {};
    }
    const conf::Word& pattern = words[at++];
    if (!compile(pattern, (ignores_case ? "(?i)" : "") + pattern.text, rule.pattern)) return {};
    return read_assignments(words, at, rule);
  }

 private:
  bool compile(const conf::Word& word, const std::string& text,
               std::shared_ptr<const Pattern>& into) {
    auto pattern = Pattern::compile(text);
    if (!pattern) {
      diagnostics_.error(word, "no regular expression: " + pattern.error().detail);
      return false;
    }
    into = *std::move(pattern);
    return true;
  }

  bool read_subject(const conf::Word& word, EnvironmentRule& rule) {
    struct Named {
      std::string_view name;
      Subject subject;
    };
    constexpr std::array<Named, 6> kNames{{{"Remote_Addr", Subject::kClient},
                                           {"Remote_Host", Subject::kClient},
                                           {"Server_Addr", Subject::kServer},
                                           {"Request_Method", Subject::kMethod},
                                           {"Request_Protocol", Subject::kProtocol},
                                           {"Request_URI", Subject::kPath}}};
    for (const Named& named : kNames) {
      if (!conf::equal_ignoring_case(word.text, named.name)) continue;
      rule.subject = named.subject;
      return true;
    }
    const bool is_pattern = word.text.find_first_of("*?[](){}^$|+.\\") != std::string::npos;
    rule.subject = is_pattern ? Subject::kFields : Subject::kField;
    rule.name = word.text;
    return !is_pattern || compile(word, "(?i)" + word.text, rule.names);
  }

  std::optional<EnvironmentRule> read_assignments(const std::vector<conf::Word>& words,
                                                  std::size_t at, EnvironmentRule& rule) {
    for (; at < words.size(); ++at) {
      std::string_view text = words[at].text;
      apache::Assignment assignment{.is_unset = text.starts_with('!')};
      if (assignment.is_unset) text.remove_prefix(1);
      const std::size_t equals = text.find('=');
      assignment.name = text.substr(0, equals);
      assignment.value = apache::Substitution(
          equals == std::string_view::npos ? std::string_view("1") : text.substr(equals + 1));
      if (assignment.name.empty()) {
        diagnostics_.error(words[at], "expected NAME, NAME=VALUE or !NAME");
        return {};
      }
      rule.assignments.push_back(std::move(assignment));
    }
    return std::move(rule);
  }

  conf::Diagnostics& diagnostics_;
};

apache::Substitution plain(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '$' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return apache::Substitution(escaped);
}

}  // namespace

std::vector<EnvironmentRule> bind_early(const conf::Settings& settings,
                                        conf::Diagnostics& diagnostics) {
  std::vector<EnvironmentRule> rules;
  for (const conf::Directive* directive : settings.all_here(
           {"SetEnvIf", "SetEnvIfNoCase", "SetEnvIfExpr", "BrowserMatch", "BrowserMatchNoCase"})) {
    auto rule = RuleReader(diagnostics).read(*directive);
    if (rule) rules.push_back(*std::move(rule));
  }
  return rules;
}

std::vector<EnvironmentRule> bind_late(const conf::Settings& settings, conf::Diagnostics&) {
  std::vector<EnvironmentRule> rules;
  for (const conf::Directive* directive : settings.all_here({"SetEnv", "UnsetEnv"})) {
    const auto& words = directive->arguments;
    EnvironmentRule rule;
    if (conf::equal_ignoring_case(directive->name.text, "SetEnv")) {
      rule.assignments.push_back(
          {.name = words[0].text,
           .value = plain(words.size() > 1 ? std::string_view(words[1].text) : "")});
    } else {
      for (const conf::Word& word : words) {
        rule.assignments.push_back({.name = word.text, .is_unset = true});
      }
    }
    rules.push_back(std::move(rule));
  }
  return rules;
}

std::shared_ptr<const apache::Expression> bind_condition(const conf::Word& where,
                                                         const std::string& text,
                                                         conf::Diagnostics& diagnostics) {
  auto expression = apache::Expression::condition(text);
  if (expression) return *std::move(expression);
  diagnostics.error(where, "no expression: " + expression.error().detail);
  return nullptr;
}

}  // namespace understudy::config
