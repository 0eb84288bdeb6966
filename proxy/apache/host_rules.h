// SPDX-License-Identifier: Apache-2.0
// What Apache's rules say about all requests of a virtual host, before its locations do: which of
// the targets that are named by a regular expression a request goes to. Values of the immutable
// Config; any thread. Made by proxy/config, asked by proxy/exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"

namespace understudy::apache {

// "/web$1": text with groups of a match.
class Substitution final {
 public:
  Substitution() = default;
  // "\$" and "$" before anything but a digit stand for themselves.
  explicit Substitution(std::string_view text);

  bool has_groups() const { return has_groups_; }
  unsigned highest_group() const;
  std::string apply(std::span<const std::string_view> groups) const;

 private:
  struct Part {
    std::string text = {};
    int group = -1;
  };
  std::vector<Part> parts_;
  bool has_groups_ = false;
};

// ProxyPassMatch, or ProxyPass in a section of a pattern.
struct PatternTarget {
  std::shared_ptr<const Pattern> pattern = {};
  // Of all targets of the host the one with the lowest rank that fits is the request's.
  std::uint32_t rank = 0;
  bool is_excluded = false;  // its target is "!"
  Substitution path = {};    // with groups: what the member is asked for; without: what stands
                             // before the request's own path
  // By the location that the request's path alone would have.
  std::vector<std::uint32_t> locations = {};
};

struct HostRules {
  std::vector<PatternTarget> targets = {};  // by rank
  std::vector<std::uint32_t> ranks = {};    // of the targets of locations that paths choose

  bool is_silent() const { return targets.empty(); }
};

// The location in place of `location`, which the path has chosen, and what the member is asked for;
// nothing when no pattern comes before that location's own target.
struct Chosen {
  std::uint32_t location = 0;
  std::string path = {};
};
std::optional<Chosen> choose_target(const HostRules& rules, std::uint32_t location,
                                    std::string_view path);

}  // namespace understudy::apache
