// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/balancer_page.h"

#include <fmt/format.h>

#include <string_view>

#include "proxy/exchange/worker_cluster.h"

namespace understudy {
namespace {

// Names come from the configuration and from members.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += c;
    }
  }
  return out;
}

std::string_view state_of(const routing::Member& member) {
  if (member.liveness == routing::Liveness::kDead) return "dead";
  if (member.operator_state == OperatorState::kDisabled) return "disabled";
  if (member.operator_state == OperatorState::kDraining) return "draining";
  return member.is_standby ? "standby" : "ready";
}

std::string whole(std::string_view title, const std::string& inside) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{0}</title></head>\n"
      "<body><h1>{0}</h1>\n{1}</body></html>\n",
      title, inside);
}

std::string tables(const Routes& routes) {
  std::string out;
  for (const WorkerCluster* cluster : routes.clusters) {
    const routing::Cluster& routing = cluster->routing();
    out += fmt::format(
        "<h2>balancer://{}</h2>\n<table>\n<tr><th>Worker URL</th><th>Route</th>"
        "<th>Factor</th><th>Status</th><th>Elected</th><th>Busy</th></tr>\n",
        escaped(routing.options().name));
    for (const auto& member : routing.table().members()) {
      out += fmt::format(
          "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
          escaped(member->address_text), escaped(member->route), member->weight / 100.0,
          state_of(*member), member->counters.requests, member->busy);
    }
    out += "</table>\n";
  }
  return out;
}

}  // namespace

std::string balancer_page(const Routes& routes) {
  return whole("Load Balancer Manager", tables(routes));
}

std::string status_page(const WorkerCounters& counters, const Routes& routes) {
  return whole("Server Status", "<pre>\n" + status_text(counters) + "</pre>\n" + tables(routes));
}

std::string status_text(const WorkerCounters& counters) {
  return fmt::format("Total Accesses: {}\nConnsTotal: {}\nTotal Connections: {}\n",
                     counters.requests, counters.connections_open, counters.connections);
}

}  // namespace understudy
