// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/substitution.h"

#include <algorithm>

#include "proxy/apache/request.h"

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

std::string Substitution::apply_encoded(std::span<const std::string_view> groups) const {
  std::string out;
  for (const Part& part : parts_) {
    if (part.group < 0) {
      out += part.text;
    } else if (static_cast<std::size_t>(part.group) < groups.size()) {
      out += encoded(groups[static_cast<std::size_t>(part.group)]);
    }
  }
  return out;
}

}  // namespace understudy::apache
