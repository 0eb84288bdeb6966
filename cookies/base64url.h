// SPDX-License-Identifier: Apache-2.0
#pragma once

// base64url without padding (RFC 4648 5), canonical form only: one value has one text. Bytes as
// well as numbers, the latter as digits of base 64. Pure functions, no allocation, any thread.
// Used by affinity, view_header, keyring and contract.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace understudy {

constexpr std::size_t base64url_size(std::size_t bytes) {
  return (bytes * 8 + 5) / 6;
}

// Whether `c` is one of A-Z a-z 0-9 - _.
bool is_base64url(char c);

// Writes exactly base64url_size(bytes.size()) characters and returns the end.
char* encode_base64url(std::span<const std::uint8_t> bytes, char* out);

// Fills all of `bytes`; false unless `text` has exactly the right length, only characters of the
// alphabet, and zeros in the unused bits of the last one.
bool decode_base64url(std::string_view text, std::span<std::uint8_t> bytes);

// A number as base-64 digits, most significant first, without leading zeros; zero is "A".
inline constexpr std::size_t kNumber32BytesMax = 6;
inline constexpr std::size_t kNumber64BytesMax = 11;
char* encode_number(std::uint64_t value, char* out);
// Nothing when empty, not canonical, or above `max`.
std::optional<std::uint64_t> decode_number(std::string_view text, std::uint64_t max);

}  // namespace understudy
