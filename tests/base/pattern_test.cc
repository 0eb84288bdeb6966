// SPDX-License-Identifier: Apache-2.0
#include "base/pattern.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace understudy {
namespace {

std::shared_ptr<const Pattern> pattern(std::string_view text) {
  auto compiled = Pattern::compile(text);
  EXPECT_TRUE(compiled.has_value()) << text;
  return *compiled;
}

TEST(Pattern, MatchesSomewhereUnlessItIsAnchored) {
  EXPECT_TRUE(pattern("b+")->matches("abbc"));
  EXPECT_FALSE(pattern("^b")->matches("abbc"));
  EXPECT_TRUE(pattern("\\.(gif|png)$")->matches("/x.png"));
  EXPECT_TRUE(pattern("(?i)SHOP")->matches("/shop"));
}

TEST(Pattern, GivesTheGroupsAndWhereTheNextMatchBegins) {
  const auto compiled = pattern("(a)|(b)");
  const std::string text = "xaxb";
  std::array<std::string_view, 4> groups;
  ASSERT_TRUE(compiled->find(text, 0, groups));
  EXPECT_EQ(groups[1], "a");
  EXPECT_EQ(groups[2], "");
  ASSERT_TRUE(compiled->find(text, 2, groups));
  EXPECT_EQ(groups[0].data() - text.data(), 3);
  EXPECT_EQ(groups[2], "b");
  EXPECT_EQ(groups[3], "");
  EXPECT_FALSE(compiled->find(text, 4, groups));
  EXPECT_EQ(compiled->group_count(), 2u);
}

TEST(Pattern, RefusesWhatIsNoExpressionOrNeedsMoreThanLinearTime) {
  for (const char* text : {"(", "a**", "(?=x)", "(a)\\1", "x{1,100000}"}) {
    SCOPED_TRACE(text);
    const auto compiled = Pattern::compile(text);
    ASSERT_FALSE(compiled.has_value());
    EXPECT_FALSE(compiled.error().detail.empty());
  }
}

}  // namespace
}  // namespace understudy
