// SPDX-License-Identifier: Apache-2.0
// How members are spoken to. Values of the immutable Config; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

namespace understudy::config {

// What members are spoken to in: BackendProtocol. kAuto: HTTP/2 where TLS agrees on it.
enum class MemberProtocol : std::uint8_t { kHttp1, kHttp2, kAuto, kAjp };

// With MemberProtocol::kAjp.
struct Ajp {
  std::string secret = {};              // secret=; empty: none is asked for
  std::chrono::milliseconds ping{};     // ping=: for CPong before each request; 0: it is not asked
  std::size_t packet_bytes_max = 8192;  // iobuffersize=, ProxyIOBufferSize

  bool operator==(const Ajp&) const = default;
};

// What a connection to a member says first: BackendProxyProtocol.
enum class ProxyHeader : std::uint8_t { kNone, kV1, kV2 };

// What a member was named with.
enum class MemberScheme : std::uint8_t { kUnsaid, kHttp, kHttps, kAjp };

// How one member is spoken to where the others are spoken to otherwise.
struct MemberWay {
  MemberProtocol protocol = MemberProtocol::kHttp1;
  Ajp ajp = {};
  bool is_plain = false;  // without TLS, though others are spoken to with it
  std::string path = {};  // before what it is asked for, without a slash at the end

  bool operator==(const MemberWay&) const = default;
};

}  // namespace understudy::config
