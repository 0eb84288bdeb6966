// SPDX-License-Identifier: Apache-2.0
#include "cookies/cookie_header.h"

#include <gtest/gtest.h>

#include <array>

namespace understudy {
namespace {

using namespace std::chrono_literals;

struct Lookup {
  std::string_view header;
  std::optional<std::string_view> value;
};

TEST(FindCookie, TakesTheFirstOfExactlyThisName) {
  const Lookup lookups[] = {
      {"id=abc", "abc"},
      {"a=1; id=abc; b=2", "abc"},
      {"a=1;id=abc;b=2", "abc"},
      {"a=1;  \t id=abc  ;b=2", "abc"},
      {"id=first; id=second", "first"},
      {"id=", ""},
      {"id=; id=second", ""},
      {"id=\"abc\"", "abc"},
      {"id=\"\"", ""},
      {"id=\"", "\""},
      {"id=a=b=c", "a=b=c"},
      {";;; ;id=abc;;", "abc"},
      {"id=abc;", "abc"},
      {"a; id=abc", "abc"},
      {"xid=1; idx=2; ID=3; Id=4", std::nullopt},
      {"id", std::nullopt},
      {"id =abc", std::nullopt},
      {"", std::nullopt},
      {";", std::nullopt},
      {"a=id=abc", std::nullopt},
  };
  for (const Lookup& lookup : lookups) {
    SCOPED_TRACE(lookup.header);
    EXPECT_EQ(find_cookie(lookup.header, "id"), lookup.value);
  }
}

TEST(FindCookie, IsNotHiddenByAQuoteThatAnotherCookieLeavesOpen) {
  EXPECT_EQ(find_cookie("a=\"x; id=abc; b=y\"", "id"), "abc");
}

TEST(FindCookie, HasNoNameThatIsEmpty) {
  EXPECT_FALSE(find_cookie("=x; a=1", ""));
}

TEST(FindCookie, SearchesSeveralLinesInTheirOrder) {
  const std::array<std::string_view, 3> lines = {"a=1", "id=first", "id=second"};
  EXPECT_EQ(find_cookie(lines, "id"), "first");
  EXPECT_FALSE(find_cookie(lines, "b"));
  EXPECT_FALSE(find_cookie(std::span<const std::string_view>(), "id"));
}

TEST(FindPathParameter, EndsWithItsSegmentAndBeforeTheQuery) {
  const Lookup lookups[] = {
      {"/a;jsessionid=abc!1!2", "abc!1!2"},
      {"/a;jsessionid=abc?x=1", "abc"},
      {"/a;jsessionid=abc/b", "abc"},
      {"/a;jsessionid=abc#f", "abc"},
      {"/a;v=1;jsessionid=abc;w=2", "abc"},
      {"/a;v=1/b;jsessionid=abc", "abc"},
      {"/;jsessionid=", ""},
      {"/a;jsessionid=one/b;jsessionid=two", "one"},
      {"http://host/a;jsessionid=abc", "abc"},
      {"/a?b;jsessionid=abc", std::nullopt},
      {"/a#b;jsessionid=abc", std::nullopt},
      {"/a;JSESSIONID=abc", "abc"},
      {"/a;jsessionid=abc%211%212?x", "abc!1!2"},
      {"/a;%6Asessionid=abc", "abc"},
      {"/a%3Bjsessionid%3Dabc.b1", "abc.b1"},
      {"/a%3bjsessionid%3dabc%3Bw=1/b", "abc"},
      {"/a;jsessionid=a%2Fb", "a"},
      {"/a;jsessionid=a%zzb%4", "a%zzb%4"},
      {"/a%25%3;jsessionid=abc", "abc"},
      {"/a;jsessionid%3", std::nullopt},
      {"/a%3Fb;jsessionid=abc", "abc"},
      {"/a;xjsessionid=abc", std::nullopt},
      {"/a;jsessionid", std::nullopt},
      {"/jsessionid=abc", std::nullopt},
      {"*", std::nullopt},
      {"", std::nullopt},
  };
  for (const Lookup& lookup : lookups) {
    SCOPED_TRACE(lookup.header);
    std::array<char, 64> room;
    EXPECT_EQ(find_path_parameter(lookup.header, "jsessionid", room), lookup.value);
  }
}

TEST(FindPathParameter, OfAnEncodedValueBeyondItsRoomIsNone) {
  std::array<char, 4> room;
  EXPECT_EQ(find_path_parameter("/;id=%61bcd", "id", room), "abcd");
  EXPECT_FALSE(find_path_parameter("/;id=%61bcde", "id", room));
  EXPECT_EQ(find_path_parameter("/;id=abcde", "id", room), "abcde") << "nothing to decode";
}

TEST(RemoveCookie, KeepsTheBytesOfTheOthers) {
  EXPECT_EQ(remove_cookie("a=1; id=abc; b=\"2\"", "id"), "a=1; b=\"2\"");
  EXPECT_EQ(remove_cookie("id=1;a=1;id=2", "id"), "a=1");
  EXPECT_EQ(remove_cookie("id=abc", "id"), "");
  EXPECT_EQ(remove_cookie(" ; id=abc;", "id"), "");
  EXPECT_EQ(remove_cookie("idx=1; ID=2; flag", "id"), "idx=1; ID=2; flag");
  EXPECT_EQ(remove_cookie("", "id"), "");
}

TEST(RemoveCookie, LeavesNothingThatFindCookieWouldFind) {
  for (std::string_view header : {"id=1; id=2", "a=\"; id=3", "\tid=4 ;a=1", "a;;id=5;;id=6"}) {
    EXPECT_FALSE(find_cookie(remove_cookie(header, "id"), "id")) << header;
  }
}

TEST(SetCookie, IsForThisHostAndHiddenFromScriptsByDefault) {
  EXPECT_EQ(build_set_cookie({.name = "UNDERSTUDY", .value = "1.a"}),
            "UNDERSTUDY=1.a; Path=/; HttpOnly; SameSite=Lax");
}

TEST(SetCookie, WritesEveryAttributeOnce) {
  EXPECT_EQ(build_set_cookie({.name = "id",
                              .value = "v",
                              .path = "/shop",
                              .domain = "example.org",
                              .http_only = true,
                              .secure = true,
                              .same_site = SameSite::kNone,
                              .max_age = 0s}),
            "id=v; Max-Age=0; Domain=example.org; Path=/shop; Secure; HttpOnly; SameSite=None");
  EXPECT_EQ(build_set_cookie({.name = "id",
                              .value = "",
                              .path = "",
                              .http_only = false,
                              .same_site = SameSite::kUnset}),
            "id=");
  EXPECT_EQ(build_set_cookie({.name = "id", .value = "v", .same_site = SameSite::kStrict}),
            "id=v; Path=/; HttpOnly; SameSite=Strict");
}

TEST(SetCookie, IsSecureAsTheOperatorWants) {
  const auto line = [](SecureWhen when, bool tls) {
    return *build_set_cookie("id", "v", {.path = "/s", .secure = when}, tls);
  };
  EXPECT_EQ(line(SecureWhen::kTls, true), "id=v; Path=/s; Secure; HttpOnly; SameSite=Lax");
  EXPECT_EQ(line(SecureWhen::kTls, false), "id=v; Path=/s; HttpOnly; SameSite=Lax");
  EXPECT_EQ(line(SecureWhen::kAlways, false), line(SecureWhen::kTls, true));
  EXPECT_EQ(line(SecureWhen::kNever, true), line(SecureWhen::kTls, false));
}

TEST(CookieAttributes, HaveAFaultInOneSentence) {
  EXPECT_EQ(fault_of({}), "");
  EXPECT_EQ(fault_of({.path = "/shop", .domain = ".example.com", .same_site = SameSite::kNone}),
            "");
  for (const std::string path : {"", "shop", "/a;b", "/a\nb"}) {
    EXPECT_NE(fault_of({.path = path}), "") << path;
  }
  EXPECT_NE(fault_of({.domain = "a b"}), "");
  EXPECT_NE(fault_of({.secure = SecureWhen::kNever, .same_site = SameSite::kNone}), "");
}

TEST(SetCookie, RefusesWhatWouldEndAFieldEarly) {
  EXPECT_FALSE(build_set_cookie({.name = "", .value = "v"}));
  for (std::string_view bad : {"a;b", "a b", "a\r\nb", "a\"b", "a,b", "a\\b", "a\x7f", "\xff"}) {
    SCOPED_TRACE(bad);
    EXPECT_FALSE(build_set_cookie({.name = bad, .value = "v"}));
    EXPECT_FALSE(build_set_cookie({.name = "id", .value = bad}));
  }
  EXPECT_FALSE(build_set_cookie({.name = "a=b", .value = "v"}));
  EXPECT_FALSE(build_set_cookie({.name = "id", .value = "v", .path = "/a;Domain=b"}));
  EXPECT_FALSE(build_set_cookie({.name = "id", .value = "v", .domain = "a\nb"}));
  EXPECT_FALSE(build_set_cookie({.name = "id", .value = std::string_view("a\0b", 3)}));
}

}  // namespace
}  // namespace understudy
