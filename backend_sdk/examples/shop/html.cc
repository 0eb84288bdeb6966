// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/examples/shop/html.h"

#include <fmt/format.h>

namespace examples {

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string money(long cents) {
  return fmt::format("{}.{:02} €", cents / 100, cents % 100);
}

}  // namespace examples
