// SPDX-License-Identifier: Apache-2.0
// The opening handshake of WebSocket (RFC 6455 4) as far as the proxy takes part in it itself: over
// HTTP/2 there is none (RFC 8441 5), so towards the member the proxy asks with a key of its own and
// checks the answer. It knows no frames: what travels in a tunnel is not looked at. Pure;
// any thread. Used by http2_head and by downstream/.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace understudy::http {

inline constexpr size_t kWebSocketNonceBytes = 16;
inline constexpr size_t kWebSocketKeyBytes = 24;
inline constexpr size_t kWebSocketAcceptBytes = 28;
inline constexpr std::string_view kWebSocketToken = "websocket";
inline constexpr std::string_view kWebSocketKeyName = "sec-websocket-key";
inline constexpr std::string_view kWebSocketAcceptName = "sec-websocket-accept";

using WebSocketKey = std::array<char, kWebSocketKeyBytes>;
using WebSocketAccept = std::array<char, kWebSocketAcceptBytes>;

// The value of Sec-WebSocket-Key for a nonce.
WebSocketKey websocket_key(std::span<const uint8_t, kWebSocketNonceBytes> nonce);
// The value of Sec-WebSocket-Accept that answers a key.
WebSocketAccept websocket_accept(std::string_view key);

}  // namespace understudy::http
