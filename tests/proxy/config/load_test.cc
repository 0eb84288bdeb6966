// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/load.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Load, DefaultsAreThoseOfTheTable) {
  const auto config = config_of(kShop);
  EXPECT_EQ(config->workers, 0u);
  EXPECT_EQ(config->listens.at(0).to_string(), "127.0.0.1:8080");
  EXPECT_FALSE(config->admin.has_value());
  EXPECT_EQ(config->error_log.path, "stderr");
  EXPECT_EQ(config->graceful_shutdown_timeout, seconds(30));
  const VirtualHost& host = only_host(*config);
  EXPECT_EQ(host.timeouts.silence, seconds(60));
  EXPECT_EQ(host.timeouts.request_head, seconds(20));
  EXPECT_EQ(host.timeouts.body_silence, seconds(20));
  EXPECT_EQ(host.timeouts.keep_alive, seconds(5));
  EXPECT_EQ(host.limits.line_bytes_max, 8190u);
  EXPECT_EQ(host.limits.fields_max, 100u);
  EXPECT_EQ(host.limits.field_bytes_max, 8190u);
  const Location& location = host.locations.at(0);
  EXPECT_EQ(location.failover.connect_timeout, seconds(10));
  EXPECT_EQ(location.failover.rounds_max(), 5u);
  EXPECT_EQ(location.failover.io_timeout, seconds(300));
  EXPECT_EQ(location.failover.replay_buffer_bytes_max, 65'536u);
  EXPECT_EQ(location.body_bytes_max, 1'073'741'824u);
}

TEST(Load, ReadsTheProcess) {
  const auto config = config_of(
      "Workers 3\nAdmin 127.0.0.1:8081\nErrorLog log/err\nLogLevel DEBUG\nListen [::1]:80\n" +
      std::string(kShop));
  EXPECT_EQ(config->workers, 3u);
  EXPECT_EQ(config->listens.size(), 2u);
  EXPECT_EQ(config->admin->to_string(), "127.0.0.1:8081");
  EXPECT_EQ(config->error_log.path, "log/err");
  EXPECT_EQ(config->error_log.level, "debug");
}

TEST(Load, ReadsClientTimeouts) {
  const auto config =
      config_of("KeepAlive Off\nMaxKeepAliveRequests 0\nRequestReadTimeout body=0\nTimeout 2\n" +
                std::string(kShop));
  const ClientTimeouts& timeouts = only_host(*config).timeouts;
  EXPECT_EQ(timeouts.silence, seconds(2));
  EXPECT_FALSE(timeouts.keep_alive.has_value());
  EXPECT_FALSE(timeouts.requests_per_connection.has_value());
  EXPECT_FALSE(timeouts.request_head.has_value());
  EXPECT_FALSE(timeouts.body_silence.has_value());
  EXPECT_EQ(timeouts.handshake, seconds(5));
  const auto handshake = [](const std::string& argument) {
    const auto loaded = config_of("RequestReadTimeout " + argument + "\n" + std::string(kShop));
    return only_host(*loaded).timeouts.handshake;
  };
  EXPECT_EQ(handshake("handshake=2 header=1"), seconds(2));
  EXPECT_EQ(handshake("header=1 body=1"), seconds(5));
  EXPECT_FALSE(handshake("handshake=0").has_value());
}

TEST(Load, ReadsHowOftenARequestGoesAndWhatAnAnswerMayBe) {
  const auto said = config_of(
      "ResendLimit 3\nStickyOnly On\nServerInitiatedFailover ALL\nLimitResponseFieldSize 8K\n"
      "LimitResponseFields 64\n" +
      std::string(kShop));
  const Failover& failover = only_host(*said).locations.at(0).failover;
  EXPECT_EQ(failover.resend_limit, 3u);
  EXPECT_TRUE(failover.sticky_only);
  EXPECT_TRUE(failover.on_503_is_said);
  EXPECT_EQ(said->clusters.at(0).connections.field_bytes_max, 8192u);
  EXPECT_EQ(said->clusters.at(0).connections.fields_max, 64u);

  const auto silent = config_of(std::string(kShop));
  const Failover& defaults = only_host(*silent).locations.at(0).failover;
  EXPECT_EQ(defaults.resend_limit, 1u);
  EXPECT_FALSE(defaults.sticky_only);
  EXPECT_FALSE(defaults.on_503_is_said);
  EXPECT_EQ(silent->clusters.at(0).connections.field_bytes_max, 65'536u);
  EXPECT_EQ(silent->clusters.at(0).connections.fields_max, 500u);
}

TEST(Load, RequestReadTimeoutTakesApachesLongFormWithAWarning) {
  const Loaded loaded = load_for_tests(
      "Listen 80\nRequestReadTimeout header=10-40,MinRate=500 body=1500ms\n" + std::string(kShop));
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.warning_count, 1u);
  EXPECT_EQ(only_host(*loaded.config).timeouts.request_head, seconds(40));
  EXPECT_EQ(only_host(*loaded.config).timeouts.body_silence, milliseconds(1500));
  for (const std::string wrong :
       {"head=1", "header", "header=", "header=x", "header=20-10", "=1"}) {
    EXPECT_EQ(
        said_of("RequestReadTimeout " + wrong),
        "t.conf:1:20: error: expected handshake=SECONDS, header=SECONDS or body=SECONDS, not '" +
            wrong + "'");
  }
}

TEST(Load, AddressesAreNotGivenTwice) {
  EXPECT_EQ(said_of("Listen 127.0.0.1:8080\n" + std::string(kShop)),
            "t.conf:7:8: error: Listen 127.0.0.1:8080 is given twice");
  EXPECT_EQ(said_of("Admin 127.0.0.1:8080\n" + std::string(kShop)),
            "t.conf:1:7: error: Admin and Listen share the address 127.0.0.1:8080");
  EXPECT_EQ(said_of("Listen localhost:80\n" + std::string(kShop)),
            "t.conf:1:8: error: expected an IP address, as in 127.0.0.1:8080, not 'localhost:80'");
  EXPECT_EQ(
      config_of("Listen 127.0.0.1:0\nListen 127.0.0.1:0\n" + std::string(kShop))->listens.size(),
      3u);
}

TEST(Load, WarnsOfAnOpenAdminAddress) {
  EXPECT_EQ(said_of("Admin 8081\n" + std::string(kShop)),
            "t.conf:1:7: warning: Admin is open to whoever reaches this address; it asks for no "
            "password");
}

TEST(Load, ErrorsOfAllPartsAreCollected) {
  const Loaded loaded = load_for_tests(
      "Listen 80\nListen 80\n<Location x>\nBackendCluster a:1\n</Location>\n<Location "
      "/y>\n</Location>\n");
  EXPECT_EQ(loaded.error_count, 3u) << loaded.diagnostics;
  EXPECT_EQ(loaded.config, nullptr);
}

TEST(Load, SomethingHasToBeProxied) {
  EXPECT_EQ(said_of("Workers 1"),
            "t.conf:1:1: error: nothing is proxied: there is no <Location> with members");
}

}  // namespace
}  // namespace understudy::config
