// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/host_rules.h"

#include <algorithm>
#include <array>

namespace understudy::apache {

Substitution::Substitution(std::string_view text) {
  const auto add = [this](char c) {
    if (parts_.empty() || parts_.back().group >= 0) parts_.emplace_back();
    parts_.back().text += c;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool has_next = i + 1 < text.size();
    if (text[i] == '\\' && has_next && (text[i + 1] == '$' || text[i + 1] == '\\')) {
      add(text[++i]);
    } else if (text[i] == '$' && has_next && text[i + 1] >= '0' && text[i + 1] <= '9') {
      parts_.push_back({.group = text[++i] - '0'});
      has_groups_ = true;
    } else {
      add(text[i]);
    }
  }
}

unsigned Substitution::highest_group() const {
  int highest = 0;
  for (const Part& part : parts_) highest = std::max(highest, part.group);
  return static_cast<unsigned>(highest);
}

std::string Substitution::apply(std::span<const std::string_view> groups) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.group < 0) {
      out += part.text;
    } else if (static_cast<std::size_t>(part.group) < groups.size()) {
      out += groups[static_cast<std::size_t>(part.group)];
    }
  }
  return out;
}

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
