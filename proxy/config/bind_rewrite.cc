// SPDX-License-Identifier: Apache-2.0
// RewriteEngine, RewriteOptions, RewriteMap, RewriteCond and RewriteRule.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "conf/checker.h"
#include "proxy/config/rewriting.h"

namespace understudy::config {

namespace {

using apache::RewriteCondition;
using apache::RewriteMaps;
using apache::RewriteRule;
using apache::RewriteText;

constexpr std::size_t kRulesMax = 10'000;

// What Pattern says of an expression that RE2 cannot have.
std::string why_no_pattern(const std::string& detail) {
  return "no regular expression that is always matched in linear time (RE2): " + detail +
         "; references to groups inside of an expression, and looking ahead or behind, are what "
         "it leaves out";
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// "[R=301,L]" as its flags.
std::optional<std::vector<std::string_view>> flags_of(std::string_view text) {
  if (!text.starts_with('[') || !text.ends_with(']') || text.size() < 2) return {};
  std::vector<std::string_view> flags = conf::parts(text.substr(1, text.size() - 2), ',');
  for (std::string_view& flag : flags) flag = trimmed(flag);
  return flags;
}

class RuleReader final {
 public:
  RuleReader(Rewrites& rewrites, Binding& binding)
      : maps_(rewrites.maps), proxied_(rewrites.proxied), binding_(binding) {}

  apache::Rewriting read(const conf::Settings& settings) {
    for (const conf::Directive* written : settings.all_here({"RewriteCond", "RewriteRule"})) {
      conf::Directive directive = *written;
      directive.arguments = rewrite_words(written->arguments);
      if (directive.arguments.size() < 2 || directive.arguments.size() > 3) {
        refuse(directive.name, directive.name.text + " takes two arguments and flags");
      } else if (conf::equal_ignoring_case(directive.name.text, "RewriteCond")) {
        RewriteCondition condition;
        if (read_condition(directive, condition)) conditions_.push_back(std::move(condition));
      } else {
        RewriteRule rule{.conditions = std::exchange(conditions_, {})};
        if (read_rule(directive, rule)) rules_.push_back(std::move(rule));
        if (rules_.size() > kRulesMax) refuse(directive.name, "too many rules");
      }
    }
    return std::move(rules_);
  }

 private:
  using Kind = RewriteCondition::Kind;

  bool refuse(const conf::Word& word, std::string message) {
    binding_.diagnostics().error(word, std::move(message));
    return false;
  }

  bool read_text(const conf::Word& word, std::string_view text, RewriteText& into) {
    auto parsed = RewriteText::parse(text, maps_);
    if (!parsed) return refuse(word, parsed.error().detail);
    into = *std::move(parsed);
    return true;
  }

  bool read_pattern(const conf::Word& word, std::string_view text, bool ignores_case,
                    std::shared_ptr<const Pattern>& into) {
    auto pattern = Pattern::compile((ignores_case ? "(?i)" : "") + std::string(text));
    if (!pattern) return refuse(word, why_no_pattern(pattern.error().detail));
    into = *std::move(pattern);
    return true;
  }

  bool read_condition(const conf::Directive& directive, RewriteCondition& condition) {
    const auto& words = directive.arguments;
    if (words.size() == 3 && !read_condition_flags(words[2], condition)) return false;
    if (conf::equal_ignoring_case(words[0].text, "expr")) {
      condition.kind = Kind::kExpression;
      return read_expression(words[1], condition);
    }
    if (!read_text(words[0], words[0].text, condition.subject)) return false;
    std::string_view text = words[1].text;
    condition.is_negated = text.starts_with('!');
    if (condition.is_negated) text.remove_prefix(1);
    if (read_comparison(text, condition)) return true;
    if (text == "-F" || text == "-U") {
      return refuse(words[1],
                    "a request inside of the request is not made here; use -f or a "
                    "pattern");
    }
    return read_pattern(words[1], text, condition.ignores_case, condition.pattern);
  }

  bool read_condition_flags(const conf::Word& word, RewriteCondition& condition) {
    const auto flags = flags_of(word.text);
    if (!flags) return refuse(word, "expected flags such as [NC,OR]");
    for (const std::string_view flag : *flags) {
      const auto is = [flag](std::string_view a, std::string_view b) {
        return conf::equal_ignoring_case(flag, a) || conf::equal_ignoring_case(flag, b);
      };
      if (is("NC", "nocase")) {
        condition.ignores_case = true;
      } else if (is("OR", "ornext")) {
        condition.is_or = true;
      } else if (!is("NV", "novary")) {
        return refuse(word,
                      "RewriteCond has the flags NC, OR and NV, not '" + std::string(flag) + "'");
      }
    }
    return true;
  }

  bool read_expression(const conf::Word& word, RewriteCondition& condition) {
    condition.expression = bind_condition(word, word.text, binding_.diagnostics());
    return condition.expression != nullptr;
  }

  // False: it is a pattern.
  static bool read_comparison(std::string_view text, RewriteCondition& condition) {
    struct Named {
      std::string_view sign;
      Kind kind;
      bool takes_text;
    };
    constexpr std::array<Named, 19> kSigns{{{"<=", Kind::kLessOrEqual, true},
                                            {">=", Kind::kMoreOrEqual, true},
                                            {"<", Kind::kLess, true},
                                            {">", Kind::kMore, true},
                                            {"=", Kind::kEqual, true},
                                            {"-eq", Kind::kNumberEqual, true},
                                            {"-ne", Kind::kNumberUnequal, true},
                                            {"-lt", Kind::kNumberLess, true},
                                            {"-le", Kind::kNumberLessOrEqual, true},
                                            {"-gt", Kind::kNumberMore, true},
                                            {"-ge", Kind::kNumberMoreOrEqual, true},
                                            {"-f", Kind::kFile, false},
                                            {"-d", Kind::kDirectory, false},
                                            {"-s", Kind::kNotEmpty, false},
                                            {"-h", Kind::kLink, false},
                                            {"-L", Kind::kLink, false},
                                            {"-l", Kind::kLink, false},
                                            {"-x", Kind::kExecutable, false},
                                            {"-H", Kind::kLink, false}}};
    for (const Named& named : kSigns) {
      if (!text.starts_with(named.sign)) continue;
      std::string_view rest = text.substr(named.sign.size());
      if (!named.takes_text && !rest.empty()) continue;
      condition.kind = named.kind;
      if (named.sign.front() == '-') rest = trimmed(rest);
      const bool is_quoted = rest.size() > 1 && rest.front() == '"' && rest.back() == '"';
      condition.text = is_quoted ? rest.substr(1, rest.size() - 2) : rest;
      return true;
    }
    return false;
  }

  bool read_rule(const conf::Directive& directive, RewriteRule& rule) {
    const auto& words = directive.arguments;
    if (words.size() == 3 && !read_flags(words[2], rule)) return false;
    std::string_view pattern = words[0].text;
    rule.is_negated = pattern.starts_with('!');
    if (rule.is_negated) pattern.remove_prefix(1);
    if (!read_pattern(words[0], pattern, ignores_case_, rule.pattern)) return false;
    const std::string& to = words[1].text;
    rule.is_unchanged = to == "-";
    if (rule.is_unchanged) {
      return !rule.is_proxied || refuse(words[1], "[P] needs a URL");
    }
    rule.has_query = to.find('?') != std::string::npos;
    if (rule.is_proxied) {
      // The authority is fixed; what comes behind it is made from the request.
      const std::size_t scheme = to.find("://");
      const std::size_t end = scheme == std::string::npos
                                  ? std::string::npos
                                  : std::min(to.find_first_of("/$%?", scheme + 3), to.size());
      if (end == std::string::npos || end == scheme + 3) {
        return refuse(words[1],
                      "with [P] the URL begins with a scheme and a server that are "
                      "known: http://10.0.0.7:8080 or balancer://shop, then the path");
      }
      rule.target = static_cast<std::uint32_t>(proxied_.size());
      conf::Word url = words[1];
      url.text = to.substr(0, end);
      proxied_.push_back({.where = words[1], .url = std::move(url)});
      return read_text(words[1], std::string_view(to).substr(end), rule.to);
    }
    return read_text(words[1], to, rule.to);
  }

  bool read_flags(const conf::Word& word, RewriteRule& rule) {
    ignores_case_ = false;
    const auto flags = flags_of(word.text);
    if (!flags) return refuse(word, "expected flags such as [R=301,L]");
    return std::all_of(flags->begin(), flags->end(), [&](std::string_view flag) {
      const std::size_t equals = flag.find('=');
      const std::string_view value =
          equals == std::string_view::npos ? std::string_view() : flag.substr(equals + 1);
      return read_flag(word, flag.substr(0, equals), value, rule);
    });
  }

  bool read_flag(const conf::Word& word, std::string_view name, std::string_view value,
                 RewriteRule& rule) {
    const auto is = [name](std::string_view a, std::string_view b) {
      return conf::equal_ignoring_case(name, a) || conf::equal_ignoring_case(name, b);
    };
    if (is("R", "redirect")) return read_status(word, value, rule);
    if (is("E", "env")) return read_variable(word, value, rule);
    if (is("N", "next") || is("S", "skip")) return read_count(word, name, value, rule);
    if (is("P", "proxy")) {
      rule.is_proxied = rule.is_last = true;
    } else if (is("L", "last")) {
      rule.is_last = true;
    } else if (is("END", "END")) {
      rule.is_last = rule.is_end = true;
    } else if (is("F", "forbidden")) {
      rule.status = 403;
    } else if (is("G", "gone")) {
      rule.status = 410;
    } else if (is("QSA", "qsappend")) {
      rule.appends_query = true;
    } else if (is("QSD", "qsdiscard")) {
      rule.discards_query = true;
    } else if (is("NE", "noescape")) {
      rule.keeps_unescaped = true;
    } else if (is("PT", "passthrough")) {
      rule.passes_through = rule.is_last = true;
    } else if (is("NC", "nocase")) {
      ignores_case_ = true;
    } else if (is("C", "chain")) {
      rule.is_chained = true;
    } else if (is("B", "escape")) {
      rule.escapes_groups = true;
    } else if (!is_harmless(name)) {
      return refuse(word, "the flag " + std::string(name) + " is not supported");
    }
    return true;
  }

  // They are about files, or about what never happens here.
  static bool is_harmless(std::string_view name) {
    constexpr std::string_view kHarmless[] = {
        "NS",  "nosubreq",      "DPI",           "discardpath",      "QSL", "qslast",
        "BNP", "backrefnoplus", "UnsafeAllow3F", "UnsafePrefixStat", "UNC"};
    return std::any_of(std::begin(kHarmless), std::end(kHarmless), [name](std::string_view one) {
      return conf::equal_ignoring_case(name, one);
    });
  }

  bool read_status(const conf::Word& word, std::string_view value, RewriteRule& rule) {
    struct Named {
      std::string_view name;
      unsigned status;
    };
    constexpr std::array<Named, 4> kNames{
        {{"", 302}, {"temp", 302}, {"permanent", 301}, {"seeother", 303}}};
    for (const Named& named : kNames) {
      if (!conf::equal_ignoring_case(value, named.name)) continue;
      rule.status = named.status;
      return true;
    }
    const auto status = conf::parse_integer(value);
    if (!status || *status < 300 || *status > 599) {
      return refuse(word, "R= is a status from 300 to 599, temp, permanent or seeother");
    }
    rule.status = static_cast<unsigned>(*status);
    return true;
  }

  bool read_variable(const conf::Word& word, std::string_view value, RewriteRule& rule) {
    RewriteRule::Variable variable;
    variable.is_unset = value.starts_with('!');
    if (variable.is_unset) value.remove_prefix(1);
    const std::size_t colon = value.find(':');
    const std::string_view name = value.substr(0, colon);
    if (name.empty()) return refuse(word, "E= needs the name of a variable");
    if (!read_text(word, name, variable.name)) return false;
    if (colon != std::string_view::npos &&
        !read_text(word, value.substr(colon + 1), variable.value)) {
      return false;
    }
    rule.variables.push_back(std::move(variable));
    return true;
  }

  bool read_count(const conf::Word& word, std::string_view name, std::string_view value,
                  RewriteRule& rule) {
    const bool is_next = (name.front() | 0x20) == 'n';
    if (is_next) rule.is_next_round = true;
    if (is_next && value.empty()) return true;
    const auto count = conf::parse_integer(value);
    if (!count || *count < 1 || *count > 10'000) {
      return refuse(word, std::string(name) + "= is a number from 1 to 10000");
    }
    if (is_next) {
      rule.rounds_max = static_cast<unsigned>(*count);
    } else {
      rule.skips = static_cast<unsigned>(*count);
    }
    return true;
  }

  const RewriteMaps& maps_;
  std::vector<ProxiedRule>& proxied_;
  Binding& binding_;
  std::vector<RewriteCondition> conditions_;
  apache::Rewriting rules_;
  bool ignores_case_ = false;
};

}  // namespace

apache::Rewriting bind_rewriting(const Scope& host, Rewrites& rewrites, Binding& binding) {
  check_rewrite_options(host.settings, binding.diagnostics());
  const bool is_on = host.settings.flag("RewriteEngine");
  apache::Rewriting rules = RuleReader(rewrites, binding).read(host.settings);
  if (!is_on) return {};
  if (host.outer == nullptr) return rules;
  const conf::Settings& outer = host.outer->settings;
  const bool before = has_rewrite_option(host.settings, "InheritBefore") ||
                      has_rewrite_option(outer, "InheritDownBefore");
  const bool inherits = before || has_rewrite_option(host.settings, "Inherit") ||
                        has_rewrite_option(outer, "InheritDown");
  if (!inherits || has_rewrite_option(host.settings, "IgnoreInherit")) return rules;
  const apache::Rewriting more = RuleReader(rewrites, binding).read(outer);
  rules.insert(before ? rules.begin() : rules.end(), more.begin(), more.end());
  return rules;
}

std::vector<apache::DirectoryRules> bind_directories(const Scope& host,
                                                     const std::string& document_root,
                                                     Rewrites& rewrites, Binding& binding) {
  std::vector<apache::DirectoryRules> found;
  for (const Scope* scope : {host.outer, &host}) {
    if (scope == nullptr) continue;
    for (const conf::Directive* section : scope->settings.all_here("Directory")) {
      if (section->arguments.size() != 1) continue;
      std::string path(without_slash(section->arguments.front().text));
      path += '/';
      if (!document_root.starts_with(path)) continue;
      std::vector<conf::Directive> own;
      for (const conf::Directive& directive : section->children) {
        if (!directive.is_section && directive.name.text.size() > 7 &&
            conf::equal_ignoring_case(directive.name.text.substr(0, 7), "Rewrite")) {
          own.push_back(directive);
        }
      }
      const std::size_t errors = binding.diagnostics().error_count();
      conf::check_section(own, conf::kLocation, conf::Program::kProxy, binding.diagnostics());
      if (own.empty() || binding.diagnostics().error_count() != errors) continue;
      const conf::Settings settings(conf::Program::kProxy, own);
      auto rules = RuleReader(rewrites, binding).read(settings);
      if (settings.flag("RewriteEngine") && !rules.empty()) {
        found.push_back({.path = std::move(path), .rewriting = std::move(rules)});
      }
    }
  }
  return found;
}

void bind_section_rewriting(const conf::Settings& settings, Rewrites& rewrites,
                            apache::Section& section, Binding& binding) {
  check_rewrite_options(settings, binding.diagnostics());
  const bool is_said = !settings.all_here({"RewriteEngine", "RewriteRule"}).empty();
  if (!is_said) return;
  if (!settings.all_here("RewriteEngine").empty()) {
    section.rewrites = settings.flag("RewriteEngine");
  }
  section.rewriting =
      std::make_shared<const apache::Rewriting>(RuleReader(rewrites, binding).read(settings));
}

}  // namespace understudy::config
