// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/host_rules.h"

#include <array>

namespace understudy::apache {

std::optional<Chosen> choose_target(const HostRules& rules, std::uint32_t location,
                                    std::string_view path) {
  const std::uint32_t rank = rules.ranks[location];
  std::array<std::string_view, Pattern::kGroupsMax> groups;
  for (const PatternTarget& target : rules.targets) {
    if (target.rank > rank) return {};
    if (!target.pattern->find(path, 0, groups)) continue;
    Chosen chosen{.location = target.locations[location], .path = target.path.apply(groups)};
    if (!target.path.has_groups()) chosen.path += path;
    return chosen;
  }
  return {};
}

}  // namespace understudy::apache
