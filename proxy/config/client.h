// SPDX-License-Identifier: Apache-2.0
// How clients are treated: how long they may take and how much they may send. One per virtual host;
// what is said before the host is known is that of the first host of the listener. Values of the
// immutable Config; any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace understudy::config {

inline constexpr std::uint64_t kUnlimitedBodyBytes = std::numeric_limits<std::uint64_t>::max();

struct ClientTimeouts {
  std::chrono::milliseconds silence{};                    // Timeout
  std::optional<std::chrono::milliseconds> handshake;     // RequestReadTimeout handshake=
  std::optional<std::chrono::milliseconds> request_head;  // RequestReadTimeout header=
  std::optional<std::chrono::milliseconds> body_silence;  // RequestReadTimeout body=
  std::optional<std::chrono::milliseconds> keep_alive;    // unset: KeepAlive Off
  std::optional<std::uint64_t> requests_per_connection;   // MaxKeepAliveRequests
};

struct RequestLimits {
  std::size_t line_bytes_max = 0;   // LimitRequestLine: 414
  std::size_t fields_max = 0;       // LimitRequestFields: 431
  std::size_t field_bytes_max = 0;  // LimitRequestFieldSize: 431
};

}  // namespace understudy::config
