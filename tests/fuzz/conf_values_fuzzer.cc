// SPDX-License-Identifier: Apache-2.0
// Single values: whatever parses has a text that parses to the same value again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "conf/values.h"

namespace {

namespace conf = understudy::conf;

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  if (const auto duration = conf::parse_duration(text, conf::TimeUnit::kSeconds)) {
    require(conf::parse_duration(conf::duration_text(*duration), conf::TimeUnit::kSeconds) ==
            duration);
  }
  if (const auto count = conf::parse_size(text)) {
    require(conf::parse_size(conf::size_text(*count)) == count);
  }
  if (const auto addresses = conf::parse_addresses(text)) {
    for (const conf::HostPort& one : *addresses) {
      require(conf::parse_address(conf::address_text(one)) == one);
    }
  }
  if (const auto listen = conf::parse_listen(text)) {
    require(conf::parse_listen(conf::address_text(*listen)).has_value() || listen->host.empty());
  }
  require(!conf::parse_flag(text) || size <= 5);
  return 0;
}
