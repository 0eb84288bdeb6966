// SPDX-License-Identifier: Apache-2.0
// Which peers of a listening address send the PROXY protocol before their first byte. A value of
// the immutable Config; any thread.
#pragma once

#include <cstdint>
#include <vector>

#include "base/address_range.h"

namespace understudy::config {

// RemoteIPProxyProtocol On: who must send the PROXY protocol, and who need not.
struct ProxyProtocol {
  std::vector<AddressRange> expected;
  std::vector<AddressRange> exceptions;

  enum class Rule : std::uint8_t { kExpected, kPlain, kRefused };
  Rule rule_for(const IpAddress& peer) const {
    if (contains(exceptions, peer)) return Rule::kPlain;
    return contains(expected, peer) ? Rule::kExpected : Rule::kRefused;
  }
  bool operator==(const ProxyProtocol&) const = default;
};

}  // namespace understudy::config
