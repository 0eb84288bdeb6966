// SPDX-License-Identifier: Apache-2.0
#include "base/address_range.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

namespace understudy {
namespace {

constexpr unsigned kMappedBits = 96;  // of ::ffff:0:0/96
constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The address in "[v6]", "[v6]:port" and "v4:port".
std::string_view without_port(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view behind = text.substr(end + 1);
    return behind.empty() || behind.starts_with(':') ? text.substr(1, end - 1) : std::string_view();
  }
  const std::size_t colon = text.find(':');
  const bool is_v6 = colon != std::string_view::npos && text.find(':', colon + 1) != text.npos;
  return is_v6 ? text : text.substr(0, colon);
}

// How many leading ones; nothing when a zero stands before a one.
std::optional<unsigned> ones_of(const in_addr& mask) {
  const uint32_t bits = ntohl(mask.s_addr);
  if ((~bits & (~bits + 1)) != 0) return {};
  return static_cast<unsigned>(__builtin_popcount(bits));
}

bool has_prefix(const std::array<uint8_t, 16>& bytes, const std::array<uint8_t, 16>& prefix,
                unsigned bits) {
  if (std::memcmp(bytes.data(), prefix.data(), bits / 8) != 0) return false;
  if (bits % 8 == 0) return true;
  const auto mask = static_cast<uint8_t>(0xff << (8 - bits % 8));
  return ((bytes[bits / 8] ^ prefix[bits / 8]) & mask) == 0;
}

}  // namespace

IpAddress IpAddress::parse(std::string_view text) {
  IpAddress out;
  const std::string_view host = without_port(text);
  Address::HostText zero_ended{};
  if (host.empty() || host.size() >= zero_ended.size()) return out;
  std::memcpy(zero_ended.data(), host.data(), host.size());
  if (inet_pton(AF_INET6, zero_ended.data(), out.bytes_.data()) == 1) {
    out.is_set_ = true;
    return out;
  }
  std::copy(kMapped.begin(), kMapped.end(), out.bytes_.begin());
  out.is_set_ = inet_pton(AF_INET, zero_ended.data(), out.bytes_.data() + kMapped.size()) == 1;
  return out.is_set_ ? out : IpAddress();
}

IpAddress IpAddress::of(const Address& address) {
  IpAddress out;
  if (!address.is_set()) return out;
  const sockaddr* const raw = address.raw();
  if (raw->sa_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(raw);
    std::memcpy(out.bytes_.data(), &v6->sin6_addr, out.bytes_.size());
    out.is_set_ = true;
  } else if (raw->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(raw);
    std::copy(kMapped.begin(), kMapped.end(), out.bytes_.begin());
    std::memcpy(out.bytes_.data() + kMapped.size(), &v4->sin_addr, sizeof v4->sin_addr);
    out.is_set_ = true;
  }
  return out;
}

bool IpAddress::is_v4() const {
  return is_set_ && std::equal(kMapped.begin(), kMapped.end(), bytes_.begin());
}

bool IpAddress::is_private() const {
  if (!is_v4()) return (bytes_[0] & 0xe0) != 0x20;
  const uint8_t a = bytes_[12];
  const uint8_t b = bytes_[13];
  return a == 10 || a == 127 || (a == 172 && (b & 0xf0) == 16) || (a == 192 && b == 168) ||
         (a == 169 && b == 254);
}

std::string_view IpAddress::text(Address::HostText& room) const {
  if (!is_set_) return {};
  if (is_v4()) {
    const char* const end = write_ipv4(bytes_.data() + kMapped.size(), room.data());
    return {room.data(), static_cast<std::size_t>(end - room.data())};
  }
  return inet_ntop(AF_INET6, bytes_.data(), room.data(), static_cast<socklen_t>(room.size()));
}

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  AddressRange out;
  // A network has no port.
  out.first_ = host.find_first_of("[]") == host.npos && without_port(host) == host
                   ? IpAddress::parse(host)
                   : IpAddress();
  const auto refusal = [text](const char* why) {
    return Error{.code = ErrorCode::kInvalid, .detail = std::string(text) + ": " + why};
  };
  if (!out.first_.is_set()) return refusal("no IP address");
  if (slash == std::string_view::npos) return out;
  const std::string length(text.substr(slash + 1));
  const unsigned before = out.first_.is_v4() ? kMappedBits : 0;
  in_addr mask{};
  unsigned bits = 0;
  if (out.first_.is_v4() && length.find('.') != std::string::npos &&
      inet_pton(AF_INET, length.c_str(), &mask) == 1) {
    const auto ones = ones_of(mask);
    if (!ones) return refusal("no network mask");
    bits = *ones;
  } else {
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
    if (error != std::errc() || end != length.data() + length.size() || bits > 128 - before) {
      return refusal(before != 0 ? "the network's length is a number from 0 to 32"
                                 : "the network's length is a number from 0 to 128");
    }
  }
  out.bits_ = before + bits;
  return out;
}

bool AddressRange::contains(const IpAddress& address) const {
  return address.is_set() && has_prefix(address.bytes(), first_.bytes(), bits_);
}

bool contains(const std::vector<AddressRange>& ranges, const IpAddress& address) {
  return std::any_of(ranges.begin(), ranges.end(),
                     [&](const AddressRange& range) { return range.contains(address); });
}

}  // namespace understudy
