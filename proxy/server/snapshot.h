// SPDX-License-Identifier: Apache-2.0
// Snapshot: a configuration made ready for workers, once for all of them: the mapping of each
// listening address, the options of each cluster with its seeds' addresses, the log formats
// compiled. Immutable, any thread; a reload makes a new one. Made on the main thread before
// anything serves, since it looks up host names and opens log files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/tls_server.h"
#include "proxy/config/config.h"
#include "proxy/routing/cluster.h"
#include "proxy/routing/mapping.h"
#include "proxy/server/access_log.h"

namespace understudy {

struct Snapshot {
  struct Site {
    std::shared_ptr<const routing::Mapping> mapping = {};
    std::vector<std::size_t> hosts = {};  // indexes into config->hosts.all(), by the mapping's
    std::shared_ptr<const TlsServer> tls = {};  // null: plain
  };

  // Every value but `unresolved` is complete, or there is no snapshot: kSystem for a log that
  // cannot be opened. `listens` as config->listens, with the ports that were bound. `tickets`
  // outlives all connections, and is the same for each configuration, so that clients come back
  // after a reload.
  static Result<std::shared_ptr<const Snapshot>> make(
      const std::shared_ptr<const config::Config>& config, const std::vector<Address>& listens,
      LogFiles& files, TlsTickets& tickets);

  uint64_t generation = 0;  // rises with each reload
  std::shared_ptr<const config::Config> config = {};
  std::vector<Address> listens = {};
  std::vector<Site> sites = {};                                // as config->listens
  std::vector<std::vector<AccessLogTarget>> access_logs = {};  // by host
  std::vector<routing::ClusterOptions> clusters = {};          // as config->clusters
  std::vector<std::string> unresolved = {};  // seeds whose host has no address right now
};

}  // namespace understudy
