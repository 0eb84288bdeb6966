// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds one field of an application/x-www-form-urlencoded body that comes in pieces of any size, as
// the WebLogic plug-in looks for a session in POST data. The first field of the name counts. It
// keeps the value and nothing else, so it is as large as the longest value that could be one; no
// allocation. Used by one exchange, one thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cookies/affinity.h"

namespace understudy {

// Larger bodies are not looked into (the plug-in's rule).
inline constexpr std::size_t kFormBytesMax = std::size_t{64} * 1024;

class FormField final {
 public:
  explicit FormField(std::string name) : name_(std::move(name)) {}

  void feed(std::string_view piece);
  // The body is over.
  void finish();
  // Nothing, until the field has ended; and when its value is longer than any cookie's may be.
  std::optional<std::string_view> value() const;
  // Whether more of the body would change nothing.
  bool is_decided() const { return state_ == State::kFound || state_ == State::kUnusable; }

 private:
  enum class State : std::uint8_t {
    kName,      // matches so far
    kSkipping,  // another field
    kValue,
    kFound,
    kUnusable,
  };

  void take(char c);
  void take_decoded(char c);
  void end_field();

  // Constant after construction.
  const std::string name_;

  State state_ = State::kName;
  std::size_t matched_ = 0;       // of name_
  std::array<char, 2> escape_{};  // hex digits behind a '%'
  std::size_t escape_size_ = 0;   // of them here
  bool in_escape_ = false;
  std::array<char, kAffinityValueBytesMax> value_;
  std::size_t value_size_ = 0;
};

}  // namespace understudy
