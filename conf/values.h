// SPDX-License-Identifier: Apache-2.0
// The texts of single values: On/Off, numbers, durations, sizes, addresses. Pure functions; none
// of them knows a directive or a range. nullopt means "not such a value", overflow included.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace understudy::conf {

inline constexpr std::uint64_t kUnlimitedBytes = std::numeric_limits<std::uint64_t>::max();

enum class TimeUnit : std::uint8_t { kMilliseconds, kSeconds };

struct HostPort {
  std::string host;  // without brackets; empty or "*" for every address
  std::uint16_t port = 0;

  bool operator==(const HostPort&) const = default;
};

bool equal_ignoring_case(std::string_view a, std::string_view b);

std::optional<bool> parse_flag(std::string_view text);  // On, Off, True, False, in any letter case
std::optional<std::int64_t> parse_integer(std::string_view text);
// "500ms", "2s", "5m", "1h", "1d", or a bare number in the given unit.
std::optional<std::chrono::milliseconds> parse_duration(std::string_view text, TimeUnit bare);
// "4096", "64K", "4M", "1G" (powers of 1,024), or "unlimited" = kUnlimitedBytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "host:port", "1.2.3.4:80", "[::1]:80". The port is required and not 0.
std::optional<HostPort> parse_address(std::string_view text);
// As above, and "80", "*:80" and port 0 (any free one) as well.
std::optional<HostPort> parse_listen(std::string_view text);
// Items between commas, with blanks around them; empty ones do not count, for the list may go on in
// the next word.
std::optional<std::vector<HostPort>> parse_addresses(std::string_view text);

// The shortest text that parses to the value again: "30m", "250ms", "4M".
std::string duration_text(std::chrono::milliseconds value);
std::string size_text(std::uint64_t bytes);
// IPv6 in brackets.
std::string address_text(const HostPort& address);

}  // namespace understudy::conf
