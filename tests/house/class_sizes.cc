// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>

#include "tests/house/sources.h"

namespace understudy::house {
namespace {

// Where the string or character literal that begins at `at` ends. A ' within a number begins none.
std::size_t end_of_literal(std::string_view text, std::size_t at) {
  const char quote = text[at];
  std::size_t i = at + 1;
  while (i < text.size() && text[i] != quote) i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

// `text` without comments, directives and what stands in literals.
std::string only_code(std::string_view text) {
  std::string code;
  for (std::size_t i = 0; i < text.size();) {
    const bool begins_line = code.empty() || code.back() == '\n';
    if (text.substr(i, 2) == "//" || (text[i] == '#' && begins_line)) {
      i = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i, 2) == "/*") {
      i = std::min(text.find("*/", i), text.size() - 2) + 2;
    } else if (text[i] == '"' ||
               (text[i] == '\'' && (code.empty() || !std::isalnum(code.back())))) {
      i = end_of_literal(text, i);
      code += "0";
    } else {
      code += text[i++];
    }
  }
  return code;
}

// `declaration` without what stands between angle brackets, whose parentheses declare nothing.
std::string without_arguments_of_templates(const std::string& declaration) {
  if (declaration.find("operator") != std::string::npos) return declaration;
  std::string bare;
  int depth = 0;
  for (const char c : declaration) {
    if (c == '<') ++depth;
    if (depth == 0) bare += c;
    if (c == '>' && depth > 0) --depth;
  }
  return bare;
}

bool declares_a_function(const std::string& declaration) {
  static const std::regex kNone(R"(^\s*(,|(friend|using|static_assert|typedef)\b))");
  static const std::regex kNotOurs(R"(=\s*(default|delete)\s*$)");
  static const std::regex kFunction(R"((~?\w+|operator\s*[^\s\w(]+|operator\(\))\s*\()");
  if (std::regex_search(declaration, kNone) || std::regex_search(declaration, kNotOurs)) {
    return false;
  }
  static const std::regex kAlign(R"(alignas\([^)]*\))");
  const std::string bare =
      std::regex_replace(without_arguments_of_templates(declaration), kAlign, "");
  if (bare.find("operator") != std::string::npos) return true;
  const std::size_t open = bare.find('(');
  const std::size_t equals = bare.find('=');
  return open != std::string::npos && equals > open && std::regex_search(bare, kFunction);
}

// The name of the class whose body begins behind `head`.
std::optional<std::string> class_named_by(const std::string& head) {
  static const std::regex kClass(
      R"(\b(?:class|struct)\s+(?:\[\[\w+\]\]\s*|alignas\([^)]*\)\s*|UNDERSTUDY_\w+\s+)*)"
      R"((\w+)[^()=]*$)");
  static const std::regex kEnum(R"(\benum\b)");
  std::smatch found;
  const std::string bare = without_arguments_of_templates(head);
  if (std::regex_search(bare, kEnum) || !std::regex_search(bare, found, kClass)) return {};
  return found[1].str();
}

// Reads declarations; each brace opens a scope, which is a class or something else.
class Reader {
 public:
  explicit Reader(std::vector<ClassSize>& classes) : classes_(classes) {}

  void read(char c) {
    if (parentheses_ == 0 && c == ';') return end_declaration();
    if (parentheses_ == 0 && c == '{') return open();
    if (parentheses_ == 0 && c == '}') return close();
    if (c == '(' || c == '{') ++parentheses_;
    if ((c == ')' || c == '}') && parentheses_ > 0) --parentheses_;
    declaration_ += c;
    static constexpr std::string_view kLabels[] = {"public:", "private:", "protected:"};
    for (const auto label : kLabels) {
      if (declaration_.ends_with(label)) declaration_.clear();
    }
  }

 private:
  static constexpr std::size_t kNoClass = SIZE_MAX;

  void end_declaration() {
    if (is_in_class() && declares_a_function(declaration_)) ++classes_[scopes_.back()].functions;
    declaration_.clear();
  }

  void open() {
    const auto name = class_named_by(declaration_);
    if (name) {
      const std::string outer = is_in_class() ? classes_[scopes_.back()].name + "::" : "";
      scopes_.push_back(classes_.size());
      classes_.push_back({outer + *name, 0});
      declaration_.clear();
    } else {
      end_declaration();
      scopes_.push_back(kNoClass);
    }
  }

  void close() {
    if (!scopes_.empty()) scopes_.pop_back();
    declaration_.clear();
  }

  bool is_in_class() const { return !scopes_.empty() && scopes_.back() != kNoClass; }

  std::vector<ClassSize>& classes_;
  std::vector<std::size_t> scopes_;  // places in classes_
  std::string declaration_;
  int parentheses_ = 0;
};

}  // namespace

std::vector<ClassSize> class_sizes(std::string_view text) {
  std::vector<ClassSize> classes;
  Reader reader(classes);
  for (const char c : only_code(text)) reader.read(c);
  return classes;
}

}  // namespace understudy::house
