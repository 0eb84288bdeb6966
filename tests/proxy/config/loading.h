// SPDX-License-Identifier: Apache-2.0
// For the tests of proxy/config: a configuration from a text, without disk, environment or keys.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace understudy::config {

inline constexpr const char* kShop =
    "<Location />\nBackendCluster 127.0.0.1:7001,127.0.0.1:7002\nSessionCookieFormat "
    "route\n</Location>\n";

// A ring of one key for every path that ends with ".key"; a refusal for the others.
inline KeyringResult keyring_for_tests(const std::string& path) {
  if (!path.ends_with(".key")) return {.keyring = nullptr, .error = path + ": no key file"};
  static const std::array<std::uint8_t, kKeyBytesMin> bytes = {1, 2, 3};
  const Keyring::NamedKey key{.id = 'a', .bytes = bytes};
  return Keyring::from_keys({&key, 1});
}

inline Loaded load_for_tests(const std::string& text) {
  static const conf::MemoryFiles no_files;
  LoadOptions options;
  options.files = &no_files;
  options.parse.environment = nullptr;
  options.load_keyring = keyring_for_tests;
  return load_text("t.conf", text, options);
}

// The Config of a text that has to be right; "Listen 8080" is added.
inline std::shared_ptr<const Config> config_of(const std::string& text) {
  const Loaded loaded = load_for_tests(text + "\nListen 127.0.0.1:8080\n");
  EXPECT_TRUE(loaded) << loaded.diagnostics;
  return loaded ? loaded.config : std::make_shared<const Config>();
}

// The first line that is said; "Listen 8080" is added at the end.
inline std::string said_of(const std::string& text) {
  const Loaded loaded = load_for_tests(text + "\nListen 127.0.0.1:8080\n");
  return loaded.diagnostics.substr(0, loaded.diagnostics.find('\n'));
}

inline const VirtualHost& only_host(const Config& config) {
  return config.hosts.all().front();
}

inline const Location& location_at(const Config& config, std::string_view path) {
  for (const Location& location : only_host(config).locations) {
    if (location.path == path) return location;
  }
  ADD_FAILURE() << "no location " << path;
  static const Location none;
  return none;
}

inline const Cluster& cluster_at(const Config& config, std::string_view path) {
  for (const Location& location : only_host(config).locations) {
    if (location.path == path) return config.clusters.at(location.cluster);
  }
  ADD_FAILURE() << "no location " << path;
  static const Cluster none;
  return none;
}

}  // namespace understudy::config
