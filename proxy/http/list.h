// SPDX-License-Identifier: Apache-2.0
// Walks over a comma-separated field value (RFC 9110 5.6.1). Empty elements are skipped. It knows
// no quoted strings: for Connection, TE, Transfer-Encoding and X-Forwarded-For only. Internal to
// proxy/http. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "proxy/http/char_class.h"

namespace understudy::http {

inline std::string_view without_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

class ListReader final {
 public:
  explicit ListReader(std::string_view value) : rest_(value) {}

  // The next element without surrounding blanks; nothing at the end.
  std::optional<std::string_view> next() {
    while (!rest_.empty()) {
      const size_t comma = rest_.find(',');
      const std::string_view element = without_blanks(rest_.substr(0, comma));
      rest_ = comma == std::string_view::npos ? std::string_view{} : rest_.substr(comma + 1);
      if (!element.empty()) return element;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace understudy::http
