// SPDX-License-Identifier: Apache-2.0
// How members are chosen, checked and held back, as the configuration says it.
#include "proxy/config/balancing.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::string location(const std::string& lines) {
  return "<Location />\nBackendCluster a:1,b:1\nClusterKeyFile c.key\n" + lines + "\n</Location>";
}

Balancing balancing_of(const std::string& lines) {
  return cluster_at(*config_of(location(lines)), "/").balancing;
}

TEST(Balancing, HasItsDefaults) {
  const Balancing balancing = balancing_of("");
  EXPECT_EQ(balancing.method, MethodName::kRoundRobin);
  EXPECT_EQ(balancing.slow_start, seconds(0));
  EXPECT_EQ(
      balancing.ejection,
      (Ejection{.failures = 5, .time = seconds(30), .longest = seconds(300), .percent_max = 10}));
  EXPECT_FALSE(balancing.check.is_on());
}

TEST(Balancing, ReadsWhatIsSaid) {
  const Balancing balancing = balancing_of(
      "LoadBalanceMethod leastbusy\nSlowStart 2m\nEjectAfterFailures 3\nEjectTime 1s\n"
      "MaxEjectTime 9s\nMaxEjectedPercent 50\n"
      "HealthCheck http path=/alive method=HEAD status=204 \"body=all well\" host=shop.example "
      "interval=5s timeout=500ms fall=4 rise=1");
  EXPECT_EQ(balancing.method, MethodName::kLeastBusy);
  EXPECT_EQ(balancing.slow_start, seconds(120));
  EXPECT_EQ(
      balancing.ejection,
      (Ejection{.failures = 3, .time = seconds(1), .longest = seconds(9), .percent_max = 50}));
  EXPECT_EQ(balancing.check, (HealthCheck{.kind = HealthCheck::Kind::kHttp,
                                          .method = "HEAD",
                                          .path = "/alive",
                                          .host = "shop.example",
                                          .status_min = 204,
                                          .status_max = 204,
                                          .body = "all well",
                                          .interval = seconds(5),
                                          .timeout = milliseconds(500),
                                          .fall = 4,
                                          .rise = 1}));
}

TEST(Balancing, ChecksEveryTwoSecondsThreeDownTwoUp) {
  const HealthCheck check = balancing_of("HealthCheck tcp").check;
  EXPECT_EQ(check.kind, HealthCheck::Kind::kTcp);
  EXPECT_EQ(check.interval, seconds(2));
  EXPECT_EQ(check.fall, 3u);
  EXPECT_EQ(check.rise, 2u);
}

TEST(Balancing, KnowsTheMethodsByAllTheirNames) {
  const struct {
    const char* name;
    MethodName method;
  } rows[] = {{"roundrobin", MethodName::kRoundRobin}, {"weighted", MethodName::kRoundRobin},
              {"byrequests", MethodName::kRoundRobin}, {"LeastBusy", MethodName::kLeastBusy},
              {"bybusyness", MethodName::kLeastBusy},  {"randomtwo", MethodName::kRandomTwo}};
  for (const auto& row : rows) {
    EXPECT_EQ(balancing_of(std::string("LoadBalanceMethod ") + row.name).method, row.method)
        << row.name;
  }
}

TEST(Balancing, TakesTheMethodOfABalancerUnlessTheLocationHasOne) {
  const std::string balancer =
      "<Proxy balancer://s>\nBalancerMember a:1\nProxySet lbmethod=bybusyness\n</Proxy>\n";
  const auto of = [&](const std::string& text) {
    return cluster_at(*config_of(balancer + text), "/").balancing.method;
  };
  EXPECT_EQ(of("ProxyPass / balancer://s/"), MethodName::kLeastBusy);
  EXPECT_EQ(of("ProxyPass / balancer://s/ lbmethod=byrequests"), MethodName::kRoundRobin);
  EXPECT_EQ(of("<Location />\nProxyPass balancer://s/\nLoadBalanceMethod randomtwo\n</Location>"),
            MethodName::kRandomTwo);
}

TEST(Balancing, ReadsApachesParametersOfMembers) {
  const auto config = config_of(
      "<Location />\nBalancerMember a:1 status=+D\nBalancerMember b:1 status=NH\n"
      "BalancerMember c:1 status=+N-N+H\nBalancerMember d:1 ping=3\nBalancerMember e:1 "
      "hcmethod=OPTIONS hcuri=/x hcinterval=7 hcpasses=3 hcfails=5 ping=250ms\n"
      "BalancerMember f:1 hcmethod=none\nHealthCheck tcp\n</Location>");
  const Cluster& cluster = cluster_at(*config, "/");
  EXPECT_EQ(cluster.seeds[0].operator_state, OperatorState::kDisabled);
  EXPECT_FALSE(cluster.seeds[0].is_standby);
  EXPECT_EQ(cluster.seeds[1].operator_state, OperatorState::kDraining);
  EXPECT_TRUE(cluster.seeds[1].is_standby);
  EXPECT_EQ(cluster.seeds[2].operator_state, OperatorState::kReady);
  EXPECT_TRUE(cluster.seeds[2].is_standby);
  EXPECT_EQ(cluster.check_of(cluster.seeds[0]).kind, HealthCheck::Kind::kTcp);
  EXPECT_EQ(cluster.check_of(cluster.seeds[3]).timeout, seconds(3));
  EXPECT_EQ(cluster.check_of(cluster.seeds[4]), (HealthCheck{.kind = HealthCheck::Kind::kHttp,
                                                             .method = "OPTIONS",
                                                             .path = "/x",
                                                             .interval = seconds(7),
                                                             .timeout = milliseconds(250),
                                                             .fall = 5,
                                                             .rise = 3}));
  EXPECT_FALSE(cluster.check_of(cluster.seeds[5]).is_on());
}

TEST(Balancing, RefusesWhatItDoesNotUnderstand) {
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {location("LoadBalanceMethod fastest"), "t.conf:4:19: error:"},
      {location("HealthCheck htp"),
       "t.conf:4:13: error: HealthCheck begins with off, tcp or http, not 'htp'"},
      {location("HealthCheck http pth=/x"),
       "t.conf:4:18: error: HealthCheck has no parameter 'pth=/x'; did you mean path?"},
      {location("HealthCheck http path=x"), "t.conf:4:18: error: expected path=/PATH"},
      {location("HealthCheck http status=99"),
       "t.conf:4:18: error: expected status=200 or status=200-399"},
      {location("HealthCheck http status=399-200"),
       "t.conf:4:18: error: expected status=200 or status=200-399"},
      {location("HealthCheck tcp interval=9ms"),
       "t.conf:4:17: error: expected interval=TIME from 10ms to 1h"},
      {location("HealthCheck tcp fall=0"),
       "t.conf:4:17: error: expected fall=NUMBER from 1 to 1000"},
      {location("HealthCheck tcp fall=1001"),
       "t.conf:4:17: error: expected fall=NUMBER from 1 to 1000"},
      {"<Location />\nBalancerMember a:1 status=+X\n</Location>",
       "t.conf:2:20: error: status= takes the letters D (disabled), N (draining) and H or R "
       "(standby), "
       "with + or - before them"},
      {"<Location />\nBalancerMember a:1 hcmethod=PUT\n</Location>",
       "t.conf:2:20: error: expected hcmethod=NONE, TCP, CPING, GET, HEAD or OPTIONS"},
      {"<Location />\nBalancerMember a:1 hcfials=2\n</Location>",
       "t.conf:2:20: error: there is no parameter 'hcfials=2'; did you mean hcfails?"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(said_of(one.text).substr(0, one.said.size()), one.said);
  }
}

}  // namespace
}  // namespace understudy::config
