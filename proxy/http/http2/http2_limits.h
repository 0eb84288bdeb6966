// SPDX-License-Identifier: Apache-2.0
// What one HTTP/2 connection of a client may cost, in one block (RFC 9113 10.5). The limits of a
// head are HeadLimits, as for HTTP/1.1. Used by http2_guard, http2_server_codec and downstream/.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace understudy::http {

inline constexpr uint32_t kHttp2StreamsMax = 100;
// A client may send so much of a body before the member's side has consumed it.
inline constexpr uint32_t kHttp2StreamWindowBytes = 65535;
inline constexpr uint32_t kHttp2ConnectionWindowBytes = uint32_t{1024} * 1024;
// The largest frame a client may send: the value that needs no SETTINGS.
inline constexpr size_t kHttp2FramePayloadBytesMax = 16384;
inline constexpr size_t kHttp2FrameHeadBytes = 9;

// Compressed, from HEADERS to END_HEADERS, before anything of it is decoded.
inline constexpr size_t kHttp2HeaderBlockBytesMax = size_t{64} * 1024;
inline constexpr unsigned kHttp2ContinuationsMax = 8;
// Fields of a head behind the one that it is refused for. A byte may stand for a field of four
// kilobytes, so the rest of such a head is not even looked at and its stream is reset.
inline constexpr unsigned kHttp2FieldsBeyondMax = 100;

// So many at once, and one more whenever `interval` has passed.
struct Http2Allowance {
  unsigned burst;
  std::chrono::milliseconds interval;
};
// Streams that end by RST_STREAM, from either side, and heads that are refused.
inline constexpr Http2Allowance kHttp2Resets{200, std::chrono::milliseconds(30)};
inline constexpr Http2Allowance kHttp2Settings{32, std::chrono::milliseconds(1000)};
inline constexpr Http2Allowance kHttp2Pings{100, std::chrono::milliseconds(100)};
// PRIORITY, PRIORITY_UPDATE and frames of unknown types, which change nothing.
inline constexpr Http2Allowance kHttp2Idlers{500, std::chrono::milliseconds(10)};
// DATA without data that does not end a body either.
inline constexpr Http2Allowance kHttp2EmptyData{100, std::chrono::milliseconds(100)};
// Each DATA frame that we send earns a few more: who downloads fast sends many.
inline constexpr Http2Allowance kHttp2WindowUpdates{1000, std::chrono::milliseconds(10)};
inline constexpr unsigned kHttp2WindowUpdatesPerData = 4;

// Of a response that waits for the client's windows so much must be taken, on the average of each
// `Timeout`: a window that opens by the byte is one that stays shut.
inline constexpr uint64_t kHttp2TakenBytesPerSecondMin = 256;

}  // namespace understudy::http
