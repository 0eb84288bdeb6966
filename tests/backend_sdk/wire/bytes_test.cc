// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/bytes.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

TEST(Bytes, ReadsWhatItWrote) {
  SessionId id;
  for (size_t i = 0; i < id.bytes.size(); ++i) id.bytes[i] = static_cast<uint8_t>(i);
  std::string out;
  ByteWriter writer(out);
  writer.u8(0xab);
  writer.u16(0xabcd);
  writer.u32(0xabcdef01);
  writer.u64(0x0123456789abcdef);
  writer.boolean(true);
  writer.session_id(id);
  writer.text8("eight");
  writer.text16("sixteen");
  writer.text32("thirty-two");
  writer.zeros(3);
  writer.bytes("raw");
  ByteReader reader(out);
  EXPECT_EQ(reader.u8(), 0xab);
  EXPECT_EQ(reader.u16(), 0xabcd);
  EXPECT_EQ(reader.u32(), 0xabcdef01);
  EXPECT_EQ(reader.u64(), 0x0123456789abcdef);
  EXPECT_TRUE(reader.boolean());
  EXPECT_EQ(reader.session_id(), id);
  EXPECT_EQ(reader.text8(), "eight");
  EXPECT_EQ(reader.text16(), "sixteen");
  EXPECT_EQ(reader.text32(100), "thirty-two");
  reader.zeros(3);
  EXPECT_EQ(reader.remaining(), 3u);
  EXPECT_FALSE(reader.is_complete());
  EXPECT_EQ(reader.bytes(3), "raw");
  EXPECT_TRUE(reader.is_complete());
}

TEST(Bytes, NumbersAreLittleEndian) {
  std::string out;
  ByteWriter(out).u32(0x01020304);
  EXPECT_EQ(out, std::string("\x04\x03\x02\x01"));
}

TEST(Bytes, AFieldBeyondTheEndFailsForGood) {
  const std::string bytes("\x01\x02\x03", 3);
  ByteReader reader(bytes);
  EXPECT_EQ(reader.u32(), 0u);
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.u8(), 0u) << "nothing is read after a failure";
  EXPECT_FALSE(reader.is_complete());
}

TEST(Bytes, ALengthAboveTheLimitFails) {
  for (const size_t size : {10u, 11u}) {
    std::string out;
    ByteWriter(out).text16(std::string(size, 'x'));
    ByteReader reader(out);
    EXPECT_EQ(reader.text16(10).size(), size == 10 ? 10u : 0u);
    EXPECT_EQ(reader.ok(), size == 10);
  }
}

TEST(Bytes, ALengthBeyondTheEndFails) {
  std::string out;
  ByteWriter(out).text32("abc");
  out.pop_back();
  ByteReader reader(out);
  EXPECT_EQ(reader.text32(SIZE_MAX), "");
  EXPECT_FALSE(reader.ok());
}

TEST(Bytes, PaddingAndBooleansAreStrict) {
  ByteReader padding("\x01");
  padding.zeros(1);
  EXPECT_FALSE(padding.ok());
  ByteReader boolean("\x02");
  EXPECT_FALSE(boolean.boolean());
  EXPECT_FALSE(boolean.ok());
}

}  // namespace
}  // namespace understudy
