// SPDX-License-Identifier: Apache-2.0
// Environment: the variables of one request, which SetEnvIf, SetEnv, rules with [E=] and the proxy
// itself set, and which env= and %{NAME}e read. A value; owned by the Passage of an exchange.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace understudy::apache {

inline constexpr std::size_t kVariablesMax = 256;
inline constexpr std::size_t kVariableBytesMax = 8190;

class Environment final {
 public:
  // Null: it is not set. An empty value is one. Letter case counts.
  const std::string* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  // Beyond the limits nothing happens.
  void set(std::string_view name, std::string_view value);
  void unset(std::string_view name);
  bool empty() const { return variables_.empty(); }

 private:
  std::vector<std::pair<std::string, std::string>> variables_;
};

}  // namespace understudy::apache
