// SPDX-License-Identifier: Apache-2.0
// The files one configuration was read from: path, text, and where each was included. Append
// only; positions and diagnostics refer to it by index, so it outlives the tree's users.
// One thread at a time.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "conf/tree.h"

namespace understudy::conf {

struct Source {
  std::string path;
  std::string text;
  std::optional<Position> included_from;
};

class Sources final {
 public:
  std::uint32_t add(Source source);

  const Source& at(std::uint32_t index) const { return files_.at(index); }
  std::size_t count() const { return files_.size(); }
  std::size_t total_bytes() const { return total_bytes_; }

  // The line without its end; empty when the position lies outside of the file.
  std::string_view line(Position at) const;
  // "file:line", or "file:line:column" when the column is known.
  std::string location(Position at) const;

 private:
  std::deque<Source> files_;  // a deque: views of the texts stay valid while it grows
  std::size_t total_bytes_ = 0;
};

}  // namespace understudy::conf
