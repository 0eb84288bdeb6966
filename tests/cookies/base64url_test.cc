// SPDX-License-Identifier: Apache-2.0
#include "cookies/base64url.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace understudy {
namespace {

std::string encoded(std::string_view bytes) {
  std::string text(base64url_size(bytes.size()), '?');
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  EXPECT_EQ(encode_base64url({data, bytes.size()}, text.data()), text.data() + text.size());
  return text;
}

std::string number(std::uint64_t value) {
  std::array<char, kNumber64BytesMax> room;
  return {room.data(), encode_number(value, room.data())};
}

TEST(Base64url, WritesTheVectorsOfRfc4648WithoutPadding) {
  EXPECT_EQ(encoded(""), "");
  EXPECT_EQ(encoded("f"), "Zg");
  EXPECT_EQ(encoded("fo"), "Zm8");
  EXPECT_EQ(encoded("foo"), "Zm9v");
  EXPECT_EQ(encoded("foob"), "Zm9vYg");
  EXPECT_EQ(encoded("fooba"), "Zm9vYmE");
  EXPECT_EQ(encoded("foobar"), "Zm9vYmFy");
  EXPECT_EQ(encoded("\xfb\xff"), "-_8");
}

TEST(Base64url, ReadsBackEveryLength) {
  std::string bytes;
  for (std::size_t size = 0; size < 40; ++size, bytes += static_cast<char>(size * 37)) {
    std::vector<std::uint8_t> back(size);
    ASSERT_TRUE(decode_base64url(encoded(bytes), back)) << size;
    EXPECT_EQ(std::string(back.begin(), back.end()), bytes);
  }
}

TEST(Base64url, OneValueHasOneText) {
  std::array<std::uint8_t, 1> one;
  std::array<std::uint8_t, 2> two;
  EXPECT_TRUE(decode_base64url("Zg", one));
  for (const char* text : {"Zh", "Zn", "Zg==", "Z", "Zg.", "Z=", "", "Zm8"}) {
    EXPECT_FALSE(decode_base64url(text, one)) << text;
  }
  EXPECT_FALSE(decode_base64url("Zm9", two));
  EXPECT_FALSE(decode_base64url("Zm+", two));
}

TEST(Base64url, RefusesEveryCharacterOutsideTheAlphabetInEveryPlace) {
  for (int c = 0; c < 256; ++c) {
    for (std::size_t place = 0; place < 6; ++place) {
      std::string text = "AAAAAA";
      text[place] = static_cast<char>(c);
      std::array<std::uint8_t, 4> bytes;
      if (!is_base64url(static_cast<char>(c))) {
        EXPECT_FALSE(decode_base64url(text, bytes)) << c << " at " << place;
      }
    }
  }
}

TEST(Number, IsWrittenInTheFewestDigits) {
  EXPECT_EQ(number(0), "A");
  EXPECT_EQ(number(63), "_");
  EXPECT_EQ(number(64), "BA");
  EXPECT_EQ(number(UINT32_MAX), "D_____");
  EXPECT_EQ(number(UINT64_MAX), "P__________");
}

TEST(Number, IsReadBackUpToItsMaximumAndNotBeyond) {
  for (std::uint64_t value : {0UL, 1UL, 4095UL, 4096UL, 1UL << 35, ~0UL - 1, ~0UL}) {
    EXPECT_EQ(decode_number(number(value), UINT64_MAX), value);
  }
  EXPECT_EQ(decode_number("D_____", UINT32_MAX), UINT32_MAX);
  EXPECT_FALSE(decode_number("EAAAAA", UINT32_MAX));
  EXPECT_FALSE(decode_number("QAAAAAAAAAA", UINT64_MAX));  // 2^64
  EXPECT_FALSE(decode_number("BAAAAAAAAAAA", UINT64_MAX));
}

TEST(Number, HasNoLeadingZerosAndNoOtherText) {
  for (const char* text : {"", "AA", "AB", "-.", ".", "B ", "=", "B="}) {
    EXPECT_FALSE(decode_number(text, UINT64_MAX)) << text;
  }
}

}  // namespace
}  // namespace understudy
