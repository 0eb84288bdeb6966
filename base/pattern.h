// SPDX-License-Identifier: Apache-2.0
// Pattern: a regular expression of a configuration, as RE2 reads it: almost Perl's syntax, without
// what could take more than linear time (look-around and back-references). Immutable after
// compile; any thread.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace understudy {

class Pattern final {
 public:
  static constexpr std::size_t kGroupsMax = 10;  // $0 to $9

  // kInvalid: why it is no such expression.
  static Result<std::shared_ptr<const Pattern>> compile(std::string_view text);
  ~Pattern();
  Pattern(const Pattern&) = delete;

  const std::string& text() const { return text_; }
  std::size_t group_count() const;  // without $0
  // Somewhere in the text, unless the expression has its own ^ and $.
  bool matches(std::string_view text) const;
  // The first match at or behind `from`: groups[0] is the whole of it; groups that took no part are
  // empty. At most kGroupsMax of them.
  bool find(std::string_view text, std::size_t from, std::span<std::string_view> groups) const;

 private:
  struct Compiled;
  Pattern(std::string text, std::unique_ptr<Compiled> compiled);

  const std::string text_;
  const std::unique_ptr<Compiled> compiled_;
};

}  // namespace understudy
