// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/environment.h"

#include <algorithm>

namespace understudy::apache {

const std::string* Environment::find(std::string_view name) const {
  for (const auto& [known, value] : variables_) {
    if (known == name) return &value;
  }
  return nullptr;
}

void Environment::set(std::string_view name, std::string_view value) {
  if (value.size() > kVariableBytesMax) return;
  for (auto& [known, old] : variables_) {
    if (known != name) continue;
    old = value;
    return;
  }
  if (variables_.size() < kVariablesMax) variables_.emplace_back(name, value);
}

void Environment::unset(std::string_view name) {
  std::erase_if(variables_, [name](const auto& variable) { return variable.first == name; });
}

}  // namespace understudy::apache
