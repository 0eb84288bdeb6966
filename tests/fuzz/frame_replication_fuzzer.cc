// SPDX-License-Identifier: Apache-2.0
// Whatever the bytes, no decoder reads past them; and what one accepts has one form only.
#include <cstdint>
#include <string>
#include <string_view>

#include "backend_sdk/replication/payloads.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace understudy;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  constexpr ChannelId kChannel = uint64_t{1} << 32 | 1;
  std::string again;
  if (const auto open = decode_open(kChannel, bytes)) {
    encode(*open, again);
    CHECK(again == bytes);
  }
  again.clear();
  if (const auto ack = decode_ack(bytes)) {
    encode(*ack, again);
    CHECK(again == bytes);
  }
  again.clear();
  if (const auto repl = decode_repl(bytes)) {
    encode(*repl, again);
    CHECK(again.size() == bytes.size());
  }
  again.clear();
  if (const auto full = decode_full(bytes)) {
    encode(*full, again);
    CHECK(again.size() == bytes.size());
  }
  (void)decode_sid(bytes);
  (void)decode_claim(kChannel, bytes);
  (void)decode_lookup(bytes);
  (void)decode_found(bytes);
  (void)decode_member(bytes);
  return 0;
}
