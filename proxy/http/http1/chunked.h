// SPDX-License-Identifier: Apache-2.0
// Chunked bodies (RFC 9112 7.1). ChunkScanner walks over bytes that arrive in any pieces and tells
// how many of them belong to the message, so that a chunked body is forwarded as it is; or it gives
// out the payload, for a receiver that is framed otherwise. What is forwarded is stricter than the
// grammar, so that no next hop can see other chunks than we do: no bare LF is taken, blanks in a
// size line and trailers that may not be there (RFC 9110 6.5.1) are left out. It never allocates.
// One per body in flight, owned by who reads the body; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/limits.h"

namespace understudy::http {

struct ChunkResult {
  Progress progress = Progress::kIncomplete;
  Refusal refusal = Refusal::kNone;
  size_t consumed = 0;  // of the bytes given; these are sound and may be forwarded
  size_t left_out = 0;  // behind those: of the body, and not to be forwarded; scan() the rest anew
};

// What a part of a body has become.
struct SiftedChunks {
  Progress progress = Progress::kIncomplete;
  Refusal refusal = Refusal::kNone;
  size_t body_bytes = 0;  // from the front: to be forwarded
  size_t bytes = 0;  // of all that is left; behind the body's stands what does not belong to it
};

struct ChunkPiece {
  Progress progress = Progress::kIncomplete;
  Refusal refusal = Refusal::kNone;
  size_t consumed = 0;
  std::string_view payload;  // into the bytes given; may be empty
};

class ChunkScanner final {
 public:
  // A member may pad a size, and write as many zeros in front of it as its line has room for.
  enum class Sender : uint8_t { kClient, kMember };
  explicit ChunkScanner(Sender sender = Sender::kClient) : sender_(sender) {}

  // For forwarding as is. Takes as much of `bytes` as belongs to the body: all of it, unless the
  // body ends (kComplete: the trailer's last CRLF is the last byte consumed) or is refused, or a
  // trailer's name is cut: its beginning is to be given again, with what follows.
  ChunkResult scan(std::string_view bytes);
  // The same where the bytes lie: takes out of them what is not to be forwarded.
  SiftedChunks sift(std::span<char> bytes);
  // Of a name whose beginning was not consumed: there is no room to give it again.
  void leave_trailer_out() { leaves_out_ = true; }
  // More of a name is not needed to know whether it may be there.
  static constexpr size_t kNameBytesMax = 40;

  // For re-framing: takes bytes up to the end of the first run of payload among them, at most.
  // Call again with the rest until nothing is left or progress is not kIncomplete. Trailers are
  // read over.
  ChunkPiece next(std::string_view bytes);

  // Bytes of payload so far, the announced rest of the current chunk included: so a body limit can
  // be enforced before the chunk is there. At most 2^63 - 1.
  uint64_t payload_bytes() const { return payload_bytes_; }
  bool is_complete() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t {
    kSizeFirst,
    kSize,
    kSizeBlank,  // behind the size, as the other blanks in front of ';' or '='
    kExtensionName,
    kExtensionNameMore,
    kExtensionNameBlank,
    kExtensionValue,
    kExtensionToken,
    kExtensionQuoted,
    kExtensionEscape,
    kExtensionEnd,
    kExtensionBlank,
    kSizeLf,
    kData,
    kDataCr,
    kDataLf,
    kTrailerStart,
    kTrailerName,
    kTrailerValue,
    kTrailerLf,
    kLastLf,
    kDone,
    kRefused,
  };
  Refusal step(char byte);
  Refusal step_size(char byte);
  Refusal step_extension(char byte);
  static State state_behind_blank(State before);
  Refusal step_trailer(char byte);
  Refusal end_of_size_line();
  bool is_left_out(char byte) const;

  uint64_t chunk_left_ = 0;     // of the current chunk
  uint64_t payload_bytes_ = 0;  // announced so far
  uint16_t line_bytes_ = 0;     // of the current size line
  uint16_t trailer_bytes_ = 0;
  uint8_t zeros_ = 0;  // in front of its digits, but for one
  uint8_t digits_ = 0;
  uint8_t trailer_fields_ = 0;
  Sender sender_;
  bool leaves_out_ = false;  // the trailer that is being read
  State state_ = State::kSizeFirst;
  Refusal refusal_ = Refusal::kNone;
};

// For a body that we frame ourselves: "1a2b\r\n", written at `out`; returns its bytes. After the
// payload goes kChunkEnd, and kLastChunk ends the body. size must not be 0.
inline constexpr size_t kChunkHeaderBytesMax = 18;
size_t write_chunk_header(uint64_t size, char* out);
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace understudy::http
