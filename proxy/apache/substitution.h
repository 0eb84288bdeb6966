// SPDX-License-Identifier: Apache-2.0
// Substitution: the text that takes the place of what a pattern has matched. A value; any thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

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
  // The same, with what the groups caught escaped for a URL.
  std::string apply_encoded(std::span<const std::string_view> groups) const;

 private:
  struct Part {
    std::string text = {};
    int group = -1;
  };
  std::vector<Part> parts_;
  bool has_groups_ = false;
};

}  // namespace understudy::apache
