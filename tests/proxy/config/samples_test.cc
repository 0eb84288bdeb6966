// SPDX-License-Identifier: Apache-2.0
// The files of conf/samples do what their comments promise.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "conf/configuration.h"
#include "proxy/apache/host_rules.h"
#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

Loaded load_sample(const std::string& name) {
  LoadOptions options;
  options.load_keyring = keyring_for_tests;
  return load(UNDERSTUDY_ROOT "/conf/samples/" + name, options);
}

TEST(Samples, TheProxyLoadsWithoutAWord) {
  const Loaded loaded = load_sample("proxy.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.diagnostics, "");
  EXPECT_EQ(cluster_at(*loaded.config, "/").seeds.size(), 3u);
  EXPECT_EQ(cluster_at(*loaded.config, "/").session_cookie, "UNDERSTUDY");
}

TEST(Samples, TheBackendsLoadWithoutAWord) {
  for (const std::string name : {"a", "b", "c"}) {
    const auto loaded = conf::Configuration::load(
        UNDERSTUDY_ROOT "/conf/samples/backend_" + name + ".conf", conf::Program::kBackend);
    EXPECT_EQ(loaded->diagnostics().text(), "");
    EXPECT_EQ(loaded->settings().text("MemberName"), name);
  }
}

TEST(Samples, AnHttpdConfOfThePlugInLoadsAndSaysWhatItIgnores) {
  const Loaded loaded = load_sample("httpd_weblogic.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  for (const std::string name : {"LoadModule", "WLLogFile", "Debug", "<Directory>"}) {
    EXPECT_NE(loaded.diagnostics.find(name + " is ignored"), std::string::npos) << name;
  }
  EXPECT_EQ(cluster_at(*loaded.config, "/shop").seeds.size(), 2u);
  EXPECT_EQ(cluster_at(*loaded.config, "/reports").seeds.front().address, "192.0.2.20:7001");
  const auto& locations = only_host(*loaded.config).locations;
  EXPECT_EQ(locations.at(0).failover.io_timeout, std::chrono::seconds(600));
  EXPECT_EQ(locations.at(1).failover.io_timeout, std::chrono::seconds(120));
}

// What Debian's and Oracle's start scripts put into the environment.
void set_environment() {
  for (const char* name : {"APACHE_LOG_DIR", "APACHE_PID_FILE", "APACHE_RUN_USER",
                           "APACHE_RUN_GROUP", "ORACLE_INSTANCE", "PRODUCT_HOME"}) {
    ::setenv(name, "/tmp", 1);
  }
}

TEST(Samples, ARedHatTreeWithThePlugInIsWhatItWas) {
  const Loaded loaded = load_sample("rhel_weblogic/conf/httpd.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(cluster_at(*loaded.config, "/shop").session_cookie, "JSESSIONID");
  EXPECT_EQ(cluster_at(*loaded.config, "/shop").dialect, Dialect::kWeblogic);
  EXPECT_EQ(cluster_at(*loaded.config, "/reports").session_cookie, "REPORTSID");
  EXPECT_EQ(location_at(*loaded.config, "/shop").rules, nullptr);
  EXPECT_NE(location_at(*loaded.config, "/console").rules, nullptr) << "it is closed to most";
  EXPECT_EQ(only_host(*loaded.config).unmapped_status, 404);
}

TEST(Samples, ADebianTreeWithABalancerIsWhatItWas) {
  set_environment();
  const Loaded loaded = load_sample("debian_balancer/apache2.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const VirtualHost& host = loaded.config->hosts.all().at(1);
  const auto at = [&host](std::string_view path) {
    return *std::find_if(host.locations.begin(), host.locations.end(),
                         [path](const Location& one) { return one.path == path; });
  };
  EXPECT_FALSE(at("/static").is_proxied);
  EXPECT_FALSE(at("/balancer-manager").is_proxied);
  EXPECT_NE(at("/balancer-manager").rules, nullptr);
  ASSERT_TRUE(at("/").is_proxied);
  EXPECT_TRUE(at("/").preserves_host);
  const Cluster& shop = loaded.config->clusters.at(at("/").cluster);
  EXPECT_EQ(shop.session_cookie, "ROUTEID");
  ASSERT_EQ(shop.seeds.size(), 3u);
  EXPECT_TRUE(shop.seeds[2].is_standby);
}

TEST(Samples, ADebianTreeWithModJkIsWhatItWas) {
  set_environment();
  const Loaded loaded = load_sample("debian_jk/apache2.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const VirtualHost& host = loaded.config->hosts.all().at(1);
  const auto at = [&host](std::string_view path) {
    return *std::find_if(host.locations.begin(), host.locations.end(),
                         [path](const Location& one) { return one.path == path; });
  };
  EXPECT_FALSE(at("/shop/static/").is_proxied);
  const Cluster& shop = loaded.config->clusters.at(at("/shop").cluster);
  EXPECT_EQ(shop.protocol, MemberProtocol::kAjp);
  EXPECT_EQ(shop.session_cookie, "JSESSIONID");
  ASSERT_EQ(shop.seeds.size(), 2u);
  EXPECT_EQ(shop.seeds[1].address, "192.0.2.12:8009");
  EXPECT_EQ(shop.seeds[1].route, "tomcat2");
}

TEST(Samples, AnOracleTreeIsWhatItWas) {
  set_environment();
  const Loaded loaded = load_sample("ohs/httpd.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(cluster_at(*loaded.config, "/soa-infra").seeds.size(), 2u);
  EXPECT_TRUE(location_at(*loaded.config, "/soa-infra").forwarding.passes_tls);
  EXPECT_NE(location_at(*loaded.config, "/console").rules, nullptr) << "it is closed to most";
  EXPECT_EQ(location_at(*loaded.config, "/console").failover.io_timeout, std::chrono::seconds(900));
}

TEST(Samples, AnHttpdConfOfThePlugInWithPatternsAndPathsDoesWhatItSays) {
  const Loaded loaded = load_sample("httpd_weblogic_paths.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const auto& locations = only_host(*loaded.config).locations;
  ASSERT_EQ(locations.size(), 3u);
  EXPECT_EQ(locations[0].path, "/weblogic");
  EXPECT_EQ(locations[0].paths.trim, "/weblogic");
  EXPECT_EQ(locations[0].paths.prepend, "/console");
  EXPECT_EQ(locations[0].paths.default_file, "index.jsp");
  EXPECT_EQ(locations[0].body_bytes_max, 1048576u);
  EXPECT_EQ(locations[1].path, "*.jsp");
  EXPECT_EQ(locations[1].cluster, locations[0].cluster);
  EXPECT_EQ(locations[2].path, "*.do");
  EXPECT_EQ(locations[2].paths.prepend, "/struts");
  for (const Location& location : locations) {
    EXPECT_EQ(location.excluded, (std::vector<std::string>{"*.gif", "*.png"}));
  }
  EXPECT_EQ(only_host(*loaded.config).errors.no_member->url, "http://sorry.example.com/");
}

TEST(Samples, AnHttpdConfWithBalancersHeadersAndPathsDoesWhatItSays) {
  const Loaded loaded = load_sample("httpd_balancer.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const VirtualHost& host = only_host(*loaded.config);
  ASSERT_EQ(host.locations.size(), 8u);  // the last four: those of the pattern, by path
  const Location& reports = host.locations[7];
  EXPECT_EQ(reports.kind, Location::Kind::kChosen);
  ASSERT_NE(host.rules, nullptr);
  EXPECT_EQ(apache::choose_target(*host.rules, 3, "/reports/7.pdf")->location, 7u);
  EXPECT_FALSE(apache::choose_target(*host.rules, 3, "/reports/all").has_value());
  EXPECT_EQ(reports.errors.by_status.at(503)->body,
            "The reports are being made. Please come back in a minute.");
  const Location& still = host.locations[1];
  EXPECT_EQ(still.path, "/static");
  EXPECT_FALSE(still.is_proxied);
  const Location& legacy = host.locations[0];
  EXPECT_EQ(legacy.paths.trim, "/legacy");
  EXPECT_EQ(legacy.reverse.front().authority, "192.0.2.30:8080");
  EXPECT_EQ(legacy.edits.request.size(), 1u);
  const Location& shop = host.locations[2];
  EXPECT_EQ(shop.paths.trim, "/shop");
  EXPECT_EQ(shop.paths.prepend, "/store");
  EXPECT_EQ(shop.reverse.front().path, "/store");
  EXPECT_EQ(cluster_at(*loaded.config, "/shop").session_cookie, "JSESSIONID");
  EXPECT_EQ(host.edits.request.size(), 1u);
  EXPECT_EQ(host.edits.response.size(), 3u);
}

TEST(Samples, RoutesAndBalancersLoadWithoutAWord) {
  const Loaded loaded = load_sample("routes_balancer.conf");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.diagnostics, "");
  const Cluster& shop = cluster_at(*loaded.config, "/");
  EXPECT_EQ(shop.label, "shop");
  EXPECT_EQ(shop.seeds.at(1).route, "b2");
  EXPECT_EQ(shop.seeds.at(1).load_factor, 2u);
  EXPECT_EQ(cluster_at(*loaded.config, "/static").seeds.size(), 1u);
}

}  // namespace
}  // namespace understudy::config
