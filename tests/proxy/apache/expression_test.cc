// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/expression.h"

#include <gtest/gtest.h>

#include "tests/proxy/apache/asking.h"

namespace understudy::apache {
namespace {

Asking shop() {
  return Asking("/shop/cart")
      .query("id=42")
      .from("10.1.2.3")
      .set("COLOUR", "red")
      .field("User-Agent", "Mozilla/5.0 (X11)")
      .field("X-Tag", "Blue");
}

TEST(Expression, HoldsAsInApache) {
  const struct {
    std::string_view text;
    bool holds;
  } cases[] = {
      {"true", true},
      {"! true", false},
      {"false || (true && !false)", true},
      {"true || false && false", true},
      {"%{REQUEST_URI} == '/shop/cart'", true},
      {"%{REQUEST_URI} = '/shop'", false},
      {"%{REQUEST_METHOD} != 'GET'", false},
      {"%{QUERY_STRING} =~ /id=([0-9]+)/", true},
      {"%{QUERY_STRING} =~ m#^ID=#i", true},
      {"%{QUERY_STRING} !~ m#^ID=#", true},
      {"%{QUERY_STRING} =~ /id=([0-9]+)/ && $1 -gt 41", true},
      {"%{QUERY_STRING} =~ /id=([0-9]+)/ && $1 == '41'", false},
      {"10 -lt 9", false},
      {"10 lt 9", false},
      {"'10' < '9'", true},
      {"%{HTTP_USER_AGENT} -strmatch 'Mozilla*'", true},
      {"%{HTTP_USER_AGENT} -strmatch 'mozilla*'", false},
      {"%{HTTP_USER_AGENT} -strcmatch 'mozilla*'", true},
      {"-R '10.0.0.0/8'", true},
      {"-R '192.0.2.0/24'", false},
      {"%{REMOTE_ADDR} -ipmatch '10.1.2.3'", true},
      {"%{REQUEST_METHOD} in { 'GET', 'HEAD' }", true},
      {"%{REQUEST_METHOD} -in { 'PUT' }", false},
      {"-n req('X-Tag')", true},
      {"-z %{HTTP:X-None}", true},
      {"http('X-Tag') == 'Blue'", true},
      {"%{req:X-Tag} == 'Blue'", true},
      {"tolower(req('X-Tag')) == 'blue'", true},
      {"toupper('a') . 'b' == 'Ab'", true},
      {"reqenv('COLOUR') == 'red'", true},
      {"%{ENV:COLOUR} == \"%{tolower:RED}\"", true},
      {"md5('a') == '0cc175b9c0f1b6a831c399e269772661'", true},
      {"unbase64('aGk=') == 'hi' && base64('hi') == 'aGk='", true},
      {"replace('aXbX', 'X', '-') == 'a-b-'", true},
      {"-T 'off'", false},
      {"-T reqenv('COLOUR')", true},
      {"%{HTTPS} == 'off'", true},
      {"%{REQUEST_SCHEME}://%{HTTP_HOST} == 'x'", false},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    Asking asking = shop();
    const auto expression = Expression::condition(one.text);
    if (one.text.starts_with("%{REQUEST_SCHEME}:")) {
      EXPECT_FALSE(expression);  // a text has to stand in quotes
      continue;
    }
    ASSERT_TRUE(expression) << expression.error().detail;
    EXPECT_EQ((*expression)->holds(asking.request()), one.holds);
  }
}

TEST(Expression, SaysWhatItDoesNotUnderstand) {
  for (const std::string_view text :
       {"", "(", "true &&", "%{NO_SUCH} == 'a'", "%{HTTP_HOST", "'a", "'a' ==", "'a' =~ /(/",
        "'a' =~ /a", "-R 'nowhere'", "-R %{HTTP_HOST}", "nosuch('a') == 'b'", "replace('a') == 'b'",
        "'a' in 'b'", "'a' -strmatch %{HTTP_HOST}", "true true"}) {
    EXPECT_FALSE(Expression::condition(text)) << text;
  }
}

TEST(Expression, HasALimitOnDepthAndSize) {
  const auto nested = [](int depth) {
    return std::string(depth, '(') + "true" + std::string(depth, ')');
  };
  EXPECT_TRUE(Expression::condition(nested(kExpressionDepthMax - 1)));
  EXPECT_FALSE(Expression::condition(nested(kExpressionDepthMax)));
  EXPECT_FALSE(Expression::condition(std::string(kExpressionBytesMax + 1, ' ')));
  EXPECT_FALSE(Expression::condition(std::string(1000, '!') + "true"));
}

TEST(Expression, GivesWhatTheLastMatchCaught) {
  Asking asking = shop();
  std::vector<std::string> groups;
  const auto expression = Expression::condition("%{REQUEST_URI} =~ m#^/(\\w+)/(\\w+)$#");
  ASSERT_TRUE(expression);
  ASSERT_TRUE((*expression)->holds(asking.request(), &groups));
  EXPECT_EQ(groups, (std::vector<std::string>{"/shop/cart", "shop", "cart"}));
}

TEST(Expression, WordsAreATextWithVariables) {
  Asking asking = shop();
  const auto words = Expression::words("%{REQUEST_SCHEME}://%{HTTP_HOST} \\%{x");
  ASSERT_TRUE(words);
  EXPECT_EQ((*words)->text(asking.request()), "http://www.example.com %{x");
}

}  // namespace
}  // namespace understudy::apache
