// SPDX-License-Identifier: Apache-2.0
#include "conf/variables.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "conf/limits.h"

namespace understudy::conf {

namespace {

constexpr std::size_t kQuotedNameBytesMax = 64;  // of a wrong name, in a message

// What Debian's apachectl puts into the environment, out of /etc/apache2/envvars as it is shipped.
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kDebianDefaults = {{
    {"APACHE_RUN_USER", "www-data"},
    {"APACHE_RUN_GROUP", "www-data"},
    {"APACHE_PID_FILE", "/var/run/apache2/apache2.pid"},
    {"APACHE_RUN_DIR", "/var/run/apache2"},
    {"APACHE_LOCK_DIR", "/var/lock/apache2"},
    {"APACHE_LOG_DIR", "/var/log/apache2"},
}};

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
  if (environment_) {
    if (auto found = environment_(name)) return found;
  }
  const auto known = std::find_if(kDebianDefaults.begin(), kDebianDefaults.end(),
                                  [&name](const auto& one) { return one.first == name; });
  if (known == kDebianDefaults.end()) return std::nullopt;
  return std::string(known->second);
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
    // ${MAP:KEY} is RewriteMap's.
    if (end != std::string_view::npos && name.find(':') != std::string::npos) {
      expanded += rest.substr(start, end + 1 - start);
      rest.remove_prefix(end + 1);
      continue;
    }
    if (end == std::string_view::npos || !is_name(name)) {
      diagnostics.error(word, "expected a name and a closing brace, as in ${NAME}, but found ${" +
                                  name.substr(0, kQuotedNameBytesMax));
      return false;
    }
    const std::optional<std::string> found = value(name);
    if (!found) {
      diagnostics.warning(word, "${" + name +
                                    "} is neither defined nor in the environment; as in "
                                    "Apache the text itself stays");
    }
    expanded += found.value_or("${" + name + "}");
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
