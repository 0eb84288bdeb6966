// SPDX-License-Identifier: Apache-2.0
#include "cookies/base64url.h"

#include <array>

namespace understudy {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kNoDigit = 0xff;  // its upper two bits show that it is none

constexpr std::array<std::uint8_t, 256> make_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}

constexpr std::array<std::uint8_t, 256> kDigits = make_digits();

std::uint8_t digit_of(char c) {
  return kDigits[static_cast<unsigned char>(c)];
}

}  // namespace

bool is_base64url(char c) {
  return digit_of(c) != kNoDigit;
}

char* encode_base64url(std::span<const std::uint8_t> bytes, char* out) {
  std::uint32_t held = 0;
  int bits = 0;
  for (std::uint8_t byte : bytes) {
    held = held << 8 | byte;
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      *out++ = kAlphabet[held >> bits & 63];
    }
  }
  if (bits > 0) *out++ = kAlphabet[held << (6 - bits) & 63];
  return out;
}

bool decode_base64url(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != base64url_size(bytes.size())) return false;
  const char* in = text.data();
  std::size_t done = 0;
  std::uint8_t seen = 0;  // all digits or'ed: an illegal one leaves its mark
  for (; done + 3 <= bytes.size(); done += 3, in += 4) {
    const std::uint8_t a = digit_of(in[0]), b = digit_of(in[1]), c = digit_of(in[2]),
                       d = digit_of(in[3]);
    seen |= a | b | c | d;
    bytes[done] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    bytes[done + 1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
    bytes[done + 2] = static_cast<std::uint8_t>(c << 6 | d);
  }
  const std::size_t rest = bytes.size() - done;
  std::uint8_t spare = 0;  // bits of the last character that no byte uses
  if (rest > 0) {
    const std::uint8_t a = digit_of(in[0]), b = digit_of(in[1]);
    seen |= a | b;
    bytes[done] = static_cast<std::uint8_t>(a << 2 | b >> 4);
    spare = b & 15;
    if (rest == 2) {
      const std::uint8_t c = digit_of(in[2]);
      seen |= c;
      bytes[done + 1] = static_cast<std::uint8_t>(b << 4 | c >> 2);
      spare = c & 3;
    }
  }
  return (seen & 0xc0) == 0 && spare == 0;
}

char* encode_number(std::uint64_t value, char* out) {
  int shift = 60;
  while (shift > 0 && value >> shift == 0) shift -= 6;
  for (; shift >= 0; shift -= 6) *out++ = kAlphabet[value >> shift & 63];
  return out;
}

std::optional<std::uint64_t> decode_number(std::string_view text, std::uint64_t max) {
  if (text.empty() || text.size() > kNumber64BytesMax) return std::nullopt;
  if (text[0] == kAlphabet[0] && text.size() > 1) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    const std::uint8_t digit = digit_of(c);
    if (digit == kNoDigit || value > (UINT64_MAX >> 6)) return std::nullopt;
    value = value << 6 | digit;
  }
  if (value > max) return std::nullopt;
  return value;
}

}  // namespace understudy
