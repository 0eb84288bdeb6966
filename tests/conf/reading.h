// SPDX-License-Identifier: Apache-2.0
// For the tests of conf/: a configuration from memory, with what was said about it. No environment
// but the one given.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "conf/checker.h"
#include "conf/configuration.h"
#include "conf/parser.h"

namespace understudy::conf {

struct Reading {
  std::map<std::string, std::string> environment;
  std::vector<std::string> defines;
  MemoryFiles files;

  Reading() = default;
  explicit Reading(std::string main_file) { files.add("main.conf", std::move(main_file)); }

  Reading& with(std::string path, std::string text) {
    files.add(std::move(path), std::move(text));
    return *this;
  }

  ParseOptions options() const {
    ParseOptions options;
    options.defines = defines;
    options.environment = [known =
                               environment](const std::string& name) -> std::optional<std::string> {
      const auto found = known.find(name);
      if (found == known.end()) return std::nullopt;
      return found->second;
    };
    return options;
  }

  const Tree& parsed() {
    tree_ = parse("main.conf", files, options(), sources_, diagnostics_);
    return tree_;
  }

  Diagnostics& said() { return diagnostics_; }
  std::string first() const {
    return diagnostics_.kept().empty() ? "" : diagnostics_.kept().front().message;
  }
  std::string first_location() const {
    return diagnostics_.kept().empty() ? "" : diagnostics_.kept().front().location;
  }

 private:
  Sources sources_;
  Diagnostics diagnostics_{sources_};
  Tree tree_;
};

// "A x(B y;);C z w;" of a tree: a section's children stand in parentheses.
inline std::string outline(const std::vector<Directive>& directives) {
  std::string text;
  for (const Directive& directive : directives) {
    text += directive.name.text;
    for (const Word& word : directive.arguments) text += ' ' + word.text;
    if (directive.is_section) text += '(' + outline(directive.children) + ')';
    text += ';';
  }
  return text;
}

}  // namespace understudy::conf
