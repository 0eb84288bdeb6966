// SPDX-License-Identifier: Apache-2.0
// <Location>, <LocationMatch>, <Location ~> and <Proxy> as sections of Apache's rules.
#include <string>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of("#") == std::string_view::npos &&
         text.find("//") == std::string_view::npos && text.find("/../") == std::string_view::npos &&
         !text.ends_with("/..");
}

std::optional<apache::Where> expression_of(const conf::Word& word,
                                           conf::Diagnostics& diagnostics) {
  auto expression = Pattern::compile(word.text);
  if (!expression) {
    diagnostics.error(word, "no regular expression: " + expression.error().detail);
    return {};
  }
  return apache::Where{.kind = apache::Where::Kind::kExpression,
                       .path = word.text,
                       .expression = *std::move(expression)};
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
  return apache::Where{
      .kind = is_glob ? apache::Where::Kind::kGlob : apache::Where::Kind::kPath,
      .path = word.text};
}

apache::Section bind_section(const std::vector<conf::Directive>& directives, apache::Where where,
                             Binding& binding) {
  apache::Section section{.where = std::move(where)};
  section.access = bind_access(directives, binding);
  HeaderEdits edits;
  const conf::Settings settings(conf::Program::kProxy, directives);
  add_header_edits(settings, edits, binding.diagnostics());
  section.request_edits = std::move(edits.request);
  section.response_edits = std::move(edits.response);
  return section;
}

}  // namespace understudy::config
