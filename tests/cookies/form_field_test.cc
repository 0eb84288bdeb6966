// SPDX-License-Identifier: Apache-2.0
#include "cookies/form_field.h"

#include <gtest/gtest.h>

#include <random>

namespace understudy {
namespace {

std::optional<std::string> find(std::string_view body, std::size_t piece_bytes) {
  FormField field("jsessionid");
  for (std::size_t at = 0; at < body.size(); at += piece_bytes) {
    field.feed(body.substr(at, piece_bytes));
  }
  field.finish();
  const auto value = field.value();
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

TEST(FormField, IsFoundHoweverTheBodyIsCut) {
  const struct {
    std::string body;
    std::optional<std::string> value;
  } rows[] = {
      {"jsessionid=abc.b1", "abc.b1"},
      {"a=1&jsessionid=abc%211%212&b=2", "abc!1!2"},
      {"jsessionid=one&jsessionid=two", "one"},
      {"%6Asession%69d=abc", "abc"},
      {"jsessionid=a+b", "a b"},
      {"jsessionid=&jsessionid=x", ""},
      {"jsessionid", std::nullopt},
      {"jsessionid&jsessionid=x", "x"},
      {"JSESSIONID=abc", std::nullopt},
      {"xjsessionid=abc", std::nullopt},
      {"jsessionidx=abc", std::nullopt},
      {"jsession=abc", std::nullopt},
      {"a=jsessionid=abc", std::nullopt},
      {"a=1;jsessionid=abc", std::nullopt},
      {"%zz&jsessionid=abc", "abc"},
      {"%&jsessionid=abc", "abc"},
      {"%4&jsessionid=abc", "abc"},
      {"jsessionid=%zz", std::nullopt},
      {"jsessionid=%4", std::nullopt},
      {"jsessionid=%4&jsessionid=x", std::nullopt},
      {"&&jsessionid=abc&&", "abc"},
      {"", std::nullopt},
  };
  for (const auto& row : rows) {
    for (const std::size_t piece_bytes : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      SCOPED_TRACE(row.body + " in pieces of " + std::to_string(piece_bytes));
      EXPECT_EQ(find(row.body, piece_bytes), row.value);
    }
  }
}

TEST(FormField, IsNoneWhenItsValueIsLongerThanAnyCookies) {
  const std::string longest(kAffinityValueBytesMax, 'x');
  EXPECT_EQ(find("jsessionid=" + longest, 100), longest);
  EXPECT_FALSE(find("jsessionid=" + longest + "x", 100));
}

TEST(FormField, SaysWhenTheRestOfTheBodyDoesNotMatter) {
  FormField field("id");
  field.feed("a=1&id=x");
  EXPECT_FALSE(field.is_decided());
  EXPECT_FALSE(field.value());
  field.feed("&");
  EXPECT_TRUE(field.is_decided());
  EXPECT_EQ(field.value(), "x");
}

TEST(FormField, TakesAnyBytesWithoutHarm) {
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::string body;
    for (std::size_t size = random() % 200; size > 0; --size) {
      body += "jsessionid=&%4+;\0z"[random() % 18];
    }
    EXPECT_EQ(find(body, 1), find(body, 7)) << body;
  }
}

}  // namespace
}  // namespace understudy
