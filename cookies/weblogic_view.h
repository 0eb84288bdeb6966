// SPDX-License-Identifier: Apache-2.0
#pragma once

// The weblogic dialect's member list, X-WebLogic-Cluster-List, to and from the same ClusterView. It
// is unsigned: whom to believe is the caller's decision. X-WebLogic-Cluster-Hash is opaque and only
// ever compared and sent back. Pure functions, any thread. Used where view_header.h is.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "cookies/view_header.h"

namespace understudy {

inline constexpr std::size_t kWeblogicHashBytes = 27;     // 20 bytes in unpadded base64
inline constexpr std::size_t kWeblogicHashBytesMax = 64;  // accepted from others

// Which of an entry's two ports the proxy connects to (SecureProxy).
enum class WeblogicPort : std::uint8_t { kPlain, kTls };

// `JVMID!host!port!sslport|...`, host a name, an address or (old servers) an IPv4 address as signed
// decimal. Entries whose chosen port is closed (-1) are left out. Names are "host:port", all are
// alive and ready; version and beat are 0. Extra fields of an entry are ignored.
DecodedView decode_weblogic_list(std::string_view list, WeblogicPort port);

// Only members that may be connected to: alive or suspect, and not disabled. The other port is -1.
// Nothing when an entry's address has no port or a host that the list cannot carry.
std::optional<std::string> encode_weblogic_list(const ClusterView& view, WeblogicPort port);

// A 27-character digest of an encoded list.
std::string weblogic_hash(std::string_view list);

// Whether an opaque hash from a server is fit to be sent back: printable, without separators,
// 1 .. kWeblogicHashBytesMax bytes.
bool is_weblogic_hash(std::string_view text);

}  // namespace understudy
