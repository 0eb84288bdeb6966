// SPDX-License-Identifier: Apache-2.0
#include "conf/values.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace understudy::conf {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kHostBytesMax = 255;

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

struct Suffix {
  std::string_view text;
  std::uint64_t factor;
};

// The longest first, so that "ms" is not read as "m" and a rest.
constexpr std::array<Suffix, 5> kTimeSuffixes = {{
    {"ms", 1},
    {"s", 1'000},
    {"m", 60'000},
    {"h", 3'600'000},
    {"d", 86'400'000},
}};

constexpr std::array<Suffix, 3> kSizeSuffixes = {{
    {"K", std::uint64_t{1} << 10},
    {"M", std::uint64_t{1} << 20},
    {"G", std::uint64_t{1} << 30},
}};

// Digits and at most one suffix; `bare` is the factor without one.
template <std::size_t count>
std::optional<std::uint64_t> parse_scaled(std::string_view text,
                                          const std::array<Suffix, count>& suffixes,
                                          std::uint64_t bare) {
  std::uint64_t number = 0;
  if (text.empty() || !is_digit(text.front())) return std::nullopt;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (failure != std::errc()) return std::nullopt;
  const std::string_view suffix(rest, static_cast<std::size_t>(end - rest));
  std::uint64_t factor = suffix.empty() ? bare : 0;
  for (const Suffix& known : suffixes) {
    if (!suffix.empty() && equal_ignoring_case(suffix, known.text)) factor = known.factor;
  }
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (factor == 0 || number > kMax / factor) return std::nullopt;
  return number * factor;
}

template <std::size_t count>
std::string scaled_text(std::uint64_t value, const std::array<Suffix, count>& suffixes) {
  for (auto suffix = suffixes.rbegin(); suffix != suffixes.rend(); ++suffix) {
    if (value != 0 && value % suffix->factor == 0) {
      return std::to_string(value / suffix->factor).append(suffix->text);
    }
  }
  return std::to_string(value);
}

bool is_host_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '-' || c == '_';
}

bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= kHostBytesMax &&
         std::all_of(text.begin(), text.end(), is_host_character);
}

bool is_ipv6(std::string_view text) {
  const auto fits = [](char c) {
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.' || c == '%';
  };
  return text.size() >= 2 && text.size() <= 64 && text.find(':') != std::string_view::npos &&
         std::all_of(text.begin(), text.end(), fits);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = parse_integer(text);
  if (!number || *number < 0 || *number > 65535 || !is_digit(text.front())) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

std::optional<HostPort> parse_host_port(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_port(text.substr(colon + 1));
  if (!port) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
    if (!is_ipv6(host)) return std::nullopt;
  } else if (host != "*" && !is_host(host)) {
    return std::nullopt;
  }
  return HostPort{.host = std::string(host), .port = *port};
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<bool> parse_flag(std::string_view text) {
  if (equal_ignoring_case(text, "on") || equal_ignoring_case(text, "true")) return true;
  if (equal_ignoring_case(text, "off") || equal_ignoring_case(text, "false")) return false;
  return std::nullopt;
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, failure] = std::from_chars(text.data(), end, number);
  if (text.empty() || failure != std::errc() || rest != end) return std::nullopt;
  return number;
}

std::optional<milliseconds> parse_duration(std::string_view text, TimeUnit bare) {
  const auto count = parse_scaled(text, kTimeSuffixes, bare == TimeUnit::kSeconds ? 1'000 : 1);
  if (!count) return std::nullopt;
  return milliseconds(static_cast<std::int64_t>(*count));
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  if (equal_ignoring_case(text, "unlimited")) return kUnlimitedBytes;
  return parse_scaled(text, kSizeSuffixes, 1);
}

std::optional<HostPort> parse_address(std::string_view text) {
  auto address = parse_host_port(text);
  if (!address || address->port == 0 || address->host == "*") return std::nullopt;
  return address;
}

std::optional<HostPort> parse_listen(std::string_view text) {
  if (const auto port = parse_port(text)) return HostPort{.host = "*", .port = *port};
  return parse_host_port(text);
}

std::optional<std::vector<HostPort>> parse_addresses(std::string_view text) {
  std::vector<HostPort> addresses;
  if (text.empty()) return std::nullopt;
  for (bool is_last = false; !is_last;) {
    const std::size_t comma = text.find(',');
    std::string_view item = text.substr(0, comma);
    while (!item.empty() && is_blank(item.front())) item.remove_prefix(1);
    while (!item.empty() && is_blank(item.back())) item.remove_suffix(1);
    is_last = comma == std::string_view::npos;
    text.remove_prefix(is_last ? text.size() : comma + 1);
    // A list goes on with the next word: "a:1," "b:2", or "a:1" ", b:2".
    if (item.empty()) continue;
    auto address = parse_address(item);
    if (!address) return std::nullopt;
    addresses.push_back(std::move(*address));
  }
  return addresses;
}

std::string duration_text(milliseconds value) {
  if (value.count() == 0) return "0s";
  return scaled_text(static_cast<std::uint64_t>(value.count()), kTimeSuffixes);
}

std::string size_text(std::uint64_t bytes) {
  return bytes == kUnlimitedBytes ? "unlimited" : scaled_text(bytes, kSizeSuffixes);
}

std::string address_text(const HostPort& address) {
  const bool is_v6 = address.host.find(':') != std::string::npos;
  const std::string host = is_v6 ? '[' + address.host + ']' : address.host;
  return host + ':' + std::to_string(address.port);
}

}  // namespace understudy::conf
