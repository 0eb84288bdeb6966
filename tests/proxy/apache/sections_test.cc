// SPDX-License-Identifier: Apache-2.0
// Sections as a configuration has them, and what becomes of a request that they are about: what is
// expected was looked up in Apache.
#include "proxy/apache/sections.h"

#include <gtest/gtest.h>

#include "proxy/apache/host_rules.h"
#include "proxy/routing/mapping.h"
#include "tests/proxy/apache/asking.h"
#include "tests/proxy/config/loading.h"

namespace understudy::apache {
namespace {

// Which of the locations a path is for: a target of a pattern counts.
const config::Location* location_of(const config::VirtualHost& host, std::string_view path) {
  routing::Mapping::Host rules;
  for (std::uint32_t i = 0; i < host.locations.size(); ++i) {
    const config::Location& location = host.locations[i];
    if (location.kind == config::Location::Kind::kPath) rules.rules.push_back({location.path, i});
  }
  auto index = routing::Mapping({rules}).location(0, path);
  if (!index) return nullptr;
  if (host.rules && !host.rules->targets.empty()) {
    if (const auto chosen = choose_target(*host.rules, *index, path)) index = chosen->location;
  }
  return &host.locations[*index];
}

// The member's port, or "-".
std::string member_of(const std::string& text, std::string_view path) {
  const auto config = config::config_of(text);
  const config::Location* location = location_of(config::only_host(*config), path);
  if (location == nullptr || !location->is_proxied) return "-";
  const std::string& address = config->clusters[location->cluster].seeds.front().address;
  return address.substr(address.find(':') + 1);
}

// The answer to a request, 0 when it may pass.
unsigned status_of(const std::string& text, Asking asking) {
  const auto config = config::config_of(text + "\nProxyPass / http://a:1/\n");
  Request request = asking.request();
  const config::Location* location = location_of(config::only_host(*config), request.path);
  if (location == nullptr || !location->rules) return 0;
  Passage passage;
  Rewritten rewritten;
  return pass(*location->rules, request, passage, rewritten).status;
}

constexpr const char* kShopFirst =
    "ProxyPass /shop http://a:2/shop\nProxyPass / http://a:1/\nProxyPass /late http://a:3/\n";

TEST(Sections, TheFirstProxyPassThatMatchesDecides) {
  EXPECT_EQ(member_of(kShopFirst, "/shop/x"), "2");
  EXPECT_EQ(member_of(kShopFirst, "/shopping"), "1");
  EXPECT_EQ(member_of(kShopFirst, "/late"), "1");
  EXPECT_EQ(member_of("ProxyPass /x !\nProxyPass / http://a:1/", "/x/y"), "-");
  EXPECT_EQ(member_of("ProxyPass / http://a:1/\nProxyPass /x !", "/x/y"), "1");
}

TEST(Sections, AHiddenProxyPassIsSaidToBe) {
  EXPECT_NE(config::load_for_tests(std::string(kShopFirst) + "Listen 80\n")
                .diagnostics.find("t.conf:3:11: warning: this ProxyPass is never reached: the one "
                                  "at t.conf:2:11 comes first"),
            std::string::npos);
}

TEST(Sections, TheLastLocationWithAProxyPassDecides) {
  const std::string mail = "<Location /mail>\nProxyPass http://a:1/mail\n</Location>\n";
  const std::string root = "<Location />\nProxyPass http://a:3/\n</Location>\n";
  EXPECT_EQ(member_of(mail + root, "/mail/x"), "3");
  EXPECT_EQ(member_of(root + mail, "/mail/x"), "1");
  EXPECT_EQ(member_of("ProxyPass / http://a:9/\n" + mail, "/mail/x"), "1");
}

TEST(Sections, OurOwnDirectivesGoByTheLongestPath) {
  const std::string app =
      "<Location /app>\nBackendCluster a:1\nSessionCookieFormat route\n</Location>\n";
  const std::string root =
      "<Location />\nBackendCluster a:3\nSessionCookieFormat route\n</Location>\n";
  EXPECT_EQ(member_of(app + root, "/app/x"), "1");
  EXPECT_EQ(member_of(root + app, "/app/x"), "1");
}

TEST(Sections, ProxyPassMatchStandsInItsPlaceAmongTheLines) {
  const std::string match = "ProxyPassMatch ^/api/(.*)$ http://a:2/v1/$1\n";
  EXPECT_EQ(member_of(match + "ProxyPass / http://a:1/", "/api/x"), "2");
  EXPECT_EQ(member_of("ProxyPass /api http://a:1/\n" + match, "/api/x"), "1");
  EXPECT_EQ(member_of("ProxyPassMatch \\.gif$ !\nProxyPass / http://a:1/", "/a.gif"), "-");
  const auto config = config::config_of(match);
  EXPECT_EQ(choose_target(*config::only_host(*config).rules, 0, "/api/x")->path, "/v1/x");
}

TEST(Sections, SettingsOfALocationWithoutMembersMergeIntoWhatIsProxied) {
  const auto config = config::config_of(
      "ProxyPass / http://a:1/\n<Location /app>\nHeader set X-Zone app\nIOTimeoutSecs 9s\n"
      "</Location>\n<Location /app/admin>\nHeader set X-Zone admin\n</Location>\n");
  const config::Location& admin = *location_of(config::only_host(*config), "/app/admin/x");
  EXPECT_EQ(admin.edits.response.size(), 2u);
  EXPECT_EQ(admin.failover.io_timeout, std::chrono::seconds(9));
  EXPECT_EQ(admin.rules, nullptr);
  EXPECT_EQ(location_of(config::only_host(*config), "/x")->edits.response.size(), 0u);
}

TEST(Sections, AccessRulesOfALaterSectionReplaceThoseOfAnEarlierOne) {
  const std::string closed = "<Location /x>\nRequire all denied\n</Location>\n";
  const std::string open = "<Location />\nRequire all granted\n</Location>\n";
  EXPECT_EQ(status_of(closed + open, Asking("/x/y")), 0u);
  EXPECT_EQ(status_of(open + closed, Asking("/x/y")), 403u);
  const std::string methods =
      "<Location />\n<LimitExcept GET>\nDeny from all\n</LimitExcept>\n</Location>\n";
  const std::string denied = "<Location /x>\nDeny from all\n</Location>\n";
  EXPECT_EQ(status_of(denied + methods, Asking("/x")), 0u);
  EXPECT_EQ(status_of(denied + methods, Asking("/x").method("PUT")), 403u);
}

TEST(Sections, WildcardsStandForNoSlashAndPatternsForAnything) {
  const std::string glob = "<Location \"/app/*\">\nRequire all denied\n</Location>\n";
  EXPECT_EQ(status_of(glob, Asking("/app/one")), 403u);
  EXPECT_EQ(status_of(glob, Asking("/app/one/two")), 0u);
  EXPECT_EQ(status_of(glob, Asking("/app")), 0u);
  const std::string pattern = "<Location ~ \"/(a|b)$\">\nRequire all denied\n</Location>\n";
  EXPECT_EQ(status_of(pattern, Asking("/x/b")), 403u);
  EXPECT_EQ(status_of(pattern, Asking("/x/c")), 0u);
}

TEST(Sections, ParametersOfAPathLeadAroundNoRule) {
  const std::string pattern =
      "<LocationMatch \"^/admin/x$\">\nRequire all denied\n</LocationMatch>\n";
  EXPECT_EQ(status_of(pattern, Asking("/admin;a=b/x")), 403u);
  EXPECT_EQ(status_of(pattern, Asking("/admin/x;jsessionid=1")), 403u);
}

TEST(Sections, ProxyStarIsAboutEveryProxiedRequest) {
  const std::string star = "<Proxy *>\nRequire ip 10.0.0.0/8\n</Proxy>\n";
  EXPECT_EQ(status_of(star, Asking("/x")), 403u);
  EXPECT_EQ(status_of(star, Asking("/x").from("10.1.1.1")), 0u);
  EXPECT_EQ(status_of("<Proxy http://b>\nRequire all denied\n</Proxy>\n", Asking("/x")), 0u);
  EXPECT_EQ(status_of("<Proxy http://a:1/>\nRequire all denied\n</Proxy>\n", Asking("/x")), 403u);
  EXPECT_EQ(status_of(star + "<Location /x>\nRequire all granted\n</Location>\n", Asking("/x")),
            0u);
}

TEST(Sections, IfComesBehindAllLocations) {
  const std::string text =
      "<If \"%{HTTP_HOST} == 'a'\">\nRequire all denied\n</If>\n"
      "<ElseIf \"-R '10.0.0.0/8'\">\nRequire all granted\n</ElseIf>\n"
      "<Else>\nRequire method GET\n</Else>\n"
      "<Location />\nRequire all granted\n</Location>\n";
  EXPECT_EQ(status_of(text, Asking("/x").host("a")), 403u);
  EXPECT_EQ(status_of(text, Asking("/x").from("10.1.1.1").method("PUT")), 0u);
  EXPECT_EQ(status_of(text, Asking("/x").method("PUT")), 403u);
  EXPECT_EQ(status_of(text, Asking("/x")), 0u);
}

TEST(Sections, SetEnvIfIsBeforeAccessAndSetEnvBehindIt) {
  const std::string rules =
      "<Location />\nRequire env OK\nSetEnvIf User-Agent ^good OK\n</Location>";
  EXPECT_EQ(status_of(rules, Asking("/x").field("User-Agent", "good one")), 0u);
  EXPECT_EQ(status_of(rules, Asking("/x")), 403u);
  EXPECT_EQ(status_of("<Location />\nRequire env OK\nSetEnv OK 1\n</Location>", Asking("/x")),
            403u);
}

TEST(Sections, ARedirectOfALocationComesBeforeProxyPass) {
  EXPECT_EQ(status_of("<Location /a>\nRedirect 301 https://o/\n</Location>", Asking("/a/x")), 301u);
  EXPECT_EQ(status_of("<Location /a>\nRewriteEngine On\nRewriteRule .* - [F]\n</Location>",
                      Asking("/a/x")),
            403u);
}

TEST(Sections, WhatCannotBeHonouredIsRefused) {
  const struct {
    std::string inside;
    std::string said;
  } cases[] = {
      {"Require not ip 10.0.0.1", "Require not has no effect in <RequireAny>"},
      {"<RequireAll>\nRequire not ip 10.0.0.1\n</RequireAll>", "<RequireAll> with nothing but"},
      {"<RequireAny>\n</RequireAny>", "<RequireAny> requires nothing"},
      {"Require host .example.org", "is a name, and who has it"},
      {"Allow from .example.org", "is a name, and who has it"},
      {"Require valid-user", "needs AuthType Basic, AuthName and AuthUserFile"},
      {"Require expr %{NO}", "no expression: expected a variable"},
      {"Require ip 10.0.0.0/99", "expected an address such as"},
      {"AuthUserFile none", "cannot be read"},
      {"Order sideways", "expected Deny,Allow"},
      {"<If true>\nProxyPass http://b/\n</If>", "ProxyPass is not supported in <If>"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.inside);
    const std::string said = config::load_for_tests("<Location />\n" + one.inside +
                                                    "\n</Location>\nProxyPass / http://a:1/\n"
                                                    "Listen 80\n")
                                 .diagnostics;
    EXPECT_NE(said.find("error: "), std::string::npos) << said;
    EXPECT_NE(said.find(one.said), std::string::npos) << said;
  }
}

}  // namespace
}  // namespace understudy::apache
