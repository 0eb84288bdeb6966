// SPDX-License-Identifier: Apache-2.0
#include "conf/directive_table.h"

#include <string>
#include <unordered_map>

#include "conf/values.h"

namespace understudy::conf {

namespace {

std::string key_of(std::string_view name, bool is_section) {
  std::string key(is_section ? "<" : "");
  for (const char c : name) key += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return key;
}

// A configuration of many locations asks a million times.
using Index = std::unordered_map<std::string, const DirectiveSpec*>;

Index make_index(Program program) {
  Index index;
  for (const DirectiveSpec* spec : directives(program)) {
    index.try_emplace(key_of(spec->name, spec->is_section), spec);
    for (const std::string_view alias : parts(spec->aliases, ' ')) {
      index.try_emplace(key_of(alias, spec->is_section), spec);
    }
  }
  return index;
}

}  // namespace

std::vector<const DirectiveSpec*> directives(Program program) {
  std::vector<const DirectiveSpec*> all;
  const auto add = [&all](std::span<const DirectiveSpec> rows) {
    for (const DirectiveSpec& spec : rows) all.push_back(&spec);
  };
  if (program == Program::kBackend) {
    add(backend_rows());
    add(session_rows(program));
    return all;
  }
  add(proxy_rows());
  add(session_rows(program));
  add(balancing_rows());
  add(message_rows());
  add(access_rows());
  add(rewrite_rows());
  add(tls_rows());
  add(apache_rows());
  add(harmless_rows());
  return all;
}

const DirectiveSpec* find_directive(Program program, std::string_view name, bool is_section) {
  static const Index proxy = make_index(Program::kProxy);
  static const Index backend = make_index(Program::kBackend);
  const Index& index = program == Program::kProxy ? proxy : backend;
  const auto found = index.find(key_of(name, is_section));
  return found == index.end() ? nullptr : found->second;
}

std::vector<std::string_view> names_valid_in(Program program, Contexts context, bool is_section) {
  std::vector<std::string_view> names;
  for (const DirectiveSpec* spec : directives(program)) {
    const bool is_valid = spec->status == Status::kWorks && spec->is_section == is_section &&
                          (spec->contexts & context) != 0;
    if (!is_valid) continue;
    names.push_back(spec->name);
    for (const std::string_view alias : parts(spec->aliases, ' ')) names.push_back(alias);
  }
  return names;
}

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const std::size_t end = text.find(separator);
    if (end != 0) found.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return found;
}

std::string_view value_text(const DirectiveSpec& spec, std::string_view text) {
  for (const std::string_view pair : parts(spec.named, ' ')) {
    const std::size_t equals = pair.find('=');
    if (equal_ignoring_case(pair.substr(0, equals), text)) return pair.substr(equals + 1);
  }
  for (const std::string_view choice : parts(spec.choices, '|')) {
    if (equal_ignoring_case(choice, text)) return choice;
  }
  return text;
}

std::string contexts_text(Contexts contexts) {
  std::string text;
  const auto add = [&text, contexts](Contexts one, std::string_view name) {
    if ((contexts & one) == 0) return;
    if (!text.empty()) text += " or ";
    text += name;
  };
  add(kGlobal, "outside of all sections");
  add(kVirtualHost, "in <VirtualHost>");
  add(kLocation, "in <Location>");
  add(kProxySection, "in <Proxy>");
  add(kAccess, "in <Limit> or <RequireAll>");
  return text;
}

}  // namespace understudy::conf
