// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/wire/beat.h"

#include <gtest/gtest.h>

#include "backend_sdk/wire/datagram.h"
#include "base/random.h"

namespace understudy {
namespace {

Beat sample(size_t events) {
  Beat beat{.term = 1,
            .view_seq = 2,
            .view_hash = 3,
            .join_seq = 4,
            .refute = 5,
            .state = 6,
            .health = 7,
            .interval_ms = 8,
            .load = 9,
            .sessions = 10,
            .voted_term = 12,
            .echo = 11,
            .events = {}};
  for (size_t i = 0; i < events; ++i) {
    beat.events.push_back(
        {.mid = static_cast<MemberId>(i + 1), .liveness = 1, .refute = 2, .version = 3});
  }
  return beat;
}

TEST(BeatCodec, ReadsWhatItWrote) {
  for (const size_t events : {size_t{0}, size_t{1}, kBeatEventsMax}) {
    const Beat beat = sample(events);
    const std::string bytes = encode_beat(beat);
    EXPECT_EQ(bytes.size(), kBeatBodyBytes + events * kBeatEventBytes);
    const auto decoded = decode_beat(bytes);
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, beat);
  }
}

TEST(BeatCodec, TheLargestBeatFitsIntoADatagram) {
  EXPECT_LE(kDatagramHeaderBytes + encode_beat(sample(kBeatEventsMax)).size() + kDatagramTagBytes,
            kDatagramBytesMax);
  EXPECT_DEATH(encode_beat(sample(kBeatEventsMax + 1)), "too many");
}

TEST(BeatCodec, PutsFieldsWhereTheDocumentSaysTheyAre) {
  const std::string bytes = encode_beat(sample(1));
  const std::pair<size_t, int> places[] = {{0, 1},  {4, 2},  {12, 3}, {20, 4},  {24, 5},  {26, 6},
                                           {27, 7}, {28, 8}, {30, 9}, {32, 10}, {36, 12}, {40, 11},
                                           {48, 1}, {52, 1}, {56, 1}, {58, 2}, {60, 3}};
  for (const auto& [offset, value] : places) EXPECT_EQ(bytes[offset], value) << offset;
}

TEST(BeatCodec, AcceptsNoOtherLengthThanAnnounced) {
  const std::string bytes = encode_beat(sample(2));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_beat(std::string_view(bytes).substr(0, size))) << size;
  }
  EXPECT_FALSE(decode_beat(bytes + "x"));
}

TEST(BeatCodec, PaddingAndFlagsMustBeZero) {
  for (const size_t offset : {size_t{49}, size_t{50}, size_t{51}, kBeatBodyBytes + 5}) {
    std::string bytes = encode_beat(sample(1));
    bytes[offset] = 1;
    EXPECT_FALSE(decode_beat(bytes)) << offset;
  }
}

TEST(DatagramHeaderCodec, ReadsWhatItWrote) {
  const DatagramHeader header{.type = DatagramType::kNack,
                              .key = 'k',
                              .flags = 0,
                              .cluster_tag = 1,
                              .mid = 2,
                              .salt = 3,
                              .counter = 4,
                              .group = 5,
                              .to = 6};
  std::string bytes;
  encode_datagram_header(header, bytes);
  ASSERT_EQ(bytes.size(), kDatagramHeaderBytes);
  const auto decoded = decode_datagram_header(bytes + "body");
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->type, DatagramType::kNack);
  EXPECT_EQ(decoded->key, 'k');
  EXPECT_EQ(decoded->cluster_tag, 1u);
  EXPECT_EQ(decoded->mid, 2u);
  EXPECT_EQ(decoded->salt, 3u);
  EXPECT_EQ(decoded->counter, 4u);
  EXPECT_EQ(decoded->group, 5u);
  EXPECT_EQ(decoded->to, 6u);
  ++bytes[0];
  EXPECT_FALSE(decode_datagram_header(bytes)) << "another version";
}

TEST(BeatCodec, TakesAnyBytes) {
  SeededRandom random(8);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes(random.below(600), '\0');
    random.fill({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
    static_cast<void>(decode_beat(bytes));
    static_cast<void>(decode_datagram_header(bytes));
  }
}

}  // namespace
}  // namespace understudy
