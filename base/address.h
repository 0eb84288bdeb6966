// SPDX-License-Identifier: Apache-2.0
// Address: where a socket listens or connects: IPv4 or IPv6 with a port, or a unix-domain path.
// A value, comparable and hashable. Host names are resolved by `resolve` (blocking; at start only).
#pragma once

#include <sys/socket.h>

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
  uint16_t port() const;          // 0 for unix
  std::string host() const;       // without brackets; the path for unix
  std::string to_string() const;  // what parse reads
  const sockaddr* raw() const { return reinterpret_cast<const sockaddr*>(bytes_.data()); }
  socklen_t raw_size() const { return static_cast<socklen_t>(bytes_.size()); }
  Address with_port(uint16_t port) const;

  bool operator==(const Address&) const = default;
  auto operator<=>(const Address&) const = default;

 private:
  std::string bytes_;  // a sockaddr_in, sockaddr_in6 or sockaddr_un; only the meaningful part
};

// Every address of host:port, in the resolver's order. Blocks: start-up and refresh threads only.
Result<std::vector<Address>> resolve(std::string_view host_and_port, uint16_t default_port = 0);

}  // namespace understudy

template <>
struct std::hash<understudy::Address> {
  size_t operator()(const understudy::Address& address) const;
};
