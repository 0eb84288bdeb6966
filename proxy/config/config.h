// SPDX-License-Identifier: Apache-2.0
// What the proxy's configuration means: an immutable snapshot that workers share as
// shared_ptr<const Config>. A reload makes a new one. It holds no text of the configuration
// language and no default of its own: the defaults are those of conf's directive table. Made by
// load.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "proxy/config/cluster.h"
#include "proxy/config/virtual_host.h"

namespace understudy::config {

struct ErrorLog {
  std::string path;   // "stderr" means the stream
  std::string level;  // Apache's word: "info", "debug", "trace1" ...
};

struct Config {
  std::size_t workers = 0;  // 0: one per core
  std::vector<Address> listens;
  std::optional<Address> admin;
  ErrorLog error_log;

  int listen_backlog = 0;
  std::size_t client_connections_max = 0;     // of the process
  std::uint64_t replay_memory_bytes_max = 0;  // of one worker
  std::uint64_t replay_file_bytes_max = 0;    // MaxReplayFiles: of the process
  std::size_t tunnels_max = 0;                // MaxWebSocketClients: of the process
  std::chrono::milliseconds graceful_shutdown_timeout{};

  VirtualHosts hosts;
  std::vector<Cluster> clusters;

  // 16 hex digits over everything that is in force: two texts that mean the same have the same.
  std::string hash;
};

}  // namespace understudy::config
