// SPDX-License-Identifier: Apache-2.0
#include "conf/variables.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "conf/limits.h"

namespace understudy::conf {

namespace {

constexpr std::size_t kQuotedNameBytesMax = 64;  // of a wrong name, in a message

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '.';
}

}  // namespace

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

bool Variables::is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_character);
}

bool Variables::define(const std::string& name, std::string value) {
  if (values_.size() >= kVariablesMax && !values_.contains(name)) return false;
  values_.insert_or_assign(name, std::move(value));
  return true;
}

std::optional<std::string> Variables::value(const std::string& name) const {
  if (const auto found = values_.find(name); found != values_.end()) return found->second;
  if (!environment_) return std::nullopt;
  return environment_(name);
}

bool Variables::expand(Word& word, Diagnostics& diagnostics) const {
  if (word.text.find("${") == std::string::npos) return true;
  std::string expanded;
  std::string_view rest = word.text;
  for (std::size_t start = rest.find("${"); start != std::string_view::npos;
       start = rest.find("${")) {
    expanded += rest.substr(0, start);
    const std::size_t end = rest.find('}', start);
    const std::string name(rest.substr(start + 2, end - start - 2));
    if (name.find(':') != std::string::npos) {  // ${map:key} of a RewriteRule
      expanded += "${";
      rest.remove_prefix(start + 2);
      continue;
    }
    if (end == std::string_view::npos || !is_name(name)) {
      diagnostics.error(word, "expected a name and a closing brace, as in ${NAME}, but found ${" +
                                  name.substr(0, kQuotedNameBytesMax));
      return false;
    }
    const std::optional<std::string> found = value(name);
    if (!found) {
      diagnostics.error(word, "${" + name + "} is neither defined nor in the environment");
      return false;
    }
    expanded += *found;
    if (expanded.size() > kVariableBytesMax) {
      diagnostics.error(word, "the word has more than " + std::to_string(kVariableBytesMax) +
                                  " bytes with its variables replaced");
      return false;
    }
    rest.remove_prefix(end + 1);
  }
  word.text = expanded.append(rest);
  return true;
}

}  // namespace understudy::conf
