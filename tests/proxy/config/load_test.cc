// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/load.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/config/config.h"
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
      "Listen 127.0.0.1:80\nListen 127.0.0.1:80\n<Location x>\nBackendCluster "
      "a:1\n</Location>\n<Location "
      "/y>\n</Location>\n");
  EXPECT_EQ(loaded.error_count, 3u) << loaded.diagnostics;
  EXPECT_EQ(loaded.config, nullptr);
}

TEST(Load, APortAloneIsOneOfBothFamiliesWhereTheMachineHasBoth) {
  const auto listens = [](bool has_ipv6) {
    static const conf::MemoryFiles no_files;
    LoadOptions options;
    options.files = &no_files;
    options.has_ipv6 = [has_ipv6] { return has_ipv6; };
    const Loaded loaded = load_text("t.conf",
                                    "Listen 80\nListen 127.0.0.1:81\nListen *:443 https\n"
                                    "Listen [::1]:82\n" +
                                        std::string(kShop),
                                    options);
    std::string text;
    if (!loaded) return loaded.diagnostics;
    for (const Address& address : loaded.config->listens) text += address.to_string() + " ";
    return text;
  };
  EXPECT_EQ(listens(true), "0.0.0.0:80 [::]:80 127.0.0.1:81 0.0.0.0:443 [::]:443 [::1]:82 ");
  EXPECT_EQ(listens(false), "0.0.0.0:80 127.0.0.1:81 0.0.0.0:443 [::1]:82 ");
  EXPECT_EQ(said_of("Listen 127.0.0.1:80 smtp\n" + std::string(kShop)),
            "t.conf:1:21: error: a Listen is one of http or https, not 'smtp'; SSLEngine decides");
}

TEST(Load, WithoutListenThePortsOfTheHostsAreListenedTo) {
  const Loaded loaded =
      load_for_tests(std::string(kShop) +
                     "<VirtualHost *:81>\n</VirtualHost>\n<VirtualHost 127.0.0.1:81 "
                     "_default_:82>\n</VirtualHost>\n<VirtualHost *>\n</VirtualHost>\n");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_NE(loaded.diagnostics.find("t.conf:5:2: warning: there is no Listen, so the ports of the "
                                    "hosts are listened to: 81, 82"),
            std::string::npos)
      << loaded.diagnostics;
  EXPECT_EQ(load_for_tests(kShop).diagnostics,
            "t.conf:1:1: error: Listen is missing (an address and port to accept clients on)\n");
}

// What is wrong in one directive hides nothing of what is wrong between others.
TEST(Load, ErrorsOfValuesAndOfRelationsAreSaidInOneRound) {
  const Loaded loaded = load_for_tests(
      "Listen 127.0.0.1:80\nNoSuchThing 1\n<Location>\nBackendCluster a:1\n</Location>\n"
      "<Location /a>\nBackendCluster none\n</Location>\nProxyPass /b balancer://none/\n"
      "<Location /c>\nConnectTimeoutSecs 1\nConnectRetrySecs 2\nBackendCluster a:1\n"
      "</Location>\n");
  EXPECT_EQ(loaded.config, nullptr);
  for (const std::string_view said :
       {"t.conf:2:1: error: unknown directive 'NoSuchThing'",
        "t.conf:3:2: error: Location takes at least 1 argument, not 0",
        "t.conf:7:16: error: expected addresses such as",
        "t.conf:9:14: error: there is no <Proxy \"balancer://none\">",
        "t.conf:11:20: error: ConnectTimeoutSecs (1s) is shorter than ConnectRetrySecs (2s)"}) {
    EXPECT_NE(loaded.diagnostics.find(said), std::string::npos) << loaded.diagnostics;
  }
  EXPECT_EQ(loaded.diagnostics.find("has no members"), std::string::npos) << loaded.diagnostics;
}

TEST(Load, WhatWasLeftOutIsNamedWhenNothingIsProxied) {
  EXPECT_EQ(said_of("IncludeOptional sites/*.conf\n"),
            "t.conf:1:1: error: nothing is proxied: there is no ProxyPass, and no <Location> with "
            "members; left out: IncludeOptional of t.conf:1:1");
}

TEST(Load, WhatADirectoryClosesIsForbiddenAndNotUnknown) {
  const auto status = [](const std::string& text) {
    return only_host(*config_of(text + std::string(kShop))).unmapped_status;
  };
  const std::string root = "<Directory />\nRequire all denied\n</Directory>\n";
  EXPECT_EQ(status(""), 404);
  EXPECT_EQ(status(root), 403);
  EXPECT_EQ(status("DocumentRoot /usr\n" + root), 403);
  EXPECT_EQ(status("DocumentRoot /nonexistent\n" + root), 404);
  EXPECT_EQ(status("DocumentRoot /usr/bin\n" + root +
                   "<Directory /usr/>\nRequire all granted\n</Directory>\n"),
            404);
  EXPECT_EQ(
      status("DocumentRoot /usr\n" + root + "<Directory /us>\nAllow from all\n</Directory>\n"),
      403);
}

TEST(Load, SomethingHasToBeProxied) {
  EXPECT_EQ(said_of("Workers 1"),
            "t.conf:1:1: error: nothing is proxied: there is no ProxyPass, and no <Location> with "
            "members");
}

}  // namespace
}  // namespace understudy::config
