// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/location.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Failover failover_of(const std::string& directives) {
  const auto config = config_of("<Location />\nBackendCluster a:1\nSessionCookieFormat route\n" +
                                directives + "\n</Location>");
  return only_host(*config).locations.at(0).failover;
}

TEST(Location, ReadsWhatHappensWhenAMemberFails) {
  const Failover failover = failover_of(
      "Idempotent OFF\nWLRetryOnTimeout all\nRetryAfterDroppedConnection NONE\n"
      "WLServerInitiatedFailover OFF\nSessionReplay On\nReplayBufferSize 0\nIOTimeoutSecs 500ms");
  EXPECT_FALSE(failover.idempotent);
  EXPECT_EQ(failover.on_timeout, Resend::kAll);
  EXPECT_EQ(failover.on_dropped, Resend::kNone);
  EXPECT_EQ(failover.on_503, Resend::kNone);
  EXPECT_TRUE(failover.session_replay);
  EXPECT_EQ(failover.replay_buffer_bytes_max, 0u);
  EXPECT_EQ(failover.io_timeout, milliseconds(500));
  EXPECT_EQ(failover_of("ServerInitiatedFailover ON").on_503, Resend::kAll);
}

TEST(Location, HasAtLeastTwoRounds) {
  EXPECT_EQ(failover_of("ConnectTimeoutSecs 2\nConnectRetrySecs 2").rounds_max(), 2u);
  EXPECT_EQ(failover_of("ConnectTimeoutSecs 9\nConnectRetrySecs 2").rounds_max(), 4u);
  EXPECT_EQ(Failover().rounds_max(), 2u);
}

TEST(Location, InheritsWhatItDoesNotSay) {
  const auto config = config_of(
      "IOTimeoutSecs 20\nBackendCluster a:1,b:2\nSessionCookieFormat route\n"
      "<Location /a>\n</Location>\n<Location /b>\nIOTimeoutSecs 30\nBackendCluster "
      "c:3\n</Location>");
  const auto& locations = only_host(*config).locations;
  ASSERT_EQ(locations.size(), 2u);
  EXPECT_EQ(locations[0].failover.io_timeout, seconds(20));
  EXPECT_EQ(locations[1].failover.io_timeout, seconds(30));
  EXPECT_EQ(cluster_at(*config, "/a").seeds.size(), 2u);
  EXPECT_EQ(cluster_at(*config, "/b").seeds.front().address, "c:3");
}

TEST(Location, TheLongestPathComesFirst) {
  const auto config = config_of(
      "BackendCluster a:1\nSessionCookieFormat route\n<Location />\n</Location>\n<Location "
      "/shop/cart>\n</Location>\n<Location /shop>\n</Location>");
  std::string paths;
  for (const Location& location : only_host(*config).locations) paths += location.path + " ";
  EXPECT_EQ(paths, "/shop/cart /shop / ");
}

TEST(Location, TheSmallerBodyLimitHolds) {
  const std::string start = "BackendCluster a:1\nSessionCookieFormat route\n<Location />\n";
  const auto limit = [&start](const std::string& directives) {
    const auto config = config_of(start + directives + "\n</Location>");
    return only_host(*config).locations.at(0).body_bytes_max;
  };
  EXPECT_EQ(limit("MaxPostSize 1K\nLimitRequestBody 2K"), 1024u);
  EXPECT_EQ(limit("MaxPostSize -1\nLimitRequestBody 2K"), 2048u);
  EXPECT_EQ(limit("LimitRequestBody 0"), kUnlimitedBodyBytes);
}

TEST(Location, RefusesWhatCannotWork) {
  const struct {
    std::string text;
    std::string said;
  } cases[] = {
      {"<Location shop>\nBackendCluster a:1\n</Location>",
       "t.conf:1:11: error: expected a path such as /shop, without '//', '..', '?'"},
      {"<Location /a/../b>\nBackendCluster a:1\n</Location>",
       "t.conf:1:11: error: expected a path such as /shop, without '//', '..', '?'"},
      {"<Location />\nBackendHost a\n</Location>",
       "t.conf:2:1: error: BackendHost and BackendPort need each other"},
      {"<Location />\nWebLogicHost a\nWebLogicPort 1\nWebLogicCluster b:1\n</Location>",
       "t.conf:2:1: error: WebLogicCluster has already named the members here"},
      {"ConnectRetrySecs 20\n" + std::string(kShop),
       "t.conf:1:18: error: ConnectTimeoutSecs (10s) is shorter than ConnectRetrySecs (20s)"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(said_of(one.text), one.said);
  }
}

TEST(Location, SetHandlerOutsideOfAllLocationsProxiesEverything) {
  const auto config = config_of(
      "<IfModule mod_weblogic.c>\nWebLogicHost a\nWebLogicPort 7001\n</IfModule>\nSetHandler "
      "weblogic-handler\nSessionCookieFormat weblogic\n");
  EXPECT_EQ(cluster_at(*config, "/").seeds.front().address, "a:7001");
}

}  // namespace
}  // namespace understudy::config
