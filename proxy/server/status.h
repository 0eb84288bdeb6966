// SPDX-License-Identifier: Apache-2.0
// What workers report when they are asked, and the sum over them. Plain values that travel by
// message; admin/ writes them as JSON and as metrics.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "cookies/affinity.h"
#include "proxy/exchange/worker_context.h"
#include "proxy/routing/affinity_choice.h"
#include "proxy/routing/member.h"

namespace understudy {

struct MemberStatus {
  std::string name = {};
  std::string address = {};
  std::string route = {};
  std::optional<uint32_t> mid = {};
  bool is_seed = false;
  routing::Liveness liveness = routing::Liveness::kAssumed;
  OperatorState operator_state = OperatorState::kReady;
  routing::OperatorOrder order = {};
  std::optional<Duration> deadline = {};  // until draining becomes disabled
  bool is_standby = false;
  routing::Checked checked = routing::Checked::kNot;
  uint16_t weight = 1;
  unsigned share_percent = 100;  // of its weight: SlowStart
  uint32_t busy = 0;             // exchanges under way, to their end
  unsigned ejected_by_workers = 0;
  bool is_resolved = true;
  unsigned skipped_by_workers = 0;  // how many pass it by because it failed there
  routing::Failure last_failure = routing::Failure::kNone;
  routing::MemberCounters counters = {};
};

struct ClusterStatus {
  std::string label = {};
  bool is_dynamic = false;
  bool has_view = false;
  uint64_t view_hash = 0;
  uint64_t view_version = 0;
  std::chrono::milliseconds beat{0};
  uint64_t queued = 0;     // exchanges that wait for a connection
  uint64_t exchanges = 0;  // under way
  uint64_t resends = 0;    // of these, those that RetryBudget counts
  std::vector<MemberStatus> members = {};
};

struct WorkerStatus {
  std::size_t worker = 0;
  uint64_t generation = 0;
  WorkerCounters counters = {};
  std::vector<ClusterStatus> clusters = {};
};

struct ServerStatus {
  std::string version = {};
  int64_t pid = 0;
  Duration uptime{};
  std::string config_path = {};
  std::string config_hash = {};
  uint64_t generation = 0;
  bool is_stopping = false;
  std::vector<std::string> listens = {};  // as bound: port 0 has become a port
  std::vector<WorkerStatus> workers = {};
  WorkerCounters counters = {};              // summed
  std::vector<ClusterStatus> clusters = {};  // summed; the newest view of any worker
};

// Fills `counters` and `clusters` from `workers`.
void sum_workers(ServerStatus& status);

// A member that an operator's command has met.
struct MemberChange {
  std::string cluster = {};
  std::string name = {};
  std::string address = {};
  routing::OperatorOrder order = {};
};

// How one cluster reads a cookie's value, as one worker sees it.
struct CookieExplanation {
  std::string cluster = {};
  AffinityRefusal refusal = AffinityRefusal::kAbsent;
  Dialect dialect = Dialect::kAuto;
  bool is_verified = false;
  uint32_t epoch = 0;
  struct Named {
    std::optional<uint32_t> mid = {};
    std::string name = {};   // empty: no member is known by it
    std::string state = {};  // liveness, operator's state, and whether it is skipped
  };
  Named primary = {};
  Named secondary = {};
  std::string route = {};
  std::string member = {};    // empty: by the method
  std::string decision = {};  // as %{why}u in the access log
};

}  // namespace understudy
