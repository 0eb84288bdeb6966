// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/scan.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace understudy::http {
namespace {

TEST(CharClass, TablesSayWhatTheGrammarSays) {
  for (int i = 0; i < 256; ++i) {
    const auto byte = static_cast<char>(i);
    SCOPED_TRACE(i);
    const bool letter_or_digit = i < 128 && std::isalnum(i) != 0;
    const bool in_token = std::string_view("!#$%&'*+-.^_`|~").find(byte) != std::string_view::npos;
    EXPECT_EQ(is(kToken, byte), letter_or_digit || in_token);
    EXPECT_EQ(is(kFieldByte, byte), (i >= 0x20 && i != 0x7f) || i == '\t');
    EXPECT_EQ(is(kHexDigit, byte), i < 128 && std::isxdigit(i) != 0);
    const bool never_in_target = std::string_view("\"#<>\\").find(byte) != std::string_view::npos;
    EXPECT_EQ(is(kTargetByte, byte), i > 0x20 && i < 0x7f && !never_in_target);
    // RFC 3986 3.2.2: unreserved, and sub-delims but the comma.
    const bool in_host = std::string_view("-._~!$&'()*+;=").find(byte) != std::string_view::npos;
    EXPECT_EQ(is(kHostByte, byte), letter_or_digit || in_host);
  }
}

// Every byte at every offset, with every distance to the end, so that blocks and tails are met.
TEST(Scan, StopsAtTheSameByteWithAndWithoutSimd) {
  for (size_t size = 0; size <= 40; ++size) {
    for (size_t at = 0; at < size; ++at) {
      for (int byte = 0; byte < 256; ++byte) {
        std::string text(size, 'a');
        text[at] = static_cast<char>(byte);
        const char* begin = text.data();
        const char* end = begin + size;
        ASSERT_EQ(scan::skip_plain_name(begin, end), scalar::skip_plain_name(begin, end));
        ASSERT_EQ(scan::skip_value(begin, end), scalar::skip_value(begin, end));
        ASSERT_EQ(scan::skip_target(begin, end), scalar::skip_target(begin, end));
      }
    }
  }
}

TEST(Scan, StopsAtTheSameByteOfRandomText) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 100, '\0');
    // Mostly bytes that pass, so that searches get far.
    for (char& byte : text) byte = static_cast<char>(random() % 20 == 0 ? random() : 'a');
    const char* begin = text.data();
    const char* end = begin + text.size();
    ASSERT_EQ(scan::skip_plain_name(begin, end), scalar::skip_plain_name(begin, end));
    ASSERT_EQ(scan::skip_value(begin, end), scalar::skip_value(begin, end));
    ASSERT_EQ(scan::skip_target(begin, end), scalar::skip_target(begin, end));
  }
}

}  // namespace
}  // namespace understudy::http
