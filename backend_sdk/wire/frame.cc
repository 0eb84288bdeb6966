// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/frame.h"

#include "backend_sdk/wire/bytes.h"
#include "base/check.h"

namespace understudy {

bool is_known(FrameType type) {
  const auto is_between = [type](FrameType first, FrameType last) {
    return first <= type && type <= last;
  };
  return is_between(FrameType::kHello, FrameType::kHelloOk) ||
         is_between(FrameType::kJoin, FrameType::kMergeNo) ||
         is_between(FrameType::kOpen, FrameType::kHandOver);
}

void encode_frame(const Frame& frame, std::string& out) {
  CHECK(frame.payload.size() <= kFramePayloadMax, "a frame's payload is too large");
  out.reserve(out.size() + kFrameHeaderBytes + frame.payload.size());
  ByteWriter writer(out);
  writer.u32(static_cast<uint32_t>(frame.payload.size()));
  writer.u8(static_cast<uint8_t>(frame.type));
  writer.u8(frame.flags);
  writer.u16(kFrameVersion);
  writer.u64(frame.channel);
  writer.u64(frame.seq);
  writer.bytes(frame.payload);
}

Result<std::optional<DecodedFrame>> decode_frame(std::string_view bytes) {
  if (bytes.size() < kFrameHeaderBytes) return std::optional<DecodedFrame>();
  ByteReader reader(bytes);
  const size_t payload_bytes = reader.u32();
  // Refused before the payload is waited for: no sender makes us buffer more than one frame.
  if (payload_bytes > kFramePayloadMax) {
    return Error{.code = ErrorCode::kTooLarge,
                 .detail = "a frame announces " + std::to_string(payload_bytes) +
                           " bytes; at most " + std::to_string(kFramePayloadMax) + " are allowed"};
  }
  if (bytes.size() - kFrameHeaderBytes < payload_bytes) return std::optional<DecodedFrame>();
  DecodedFrame decoded;
  decoded.frame.type = static_cast<FrameType>(reader.u8());
  decoded.frame.flags = reader.u8();
  decoded.version = reader.u16();
  decoded.frame.channel = reader.u64();
  decoded.frame.seq = reader.u64();
  decoded.frame.payload = reader.bytes(payload_bytes);
  decoded.bytes = kFrameHeaderBytes + payload_bytes;
  return std::optional<DecodedFrame>(std::move(decoded));
}

}  // namespace understudy
