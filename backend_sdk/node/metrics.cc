// SPDX-License-Identifier: Apache-2.0
// NodeStatistics as Prometheus text. One row for each figure, so that none is told twice or not at
// all.
#include <fmt/format.h>

#include <iterator>

#include "understudy/node.h"

namespace understudy {
namespace {

struct Figure {
  const char* name;
  const char* type;
  const char* help;
  std::uint64_t NodeStatistics::*value;
};

constexpr Figure kFigures[] = {
    {"requests_total", "counter", "Requests that asked for a session", &NodeStatistics::requests},
    {"commits_total", "counter", "Requests that changed their session", &NodeStatistics::commits},
    {"replays_total", "counter", "Requests that had run before", &NodeStatistics::replays},
    {"sessions_created_total", "counter", "Sessions begun here", &NodeStatistics::sessions_created},
    {"sessions_promoted_total", "counter", "Sessions taken over from another member",
     &NodeStatistics::sessions_promoted},
    {"sessions_lost_total", "counter", "Sessions that no member held any more",
     &NodeStatistics::sessions_lost},
    {"sessions_recovered_total", "counter", "Sessions served without the last proof",
     &NodeStatistics::sessions_recovered},
    {"sessions_expired_total", "counter", "Sessions that no request used for too long",
     &NodeStatistics::sessions_expired},
    {"solo_responses_total", "counter", "Responses that left without a copy elsewhere",
     &NodeStatistics::solo_responses},
    {"rerouted_total", "counter", "Requests answered 421", &NodeStatistics::rerouted},
    {"unavailable_total", "counter", "Requests answered 503", &NodeStatistics::unavailable},
    {"fenced_total", "counter", "Times this member found itself overtaken",
     &NodeStatistics::fenced},
    {"conflicts_total", "counter", "Sessions with two owners during a partition",
     &NodeStatistics::conflicts},
    {"lives_total", "counter", "Times this member joined as a new one", &NodeStatistics::lives},
    {"sessions_primary", "gauge", "Sessions served here", &NodeStatistics::sessions_primary},
    {"sessions_solo", "gauge", "Of them, those without a copy", &NodeStatistics::sessions_solo},
    {"sessions_secondary", "gauge", "Copies held for others", &NodeStatistics::sessions_secondary},
    {"replica_bytes", "gauge", "Memory of the copies held for others",
     &NodeStatistics::replica_bytes},
    {"requests_under_way", "gauge", "Requests between begin and release",
     &NodeStatistics::requests_under_way},
    {"members_alive", "gauge", "Members of the cluster that are alive",
     &NodeStatistics::members_alive},
};

static_assert(sizeof(NodeStatistics) == std::size(kFigures) * sizeof(std::uint64_t));

}  // namespace

std::string Node::metrics_text() const {
  const NodeStatistics now = statistics();
  std::string out;
  for (const Figure& figure : kFigures) {
    fmt::format_to(std::back_inserter(out),
                   "# HELP understudy_{0} {1}\n# TYPE understudy_{0} {2}\nunderstudy_{0} {3}\n",
                   figure.name, figure.help, figure.type, now.*figure.value);
  }
  return out;
}

}  // namespace understudy
