// SPDX-License-Identifier: Apache-2.0
// Snapshot: a configuration made ready for workers, once for all of them: the mapping of each
// listening address, the options of each cluster with its seeds' addresses, the log formats
// compiled. Immutable, any thread; a reload makes a new one. Made on the main thread before
// anything serves, since it looks up host names and opens log files.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
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

  // Every value but `host_names` is complete, or there is no snapshot: kSystem for a log that
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
  bool tells_where = false;  // clients have connected to: BackendProxyProtocol, AJP
  // Seeds that are named by a host's name.
  struct HostName {
    std::string address_text;
    Duration interval{};       // DNSRefreshInterval; zero: never again
    bool is_resolved = false;  // it has an address right now
  };
  std::vector<HostName> host_names = {};
};

// Parts of it that need no file and no port: what a listening address serves (without `tls`), and
// a cluster's options. The latter looks up the names of its seeds.
Snapshot::Site make_site(const config::Config& config, const Address& listen);
routing::ClusterOptions make_cluster(const config::Cluster& cluster,
                                     std::vector<Snapshot::HostName>& host_names);

// The cluster of `among` that is the same one, so that what has been learned of it stays.
std::optional<std::size_t> same_cluster(const Snapshot& wanted, std::size_t index,
                                        const Snapshot& among);
// The one that differs in its keys alone and has at least one of them: a rotation. Its members are
// the same, what was signed is not.
std::optional<std::size_t> rekeyed_cluster(const Snapshot& wanted, std::size_t index,
                                           const Snapshot& among);

}  // namespace understudy
