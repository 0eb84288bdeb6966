// SPDX-License-Identifier: Apache-2.0
// `Define`, `UnDefine` and ${VAR}: names, case-sensitive as in Apache, with values that are
// already expanded. The environment is asked for what is not defined, then what Debian's Apache is
// started with. One per parse.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "conf/diagnostic.h"
#include "conf/tree.h"

namespace understudy::conf {

using Environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's environment.
std::optional<std::string> process_environment(const std::string& name);

class Variables final {
 public:
  explicit Variables(Environment environment) : environment_(std::move(environment)) {}

  // False when there is no room for one more.
  bool define(const std::string& name, std::string value);
  void undefine(const std::string& name) { values_.erase(name); }
  bool is_defined(const std::string& name) const { return values_.contains(name); }

  // Replaces each ${NAME} once; what a value contains is not expanded again. An unknown name stays
  // as it is, with a warning, and ${MAP:KEY} without one. False after an error (missing brace,
  // result too long), which has been reported.
  bool expand(Word& word, Diagnostics& diagnostics) const;

  static bool is_name(std::string_view text);

 private:
  std::optional<std::string> value(const std::string& name) const;

  const Environment environment_;
  std::map<std::string, std::string> values_;
};

}  // namespace understudy::conf
