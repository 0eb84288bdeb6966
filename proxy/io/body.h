// SPDX-License-Identifier: Apache-2.0
// Bytes of a message on their way from one connection to the other. Values; the views belong to the
// connection that the bytes came in on and die when it consumes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace understudy {

// kPayload: the content itself. kChunked: with its chunk framing (RFC 9112 7.1), already checked,
// so that one HTTP/1.1 connection can hand it to another as it is.
enum class BodyForm : uint8_t { kPayload, kChunked };

struct BodyBytes {
  std::string_view bytes = {};
  bool last = false;  // the body ends behind them
};

// What became of something sent.
struct Taken {
  size_t body_bytes = 0;
  bool broken = false;     // the peer is gone
  bool too_large = false;  // heads only: the changed lines have no room; nothing was sent
};

// What became of a fetch.
enum class Fetched : uint8_t {
  kSome,    // there are new bytes, or the body's end
  kNone,    // nothing now; the connection says so when there may be
  kBroken,  // the connection has ended within the body, or broke the protocol
};

struct SpliceEnd {
  int fd = -1;
  uint64_t bytes_left = 0;  // of a source
  explicit operator bool() const { return fd >= 0; }
};

}  // namespace understudy
