// SPDX-License-Identifier: Apache-2.0
#include "conf/values.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy::conf {
namespace {

using std::chrono::milliseconds;

TEST(Values, Flags) {
  for (const std::string text : {"On", "ON", "on", "true", "True"}) {
    EXPECT_EQ(parse_flag(text), true) << text;
  }
  for (const std::string text : {"Off", "OFF", "false"}) EXPECT_EQ(parse_flag(text), false) << text;
  for (const std::string text : {"", "yes", "1", "onn", "o"}) {
    EXPECT_EQ(parse_flag(text), std::nullopt) << text;
  }
}

TEST(Values, Integers) {
  EXPECT_EQ(parse_integer("0"), 0);
  EXPECT_EQ(parse_integer("-1"), -1);
  EXPECT_EQ(parse_integer("9223372036854775807"), INT64_MAX);
  for (const std::string text : {"", "+1", " 1", "1 ", "1.5", "0x10", "9223372036854775808", "-"}) {
    EXPECT_EQ(parse_integer(text), std::nullopt) << text;
  }
}

TEST(Values, DurationsHaveUnits) {
  const struct {
    std::string text;
    std::int64_t count_ms;
  } cases[] = {{"250ms", 250},    {"2s", 2'000},      {"5m", 300'000},
               {"1h", 3'600'000}, {"1d", 86'400'000}, {"3", 3'000},
               {"0", 0},          {"10MS", 10},       {"2147483647s", 2'147'483'647'000}};
  for (const auto& one : cases) {
    EXPECT_EQ(parse_duration(one.text, TimeUnit::kSeconds), milliseconds(one.count_ms)) << one.text;
  }
  EXPECT_EQ(parse_duration("3", TimeUnit::kMilliseconds), milliseconds(3));
  for (const std::string text : {"", "s", "-1", "1.5s", "1 s", "1ss", "1us", "99999999999999999999",
                                 "9223372036854775807s"}) {
    EXPECT_EQ(parse_duration(text, TimeUnit::kSeconds), std::nullopt) << text;
  }
}

TEST(Values, SizesHaveUnits) {
  EXPECT_EQ(parse_size("8190"), 8190u);
  EXPECT_EQ(parse_size("64K"), 65'536u);
  EXPECT_EQ(parse_size("4m"), 4'194'304u);
  EXPECT_EQ(parse_size("1G"), 1'073'741'824u);
  EXPECT_EQ(parse_size("unlimited"), kUnlimitedBytes);
  for (const std::string text : {"", "K", "-1", "1KB", "1.5M", "9223372036854775807K"}) {
    EXPECT_EQ(parse_size(text), std::nullopt) << text;
  }
}

TEST(Values, TextsAreTheShortestThatParseAgain) {
  for (const std::string text : {"0s", "1ms", "1s", "90s", "1m", "36h", "2d"}) {
    EXPECT_EQ(duration_text(*parse_duration(text, TimeUnit::kSeconds)), text);
  }
  EXPECT_EQ(duration_text(milliseconds(60'000)), "1m");
  for (const std::string text : {"0", "1", "8190", "64K", "1M", "3G", "unlimited"}) {
    EXPECT_EQ(size_text(*parse_size(text)), text);
  }
}

TEST(Values, Addresses) {
  EXPECT_EQ(parse_address("127.0.0.1:80"), (HostPort{.host = "127.0.0.1", .port = 80}));
  EXPECT_EQ(parse_address("[::1]:65535"), (HostPort{.host = "::1", .port = 65535}));
  EXPECT_EQ(parse_address("app-1.example:7001"), (HostPort{.host = "app-1.example", .port = 7001}));
  for (const std::string text :
       {"", ":80", "80", "a:0", "a:65536", "a:-1", "a:+1", "a:", "a", "::1:80", "[]:80", "[::1]",
        "[a]:80", "*:80", "a b:80", "a/b:80"}) {
    EXPECT_EQ(parse_address(text), std::nullopt) << text;
  }
}

TEST(Values, WhereToListen) {
  EXPECT_EQ(parse_listen("80"), (HostPort{.host = "*", .port = 80}));
  EXPECT_EQ(parse_listen("*:80"), (HostPort{.host = "*", .port = 80}));
  EXPECT_EQ(parse_listen("127.0.0.1:0"), (HostPort{.host = "127.0.0.1", .port = 0}));
  for (const std::string text : {"", "x", "65536", "127.0.0.1", "1:2:3"}) {
    EXPECT_EQ(parse_listen(text), std::nullopt) << text;
  }
}

TEST(Values, AddressLists) {
  const auto both = parse_addresses("a:1,[::1]:2");
  ASSERT_TRUE(both.has_value());
  EXPECT_EQ(address_text(both->at(0)) + " " + address_text(both->at(1)), "a:1 [::1]:2");
  for (const std::string text : {"", "a:1,b", "a:1 b:2"}) {
    EXPECT_EQ(parse_addresses(text), std::nullopt) << text;
  }
  // A list may go on in the next word.
  for (const std::string text : {"a:1,", ",a:1", " a:1 , "}) {
    EXPECT_EQ(parse_addresses(text), parse_addresses("a:1")) << text;
  }
  EXPECT_TRUE(parse_addresses(",")->empty());
}

}  // namespace
}  // namespace understudy::conf
