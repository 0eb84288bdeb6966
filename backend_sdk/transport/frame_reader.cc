// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/frame_reader.h"

#include "backend_sdk/wire/bytes.h"

namespace understudy {
namespace {

// A link that carried one large frame gives its memory back.
constexpr size_t kKeptBytes = 64 * 1024;

}  // namespace

Result<std::optional<DecodedFrame>> FrameReader::next() {
  const std::string_view rest = std::string_view(bytes_).substr(begin_);
  if (rest.size() >= sizeof(uint32_t) && ByteReader(rest).u32() > payload_bytes_max_) {
    return Error{.code = ErrorCode::kTooLarge,
                 .detail = "a frame larger than " + std::to_string(payload_bytes_max_) + " bytes"};
  }
  auto decoded = decode_frame(rest);
  if (!decoded) return decoded;
  if (*decoded) {
    begin_ += (*decoded)->bytes;
  } else {
    // What was read goes, so that the buffer never holds more than the unfinished frame.
    bytes_.erase(0, begin_);
    begin_ = 0;
    if (bytes_.empty() && bytes_.capacity() > kKeptBytes) bytes_.shrink_to_fit();
  }
  return decoded;
}

}  // namespace understudy
