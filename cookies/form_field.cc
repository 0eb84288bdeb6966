// SPDX-License-Identifier: Apache-2.0
#include "cookies/form_field.h"

namespace understudy {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void FormField::feed(std::string_view piece) {
  for (std::size_t at = 0; at < piece.size() && !is_decided(); ++at) {
    if (state_ == State::kSkipping) {
      at = piece.find('&', at);
      if (at == std::string_view::npos) return;
    }
    take(piece[at]);
  }
}

void FormField::take(char c) {
  if (in_escape_) {
    if (hex_digit(c) >= 0) {
      escape_[escape_size_++] = c;
      if (escape_size_ < escape_.size()) return;
      in_escape_ = false;
      return take_decoded(static_cast<char>(hex_digit(escape_[0]) * 16 + hex_digit(escape_[1])));
    }
    // A '%' that begins no escape: no name and no value that a session could have.
    in_escape_ = false;
    state_ = state_ == State::kValue ? State::kUnusable : State::kSkipping;
    if (is_decided()) return;
  }
  if (c == '&') return end_field();
  if (state_ == State::kSkipping) return;
  if (c == '%') {
    in_escape_ = true;
    escape_size_ = 0;
    return;
  }
  if (state_ == State::kName && c == '=') {
    state_ = matched_ == name_.size() ? State::kValue : State::kSkipping;
    return;
  }
  take_decoded(c == '+' ? ' ' : c);
}

void FormField::take_decoded(char c) {
  if (state_ == State::kName) {
    const bool matches = matched_ < name_.size() && name_[matched_] == c;
    if (matches) {
      ++matched_;
    } else {
      state_ = State::kSkipping;
    }
    return;
  }
  if (value_size_ == value_.size()) {
    state_ = State::kUnusable;
    return;
  }
  value_[value_size_++] = c;
}

void FormField::end_field() {
  if (state_ == State::kValue) {
    state_ = in_escape_ ? State::kUnusable : State::kFound;
    return;
  }
  state_ = State::kName;
  matched_ = 0;
}

void FormField::finish() {
  if (state_ == State::kValue) end_field();
}

std::optional<std::string_view> FormField::value() const {
  if (state_ != State::kFound) return std::nullopt;
  return std::string_view(value_.data(), value_size_);
}

}  // namespace understudy
