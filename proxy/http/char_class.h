// SPDX-License-Identifier: Apache-2.0
// Classes of bytes as one table of bits, and the few comparisons of header text. Internal to
// proxy/http. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace understudy::http {

inline constexpr uint8_t kToken = 1;      // tchar, RFC 9110 5.6.2
inline constexpr uint8_t kFieldByte = 2;  // field-vchar, SP and HTAB, RFC 9110 5.5
inline constexpr uint8_t kTargetByte = 4;
inline constexpr uint8_t kHostByte = 8;
inline constexpr uint8_t kHexDigit = 16;
inline constexpr uint8_t kQuotedByte = 32;  // qdtext, RFC 9110 5.6.4

namespace internal {

constexpr bool is_one_of(unsigned char byte, std::string_view set) {
  return set.find(static_cast<char>(byte)) != std::string_view::npos;
}

constexpr uint8_t classes_of(unsigned char byte) {
  const unsigned char folded = byte | 0x20;
  const bool digit = byte >= '0' && byte <= '9';
  const bool letter = folded >= 'a' && folded <= 'z';
  const bool visible = byte > 0x20 && byte < 0x7f;
  uint8_t classes = 0;
  if (digit || letter || is_one_of(byte, "!#$%&'*+-.^_`|~")) classes |= kToken;
  if (visible || byte >= 0x80 || byte == ' ' || byte == '\t') classes |= kFieldByte;
  // What browsers send unescaped (WHATWG URL's query set) is a little more than RFC 3986 allows.
  // A backslash is left to the caller: it may stand in a query, not in a path.
  if (visible && !is_one_of(byte, "\"#<>\\")) classes |= kTargetByte;
  // RFC 3986's reg-name but for ',': "a,b" is two Hosts merged. Escapes are the caller's to check.
  if (digit || letter || is_one_of(byte, "-._~!$&'()*+;=")) classes |= kHostByte;
  if (digit || (folded >= 'a' && folded <= 'f')) classes |= kHexDigit;
  if ((classes & kFieldByte) != 0 && byte != '"' && byte != '\\') classes |= kQuotedByte;
  return classes;
}

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> table{};
  for (unsigned i = 0; i < table.size(); ++i) table[i] = classes_of(static_cast<uint8_t>(i));
  return table;
}

inline constexpr std::array<uint8_t, 256> kClasses = make_classes();

}  // namespace internal

constexpr bool is(uint8_t classes, char byte) {
  return (internal::kClasses[static_cast<uint8_t>(byte)] & classes) != 0;
}

constexpr bool all(uint8_t classes, std::string_view text) {
  for (char byte : text) {
    if (!is(classes, byte)) return false;
  }
  return true;
}

constexpr bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

constexpr bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

constexpr bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (to_lower(a[i]) != to_lower(b[i])) return false;
  }
  return true;
}

template <typename Word>
inline Word load(const char* at) {
  Word word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

// Letters differ in case by bit 0x20 alone. Of the bytes that a field's name or value may hold, no
// other becomes a letter, a digit or '-' with it, so that words may be compared whole.
template <typename Word>
inline bool equals_folded(const char* text, const char* lower) {
  constexpr Word kFold = static_cast<Word>(0x2020202020202020ULL);
  return (load<Word>(text) | kFold) == load<Word>(lower);
}

// Of `size` bytes at both; `lower` consists of lower-case letters, digits and '-'.
inline bool equals_folded(const char* text, const char* lower, size_t size) {
  if (size >= 8) {
    for (size_t i = 0; i + 8 < size; i += 8) {
      if (!equals_folded<uint64_t>(text + i, lower + i)) return false;
    }
    return equals_folded<uint64_t>(text + size - 8, lower + size - 8);
  }
  if (size >= 4) {
    return equals_folded<uint32_t>(text, lower) &&
           equals_folded<uint32_t>(text + size - 4, lower + size - 4);
  }
  if (size >= 2 && !equals_folded<uint16_t>(text, lower)) return false;
  return size == 0 || equals_folded<uint8_t>(text + size - 1, lower + size - 1);
}

// Is the name or value, or a part of it, this word?
template <size_t kSize>
inline bool is_word(std::string_view text, const char (&lower)[kSize]) {
  return text.size() == kSize - 1 && equals_folded(text.data(), lower, kSize - 1);
}

}  // namespace understudy::http
