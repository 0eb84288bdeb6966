// SPDX-License-Identifier: Apache-2.0
// find_path_parameter of cookie_header.h: one pass over the path, a percent-encoded byte counting
// as the byte it stands for.
#include "cookies/cookie_header.h"

namespace understudy {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

char folded(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// A byte of a path, and how many characters it takes.
struct PathByte {
  char byte = '\0';
  std::size_t chars = 0;  // 0: the end
  bool is_encoded() const { return chars == 3; }
};

PathByte byte_at(std::string_view path, std::size_t at) {
  if (at >= path.size()) return {};
  if (path[at] == '%' && at + 2 < path.size()) {
    const int high = hex_digit(path[at + 1]);
    const int low = hex_digit(path[at + 2]);
    if (high >= 0 && low >= 0) return {.byte = static_cast<char>(high * 16 + low), .chars = 3};
  }
  return {.byte = path[at], .chars = 1};
}

// Where the value begins if `name=` stands at `at`; 0 if it does not.
std::size_t skip_name(std::string_view path, std::size_t at, std::string_view name) {
  for (char wanted : name) {
    const PathByte next = byte_at(path, at);
    if (next.chars == 0 || folded(next.byte) != folded(wanted)) return 0;
    at += next.chars;
  }
  const PathByte equals = byte_at(path, at);
  return equals.byte == '=' ? at + equals.chars : 0;
}

std::optional<std::string_view> value_at(std::string_view path, std::size_t at,
                                         std::span<char> room) {
  const std::size_t begin = at;
  std::size_t size = 0;
  bool is_encoded = false;
  for (;;) {
    const PathByte next = byte_at(path, at);
    if (next.chars == 0 || next.byte == ';' || next.byte == '/') break;
    is_encoded |= next.is_encoded();
    if (size < room.size()) room[size] = next.byte;
    ++size;
    at += next.chars;
  }
  if (!is_encoded) return path.substr(begin, at - begin);
  if (size > room.size()) return std::nullopt;
  return std::string_view(room.data(), size);
}

}  // namespace

std::optional<std::string_view> find_path_parameter(std::string_view target, std::string_view name,
                                                    std::span<char> room) {
  if (name.empty()) return std::nullopt;
  const std::string_view path = target.substr(0, target.find_first_of("?#"));
  for (std::size_t at = path.find_first_of(";%"); at < path.size();
       at = path.find_first_of(";%", at)) {
    const PathByte mark = byte_at(path, at);
    at += mark.chars;
    if (mark.byte != ';') continue;
    const std::size_t begin = skip_name(path, at, name);
    if (begin != 0) return value_at(path, begin, room);
  }
  return std::nullopt;
}

}  // namespace understudy
