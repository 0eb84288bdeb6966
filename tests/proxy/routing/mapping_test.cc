// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/mapping.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

#include "base/random.h"
#include "proxy/routing/request_path.h"

namespace understudy::routing {
namespace {

Mapping with_rules(const std::vector<std::string>& paths) {
  Mapping::Host host;
  for (std::uint32_t i = 0; i < paths.size(); ++i) host.rules.push_back({paths[i], i});
  return Mapping({host});
}

int location(const Mapping& mapping, std::string_view path) {
  const auto found = mapping.location(0, path);
  return found ? static_cast<int>(*found) : -1;
}

TEST(Mapping, TakesTheLongestPrefixOfWholeSegments) {
  const Mapping mapping = with_rules({"/", "/shop", "/shop/cart", "/below/"});
  const struct {
    std::string_view path;
    int location;
  } kCases[] = {
      {"/", 0},           {"/x", 0},          {"/shop", 1},   {"/shop/", 1},
      {"/shop/x", 1},     {"/shopping", 0},   {"/sho", 0},    {"/shop/cart", 2},
      {"/shop/cart/", 2}, {"/shop/carts", 1}, {"/below", 0},  {"/below/", 3},
      {"/below/x/y", 3},  {"/Shop", 0},       {"/x/shop", 0}, {"/shop/x/cart", 1},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.path);
    EXPECT_EQ(location(mapping, test.path), test.location);
  }
}

TEST(Mapping, ExpressionsGoBeforePathsAndGlobsBehindThem) {
  Mapping::Host host;
  host.rules = {{"/shop", 0}, {"/shop/long/path", 1}};
  host.expressions = {{*Pattern::compile("^/shop/.*\\.png$"), 2}, {*Pattern::compile("png"), 3}};
  host.globs = {{"*.jsp", 4}, {"/x/*", 5}};
  const Mapping mapping({host, {.names = {"other"}, .rules = {{"/", 0}}}});
  const struct {
    std::string_view path;
    int location;
  } kCases[] = {
      {"/shop/a", 0},           {"/shop/long/path/a.png", 2},
      {"/shop/long/path/a", 1}, {"/a.png", 3},
      {"/shop/a.jsp", 0},       {"/a.jsp", 4},
      {"/a.jsp;x=y", 4},        {"/x;y/z", 5},
      {"/shop;x/a.png;y", 2},   {"/x", -1},
      {"/shopping", -1},        {"*", -1},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.path);
    EXPECT_EQ(location(mapping, test.path), test.location);
  }
  EXPECT_EQ(mapping.find("other", "/a.png").location, 0u);
}

TEST(Mapping, WithoutARuleForAllHasPathsThatNobodyAnswers) {
  const Mapping mapping = with_rules({"/shop"});
  EXPECT_EQ(location(mapping, "/"), -1);
  EXPECT_EQ(location(mapping, "/shops"), -1);
  EXPECT_EQ(location(mapping, "*"), -1);
  EXPECT_EQ(location(mapping, ""), -1);
}

TEST(Mapping, IsNotPassedByAPathParameter) {
  const Mapping mapping = with_rules({"/", "/admin", "/a/b"});
  EXPECT_EQ(location(mapping, "/admin;x=1"), 1);
  EXPECT_EQ(location(mapping, "/admin;x=1/users"), 1);
  EXPECT_EQ(location(mapping, "/a;x/b;y"), 2);
}

// CVE-like tricks: whatever the spelling, the path is refused or the rule for /admin holds.
TEST(Mapping, IsNotPassedByAnySpellingOfAPath) {
  const Mapping mapping = with_rules({"/", "/admin"});
  for (const std::string_view spelling :
       {"/admin",         "//admin",           "/./admin",      "/x/../admin",
        "/%61dmin",       "/%61%64%6d%69%6e/", "/admin/.",      "/x/%2e%2e/admin",
        "/admin%2fusers", "/admin%2Fusers",    "/%2fadmin",     "/admin%5cusers",
        "/admin\\users",  "/admin%00",         "/x/..;/admin",  "/x/..%2fadmin",
        "/;/../admin",    "/admin;/x",         "/x/%2e./admin", "/x/..%00/admin",
        "/%2e/admin",     "/admin/../admin"}) {
    SCOPED_TRACE(spelling);
    std::array<char, 256> scratch;
    const NormalisedPath normal = normalise_path(spelling, scratch);
    if (!normal) continue;
    if (normal.has_slash_escape) {
      // The other reading is asked for before such a path is sent (exchange/mapped_path.h).
      const NormalisedPath other =
          normalise_path(spelling, scratch, {.slash_escapes_divide = true});
      EXPECT_EQ(location(mapping, other.path), 1);
      continue;
    }
    EXPECT_EQ(location(mapping, normal.path), 1);
  }
}

TEST(Mapping, OfTwoRulesWithOnePathTheFirstHolds) {
  EXPECT_EQ(location(with_rules({"/a", "/a"}), "/a"), 0);
}

Mapping with_hosts(const std::vector<std::vector<std::string>>& names) {
  std::vector<Mapping::Host> hosts;
  for (const auto& of_host : names) hosts.push_back({of_host, {{"/", 0}}});
  return Mapping(hosts);
}

TEST(Mapping, KnowsAHostByItsNameOnly) {
  const Mapping mapping =
      with_hosts({{}, {"shop.example", "www.shop.example"}, {"*.wild.example"}, {"[::1]"}});
  const struct {
    std::string_view authority;
    std::uint32_t host;
  } kCases[] = {
      {"", 0},
      {"other.example", 0},
      {"shop.example", 1},
      {"SHOP.Example", 1},
      {"shop.example:8080", 1},
      {"Shop.Example.:80", 1},
      {"shop.example.", 1},
      {"www.shop.example", 1},
      {"xshop.example", 0},
      {"shop.example.evil", 0},
      {"a.wild.example", 2},
      {"A.B.Wild.example.", 2},
      {"wild.example", 0},
      {"[::1]:8080", 3},
      {"[::1]", 3},
      {"[::1", 0},
      {":80", 0},
      {".", 0},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.authority);
    EXPECT_EQ(mapping.host(test.authority), test.host);
  }
}

TEST(Mapping, TakesHostNamesUpToTheirLimit) {
  const std::string longest(kHostNameBytesMax, 'a');
  const Mapping mapping = with_hosts({{}, {longest}});
  EXPECT_EQ(mapping.host(longest), 1U);
  EXPECT_EQ(mapping.host(longest + "."), 1U);
  EXPECT_EQ(mapping.host(longest + "a"), 0U);
}

// The same question to a mapping with one host and rule and to one with a thousand.
TEST(Mapping, DecidesWithAThousandHostsAsWithOne) {
  constexpr std::uint64_t kSeed = 20262;
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  const Mapping::Host shop{{"shop.example", "*.shop.example"}, {{"/", 0}, {"/cart", 1}}};
  std::vector<Mapping::Host> many{{{}, {}}, shop};
  for (int i = 0; i < 998; ++i) {
    const std::string number = std::to_string(i);
    many.push_back({{"host" + number + ".example"}, {{"/", 0}, {"/of" + number, 1}}});
    many[1].rules.push_back({"/more" + number + "/x", 2});
  }
  const Mapping one({{{}, {}}, shop});
  const Mapping thousand(many);
  constexpr std::array<std::string_view, 12> kHosts = {
      "shop.example",    "SHOP.example",       "shop.example.",
      "shop.example:80", "a.shop.example",     "A.b.SHOP.example:1",
      "shop.exampl",     "xshop.example",      "",
      "[::1]:80",        "shop.example.:8080", "shop..example"};
  constexpr std::string_view kAlphabet = "/cart;C.";
  for (int round = 0; round < 5000; ++round) {
    std::string path = "/";
    for (std::uint64_t size = random.below(9); size > 0; --size) {
      path += kAlphabet[random.below(kAlphabet.size())];
    }
    if (random.below(2) == 0) path = "/cart" + path;
    const std::string_view host = kHosts[random.below(kHosts.size())];
    const auto a = one.find(host, path);
    const auto b = thousand.find(host, path);
    ASSERT_EQ(a.host, b.host) << host;
    ASSERT_EQ(a.location, b.location) << host << path;
  }
}

}  // namespace
}  // namespace understudy::routing
