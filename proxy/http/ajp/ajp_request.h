// SPDX-License-Identifier: Apache-2.0
// What the proxy writes to a member in AJP 1.3: Forward Request with its attributes, the packets of
// a request's body, CPing. Every text carries its length in front, and what a client wrote goes
// into the places of header fields, path and query only: no header can become an attribute. Which
// fields travel is said by the caller, as to http1_writer. Pure; any thread. Called by upstream/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/http/head_rewrite.h"
#include "proxy/http/message.h"

namespace understudy::http {

// Of one packet, its head of four bytes included: what both sides take unless told otherwise, and
// the most that can be agreed upon (packetSize in Tomcat).
inline constexpr std::size_t kAjpPacketBytesDefault = 8192;
inline constexpr std::size_t kAjpPacketBytesMax = 65536;
// In front of the payload in a packet of a body.
inline constexpr std::size_t kAjpBodyHeaderBytes = 6;
inline constexpr std::uint16_t kAjpPort = 8009;

inline constexpr std::string_view kAjpPing{"\x12\x34\x00\x01\x0a", 5};
// What ends a request's body.
inline constexpr std::string_view kAjpEmptyBody{"\x12\x34\x00\x00", 4};

struct AjpAttribute {
  std::string_view name;
  std::string_view value;
};

// What a Forward Request says besides the head. Empty texts are left out.
struct AjpFacts {
  std::string_view remote_address = {};  // of the client, where a trusted proxy named one
  std::string_view local_address = {};   // that the client has connected to
  std::uint16_t remote_port = 0;         // 0: not known
  bool is_tls = false;
  std::string_view user = {};         // that the proxy has verified
  std::string_view auth_type = {};    // how: "Basic"
  std::string_view secret = {};       // that the member asks for
  std::string_view certificate = {};  // of the client, PEM
  std::string_view cipher = {};
  std::uint16_t key_bits = 0;  // of the cipher; 0: not known
  std::string_view tls_protocol = {};
  std::span<const AjpAttribute> attributes = {};  // of the request, by their names
};

// Writes the packet at the start of `room`; its bytes, or 0 when it does not fit. `room` has at
// most kAjpPacketBytesMax bytes.
std::size_t write_ajp_request(const RequestHead& head, const RequestRewrite& rewrite,
                              const AjpFacts& facts, std::span<char> room);

// In front of `bytes` of a body, which are not 0 and fit with it into a packet.
std::array<char, kAjpBodyHeaderBytes> ajp_body_header(std::size_t bytes);

}  // namespace understudy::http
