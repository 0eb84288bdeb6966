// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol, versions 1 and 2, as a balancer in front of us sends it before anything else:
// who the client is and where it connected to. Strict: one form for each statement, everything else
// is refused. It decides nothing about trust, and reads no socket. Pure; any thread. Called by
// downstream/ for connections of which the configuration expects it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/address.h"
#include "proxy/http/refusal.h"

namespace understudy::http {

// Of version 1, by its specification; and of version 2 with all its TLVs, by us.
inline constexpr size_t kProxyLineBytesMax = 107;
inline constexpr size_t kProxyHeaderBytesMax = 4096;

enum class ProxyRefusal : uint8_t {
  kNone,
  kNoHeader,     // the first bytes are something else
  kLineTooLong,  // version 1
  kBadLine,      // version 1
  kBadVersion,   // version 2: not 2, or an unknown command
  kBadFamily,    // version 2: not TCP over IPv4 or IPv6, not a unix stream
  kTooShort,     // version 2: the addresses do not fit into the length
  kTooLong,      // version 2: kProxyHeaderBytesMax
  kBadTlv,       // version 2: one does not end where the header ends
  kBadChecksum,  // version 2: CRC32c
};
std::string_view to_text(ProxyRefusal refusal);

struct ProxyHeader {
  Progress progress = Progress::kIncomplete;
  ProxyRefusal refusal = ProxyRefusal::kNone;
  size_t bytes = 0;  // of the whole header, once it is complete
  // Unset where the balancer speaks for itself (LOCAL, UNKNOWN) or for a unix socket: the
  // connection's own addresses hold.
  Address client = {};
  Address destination = {};
};

// `bytes`: all that has come.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace understudy::http
