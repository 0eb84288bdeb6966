// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/snapshot.h"

#include <gtest/gtest.h>

#include <string>

#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace understudy {
namespace {

constexpr std::string_view kAnywhere =
    "<Location \"/\">\n BackendCluster 127.0.0.1:7001\n</Location>\n";

struct Made {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<const Snapshot> snapshot;
  std::string error;
};

Made make(const std::string& text) {
  static LogFiles files;
  static const SystemClock clock;
  static TlsTickets tickets(clock);
  Made out;
  const config::Loaded loaded = config::load_text("test.conf", text);
  out.config = loaded.config;
  if (!loaded) {
    out.error = loaded.diagnostics;
    return out;
  }
  auto made = Snapshot::make(loaded.config, loaded.config->listens, files, tickets);
  if (made) {
    out.snapshot = *made;
  } else {
    out.error = made.error().detail;
  }
  return out;
}

std::string name_of(const Made& made, std::size_t site, std::string_view authority) {
  const Snapshot::Site& at = made.snapshot->sites[site];
  const auto& host = made.config->hosts.all()[at.hosts[at.mapping->host(authority)]];
  return host.names.empty() ? "" : host.names.front();
}

TEST(Snapshot, HasTheHostsOfEachPort) {
  const std::string location(kAnywhere);
  const Made made = make("Listen 127.0.0.1:8080\nListen 127.0.0.1:8081\n" + location +
                         "<VirtualHost *:8080>\nServerName one.example\n" + location +
                         "</VirtualHost>\n<VirtualHost *:8080>\nServerName two.example\n"
                         "ServerAlias *.two.example\n" +
                         location + "</VirtualHost>\n");
  ASSERT_NE(made.snapshot, nullptr) << made.error;
  EXPECT_EQ(name_of(made, 0, "one.example:8080"), "one.example");
  EXPECT_EQ(name_of(made, 0, "TWO.example."), "two.example");
  EXPECT_EQ(name_of(made, 0, "a.two.example"), "two.example");
  EXPECT_EQ(name_of(made, 0, "other.example"), "one.example") << "the first of the port";
  EXPECT_EQ(name_of(made, 1, "one.example"), "") << "not on this port";
}

TEST(Snapshot, ComparesRulesInTheFormThatPathsHave) {
  const Made made = make(
      "Listen 127.0.0.1:8080\n<Location \"/caf%c3%a9\">\nBackendCluster 127.0.0.1:7001\n"
      "</Location>\n<Location \"/%61/b/\">\nBackendCluster 127.0.0.1:7002\n</Location>\n");
  ASSERT_NE(made.snapshot, nullptr) << made.error;
  const auto& mapping = *made.snapshot->sites[0].mapping;
  EXPECT_TRUE(mapping.location(0, "/caf%C3%A9/menu"));
  EXPECT_TRUE(mapping.location(0, "/a/b/c"));
  EXPECT_FALSE(mapping.location(0, "/other"));
}

TEST(Snapshot, KnowsTheAddressesOfSeeds) {
  const Made made = make("Listen 127.0.0.1:8080\n" + std::string(kAnywhere));
  ASSERT_NE(made.snapshot, nullptr) << made.error;
  ASSERT_EQ(made.snapshot->clusters.size(), 1U);
  ASSERT_EQ(made.snapshot->clusters[0].seeds.size(), 1U);
  EXPECT_EQ(made.snapshot->clusters[0].seeds[0].address.port(), 7001);
  EXPECT_TRUE(made.snapshot->host_names.empty()) << "an address is no name to look up";
}

TEST(Snapshot, RefusesALogThatCannotBeOpened) {
  const Made made = make("Listen 127.0.0.1:8080\nCustomLog /nonexistent/access.log common\n" +
                         std::string(kAnywhere));
  EXPECT_EQ(made.snapshot, nullptr);
  EXPECT_NE(made.error.find("/nonexistent/access.log"), std::string::npos) << made.error;
}

// One cluster with a key file whose keys are these bytes, by id.
Made make_with_keys(const std::string& ids, std::uint8_t fill = 0) {
  static LogFiles files;
  static const SystemClock clock;
  static TlsTickets tickets(clock);
  config::LoadOptions options;
  options.load_keyring = [&](const std::string&) {
    std::vector<std::vector<std::uint8_t>> bytes;
    for (const char id : ids)
      bytes.emplace_back(kKeyBytesMin, static_cast<std::uint8_t>(fill + id));
    std::vector<Keyring::NamedKey> named;
    for (std::size_t i = 0; i < ids.size(); ++i) named.push_back({.id = ids[i], .bytes = bytes[i]});
    return Keyring::from_keys(named);
  };
  Made out;
  out.config =
      config::load_text(
          "test.conf",
          "Listen 127.0.0.1:8080\nClusterKeyFile cluster.key\n" + std::string(kAnywhere), options)
          .config;
  if (out.config) {
    out.snapshot = *Snapshot::make(out.config, out.config->listens, files, tickets);
  }
  return out;
}

TEST(Snapshot, AClusterIsTheSameOnlyWithTheSameKeysAndRekeyedWithAnyOfThem) {
  const Made old = make_with_keys("1"), again = make_with_keys("1"),
             installed = make_with_keys("12"), other = make_with_keys("3"),
             forged = make_with_keys("1", 9);
  ASSERT_NE(old.snapshot, nullptr);
  EXPECT_EQ(same_cluster(*again.snapshot, 0, *old.snapshot), 0U);
  EXPECT_FALSE(rekeyed_cluster(*again.snapshot, 0, *old.snapshot))
      << "nothing is to be carried over";
  EXPECT_FALSE(same_cluster(*installed.snapshot, 0, *old.snapshot));
  EXPECT_EQ(rekeyed_cluster(*installed.snapshot, 0, *old.snapshot), 0U);
  for (const Made* stranger : {&other, &forged}) {
    EXPECT_FALSE(same_cluster(*stranger->snapshot, 0, *old.snapshot));
    EXPECT_FALSE(rekeyed_cluster(*stranger->snapshot, 0, *old.snapshot));
  }
}

}  // namespace
}  // namespace understudy
