// SPDX-License-Identifier: Apache-2.0
#include "conf/conditions.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "conf/directive_table.h"
#include "conf/modules.h"
#include "conf/values.h"

namespace understudy::conf {

namespace {

constexpr std::string_view kConditions[] = {"IfModule", "IfDefine",    "IfVersion",
                                            "IfFile",   "IfDirective", "IfSection"};

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::any_of(names.begin(), names.end(),
                     [name](std::string_view one) { return equal_ignoring_case(name, one); });
}

using Version = std::array<int, 3>;

// "2.4" is 2.4.0; nothing is no version.
std::optional<Version> parse_version(std::string_view text) {
  Version version{};
  for (int& part : version) {
    const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), part);
    if (failure != std::errc() || part < 0) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
    if (text.empty()) return version;
    if (text.front() != '.') return std::nullopt;
    text.remove_prefix(1);
  }
  return std::nullopt;
}

// [!] is gone; `operation VERSION`, or the version alone, which means equality.
std::optional<bool> compare_versions(std::string_view operation, std::string_view text) {
  const auto wanted = parse_version(text);
  const Version ours = *parse_version(kApacheVersion);
  if (!wanted) return std::nullopt;
  if (operation == "=" || operation == "==") return ours == *wanted;
  if (operation == ">") return ours > *wanted;
  if (operation == "<") return ours < *wanted;
  if (operation == ">=") return ours >= *wanted;
  if (operation == "<=") return ours <= *wanted;
  return std::nullopt;
}

Held version_holds(const Line& line, Diagnostics& diagnostics) {
  const std::vector<Word>& words = line.arguments;
  std::string operation = words.size() == 2 ? words.front().text : "=";
  const bool is_negated = operation.starts_with('!');
  if (is_negated) operation.erase(0, 1);
  if (operation.empty()) operation = "=";
  std::optional<bool> held;
  if (words.size() == 1 || words.size() == 2) {
    held = compare_versions(operation, words.back().text);
  }
  if (held) return *held != is_negated ? Held::kYes : Held::kNo;
  diagnostics.error(line.name,
                    "<IfVersion> takes one of = > < >= <= and a version such as 2.4.1; "
                    "regular expressions are not supported here");
  return Held::kNo;
}

}  // namespace

bool is_condition(std::string_view section_name) {
  return std::any_of(
      std::begin(kConditions), std::end(kConditions),
      [section_name](std::string_view one) { return equal_ignoring_case(section_name, one); });
}

Held holds(const Line& line, const ConditionFacts& facts, Diagnostics& diagnostics) {
  const std::string_view section = line.name.text;
  if (equal_ignoring_case(section, "IfVersion")) return version_holds(line, diagnostics);
  if (line.arguments.size() != 1) {
    diagnostics.error(line.name, "<" + line.name.text + "> takes exactly one name");
    return Held::kNo;
  }
  std::string name = line.arguments.front().text;
  const bool is_negated = name.starts_with('!');
  if (is_negated) name.erase(0, 1);
  bool is_there = false;
  if (equal_ignoring_case(section, "IfModule")) {
    is_there = is_module_present(name);
    if (!is_there && !is_negated) return Held::kLacking;
  } else if (equal_ignoring_case(section, "IfDefine")) {
    is_there = facts.is_defined(name);
  } else if (equal_ignoring_case(section, "IfFile")) {
    is_there = facts.is_file(name);
  } else {
    const bool is_section = equal_ignoring_case(section, "IfSection");
    is_there = find_directive(Program::kProxy, name, is_section) != nullptr;
  }
  return is_there != is_negated ? Held::kYes : Held::kNo;
}

bool limits_access(const Line& line) {
  if (line.kind == LineKind::kClose) return false;
  const std::string_view name = line.name.text;
  std::string arguments;
  for (const Word& word : line.arguments) arguments += (arguments.empty() ? "" : " ") + word.text;
  if (is_one_of(name, {"Require"})) return !equal_ignoring_case(arguments, "all granted");
  if (is_one_of(name, {"Allow"})) return !equal_ignoring_case(arguments, "from all");
  if (is_one_of(name, {"AuthType"})) return !equal_ignoring_case(arguments, "None");
  if (is_one_of(name, {"SSLVerifyClient"})) return !equal_ignoring_case(arguments, "none");
  if (is_one_of(name, {"RewriteRule"})) {
    if (line.arguments.empty()) return false;
    const std::string& flags = line.arguments.back().text;
    return flags.starts_with('[') && (flags.find("[F") == 0 || flags.find(",F") != flags.npos);
  }
  return is_one_of(name, {"Deny", "SSLRequire", "SSLRequireSSL"});
}

bool is_about_files(std::string_view section_name) {
  return is_one_of(section_name, {"Directory", "DirectoryMatch", "Files", "FilesMatch"});
}

void Skipped::add(const Line& line, bool is_about_files) {
  if (line.kind == LineKind::kClose) return;
  if (first_line_ == 0) first_line_ = line.name.at.line;
  last_line_ = std::max(last_line_, line.name.at.line);
  if (!is_about_files && !limit_ && limits_access(line)) limit_ = line.name;
  const std::string name =
      line.kind == LineKind::kOpen ? "<" + line.name.text + ">" : line.name.text;
  if (std::find(names_.begin(), names_.end(), name) != names_.end()) return;
  if (names_.size() == kNamesMax) {
    has_more_names_ = true;
  } else {
    names_.push_back(name);
  }
}

std::string Skipped::text() const {
  if (names_.empty()) return {};
  std::string text = first_line_ == last_line_ ? "line " + std::to_string(first_line_)
                                               : "lines " + std::to_string(first_line_) + " to " +
                                                     std::to_string(last_line_);
  text += " (";
  for (const std::string& name : names_) text += (name == names_.front() ? "" : ", ") + name;
  return text + (has_more_names_ ? " ...)" : ")");
}

void Skipped::report(Diagnostics& diagnostics) const {
  if (names_.empty()) return;
  const std::string lacks = "this program has no " + module_.text;
  if (limit_) {
    diagnostics.error(*limit_, limit_->text + " limits access, but <IfModule " + module_.text +
                                   "> of line " + std::to_string(module_.at.line) + " skips it: " +
                                   lacks + "; write it outside, or take the <IfModule> out");
    return;
  }
  diagnostics.warning(module_, lacks + ", so " + text() +
                                   (first_line_ == last_line_ ? " stays" : " stay") + " out");
}

}  // namespace understudy::conf
