// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/status.h"

#include <algorithm>

namespace understudy {
namespace {

void add(routing::MemberCounters& sum, const routing::MemberCounters& more) {
  sum.requests += more.requests;
  sum.responses += more.responses;
  sum.refused += more.refused;
  sum.timeouts += more.timeouts;
  sum.resets += more.resets;
  sum.unavailable += more.unavailable;
  sum.failovers += more.failovers;
  sum.connections += more.connections;
  sum.ejections += more.ejections;
  sum.in_flight += more.in_flight;
}

void add(WorkerCounters& sum, const WorkerCounters& more) {
  sum.connections += more.connections;
  sum.connections_open += more.connections_open;
  sum.requests += more.requests;
  for (std::size_t i = 0; i < std::size(sum.responses_by_class); ++i) {
    sum.responses_by_class[i] += more.responses_by_class[i];
  }
  sum.resends += more.resends;
  sum.resends_refused += more.resends_refused;
  sum.view_drops += more.view_drops;
  sum.views_asked += more.views_asked;
  sum.resends_over_budget += more.resends_over_budget;
  sum.queued += more.queued;
  sum.queue_refusals += more.queue_refusals;
  sum.queue_timeouts += more.queue_timeouts;
  sum.hedges += more.hedges;
  sum.hedges_won += more.hedges_won;
  sum.hedges_over_budget += more.hedges_over_budget;
  sum.splices += more.splices;
  sum.tunnels += more.tunnels;
  sum.tunnels_open += more.tunnels_open;
  sum.tunnels_refused += more.tunnels_refused;
}

bool is_same_life(const MemberStatus& a, const MemberStatus& b) {
  return a.address == b.address && a.mid == b.mid;
}

// What each worker has of its own.
void add_share(MemberStatus& sum, const MemberStatus& more) {
  add(sum.counters, more.counters);
  sum.busy += more.busy;
  sum.skipped_by_workers += more.skipped_by_workers;
  sum.ejected_by_workers += more.ejected_by_workers;
}

// Of the view that `sum` shows; a member that only one worker still remembers is not shown twice.
void add(ClusterStatus& sum, const ClusterStatus& more) {
  if (more.view_version > sum.view_version) {
    ClusterStatus newer = more;
    newer.queued += sum.queued;
    newer.exchanges += sum.exchanges;
    newer.resends += sum.resends;
    for (MemberStatus& member : newer.members) {
      const auto old = std::find_if(sum.members.begin(), sum.members.end(),
                                    [&](const auto& other) { return is_same_life(other, member); });
      if (old == sum.members.end()) continue;
      add_share(member, *old);
    }
    sum = std::move(newer);
    return;
  }
  sum.queued += more.queued;
  sum.exchanges += more.exchanges;
  sum.resends += more.resends;
  for (const MemberStatus& member : more.members) {
    const auto place = std::find_if(sum.members.begin(), sum.members.end(),
                                    [&](const auto& other) { return is_same_life(other, member); });
    if (place == sum.members.end()) continue;
    add_share(*place, member);
    if (member.last_failure != routing::Failure::kNone) place->last_failure = member.last_failure;
  }
}

}  // namespace

void sum_workers(ServerStatus& status) {
  for (const WorkerStatus& worker : status.workers) {
    add(status.counters, worker.counters);
    if (worker.generation != status.generation) continue;
    if (status.clusters.empty()) {
      status.clusters = worker.clusters;
      continue;
    }
    for (std::size_t i = 0; i < status.clusters.size(); ++i) {
      add(status.clusters[i], worker.clusters[i]);
    }
  }
}

}  // namespace understudy
