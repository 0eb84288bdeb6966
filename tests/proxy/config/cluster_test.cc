// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/cluster.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

TEST(Cluster, ReadsMembersAndSessions) {
  const auto config = config_of(
      "<Location />\nBackendCluster a:1,[::1]:2\nSessionCookie S\nSessionCookieFormat native\n"
      "ClusterKeyFile c.key\nClusterName east\nMaxMembers 5\nMaxSkipTime 3\nKeepAliveEnabled "
      "OFF\n</Location>");
  const Cluster& cluster = cluster_at(*config, "/");
  EXPECT_EQ(cluster.label, "a:1");
  EXPECT_EQ(cluster.seeds.at(1).address, "[::1]:2");
  EXPECT_TRUE(cluster.is_dynamic);
  EXPECT_EQ(cluster.session_cookie, "S");
  EXPECT_EQ(cluster.dialect, Dialect::kNative);
  EXPECT_EQ(cluster.name, "east");
  EXPECT_EQ(cluster.key_file, "c.key");
  EXPECT_NE(cluster.keyring, nullptr);
  EXPECT_EQ(cluster.members_max, 5u);
  EXPECT_EQ(cluster.connections.skip_time, std::chrono::seconds(3));
  EXPECT_FALSE(cluster.connections.keep_alive);
}

TEST(Cluster, UnreachableTimeoutIsOffOrLongEnoughForAProbe) {
  const auto timeout_of = [](const std::string& line) {
    const auto config = config_of("<Location />\nBackendCluster a:1\nClusterKeyFile c.key\n" +
                                  line + "\n</Location>");
    return cluster_at(*config, "/").connections.unreachable_timeout;
  };
  EXPECT_EQ(timeout_of(""), std::chrono::seconds(4));
  EXPECT_EQ(timeout_of("UnreachableTimeout 0s"), std::chrono::seconds(0));
  EXPECT_EQ(timeout_of("UnreachableTimeout 2500ms"), std::chrono::milliseconds(2500));
  EXPECT_EQ(said_of("<Location />\nBackendCluster a:1\nClusterKeyFile c.key\n"
                    "UnreachableTimeout 1s\n</Location>"),
            "t.conf:4:20: error: UnreachableTimeout is 0s (never) or at least 2s, not 1s");
}

TEST(Cluster, LocationsThatAgreeShareOne) {
  const auto config = config_of(
      "BackendCluster a:1\nClusterKeyFile c.key\n<Location /a>\nIOTimeoutSecs 20\n</Location>\n"
      "<Location /b>\n</Location>\n<Location /c>\nSessionCookie OTHER\n</Location>");
  EXPECT_EQ(config->clusters.size(), 2u);
  EXPECT_EQ(&cluster_at(*config, "/a"), &cluster_at(*config, "/b"));
  EXPECT_NE(&cluster_at(*config, "/a"), &cluster_at(*config, "/c"));
  EXPECT_EQ(config->clusters[0].keyring, config->clusters[1].keyring);
}

TEST(Cluster, MembersWithoutTheSdkAreNamedOneByOne) {
  const auto config = config_of(
      "<Location />\nBalancerMember http://a:1/ route=b1\nBalancerMember b:2 ROUTE=b2 "
      "loadfactor=100\nBalancerMember http://[::1]\n</Location>");
  const Cluster& cluster = cluster_at(*config, "/");
  ASSERT_EQ(cluster.seeds.size(), 3u);
  EXPECT_EQ(cluster.seeds[0],
            (MemberSeed{
                .address = "a:1", .route = "b1", .load_factor = 1, .scheme = MemberScheme::kHttp}));
  EXPECT_EQ(cluster.seeds[1], (MemberSeed{.address = "b:2", .route = "b2", .load_factor = 100}));
  EXPECT_EQ(cluster.seeds[2].address, "[::1]:80");
  EXPECT_FALSE(cluster.is_dynamic) << "nobody there sends a view";
}

constexpr const char* kBalancer =
    "<Proxy balancer://shop>\nBalancerMember a:1 route=x\nProxySet stickysession=SID|sid "
    "lbmethod=byrequests\n</Proxy>\n";

TEST(Cluster, ProxyPassNamesABalancerInsideAndOutsideOfLocations) {
  for (const std::string text :
       {"ProxyPass / balancer://shop/", "<Location />\nProxyPass balancer://shop/\n</Location>",
        "<Location />\nProxyPass balancer://shop\n</Location>"}) {
    SCOPED_TRACE(text);
    const auto config = config_of(kBalancer + text);
    EXPECT_EQ(cluster_at(*config, "/").label, "shop");
    EXPECT_EQ(cluster_at(*config, "/").session_cookie, "SID");
  }
  const auto config = config_of("ProxyPass /app http://a:1/app stickysession=T");
  EXPECT_EQ(cluster_at(*config, "/app").seeds.at(0).address, "a:1");
  EXPECT_EQ(cluster_at(*config, "/app").session_cookie, "T");
}

TEST(Cluster, LooksForTheSessionInPathsToo) {
  const struct {
    std::string lines;
    std::string parameter;
  } rows[] = {
      {"", "JSESSIONID"},
      {"SessionCookie SID", "SID"},
      {"SessionCookie SID\nSessionParameter sid2", "sid2"},
      {"SessionParameter none", ""},
      {"SessionCookieFormat native", ""},
      {"SessionCookieFormat native\nSessionParameter sid", "sid"},
      {"SessionCookieFormat insert", ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.lines);
    const auto config = config_of("<Location />\nBackendCluster a:1\nClusterKeyFile c.key\n" +
                                  row.lines + "\n</Location>");
    EXPECT_EQ(cluster_at(*config, "/").session_parameter, row.parameter);
  }
  const auto config = config_of("ProxyPass / http://a:1/ stickysession=SID|sid");
  EXPECT_EQ(cluster_at(*config, "/").session_cookie, "SID");
  EXPECT_EQ(cluster_at(*config, "/").session_parameter, "sid");
}

const std::string kInsert =
    "<Location />\nBalancerMember a:1\nSessionCookieFormat insert\nClusterKeyFile c.key\n";

TEST(Cluster, InsertsACookieOfItsOwn) {
  const auto plain = config_of(kInsert + "</Location>");
  const Cluster& cluster = cluster_at(*plain, "/");
  EXPECT_EQ(cluster.dialect, Dialect::kInsert);
  EXPECT_EQ(cluster.session_cookie, "UNDERSTUDY");
  EXPECT_EQ(cluster.inserted, InsertedCookie{});

  const auto chosen =
      config_of(kInsert +
                "SessionCookie STICK\nSessionCookiePath /shop\nSessionCookieDomain example.com\n"
                "SessionCookieSecure on\nSessionCookieHttpOnly Off\nSessionCookieSameSite none\n"
                "SessionCookieMaxAge 1d\nSessionCookieMaxIdle 30m\nSessionCookieMaxLife 1500ms\n"
                "</Location>");
  const Cluster& other = cluster_at(*chosen, "/");
  EXPECT_EQ(other.session_cookie, "STICK");
  EXPECT_EQ(other.inserted.attributes, (CookieAttributes{.path = "/shop",
                                                         .domain = "example.com",
                                                         .secure = SecureWhen::kAlways,
                                                         .http_only = false,
                                                         .same_site = SameSite::kNone,
                                                         .max_age = std::chrono::hours(24)}));
  EXPECT_EQ(other.inserted.idle_max, std::chrono::minutes(30));
  EXPECT_EQ(other.inserted.life_max, std::chrono::seconds(2)) << "rounded up, so never no limit";
  EXPECT_FALSE(cluster.is_same_as(other));
}

TEST(Cluster, RefusesAnInsertedCookieThatCannotWork) {
  const struct {
    std::string text;
    std::string said;
  } rows[] = {
      {"<Location />\nBalancerMember a:1\nSessionCookieFormat insert\n</Location>",
       "t.conf:3:21: error: the cookie that the proxy inserts is signed, so insert needs "
       "ClusterKeyFile; make one with: (umask 077; echo \"0 $(openssl rand -hex 32)\" > "
       "cluster.key)"},
      {kInsert + "SessionCookie jsessionid\n</Location>",
       "t.conf:5:15: warning: jsessionid is a cookie of applications; with insert the proxy sets "
       "it itself and takes it out of every request"},
      {kInsert + "SessionCookiePath shop\n</Location>",
       "t.conf:5:19: error: a cookie's path begins with / and has no ; and no control characters"},
      {kInsert + "SessionCookieDomain \"a b\"\n</Location>",
       "t.conf:5:21: error: a cookie's domain is a host name such as example.com"},
      {kInsert + "SessionCookieSameSite None\nSessionCookieSecure Off\n</Location>",
       "t.conf:5:23: error: browsers refuse a cookie with SameSite=None that is not Secure"},
      {kInsert + "SessionCookieSameSite Loose\n</Location>",
       "t.conf:5:23: error: SessionCookieSameSite is one of Lax, Strict, None, Unset, not 'Loose'"},
      {kInsert + "SessionParameter a=b\n</Location>",
       "t.conf:5:18: error: a parameter's name has no blanks and none of ()<>@,;:\\\"/[]?={}; None "
       "means that there is none"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_EQ(said_of(row.text), row.said);
  }
}

TEST(Cluster, RefusesWhatCannotWork) {
  const std::string balancer = kBalancer;  // five lines
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {"<Location />\nBalancerMember ftp://a:1\n</Location>",
       "t.conf:2:16: error: FTP is not spoken; name a web server"},
      {"<Location />\nBalancerMember http://a:1/path\n</Location>",
       "t.conf:2:16: error: a member inside of a location has no path; write PathPrepend /path"},
      {"<Location />\nBalancerMember a:1 rout=b1\n</Location>",
       "t.conf:2:20: error: there is no parameter 'rout=b1'; did you mean route?"},
      {"<Location />\nBalancerMember a:1 loadfactor=101\n</Location>",
       "t.conf:2:20: error: loadfactor= takes a number from 1 to 100"},
      {"<Location />\nBalancerMember a:1 route=x\nBalancerMember b:1 route=x\n</Location>",
       "t.conf:3:16: warning: route x is already that of a:1, to which its sessions go, as in "
       "Apache"},
      {"<Location />\nBackendCluster a:1\nSessionCookie a=b\nClusterKeyFile c.key\n</Location>",
       "t.conf:3:15: error: a cookie's name has no blanks and none of ()<>@,;:\\\"/[]?={}"},
      {"<Location />\nBackendCluster a:1\nClusterKeyFile none\n</Location>",
       "t.conf:3:16: error: none: no key file"},
      {"<Location />\nBackendCluster a:1,b:1\nMaxMembers 1\nClusterKeyFile c.key\n</Location>",
       "t.conf:1:11: error: more members than MaxMembers (1) allows"},
      {balancer + "ProxyPass / fcgi://a:1/",
       "t.conf:5:13: error: FastCGI is not spoken; put an HTTP server in front of the program"},
      {balancer + "ProxyPass /app balancer://shop/a%20b",
       "t.conf:5:16: error: expected a target path such as /shop, without '//', '..', '%', '?'"},
      {balancer + "ProxyPass / balancer://shp/",
       "t.conf:5:13: error: there is no <Proxy \"balancer://shp\">; did you mean shop?"},
      {balancer + "ProxyPass / balancer://shop/ stickysession=",
       "t.conf:5:30: error: stickysession= takes COOKIE, or COOKIE|PARAMETER"},
      {balancer + "ProxyPass balancer://shop/",
       "t.conf:5:11: error: expected a path such as /shop, without '//', '..', '?'"},
      {balancer + balancer, "t.conf:6:16: warning: a:1 is named twice and counts once"},
      {"<Proxy balancer://a/b>\n</Proxy>",
       "t.conf:1:8: error: expected a name such as \"balancer://shop\""},
      {"<Proxy balancer://e>\n</Proxy>\nProxyPass / balancer://e/",
       "t.conf:3:13: error: this balancer has no members"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(said_of(one.text), one.said);
  }
}

TEST(Cluster, AMemberNamedTwiceCountsOnceAndIsSaid) {
  EXPECT_EQ(said_of("<Location />\nBalancerMember a:1\nBalancerMember a:1\n</Location>"),
            "t.conf:3:16: warning: a:1 is named twice and counts once");
}

TEST(Cluster, WarnsThatWithoutKeysTheViewStaysFixed) {
  EXPECT_EQ(
      said_of("<Location />\nBackendCluster a:1\n</Location>"),
      "t.conf:1:11: warning: without ClusterKeyFile no cookie and no view can be verified; the "
      "members named here stay the only ones");
  EXPECT_EQ(said_of("<Location />\nBackendCluster a:1\nDynamicServerList OFF\n</Location>"), "");
}

}  // namespace
}  // namespace understudy::config
