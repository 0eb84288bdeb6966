// SPDX-License-Identifier: Apache-2.0
// AddressRange: a network as operators write it, "10.0.0.0/8", "2001:db8::/32" or one address; and
// IpAddress, an address without a port in one form for both families. Values; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/result.h"

namespace understudy {

class IpAddress final {
 public:
  IpAddress() = default;  // unset
  // "192.0.2.7", "2001:db8::7"; in brackets and with a port too.
  static IpAddress parse(std::string_view text);
  // Unset for a unix socket.
  static IpAddress of(const Address& address);

  bool is_set() const { return is_set_; }
  bool is_v4() const;
  // Loopback, private and link-local networks, and IPv6 outside of 2000::/3: what a client from
  // the public Internet cannot have.
  bool is_private() const;
  // Canonical, without brackets; the view lives as long as `room`.
  std::string_view text(Address::HostText& room) const;
  const std::array<uint8_t, 16>& bytes() const { return bytes_; }

  bool operator==(const IpAddress&) const = default;

 private:
  friend class AddressRange;
  std::array<uint8_t, 16> bytes_{};  // IPv4 as ::ffff:a.b.c.d
  bool is_set_ = false;
};

class AddressRange final {
 public:
  // "10.0.0.0/8", "10.0.0.0/255.0.0.0", "192.0.2.7", "::1". kInvalid: why not.
  static Result<AddressRange> parse(std::string_view text);
  bool contains(const IpAddress& address) const;

  bool operator==(const AddressRange&) const = default;

 private:
  IpAddress first_;
  unsigned bits_ = 128;  // of the 16 bytes
};

bool contains(const std::vector<AddressRange>& ranges, const IpAddress& address);

}  // namespace understudy
