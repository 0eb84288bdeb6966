// SPDX-License-Identifier: Apache-2.0
// Address: where a socket listens or connects: IPv4 or IPv6 with a port, or a unix-domain path.
// A value, comparable and hashable. Host names are resolved by `resolve` (blocking; at start only).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace understudy {

class Address {
 public:
  Address() = default;  // unset

  // "127.0.0.1:80", "[::1]:80", "unix:/path". A missing port takes default_port (0: an error).
  static Result<Address> parse(std::string_view text, uint16_t default_port = 0);
  static Address from_sockaddr(const sockaddr* address, socklen_t size);
  static Address loopback(uint16_t port);

  bool is_set() const { return !bytes_.empty(); }
  bool is_loopback() const;
  bool is_unix() const;
  uint16_t port() const;  // 0 for unix
  // Without brackets; the path for unix. The view lives as long as `room`, or as this address.
  using HostText = std::array<char, 46>;
  std::string_view host(HostText& room) const;
  std::string host() const;
  std::string to_string() const;  // what parse reads
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(bytes_.data()); }
  socklen_t raw_size() const {
    return static_cast<socklen_t>(bytes_.size() == kKeptOfIpv4 ? bytes_.size() + 1 : bytes_.size());
  }
  Address with_port(uint16_t port) const;

  bool operator==(const Address&) const = default;
  auto operator<=>(const Address&) const = default;

 private:
  // A sockaddr_in ends with padding: its last byte is the string's own zero, so that the address
  // of an IPv4 client fits into the string object and costs no allocation.
  static constexpr size_t kKeptOfIpv4 = 15;
  std::string bytes_;  // a sockaddr_in, sockaddr_in6 or sockaddr_un; only the meaningful part
};

// "192.0.2.7" of four bytes in network order, to `out`, which has room for 16; returns its end.
// What inet_ntop writes, but not by way of printf: a proxy needs it for each request.
char* write_ipv4(const uint8_t* bytes, char* out);

// Every address of host:port, in the resolver's order. Blocks: start-up and refresh threads only.
Result<std::vector<Address>> resolve(std::string_view host_and_port, uint16_t default_port = 0);

}  // namespace understudy

template <>
struct std::hash<understudy::Address> {
  size_t operator()(const understudy::Address& address) const;
};
