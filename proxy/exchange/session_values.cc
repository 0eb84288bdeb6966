// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/session_values.h"

#include <algorithm>

namespace understudy {

std::optional<std::string_view> find_query_parameter(std::string_view query,
                                                     std::string_view name) {
  if (name.empty()) return std::nullopt;
  if (query.starts_with('?')) query.remove_prefix(1);
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    if (one.size() > name.size() && one.starts_with(name) && one[name.size()] == '=') {
      return one.substr(name.size() + 1);
    }
    query.remove_prefix(std::min(one.size() + 1, query.size()));
  }
  return std::nullopt;
}

std::optional<std::string_view> SessionValues::next_of_path() {
  if (target_.empty()) return std::nullopt;
  const auto value = find_path_parameter(target_, cluster_.session_parameter(), room_);
  target_ = value ? behind(*value, target_) : std::string_view();
  return value;
}

std::optional<std::string_view> SessionValues::next_of_query() {
  const auto value = find_query_parameter(query_, cluster_.session_parameter());
  query_ = value ? behind(*value, query_) : std::string_view();
  return value;
}

}  // namespace understudy
