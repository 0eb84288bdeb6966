// SPDX-License-Identifier: Apache-2.0
// What the connections and exchanges of one worker share. Filled and owned by server/, outlives all
// of them; worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/random.h"
#include "proxy/apache/password.h"
#include "proxy/exchange/body_pipe.h"
#include "proxy/exchange/quarantine.h"
#include "proxy/io/io_context.h"

namespace understudy {

struct Routes;

// Read by status and metrics through the worker.
struct WorkerCounters {
  uint64_t connections = 0;       // accepted
  uint64_t connections_open = 0;  // now
  uint64_t requests = 0;
  uint64_t responses_by_class[6] = {};  // [5]: 5xx; [0]: ended without a status
  uint64_t resends = 0;
  uint64_t resends_refused = 0;  // the request had been sent and may not be sent twice
  uint64_t view_drops = 0;       // exchanges freed because a view said their member is gone
  uint64_t views_asked = 0;      // by a waiting worker
  uint64_t resends_over_budget = 0;
  uint64_t queued = 0;          // exchanges that had to wait for a connection
  uint64_t queue_refusals = 0;  // MaxWaitingRequests
  uint64_t queue_timeouts = 0;
  uint64_t hedges = 0;      // second tries beside a first one
  uint64_t hedges_won = 0;  // whose answer came first
  uint64_t hedges_over_budget = 0;
  uint64_t splices = 0;
  uint64_t tunnels = 0;          // begun: WebSocket and other upgrades
  uint64_t tunnels_open = 0;     // now
  uint64_t tunnels_refused = 0;  // for MaxWebSocketClients
};

struct WorkerContext {
  IoContext io;
  PipePool& pipes;
  // Seeded from SystemRandom: ids of different workers and proxies do not meet.
  Random& request_ids;
  // Used by every exchange that starts now; replaced by a reload.
  Routes* routes = nullptr;
  // A graceful stop is under way: every response says Connection: close.
  bool stopping = false;
  WorkerCounters counters = {};
  apache::LoginMemo logins = {};
  // Of request bodies beyond their first block, for all exchanges: MaxReplayMemory.
  uint64_t replay_bytes = 0;
  // Tunnels and requests that ask for one, of this worker's part of MaxWebSocketClients.
  std::size_t tunnels = 0;
  // The process's; any thread.
  std::shared_ptr<Quarantine> quarantine = std::make_shared<Quarantine>();
  std::size_t workers = 1;  // that share what is the whole process's
  // Of request bodies that are kept in files. MaxReplayFiles is shared evenly by the workers.
  uint64_t replay_file_bytes = 0;

  uint64_t replay_file_room() const;
};

}  // namespace understudy
