// SPDX-License-Identifier: Apache-2.0
// <Location>, <LocationMatch>, <Location ~> and <Proxy> as sections of Apache's rules.
#include <string>
#include <utility>

#include "proxy/config/rewriting.h"

namespace understudy::config {

namespace {

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of("#") == std::string_view::npos &&
         text.find("//") == std::string_view::npos && text.find("/../") == std::string_view::npos &&
         !text.ends_with("/..");
}

std::optional<apache::Where> expression_of(const conf::Word& word, conf::Diagnostics& diagnostics) {
  auto expression = Pattern::compile(word.text);
  if (!expression) {
    diagnostics.error(word, "no regular expression: " + expression.error().detail);
    return {};
  }
  return apache::Where{.kind = apache::Where::Kind::kExpression,
                       .path = word.text,
                       .expression = *std::move(expression)};
}

void bind_branches(const conf::Settings& settings, Rewrites& rewrites, apache::Section& section,
                   Binding& binding) {
  for (const conf::Directive* branch : settings.all_here({"If", "ElseIf", "Else"})) {
    const bool is_if = conf::equal_ignoring_case(branch->name.text, "If");
    apache::Section::Branch made{.begins = is_if};
    if (!is_if && (section.branches.empty() || !section.branches.back().condition)) {
      binding.diagnostics().error(branch->name, "<" + branch->name.text + "> follows no <If>");
      continue;
    }
    if (!branch->arguments.empty()) {
      std::string text;
      for (const conf::Word& word : branch->arguments)
        text += (text.empty() ? "" : " ") + word.text;
      made.condition = bind_condition(branch->arguments.front(), text, binding.diagnostics());
      if (made.condition == nullptr) continue;
    }
    for (const conf::Directive& directive : branch->children) {
      const conf::DirectiveSpec* spec =
          conf::find_directive(conf::Program::kProxy, directive.name.text, directive.is_section);
      if (spec == nullptr || spec->status != conf::Status::kWorks || apache::is_rule(spec->name)) {
        continue;
      }
      binding.diagnostics().error(
          directive.name, directive.name.text + " is not supported in <" + branch->name.text + ">");
    }
    made.inside = std::make_shared<const apache::Section>(
        bind_section(branch->children, {}, rewrites, binding));
    section.branches.push_back(std::move(made));
  }
}

}  // namespace

std::optional<apache::Where> bind_where(const conf::Directive& section,
                                        conf::Diagnostics& diagnostics) {
  const conf::Word& word = section.arguments.front();
  if (conf::equal_ignoring_case(section.name.text, "LocationMatch")) {
    return expression_of(word, diagnostics);
  }
  if (word.text == "~") {
    if (section.arguments.size() == 2) return expression_of(section.arguments[1], diagnostics);
    diagnostics.error(word, "<" + section.name.text + " ~> needs a regular expression");
    return {};
  }
  if (section.arguments.size() != 1) {
    diagnostics.error(section.arguments[1], "<" + section.name.text + "> takes one path, not two");
    return {};
  }
  const bool is_glob = word.text.find_first_of("*?[") != std::string::npos;
  if (!is_path(word.text)) {
    diagnostics.error(word, "expected a path such as /shop, without '//', '..', '?'");
    return {};
  }
  return apache::Where{.kind = is_glob ? apache::Where::Kind::kGlob : apache::Where::Kind::kPath,
                       .path = word.text};
}

std::string Binding::place_of(const conf::Word& word) {
  return diagnostics().sources().location({.file = word.at.file, .line = word.at.line});
}

std::string Binding::origin_of(const conf::Directive& section) {
  std::string text = "<" + section.name.text;
  for (const conf::Word& word : section.arguments) text += " " + word.text;
  return text + "> of " + place_of(section.name);
}

apache::Section bind_section(const std::vector<conf::Directive>& directives, apache::Where where,
                             Rewrites& rewrites, Binding& binding) {
  apache::Section section{.where = std::move(where)};
  section.access = bind_access(directives, binding);
  HeaderEdits edits;
  const conf::Settings settings(conf::Program::kProxy, directives);
  const bool is_path = section.where.kind == apache::Where::Kind::kPath;
  add_header_edits(settings, edits, is_path, binding.diagnostics());
  section.request_edits = std::move(edits.request);
  section.response_edits = std::move(edits.response);
  section.redirects = bind_redirects(settings, true, binding.diagnostics());
  bind_section_rewriting(settings, rewrites, section, binding);
  section.early = bind_early(settings, binding.diagnostics());
  section.late = bind_late(settings, binding.diagnostics());
  bind_branches(settings, rewrites, section, binding);
  return section;
}

}  // namespace understudy::config
