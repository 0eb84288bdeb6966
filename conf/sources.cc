// SPDX-License-Identifier: Apache-2.0
#include "conf/sources.h"

#include <utility>

namespace understudy::conf {

std::uint32_t Sources::add(Source source) {
  total_bytes_ += source.text.size();
  files_.push_back(std::move(source));
  return static_cast<std::uint32_t>(files_.size() - 1);
}

std::string_view Sources::line(Position at) const {
  if (at.line == 0 || at.file >= files_.size()) return {};
  std::string_view rest = files_[at.file].text;
  for (std::uint32_t line = 1; line < at.line; ++line) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  std::string_view found = rest.substr(0, rest.find('\n'));
  if (found.ends_with('\r')) found.remove_suffix(1);
  return found;
}

std::string Sources::location(Position at) const {
  if (at.file >= files_.size()) return {};
  std::string text = files_[at.file].path;
  if (at.line != 0) text += ':' + std::to_string(at.line);
  if (at.line != 0 && at.column != 0) text += ':' + std::to_string(at.column);
  return text;
}

}  // namespace understudy::conf
