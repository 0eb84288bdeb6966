// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/request.h"

#include "proxy/http/char_class.h"

namespace understudy::apache {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

}  // namespace

std::string field_value(const http::FieldList& fields, std::string_view name) {
  std::string joined;
  bool is_first = true;
  for (const http::Field& field : fields) {
    if (!http::equals_ignoring_case(field.name, name)) continue;
    if (!is_first) joined += ", ";
    joined += field.value;
    is_first = false;
  }
  return joined;
}

std::string without_parameters(std::string_view path) {
  std::string kept;
  bool skips = false;
  for (const char c : path) {
    if (c == ';') skips = true;
    if (c == '/') skips = false;
    if (!skips) kept += c;
  }
  return kept;
}

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = high >= 0 ? digit_of(text[i + 2]) : -1;
    if (low < 0) {
      out += text[i];
      continue;
    }
    out += static_cast<char>(high << 4 | low);
    i += 2;
  }
  return out;
}

std::string encoded(std::string_view path) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  std::string out;
  out.reserve(path.size());
  for (const char c : path) {
    const char lower = static_cast<char>(c | 0x20);
    const bool is_word = (lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9');
    if (is_word || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

}  // namespace understudy::apache
