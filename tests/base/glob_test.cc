// SPDX-License-Identifier: Apache-2.0
#include "base/glob.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

TEST(Glob, StarIsAnyRunAndQuestionMarkAnyOne) {
  const struct {
    std::string_view pattern, text;
    bool matches;
  } kCases[] = {
      {"*.jsp", "/a/b.jsp", true},
      {"*.jsp", "/a.jsp/b", false},
      {"*.jsp", ".jsp", true},
      {"/a/*", "/a/", true},
      {"/a/*", "/a", false},
      {"/a?", "/ab", true},
      {"/a?", "/a", false},
      {"*", "", true},
      {"", "", true},
      {"", "x", false},
      {"a*b*c", "axxbxxbc", true},
      {"a*b*c", "axxbxx", false},
      {"**x", "x", true},
      {"[a]", "a", false},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(std::string(test.pattern) + " over " + std::string(test.text));
    EXPECT_EQ(matches_glob(test.pattern, test.text), test.matches);
  }
}

TEST(Glob, ManyStarsOverALongTextTakeNoLongTime) {
  std::string pattern;
  for (int i = 0; i < 200; ++i) pattern += "*a";
  EXPECT_FALSE(matches_glob(pattern + "b", std::string(20'000, 'a')));
}

}  // namespace
}  // namespace understudy
