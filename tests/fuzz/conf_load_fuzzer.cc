// SPDX-License-Identifier: Apache-2.0
// A whole proxy configuration, split at NUL bytes into files that may include each other: it loads,
// or says why not, within the limits; what loads has a host, a cluster for each location that is
// proxied and a hash.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace {

using understudy::KeyringResult;
namespace conf = understudy::conf;
namespace config = understudy::config;

void require(bool holds) {
  if (!holds) std::abort();
}

KeyringResult no_keyring(const std::string&) {
  return {.keyring = nullptr, .error = "no keys"};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(bytes), size);
  conf::MemoryFiles files;
  for (char name = 'a'; name <= 'd'; ++name) {
    const std::size_t end = rest.find('\0');
    files.add(std::string(1, name), std::string(rest.substr(0, end)));
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + 1);
  }
  config::LoadOptions options;
  options.files = &files;
  options.parse.environment = nullptr;
  options.load_keyring = no_keyring;

  const config::Loaded loaded = config::load("a", options);
  require((loaded.config == nullptr) == (loaded.error_count != 0));
  require(!loaded.diagnostics.empty() || loaded.config != nullptr);
  if (loaded.config == nullptr) return 0;
  require(loaded.config->hash.size() == 16);
  require(!loaded.config->listens.empty());
  for (const config::VirtualHost& host : loaded.config->hosts.all()) {
    for (const config::Location& location : host.locations) {
      using Kind = config::Location::Kind;
      require(!location.path.empty());
      require(location.kind != Kind::kPath || location.path.starts_with('/'));
      require((location.kind == Kind::kExpression) == (location.expression != nullptr));
      if (!location.is_proxied) continue;
      require(!loaded.config->clusters.at(location.cluster).seeds.empty());
    }
  }
  return 0;
}
