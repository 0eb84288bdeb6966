// SPDX-License-Identifier: Apache-2.0
// Which requests are proxied beyond a path's beginning, and what becomes of their paths.
#include "proxy/config/path_rules.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

constexpr const char* kMembers = "BackendCluster a:1\nSessionCookieFormat route\n";
constexpr const char* kBalancer = "<Proxy balancer://shop>\nBalancerMember a:1\n</Proxy>\n";

Location location_of(const std::string& directives) {
  const auto config =
      config_of("<Location /app>\n" + std::string(kMembers) + directives + "\n</Location>");
  const auto& locations = only_host(*config).locations;
  EXPECT_EQ(locations.size(), 1u);
  return locations.empty() ? Location() : locations.front();
}

const Location& only_location(const Config& config) {
  EXPECT_EQ(only_host(config).locations.size(), 1u);
  return only_host(config).locations.front();
}

TEST(Paths, ThePlugInsRulesAreRead) {
  const PathRules rules =
      location_of("PathTrim /weblogic/\nPathPrepend /x\nDefaultFileName /index.jsp").paths;
  EXPECT_EQ(rules.trim, "/weblogic");
  EXPECT_EQ(rules.prepend, "/x");
  EXPECT_EQ(rules.default_file, "index.jsp");
  EXPECT_FALSE(location_of("").paths.change_paths());
  EXPECT_FALSE(location_of("PathTrim /").paths.change_paths());
}

TEST(Paths, AnExtensionIsReadWithItsDotAndWithout) {
  EXPECT_EQ(location_of("TrimExt .wl").paths.trim_extension, ".wl");
  EXPECT_EQ(location_of("TrimExt wl").paths.trim_extension, ".wl");
  EXPECT_TRUE(location_of("TrimExt .wl").paths.change_paths());
  for (const std::string wrong : {".", "..", ".a/b", "/a", ".a..b", ".%41"}) {
    SCOPED_TRACE(wrong);
    const std::string said =
        said_of("<Location />\n" + std::string(kMembers) + "TrimExt " + wrong + "\n</Location>");
    EXPECT_NE(said.find("TrimExt is an extension such as .wl"), std::string::npos) << said;
  }
}

TEST(Paths, WhatMembersWriteIntoCookiesIsTurnedIntoWhatClientsGet) {
  const std::vector<CookieRule> rules =
      location_of(
          "ProxyPassReverseCookiePath /app /\nProxyPassReverseCookieDomain .Inside.example shop")
          .cookies;
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].attribute, CookieRule::Attribute::kDomain);
  EXPECT_EQ(rules[0].of_members, "inside.example");
  EXPECT_EQ(rules[0].of_clients, "shop");
  EXPECT_EQ(rules[1].attribute, CookieRule::Attribute::kPath);
  EXPECT_EQ(rules[1].of_members, "/app");
  EXPECT_EQ(rules[1].of_clients, "/");
  const auto outside = config_of("ProxyPassReverseCookiePath /a /b\n<Location />\n" +
                                 std::string(kMembers) + "</Location>");
  EXPECT_EQ(only_location(*outside).cookies.size(), 1u);
  for (const std::string wrong :
       {"ProxyPassReverseCookiePath app /", "ProxyPassReverseCookiePath / \"/;Domain=x\"",
        "ProxyPassReverseCookieDomain \"a b\" c"}) {
    SCOPED_TRACE(wrong);
    const std::string said =
        said_of("<Location />\n" + std::string(kMembers) + wrong + "\n</Location>");
    EXPECT_NE(said.find(": error: expected a "), std::string::npos) << said;
  }
}

TEST(Paths, ProxyPassReplacesThePathByThatOfItsTarget) {
  const struct {
    std::string directive, trim, prepend;
  } kCases[] = {
      {"ProxyPass /app balancer://shop/other", "/app", "/other"},
      {"ProxyPass /app/ balancer://shop/other/", "/app", "/other"},
      {"ProxyPass /app balancer://shop/", "/app", ""},
      {"ProxyPass /app balancer://shop", "/app", ""},
      {"ProxyPass / balancer://shop/deep/er", "", "/deep/er"},
      {"ProxyPass /app http://a:1/x", "/app", "/x"},
      {"ProxyPass /app balancer://shop/app", "", ""},
      {"ProxyPass / balancer://shop/", "", ""},
      {"<Location /app>\nProxyPass balancer://shop/x\n</Location>", "/app", "/x"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.directive);
    const auto config = config_of(kBalancer + test.directive);
    const PathRules& rules = only_location(*config).paths;
    EXPECT_EQ(rules.trim, test.trim);
    EXPECT_EQ(rules.prepend, test.prepend);
  }
}

TEST(Paths, ProxyPassWithAnExclamationMarkProxiesNothing) {
  const auto config = config_of(std::string(kBalancer) +
                                "ProxyPass /static !\nProxyPass / balancer://shop/\n<Location "
                                "/images>\nProxyPass !\n</Location>");
  const auto& locations = only_host(*config).locations;
  ASSERT_EQ(locations.size(), 3u);
  EXPECT_FALSE(locations[0].is_proxied);
  EXPECT_FALSE(locations[1].is_proxied);
  EXPECT_TRUE(locations[2].is_proxied);
  EXPECT_EQ(said_of("ProxyPass / !"),
            "t.conf:1:1: error: nothing is proxied: there is no ProxyPass, and no <Location> with "
            "members");
}

TEST(Paths, AMatchExpressionCarriesDirectivesOfItsOwn) {
  const auto config = config_of(
      "WebLogicCluster a:1\nSessionCookieFormat route\nWLIOTimeoutSecs 20\n"
      "MatchExpression *.jsp WebLogicHost=b|WebLogicPort=7001|WLIOTimeoutSecs=30|PathPrepend=/x\n"
      "MatchExpression *.do");
  const auto& locations = only_host(*config).locations;
  ASSERT_EQ(locations.size(), 2u);
  EXPECT_EQ(locations[0].path, "*.jsp");
  EXPECT_EQ(locations[0].kind, Location::Kind::kGlob);
  EXPECT_EQ(config->clusters.at(locations[0].cluster).seeds.front().address, "b:7001");
  EXPECT_EQ(locations[0].failover.io_timeout, std::chrono::seconds(30));
  EXPECT_EQ(locations[0].paths.prepend, "/x");
  EXPECT_EQ(config->clusters.at(locations[1].cluster).seeds.front().address, "a:1");
  EXPECT_EQ(locations[1].failover.io_timeout, std::chrono::seconds(20));
}

TEST(Paths, PatternsKeepTheirOrderBeforeAndBehindThePaths) {
  const auto config = config_of(std::string(kMembers) +
                                "MatchExpression *.b\nMatchExpression *.long\n<Location /a>\n"
                                "</Location>\n<LocationMatch \"x$\">\n</LocationMatch>\n"
                                "<LocationMatch \"longer$\">\n</LocationMatch>\n<Location /a/b>\n"
                                "</Location>");
  std::string paths;
  for (const Location& location : only_host(*config).locations) paths += location.path + " ";
  EXPECT_EQ(paths, "x$ longer$ /a/b /a *.b *.long ");
}

TEST(Paths, ExclusionsAreTheUnionOfAllScopes) {
  const auto config =
      config_of("WLExcludePathOrMimeType *.gif,*.png\n<Location /app>\n" + std::string(kMembers) +
                "WLExcludePathOrMimeType /app/private/* *.css\n</Location>");
  EXPECT_EQ(only_location(*config).excluded,
            (std::vector<std::string>{"/app/private/*", "*.css", "*.gif", "*.png"}));
}

TEST(Paths, ReverseRulesOfTheLocationComeBeforeThoseOfTheHost) {
  const auto config = config_of("ProxyPassReverse /app/ http://B:80/one/\n<Location /app>\n" +
                                std::string(kMembers) +
                                "ProxyPassReverse balancer://shop/two\nProxyPassReverse /three\n"
                                "</Location>");
  const auto& rules = only_location(*config).reverse;
  ASSERT_EQ(rules.size(), 3u);
  EXPECT_EQ(rules[0].authority, "");
  EXPECT_EQ(rules[0].path, "/two");
  EXPECT_EQ(rules[1].path, "/three");
  EXPECT_EQ(rules[2].authority, "b:80");
  EXPECT_EQ(rules[2].path, "/one");
  for (const ReverseRule& rule : rules) EXPECT_EQ(rule.client_path, "/app");
}

TEST(Paths, SayWhatIsWrongWhereItStands) {
  const auto inside = [](const std::string& directive) {
    return "<Location /app>\nBackendCluster a:1\n" + directive + "\n</Location>";
  };
  const struct {
    std::string text, said;
  } kCases[] = {
      {inside("PathTrim weblogic"),
       "t.conf:3:10: error: PathTrim is a path such as /shop, without '//', '..', '%'"},
      {inside("PathPrepend /a/../b"),
       "t.conf:3:13: error: PathPrepend is a path such as /shop, without '//', '..', '%'"},
      {inside("DefaultFileName a//b"),
       "t.conf:3:17: error: DefaultFileName is a file such as index.jsp, not 'a//b'"},
      {inside("MatchExpression *.jsp"),
       "t.conf:3:1: error: MatchExpression may not stand in <Location>, only outside of all "
       "sections or in <VirtualHost>"},
      {"MatchExpression jsp",
       "t.conf:1:17: error: expected a pattern such as *.jsp or /shop/*, not "
       "'jsp'"},
      {"MatchExpression *.jsp WebLogicHost",
       "t.conf:1:23: error: expected WebLogicHost=shop|WebLogicPort=7001, not 'WebLogicHost'"},
      {"MatchExpression *.jsp WebLogicPrt=1",
       "t.conf:1:23: error: unknown directive 'WebLogicPrt'; did you mean WebLogicPort?"},
      {"MatchExpression *.jsp WebLogicHost=a|WebLogicPort=x",
       "t.conf:1:23: error: expected a number, not 'x'"},
      {"MatchExpression *.jsp",
       "t.conf:1:17: error: this location has no members; it needs BackendCluster, BackendHost and "
       "BackendPort, or BalancerMember"},
      {inside("WLExcludePathOrMimeType gif"),
       "t.conf:3:25: error: expected patterns such as *.gif or /private/*, not 'gif'"},
      {"<LocationMatch \"(\">\nBackendCluster a:1\n</LocationMatch>",
       "t.conf:1:16: error: no regular expression: missing ): ("},
      {std::string(kBalancer) +
           "<LocationMatch \"x\">\nProxyPass balancer://shop/x\n</LocationMatch>",
       "t.conf:5:1: warning: nothing is proxied by this: ProxyPass takes the section's expression "
       "for a path, as in Apache; write ProxyPassMatch outside of all sections"},
      {std::string(kBalancer) + "PathTrim /x\nProxyPass /app balancer://shop/",
       "t.conf:4:1: error: ProxyPass has replaced the path /app already, by that of its target"},
      {inside("ProxyPassReverse /app http://a/"),
       "t.conf:3:1: error: inside a location ProxyPassReverse takes the URL alone"},
      {"ProxyPassReverse http://a/\n" + std::string(kShop),
       "t.conf:1:1: error: ProxyPassReverse takes a path and a URL here"},
      {inside("ProxyPassReverse ftp://a/"),
       "t.conf:3:18: error: expected http://host:port/path, \"balancer://name/path\" or /path, not "
       "'ftp://a/'"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    EXPECT_EQ(said_of(test.text), test.said);
  }
}

// A mistake outside is found again for each location, and said once.
TEST(Paths, AMistakeOfTheHostIsSaidOnce) {
  const Loaded loaded = load_for_tests(
      "Listen 8080\nPathTrim x\nBackendCluster a:1\nClusterKeyFile c.key\n<Location /a>\n"
      "</Location>\n<Location /b>\n</Location>");
  EXPECT_EQ(loaded.error_count, 1u) << loaded.diagnostics;
}

}  // namespace
}  // namespace understudy::config
