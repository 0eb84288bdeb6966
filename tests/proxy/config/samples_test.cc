// SPDX-License-Identifier: Apache-2.0
// The files of conf/samples do what their comments promise.
#include <gtest/gtest.h>

#include <string>

#include "conf/configuration.h"
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
  for (const std::string name :
       {"LoadModule", "WLLogFile", "Debug", "DocumentRoot", "<Directory>"}) {
    EXPECT_NE(loaded.diagnostics.find(name + " is ignored"), std::string::npos) << name;
  }
  EXPECT_EQ(cluster_at(*loaded.config, "/shop").seeds.size(), 2u);
  EXPECT_EQ(cluster_at(*loaded.config, "/reports").seeds.front().address, "192.0.2.20:7001");
  const auto& locations = only_host(*loaded.config).locations;
  EXPECT_EQ(locations.at(0).failover.io_timeout, std::chrono::seconds(600));
  EXPECT_EQ(locations.at(1).failover.io_timeout, std::chrono::seconds(120));
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
