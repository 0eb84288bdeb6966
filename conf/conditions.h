// SPDX-License-Identifier: Apache-2.0
// <IfModule>, <IfDefine>, <IfVersion>, <IfFile>, <IfDirective> and <IfSection>: whether what they
// hold counts. Skipped is what stands in an <IfModule> of a module that this program lacks, and
// what is said about it: a limit of access that would be lost is an error, all else a warning that
// names the lines. One parse, one thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/lexer.h"

namespace understudy::conf {

// The version of Apache's httpd whose language this is, for <IfVersion>.
inline constexpr std::string_view kApacheVersion = "2.4.66";

bool is_condition(std::string_view section_name);

enum class Held : std::uint8_t {
  kYes,
  kNo,       // as in Apache
  kLacking,  // of a module that Apache may have and this program has not
};

struct ConditionFacts {
  std::function<bool(const std::string& name)> is_defined;
  std::function<bool(const std::string& path)> is_file;
};

// What is wrong with the line is reported, and then it does not hold.
Held holds(const Line& line, const ConditionFacts& facts, Diagnostics& diagnostics);

// A line that takes away access from some clients, wherever it counts.
bool limits_access(const Line& line);
// <Directory>, <Files> and their like: they are about files, and requests that are proxied pass
// them by.
bool is_about_files(std::string_view section_name);

class Skipped final {
 public:
  // `module` is the argument of <IfModule>.
  explicit Skipped(Word module) : module_(std::move(module)) {}

  void add(const Line& line, bool is_about_files);
  // "line 4 (DirectoryIndex)", for the message that says what is missing; empty when nothing was skipped.
  std::string text() const;
  void report(Diagnostics& diagnostics) const;
  const Word& module() const { return module_; }

 private:
  static constexpr std::size_t kNamesMax = 4;  // that are spelled out

  const Word module_;
  std::uint32_t first_line_ = 0;
  std::uint32_t last_line_ = 0;
  std::vector<std::string> names_;
  bool has_more_names_ = false;
  std::optional<Word> limit_;
};

}  // namespace understudy::conf
