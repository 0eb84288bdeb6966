// SPDX-License-Identifier: Apache-2.0

// Any bytes as a cookie's value in every dialect. What is accepted can be written again; what is
// verified was written by us.

#include <array>
#include <cstdlib>
#include <string_view>

#include "cookies/affinity.h"

namespace {

std::shared_ptr<const understudy::Keyring> ring() {
  static constexpr std::array<std::uint8_t, 32> kKey{};
  const std::array<understudy::Keyring::NamedKey, 1> keys = {{{.id = '1', .bytes = kKey}}};
  return understudy::Keyring::from_keys(keys).keyring;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using understudy::Dialect;
  static const auto keys = ring();
  const std::string_view value(reinterpret_cast<const char*>(data), size);
  for (Dialect dialect :
       {Dialect::kAuto, Dialect::kNative, Dialect::kWeblogic, Dialect::kRoute, Dialect::kInsert}) {
    const understudy::AffinityCodec codec({.dialect = dialect, .keyring = keys, .cluster = "fuzz"});
    const auto decoded = codec.decode(value);
    if (!decoded) continue;
    const bool is_signed =
        decoded.token.dialect == Dialect::kNative || decoded.token.dialect == Dialect::kInsert;
    if (is_signed || decoded.token.dialect == Dialect::kRoute) {
      const auto text = codec.encode(decoded.token);
      if (!text || text->view() != value) std::abort();
    }
    if (decoded.token.verified != is_signed) std::abort();
  }
  // Without keys: every canonical native value, whatever its mac.
  const understudy::AffinityCodec keyless({.dialect = Dialect::kNative});
  if (const auto decoded = keyless.decode(value); decoded && decoded.token.verified) std::abort();
  return 0;
}
