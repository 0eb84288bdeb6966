// SPDX-License-Identifier: Apache-2.0
// What stands behind ProxyPass, ProxySet and BalancerMember, as in Apache.
#include "proxy/config/parameters.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string pool(const std::string& members, const std::string& pass = "") {
  return "<Proxy \"balancer://pool\">\n" + members +
         "\n</Proxy>\nProxyPass /shop balancer://pool/shop " + pass + "\n";
}

TEST(Parameters, OfMembersChangeTheirConnections) {
  const auto config = config_of(pool(
      "BalancerMember http://127.0.0.1:7001 route=n1 retry=30 timeout=300 connectiontimeout=5 "
      "ttl=10 keepalive=on flushpackets=auto acquire=3000 min=2 smax=10 loadfactor=3\n"
      "BalancerMember http://127.0.0.1:7002 route=n2 retry=30 disablereuse=Off loadfactor=1.5"));
  const Cluster& cluster = cluster_at(*config, "/shop");
  EXPECT_EQ(cluster.connections.skip_time, seconds(30));
  EXPECT_EQ(cluster.connections.connect_timeout, seconds(5));
  EXPECT_EQ(cluster.connections.idle_max, seconds(10));
  EXPECT_TRUE(cluster.connections.keep_alive);
  EXPECT_EQ(location_at(*config, "/shop").failover.io_timeout, seconds(300));
  EXPECT_EQ(cluster.seeds.at(0).load_factor, 3u);
  EXPECT_EQ(cluster.seeds.at(1).load_factor, 2u);
}

TEST(Parameters, BehindProxyPassBelongToTheBalancer) {
  const auto config = config_of(
      "ProxyPass /a balancer://pool/a stickysession=SID nofailover=On\n" +
      pool("BalancerMember http://127.0.0.1:7001\nProxySet lbmethod=bybusyness timeout=2"));
  for (const std::string path : {"/a", "/shop"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(cluster_at(*config, path).session_cookie, "SID");
    EXPECT_TRUE(location_at(*config, path).failover.sticky_only);
    EXPECT_EQ(cluster_at(*config, path).balancing.method, MethodName::kLeastBusy);
    EXPECT_EQ(cluster_at(*config, path).connections.queue_timeout, seconds(2));
  }
}

TEST(Parameters, OfASingleMemberStandBehindItsUrl) {
  const auto config =
      config_of("ProxyPass / http://127.0.0.1:7001/ retry=0 timeout=500ms nocanon\n");
  EXPECT_EQ(cluster_at(*config, "/").connections.skip_time, milliseconds(0));
  EXPECT_EQ(location_at(*config, "/").failover.io_timeout, milliseconds(500));
}

TEST(Parameters, TheOnesThatAreWrongAreRefusedWithTheirForm) {
  const struct {
    std::string parameter;
    std::string said;
  } cases[] = {
      {"rooute=x", "there is no parameter 'rooute=x'; did you mean route?"},
      {"loadfactor=0", "loadfactor= takes a number from 1 to 100"},
      {"retry=soon", "retry= takes a time such as 5 or 500ms"},
      {"status=X",
       "status= takes the letters D (disabled), N (draining) and H or R (standby), with + or - "
       "before them"},
      {"route=a,b",
       "route=a,b: no cookie can hold it; letters, digits, '.', '-' and '_' are good, blanks, "
       "quotes, ',', ';' and '\\' are not"},
      {"hcmethod=POST", "expected hcmethod=NONE, TCP, CPING, GET, HEAD or OPTIONS"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.parameter);
    const std::string said = said_of(pool("BalancerMember http://127.0.0.1:7001 " + one.parameter));
    EXPECT_EQ(said, "t.conf:2:38: error: " + one.said);
  }
  EXPECT_EQ(said_of(pool("BalancerMember http://127.0.0.1:7001", "stickysessionsep=!")),
            "t.conf:4:38: error: stickysessionsep= takes a dot, for nothing else separates a route "
            "here");
}

TEST(Parameters, LaterSetsAndSparesAreStandbys) {
  const auto config =
      config_of(pool("BalancerMember http://127.0.0.1:7001\n"
                     "BalancerMember http://127.0.0.1:7002 lbset=1\n"
                     "BalancerMember http://127.0.0.1:7003 status=+H\n"
                     "BalancerMember http://127.0.0.1:7004 status=+R"));
  const auto& seeds = cluster_at(*config, "/shop").seeds;
  EXPECT_FALSE(seeds.at(0).is_standby);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_TRUE(seeds.at(i).is_standby) << i;
}

TEST(Parameters, MembersMayBeNamedOutsideOfProxy) {
  const auto config = config_of(
      "BalancerMember balancer://pool http://127.0.0.1:7001 route=a\n"
      "ProxySet balancer://pool stickysession=S|s\nProxyPass / balancer://pool/\n");
  EXPECT_EQ(cluster_at(*config, "/").seeds.at(0).route, "a");
  EXPECT_EQ(cluster_at(*config, "/").session_parameter, "s");
  EXPECT_EQ(
      said_of("BalancerMember http://127.0.0.1:7001\n" + std::string(kShop)),
      "t.conf:1:16: error: BalancerMember outside of <Proxy> begins with balancer://name, not "
      "'http://127.0.0.1:7001'");
}

TEST(Apache, SessionsStickByStickysessionOnly) {
  const auto none = config_of(pool("BalancerMember http://127.0.0.1:7001 route=a"));
  EXPECT_EQ(cluster_at(*none, "/shop").session_cookie, "");
  EXPECT_EQ(cluster_at(*none, "/shop").session_parameter, "");
  const auto both = config_of(
      pool("BalancerMember http://127.0.0.1:7001 route=a", "stickysession=JSESSIONID|jsessionid"));
  const Cluster& cluster = cluster_at(*both, "/shop");
  EXPECT_EQ(cluster.session_cookie, "JSESSIONID");
  EXPECT_EQ(cluster.session_parameter, "jsessionid");
  EXPECT_TRUE(cluster.session_in_query);
  EXPECT_FALSE(cluster.ranks_routes);
  EXPECT_EQ(cluster.dialect, Dialect::kRoute);
  // Our own words are ours.
  const auto own = config_of("SessionCookie ID\n" + pool("BalancerMember http://127.0.0.1:7001"));
  EXPECT_EQ(cluster_at(*own, "/shop").session_cookie, "ID");
}

TEST(Apache, MembersThatProxyPassNamesGetTheirOwnHost) {
  const auto config = config_of(
      "ProxyPass /a http://127.0.0.1:7001/a\n<Location /b>\nBackendCluster 127.0.0.1:7001\n"
      "</Location>\n<Location /c>\nProxyPreserveHost On\nProxyPass http://127.0.0.1:7001/c\n"
      "</Location>\n");
  EXPECT_FALSE(location_at(*config, "/a").preserves_host);
  EXPECT_TRUE(location_at(*config, "/b").preserves_host);
  EXPECT_TRUE(location_at(*config, "/c").preserves_host);
}

TEST(Apache, MemberUrlsMayHaveAPathAndOtherSchemes) {
  const auto config = config_of(
      "<Proxy balancer://p>\nBalancerMember http://127.0.0.1:7001/archive\nBalancerMember "
      "http://127.0.0.1:7002/archive/\n</Proxy>\nProxyPass /archive balancer://p\n"
      "ProxyPass /live ws://127.0.0.1:7001/live\nProxyPass /two h2c://127.0.0.1:7001/two\n");
  // What is nothing behind the balancer's name is a slash there.
  EXPECT_TRUE(location_at(*config, "/archive").paths.ends_in_slash);
  EXPECT_EQ(location_at(*config, "/archive").paths.prepend, "/archive");
  EXPECT_EQ(cluster_at(*config, "/live").protocol, MemberProtocol::kHttp1);
  EXPECT_EQ(cluster_at(*config, "/two").protocol, MemberProtocol::kHttp2);
  const auto other = config_of(
      "<Proxy balancer://p>\nBalancerMember http://127.0.0.1:7001/in\n</Proxy>\n"
      "ProxyPass /out balancer://p/deep\n");
  EXPECT_EQ(location_at(*other, "/out").paths.trim, "/out");
  EXPECT_EQ(location_at(*other, "/out").paths.prepend, "/in/deep");
  // With different paths each keeps its own.
  const auto mixed = config_of(
      "<Proxy balancer://p>\nBalancerMember http://127.0.0.1:7001/a\nBalancerMember "
      "http://127.0.0.1:7002\n</Proxy>\nProxyPass /x balancer://p/y\n"
      "ProxyPassReverse /x balancer://p/y\n");
  const Location& location = location_at(*mixed, "/x");
  EXPECT_EQ(location.paths.prepend, "/y");
  const Cluster& cluster = cluster_at(*mixed, "/x");
  ASSERT_TRUE(cluster.seeds[0].way);
  EXPECT_EQ(cluster.seeds[0].way->path, "/a");
  EXPECT_FALSE(cluster.seeds[1].way);
  ASSERT_EQ(location.reverse.size(), 2u);
  EXPECT_EQ(location.reverse[0].authority, "127.0.0.1:7001");
  EXPECT_EQ(location.reverse[0].path, "/a/y");
}

TEST(Apache, WhatIsNotSpokenSaysWhatToDo) {
  EXPECT_EQ(said_of("ProxyPass / fcgi://127.0.0.1:9000/\n").substr(0, 44),
            "t.conf:1:13: error: FastCGI is not spoken; p");
}

TEST(Apache, MembersMaySpeakAjp) {
  const auto config = config_of(
      "<Proxy balancer://p>\nBalancerMember ajp://a route=t1 secret=s ping=500ms "
      "iobuffersize=65536\nBalancerMember ajp://b:8010 secret=s\n</Proxy>\n"
      "ProxyPass /x balancer://p/x\nProxyPass /one ajp://c/one\n");
  const Cluster& cluster = cluster_at(*config, "/x");
  EXPECT_EQ(cluster.protocol, MemberProtocol::kAjp);
  EXPECT_EQ(cluster.seeds[0].address, "a:8009");
  EXPECT_EQ(cluster.seeds[1].address, "b:8010");
  EXPECT_EQ(cluster.ajp,
            (Ajp{.secret = "s", .ping = milliseconds(500), .packet_bytes_max = 65536}));
  EXPECT_FALSE(cluster.has_checks());
  EXPECT_EQ(cluster_at(*config, "/one").ajp, Ajp{});
  // The client's own Host, and no X-Forwarded-For: AJP has places of its own.
  EXPECT_TRUE(location_at(*config, "/x").preserves_host);
  EXPECT_FALSE(location_at(*config, "/x").forwarding.x_forwarded);
  const auto said = config_of(
      "ProxyIOBufferSize 20000\nProxyAddHeaders On\nProxyPreserveHost Off\n"
      "ProxyPass / ajp://a/\n");
  EXPECT_EQ(cluster_at(*said, "/").ajp.packet_bytes_max, 20000u);
  EXPECT_TRUE(location_at(*said, "/").forwarding.x_forwarded);
  EXPECT_TRUE(location_at(*said, "/").preserves_host);  // it is the client's in AJP, as in Apache
  const auto own = config_of("<Location />\nBackendProtocol ajp\nBalancerMember a:1\n</Location>");
  EXPECT_EQ(cluster_at(*own, "/").protocol, MemberProtocol::kAjp);
}

TEST(Apache, MembersOfOneBalancerSpeakWhatTheirUrlsSay) {
  const auto config = config_of(
      "<Proxy balancer://p>\nBalancerMember ajp://a secret=s\nBalancerMember http://b\n"
      "BalancerMember ajp://c:9 secret=other\nBalancerMember https://d\n</Proxy>\n"
      "SSLProxyEngine On\nProxyPass / balancer://p/\n");
  const Cluster& cluster = cluster_at(*config, "/");
  EXPECT_EQ(cluster.protocol, MemberProtocol::kHttp1);
  EXPECT_TRUE(cluster.has_ajp());
  ASSERT_NE(cluster.tls, nullptr);
  ASSERT_TRUE(cluster.seeds[0].way);
  EXPECT_EQ(cluster.seeds[0].way->protocol, MemberProtocol::kAjp);
  EXPECT_EQ(cluster.seeds[0].way->ajp.secret, "s");
  EXPECT_TRUE(cluster.seeds[0].way->is_plain);
  ASSERT_TRUE(cluster.seeds[1].way);
  EXPECT_TRUE(cluster.seeds[1].way->is_plain);
  EXPECT_EQ(cluster.seeds[2].way->ajp.secret, "other");
  EXPECT_FALSE(cluster.seeds[3].way);
  const auto alike = config_of(
      "<Proxy balancer://p>\nBalancerMember ajp://a secret=s\nBalancerMember ajp://b secret=s\n"
      "</Proxy>\nProxyPass / balancer://p/\n");
  EXPECT_EQ(cluster_at(*alike, "/").protocol, MemberProtocol::kAjp);
  EXPECT_EQ(cluster_at(*alike, "/").ajp.secret, "s");
  EXPECT_FALSE(cluster_at(*alike, "/").seeds[1].way);
}

TEST(Apache, ChecksAreWhatTheirTemplatesAndExpressionsSay) {
  const auto config = config_of(
      "ProxyHCExpr ok {%{REQUEST_STATUS} =~ /^[23]/ && hc('body') !~ /down/i}\n"
      "ProxyHCTemplate often hcmethod=GET hcexpr=ok hcinterval=5 hcuri=/status\n"
      "<Proxy balancer://p>\nBalancerMember http://a hctemplate=often\n</Proxy>\n"
      "ProxyPass / balancer://p/\n");
  const HealthCheck& check = *cluster_at(*config, "/").seeds[0].check;
  EXPECT_EQ(check.path, "/status");
  ASSERT_EQ(check.rules.size(), 2u);
  EXPECT_EQ(check.rules[0], (CheckRule{.pattern = "^[23]"}));
  EXPECT_EQ(check.rules[1],
            (CheckRule{.is_of_body = true, .is_negated = true, .pattern = "(?i)down"}));
  const std::string member =
      "<Proxy balancer://p>\nBalancerMember http://a hcmethod=GET hcexpr=x\n"
      "</Proxy>\nProxyPass / balancer://p/\n";
  EXPECT_EQ(said_of(member), "t.conf:2:38: error: there is no ProxyHCExpr x");
  EXPECT_EQ(said_of("ProxyHCExpr x {%{REMOTE_ADDR} == '::1'}\n" + member).substr(0, 47),
            "t.conf:1:13: error: a check compares %{REQUEST_");
}

TEST(Apache, StatusesThatFailAreMembersFaults) {
  const auto config = config_of(
      "<Proxy balancer://p>\nBalancerMember http://a\nProxySet failonstatus=500,503\n</Proxy>\n"
      "ProxyPass / balancer://p/\nProxyErrorOverride On 500\n");
  const Location& location = location_at(*config, "/");
  EXPECT_TRUE(location.failover.fails_on(500));
  EXPECT_FALSE(location.failover.fails_on(502));
  EXPECT_FALSE(location.failover.asks_elsewhere);
  EXPECT_TRUE(location.overrides(500));
  EXPECT_FALSE(location.overrides(404));
}

TEST(Apache, HostAndViaAreWhatIsSaid) {
  const auto config = config_of(
      "ServerName www.example.com\nProxyPreserveHost On\nRequestHeader set Host other.example\n"
      "ProxyVia On\nWLLocalIP 127.0.0.9\nProxyPass / http://127.0.0.1:7001/\n");
  const Location& location = location_at(*config, "/");
  EXPECT_EQ(location.host, "other.example");
  EXPECT_FALSE(location.preserves_host);
  ASSERT_EQ(location.edits.request.size(), 1u);
  EXPECT_EQ(location.edits.request[0].value.front().text, "1.1 www.example.com");
  EXPECT_EQ(cluster_at(*config, "/").connections.local_ip, "127.0.0.9:0");
  EXPECT_EQ(said_of("RequestHeader set Host x\nProxyPass / http://a/\n").substr(0, 47),
            "t.conf:1:19: warning: with ProxyPreserveHost Of");
}

// RHEL's welcome.conf.
TEST(Apache, APageOfAPatternIsWarnedOf) {
  EXPECT_EQ(said_of(std::string(kShop) +
                    "<LocationMatch \"^/+$\">\nErrorDocument 403 /x.html\n</LocationMatch>\n"),
            "t.conf:6:1: warning: ErrorDocument is ignored in a section of a pattern: the pages of "
            "the host stand there; write it in a <Location> of a path");
}

TEST(Apache, ProxyTimeoutIsTheTimeoutOfMembers) {
  const auto config = config_of("ProxyTimeout 120\nProxyPass / http://127.0.0.1:7001/\n");
  EXPECT_EQ(location_at(*config, "/").failover.io_timeout, seconds(120));
  const auto both =
      config_of("ProxyTimeout 120\nIOTimeoutSecs 7\nProxyPass / http://127.0.0.1:7001/\n");
  EXPECT_EQ(location_at(*both, "/").failover.io_timeout, seconds(7));
}

// ---- The plug-in.

TEST(Plugin, ItsWordsChooseItsDialect) {
  const struct {
    std::string text;
    Dialect dialect;
  } cases[] = {
      {"<Location />\nSetHandler weblogic-handler\nWebLogicCluster 127.0.0.1:7001\n</Location>\n",
       Dialect::kWeblogic},
      {"<Location />\nWLSRequest On\nWebLogicHost 127.0.0.1\nWebLogicPort 7001\n</Location>\n",
       Dialect::kWeblogic},
      {"<Location />\nSetHandler weblogic-handler\nBackendCluster 127.0.0.1:7001\n</Location>\n",
       Dialect::kWeblogic},
      {"<Location />\nSetHandler understudy-handler\nBackendCluster 127.0.0.1:7001\n</Location>\n",
       Dialect::kAuto},
      // With keys its members link the SDK.
      {"ClusterKeyFile c.key\n<Location />\nSetHandler weblogic-handler\nWebLogicCluster "
       "127.0.0.1:7001\n</Location>\n",
       Dialect::kAuto},
      {"SessionCookieFormat route\n<Location />\nSetHandler weblogic-handler\nWebLogicCluster "
       "127.0.0.1:7001\n</Location>\n",
       Dialect::kRoute},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(cluster_at(*config_of(one.text), "/").dialect, one.dialect);
  }
}

TEST(Plugin, MembersAloneProxyNothing) {
  const auto config =
      config_of(std::string(kShop) +
                "<Location /a>\nWebLogicCluster 127.0.0.1:7001\n</Location>\n"
                "<Location /b>\nWLSRequest Off\nWebLogicCluster 127.0.0.1:7001\n</Location>\n"
                "<Location /c>\nWLSRequest On\nWebLogicCluster 127.0.0.1:7001\n</Location>\n");
  EXPECT_EQ(location_at(*config, "/a").cluster, location_at(*config, "/").cluster);
  EXPECT_FALSE(location_at(*config, "/b").is_proxied);
  EXPECT_TRUE(location_at(*config, "/c").is_proxied);
}

TEST(Plugin, ItsDefaultsHoldForItsWords) {
  const auto config = config_of(
      "<Location />\nWLSRequest On\nWLIOTimeoutSecs 3\nWebLogicCluster 127.0.0.1:7001, "
      "127.0.0.1:7002\n</Location>\n");
  EXPECT_EQ(location_at(*config, "/").failover.io_timeout, seconds(10));
  EXPECT_GT(location_at(*config, "/").failover.replay_file_bytes_max, 0u);
  EXPECT_EQ(cluster_at(*config, "/").seeds.size(), 2u);
  EXPECT_EQ(location_at(*config_of(kShop), "/").failover.replay_file_bytes_max, 0u);
}

TEST(Plugin, AMatchExpressionWithAPathMeansAllBelowIt) {
  const auto config = config_of(
      "WebLogicHost 127.0.0.1\nWebLogicPort 7001\nMatchExpression /servlet\nMatchExpression "
      "*.jsp\n");
  EXPECT_EQ(location_at(*config, "/servlet").kind, Location::Kind::kPath);
  EXPECT_EQ(location_at(*config, "*.jsp").kind, Location::Kind::kGlob);
}

TEST(Plugin, PassThroughBelievesClientsWithAWarning) {
  const Loaded loaded = load_for_tests(
      "Listen 127.0.0.1:8080\n<Location />\nWLSRequest On\nWLProxySSLPassThrough On\n"
      "WebLogicCluster 127.0.0.1:7001\n</Location>\n");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_NE(loaded.diagnostics.find("believes any client"), std::string::npos);
}

}  // namespace
}  // namespace understudy::config
