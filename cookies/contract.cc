// SPDX-License-Identifier: Apache-2.0
#include "cookies/contract.h"

#include <algorithm>
#include <charconv>

#include "cookies/base64url.h"

namespace understudy {
namespace {

// `prefix` is in lower case.
bool starts_with_folded(std::string_view name, std::string_view prefix) {
  if (name.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i) {
    char c = name[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
    if (c == '_') c = '-';
    if (c != prefix[i]) return false;
  }
  return true;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

bool has_contract_prefix(std::string_view name) {
  return starts_with_folded(name, "understudy-") || starts_with_folded(name, "x-weblogic-") ||
         starts_with_folded(name, "wl-proxy-") || starts_with_folded(name, "client-cert") ||
         starts_with_folded(name, "proxy-client-ip");
}

Hex64 format_hex64(std::uint64_t value) {
  Hex64 text;
  for (std::size_t i = text.size(); i-- > 0; value >>= 4) text[i] = "0123456789abcdef"[value & 15];
  return text;
}

std::optional<std::uint64_t> parse_hex64(std::string_view text) {
  if (text.size() != kHex64Bytes) return std::nullopt;
  std::uint64_t value = 0;
  for (char c : text) {
    const int digit = hex_digit(c);
    if (digit < 0) return std::nullopt;
    value = value << 4 | static_cast<std::uint64_t>(digit);
  }
  return value;
}

std::string_view format_answered(std::span<const std::uint64_t> ids, AnsweredText& room) {
  std::size_t size = 0;
  for (const std::uint64_t id : ids.first(std::min(ids.size(), kAnsweredIdsMax))) {
    if (size > 0) room[size++] = ',';
    const Hex64 hex = format_hex64(id);
    std::copy(hex.begin(), hex.end(), room.begin() + size);
    size += hex.size();
  }
  return {room.data(), size};
}

AnsweredIds parse_answered(std::string_view text) {
  AnsweredIds answered;
  if (text.size() > AnsweredText().size()) return {};
  for (;;) {
    const std::size_t end = text.find(',');
    const auto id = parse_hex64(text.substr(0, end));
    if (!id || *id == 0) return {};
    answered.ids[answered.count++] = *id;
    if (end == std::string_view::npos) return answered;
    text.remove_prefix(end + 1);
  }
}

MidText format_mid(std::uint32_t mid) {
  const std::array<std::uint8_t, 4> bytes = {
      static_cast<std::uint8_t>(mid >> 24), static_cast<std::uint8_t>(mid >> 16),
      static_cast<std::uint8_t>(mid >> 8), static_cast<std::uint8_t>(mid)};
  MidText text;
  encode_base64url(bytes, text.data());
  return text;
}

std::optional<std::uint32_t> parse_mid(std::string_view text) {
  std::array<std::uint8_t, 4> bytes;
  if (!decode_base64url(text, bytes)) return std::nullopt;
  return static_cast<std::uint32_t>(bytes[0]) << 24 | static_cast<std::uint32_t>(bytes[1]) << 16 |
         static_cast<std::uint32_t>(bytes[2]) << 8 | static_cast<std::uint32_t>(bytes[3]);
}

std::optional<std::uint32_t> parse_jvmid(std::string_view text) {
  const std::string_view digits = text.starts_with('-') ? text.substr(1) : text;
  if (digits.empty() || (digits[0] == '0' && text.size() > 1)) return std::nullopt;
  std::int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return static_cast<std::uint32_t>(value);
}

}  // namespace understudy
