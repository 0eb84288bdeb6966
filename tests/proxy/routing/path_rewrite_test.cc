// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/path_rewrite.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace understudy::routing {
namespace {

std::string rewritten(const config::PathRules& rules, std::string_view path) {
  std::array<char, 256> room;
  return std::string(rewrite_path(rules, path, room));
}

TEST(PathRewrite, TrimsThenAsksForTheDefaultFileThenPrepends) {
  const config::PathRules trim{.trim = "/weblogic"};
  const config::PathRules prepend{.prepend = "/app"};
  const config::PathRules both{.trim = "/weblogic", .prepend = "/app"};
  const config::PathRules slash{.trim = "/in", .prepend = "/in", .ends_in_slash = true};
  const config::PathRules file{.default_file = "welcome.html"};
  const config::PathRules all{
      .trim = "/weblogic", .default_file = "welcome.html", .prepend = "/weblogic"};
  const struct {
    const config::PathRules& rules;
    std::string_view path, expected;
  } kCases[] = {
      {trim, "/weblogic/foo", "/foo"},
      {trim, "/weblogic/", "/"},
      {trim, "/weblogic", "/"},
      {trim, "/weblogics/foo", "/weblogics/foo"},
      {trim, "/foo/weblogic", "/foo/weblogic"},
      {trim, "/", "/"},
      {prepend, "/", "/app/"},
      {prepend, "/x/y", "/app/x/y"},
      {both, "/weblogic", "/app"},
      {both, "/weblogic/", "/app/"},
      {both, "/weblogic/x", "/app/x"},
      {both, "/x", "/app/x"},
      {slash, "/in", "/in/"},
      {slash, "/in/", "/in/"},
      {slash, "/in/x", "/in/x"},
      {file, "/", "/welcome.html"},
      {file, "/x/", "/x/"},
      {all, "/weblogic", "/weblogic/welcome.html"},
      {all, "/weblogic/", "/weblogic/welcome.html"},
      {all, "/weblogic/a.jsp", "/weblogic/a.jsp"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.path);
    EXPECT_EQ(rewritten(test.rules, test.path), test.expected);
  }
}

TEST(PathRewrite, TrimsTheExtensionOffTheEnd) {
  const config::PathRules ext{.trim_extension = ".wl"};
  const config::PathRules all{.trim = "/weblogic", .trim_extension = ".wl", .prepend = "/app"};
  const struct {
    const config::PathRules& rules;
    std::string_view path, expected;
  } kCases[] = {
      {ext, "/bar.html.wl", "/bar.html"},
      {ext, "/bar.wl/x", "/bar.wl/x"},
      {ext, "/a.wl/b.wl", "/a.wl/b"},
      {ext, "/bar.wl;jsessionid=s1.wl", "/bar;jsessionid=s1.wl"},
      {ext, "/bar.WL", "/bar.WL"},
      {ext, "/barwl", "/barwl"},
      {ext, "/.wl", "/.wl"},
      {ext, "/", "/"},
      {ext, "/bar.wl/", "/bar.wl/"},
      {all, "/weblogic/bar.wl", "/app/bar"},
      {all, "/weblogic.wl", "/app/weblogic"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.path);
    EXPECT_EQ(rewritten(test.rules, test.path), test.expected);
  }
}

TEST(PathRewrite, TrimsSegmentsWhateverTheirParameters) {
  const config::PathRules trim{.trim = "/a/b"};
  EXPECT_EQ(rewritten(trim, "/a;x=1/b;y=2/c;z=3"), "/c;z=3");
  EXPECT_EQ(rewritten(trim, "/a/b;jsessionid=s1"), "/;jsessionid=s1");
  EXPECT_EQ(rewritten(trim, "/a/b/;jsessionid=s1"), "/;jsessionid=s1");
  const config::PathRules file{.trim = "/a", .default_file = "i.jsp", .prepend = "/p"};
  EXPECT_EQ(rewritten(file, "/a;jsessionid=s1"), "/p/i.jsp;jsessionid=s1");
}

TEST(PathRewrite, SaysWhenThereIsNoRoom) {
  std::array<char, 6> room;
  EXPECT_EQ(rewrite_path({.prepend = "/app"}, "/x", room), "/app/x");
  EXPECT_EQ(rewrite_path({.prepend = "/app"}, "/xy", room), "");
}

TEST(PathRewrite, ExclusionLooksPastParameters) {
  const std::vector<std::string> patterns = {"*.gif", "/private/*"};
  for (const char* path : {"/a.gif", "/a.gif;x=y", "/private/x", "/private;x/y", "/private/"}) {
    EXPECT_TRUE(is_excluded(patterns, path)) << path;
  }
  for (const char* path : {"/a.gift", "/private", "/x/private/y", "/a;b=.gif"}) {
    EXPECT_FALSE(is_excluded(patterns, path)) << path;
  }
}

}  // namespace
}  // namespace understudy::routing
