// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/transport/hello.h"

#include <gtest/gtest.h>

#include "backend_sdk/transport/frame_reader.h"
#include "base/quiet_log.h"

namespace understudy {
namespace {

TEST(HelloCodec, ReadsWhatItWrote) {
  const Hello hello{.mid = 1,
                    .expected = 2,
                    .purpose = Hello::Purpose::kProbe,
                    .cluster = "shop",
                    .name = "a",
                    .address = *Address::parse("[::1]:7101")};
  const std::string bytes = encode_hello(hello);
  const auto read = decode_hello(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->mid, 1u);
  EXPECT_EQ(read->expected, 2u);
  EXPECT_EQ(read->purpose, Hello::Purpose::kProbe);
  EXPECT_EQ(read->cluster, "shop");
  EXPECT_EQ(read->name, "a");
  EXPECT_EQ(read->address, hello.address);
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_hello(std::string_view(bytes).substr(0, size)));
  }
  EXPECT_FALSE(decode_hello(bytes + "x"));
}

TEST(HelloCodec, AnswersCarryTheirReason) {
  const auto no = decode_hello_no(
      encode_hello_no({.why = HelloNo::Why::kOtherCluster, .mid = 4, .text = "not here"}));
  ASSERT_TRUE(no);
  EXPECT_EQ(no->why, HelloNo::Why::kOtherCluster);
  EXPECT_EQ(no->mid, 4u);
  EXPECT_EQ(no->text, "not here");
  const auto unknown =
      decode_unknown(encode_unknown({.type = 99, .their_version = 2, .our_version = 1}));
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->type, 99);
  EXPECT_EQ(unknown->their_version, 2);
}

TEST(FrameReader, TakesFramesFromBytesHoweverTheyAreCut) {
  std::string bytes;
  for (const char* payload : {"one", "", "three"}) {
    encode_frame(Frame{.type = FrameType::kAck, .payload = payload}, bytes);
  }
  for (size_t step = 1; step <= bytes.size(); ++step) {
    FrameReader reader(10);
    std::string seen;
    for (size_t at = 0; at < bytes.size(); at += step) {
      reader.append(std::string_view(bytes).substr(at, step));
      for (;;) {
        auto frame = reader.next();
        ASSERT_TRUE(frame);
        if (!*frame) break;
        seen += (*frame)->frame.payload + ";";
      }
    }
    EXPECT_EQ(seen, "one;;three;");
    EXPECT_EQ(reader.buffered(), 0u);
  }
}

TEST(FrameReader, RefusesAFrameAboveItsLimitBeforeItHasArrived) {
  for (const size_t size : {10u, 11u}) {
    std::string bytes;
    encode_frame(Frame{.type = FrameType::kAck, .payload = std::string(size, 'x')}, bytes);
    FrameReader reader(10);
    reader.append(std::string_view(bytes).substr(0, 4));
    EXPECT_EQ(static_cast<bool>(reader.next()), size == 10);
  }
}

TEST(QuietLog, LetsOneLineForAPeerThroughInAMinute) {
  QuietLog log;
  const TimePoint start(std::chrono::hours(1));
  EXPECT_TRUE(log.may_write("a", start));
  EXPECT_FALSE(log.may_write("a", start + std::chrono::seconds(59)));
  EXPECT_TRUE(log.may_write("b", start + std::chrono::seconds(59)));
  EXPECT_TRUE(log.may_write("a", start + std::chrono::seconds(60)));
}

}  // namespace
}  // namespace understudy
