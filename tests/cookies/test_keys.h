// SPDX-License-Identifier: Apache-2.0
#pragma once

// Key rings of known bytes: a key's bytes count upwards from a number of its own, so that the
// known answers can be computed anew with any other HMAC.

#include <array>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

#include "cookies/keyring.h"

namespace understudy::test {

// One key for each character of `ids`; the key of id c begins with the byte c - '1'.
inline std::shared_ptr<const Keyring> ring(std::string_view ids = "1") {
  std::vector<std::array<std::uint8_t, kKeyBytesMin>> bytes(ids.size());
  std::vector<Keyring::NamedKey> keys;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::iota(bytes[i].begin(), bytes[i].end(), static_cast<std::uint8_t>(ids[i] - '1'));
    keys.push_back({.id = ids[i], .bytes = bytes[i]});
  }
  return Keyring::from_keys(keys).keyring;
}

}  // namespace understudy::test
