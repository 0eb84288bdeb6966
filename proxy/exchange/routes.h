// SPDX-License-Identifier: Apache-2.0
// Routes: one configuration as one worker uses it. A reload makes new Routes; exchanges in progress
// keep theirs, and the worker drops old ones when `exchanges` is 0. Filled by server/; worker
// thread only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/exchange/access_record.h"
#include "proxy/routing/mapping.h"

namespace understudy {

class WorkerCluster;

// What one listening address serves.
struct Site {
  std::shared_ptr<const routing::Mapping> mapping;
  // By Mapping::Match::host; its `location` is an index into the host's locations. The first one's
  // timeouts and limits hold until a request's host is known.
  std::vector<const config::VirtualHost*> hosts;
  // By host as above; null: nothing is logged.
  std::vector<AccessLog*> access_logs;

  // Whether a client of this address may speak HTTP/2, before it has named its host.
  bool speaks_http2() const {
    return std::any_of(hosts.begin(), hosts.end(), [](const auto* host) { return host->http2; });
  }
};

struct Routes {
  std::shared_ptr<const config::Config> config;
  std::vector<Site> sites;               // as config->listens
  std::vector<WorkerCluster*> clusters;  // as config->clusters; borrowed from the worker
  std::size_t exchanges = 0;             // that use these routes now; counted by exchange.cc
};

}  // namespace understudy
