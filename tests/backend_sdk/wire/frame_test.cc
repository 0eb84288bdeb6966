// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/frame.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace understudy {
namespace {

std::string encoded(const Frame& frame) {
  std::string bytes;
  encode_frame(frame, bytes);
  return bytes;
}

TEST(FrameCodec, WritesTheHeaderAsDocumented) {
  const std::string bytes = encoded({.type = FrameType::kRepl,
                                     .flags = 0x11,
                                     .channel = 0x0807060504030201,
                                     .seq = 0x1817161514131211,
                                     .payload = "ab"});
  const std::string expected(
      "\x02\x00\x00\x00"
      "\x22"
      "\x11"
      "\x02\x00"
      "\x01\x02\x03\x04\x05\x06\x07\x08"
      "\x11\x12\x13\x14\x15\x16\x17\x18"
      "ab",
      26);
  EXPECT_EQ(bytes, expected);
}

TEST(FrameCodec, ReadsWhatItWrote) {
  std::string bytes =
      encoded({.type = FrameType::kAck, .flags = 3, .channel = 4, .seq = 5, .payload = "payload"});
  const size_t first = bytes.size();
  bytes += encoded({.type = FrameType::kVote});
  const auto decoded = decode_frame(bytes);
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_EQ((*decoded)->bytes, first);
  EXPECT_EQ((*decoded)->version, kFrameVersion);
  EXPECT_EQ((*decoded)->frame.type, FrameType::kAck);
  EXPECT_EQ((*decoded)->frame.flags, 3);
  EXPECT_EQ((*decoded)->frame.channel, 4u);
  EXPECT_EQ((*decoded)->frame.seq, 5u);
  EXPECT_EQ((*decoded)->frame.payload, "payload");
}

TEST(FrameCodec, AsksForMoreUntilTheFrameIsWhole) {
  const std::string bytes = encoded({.type = FrameType::kAck, .payload = "payload"});
  for (size_t size = 0; size < bytes.size(); ++size) {
    const auto decoded = decode_frame(std::string_view(bytes).substr(0, size));
    ASSERT_TRUE(decoded);
    EXPECT_FALSE(*decoded) << size;
  }
}

TEST(FrameCodec, RefusesAnAnnouncementAboveTheLimitAtOnce) {
  for (const uint32_t announced :
       {uint32_t{kFramePayloadMax}, uint32_t{kFramePayloadMax + 1}, uint32_t{0xffffffff}}) {
    std::string bytes = encoded({.type = FrameType::kAck});
    for (int i = 0; i < 4; ++i)
      bytes[static_cast<size_t>(i)] = static_cast<char>(announced >> (8 * i));
    const auto decoded = decode_frame(bytes);
    EXPECT_EQ(static_cast<bool>(decoded), announced == kFramePayloadMax);
    if (!decoded) {
      EXPECT_EQ(decoded.error().code, ErrorCode::kTooLarge);
    }
  }
}

TEST(FrameCodec, TheLargestPayloadIsAllowedAndOneMoreIsABug) {
  EXPECT_EQ(encoded({.payload = std::string(kFramePayloadMax, 'x')}).size(),
            kFrameHeaderBytes + kFramePayloadMax);
  EXPECT_DEATH(encoded({.payload = std::string(kFramePayloadMax + 1, 'x')}), "too large");
}

TEST(FrameCodec, AForeignVersionIsHandedOnToBeAnswered) {
  std::string bytes = encoded({.type = FrameType::kAck});
  bytes[6] = 9;
  const auto decoded = decode_frame(bytes);
  ASSERT_TRUE(decoded && *decoded);
  EXPECT_EQ((*decoded)->version, 9);
}

TEST(FrameCodec, KnowsExactlyTheListedTypes) {
  size_t known = 0;
  for (int number = 0; number < 256; ++number) known += is_known(static_cast<FrameType>(number));
  EXPECT_EQ(known, 4u + 16u + 16u);
  EXPECT_FALSE(is_known(static_cast<FrameType>(0)));
}

TEST(FrameCodec, TakesAnyBytes) {
  SeededRandom random(7);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.below(64), '\0');
    random.fill({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
    if (bytes.size() > 3) bytes[2] = bytes[3] = 0;
    const auto decoded = decode_frame(bytes);
    if (decoded && *decoded) {
      EXPECT_LE((*decoded)->bytes, bytes.size());
    }
  }
}

}  // namespace
}  // namespace understudy
