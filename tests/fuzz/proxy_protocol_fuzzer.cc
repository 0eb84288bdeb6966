// SPDX-License-Identifier: Apache-2.0
// Any bytes as the beginning of a balancer's connection: whatever is accepted lies within them, and
// no part of an accepted header is complete by itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "proxy/http/preface/proxy_protocol.h"

using understudy::http::parse_proxy_header;
using understudy::http::Progress;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = parse_proxy_header(bytes);
  if (header.progress != Progress::kComplete) return 0;
  if (header.bytes == 0 || header.bytes > size) std::abort();
  if (header.client.is_set() != header.destination.is_set()) std::abort();
  const auto shorter = parse_proxy_header(bytes.substr(0, header.bytes - 1));
  if (shorter.progress != Progress::kIncomplete) std::abort();
  return 0;
}
