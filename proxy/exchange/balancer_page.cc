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

std::string table(const WorkerCluster& cluster) {
  const routing::Cluster& routing = cluster.routing();
  std::string out = fmt::format(
      "<h2>balancer://{}</h2>\n<table>\n<tr><th>Worker URL</th><th>Route</th>"
      "<th>Factor</th><th>Status</th><th>Elected</th><th>Busy</th></tr>\n",
      escaped(routing.options().name));
  for (const auto& member : routing.table().members()) {
    out +=
        fmt::format("<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
                    escaped(member->address_text), escaped(member->route), member->weight / 100.0,
                    state_of(*member), member->counters.requests, member->busy);
  }
  return out + "</table>\n";
}

std::string tables(const Routes& routes) {
  std::string out;
  for (const WorkerCluster* cluster : routes.clusters) out += table(*cluster);
  return out;
}

// JVMIDs are in every session's cookie, so they are no secret.
std::string counters_of(const WorkerCluster& cluster) {
  std::string out =
      "<table>\n<tr><th>Server</th><th>JVMID</th><th>Requests</th><th>Responses</th>"
      "<th>Refused</th><th>Timeouts</th><th>Dropped</th><th>503</th><th>Failovers</th></tr>\n";
  for (const auto& member : cluster.routing().table().members()) {
    const routing::MemberCounters& counted = member->counters;
    const std::string id =
        member->mid ? std::to_string(static_cast<std::int32_t>(*member->mid)) : "not known";
    out += fmt::format(
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td>"
        "<td>{}</td><td>{}</td></tr>\n",
        escaped(member->address_text), id, counted.requests, counted.responses, counted.refused,
        counted.timeouts, counted.resets, counted.unavailable, counted.failovers);
  }
  return out + "</table>\n";
}

}  // namespace

std::string balancer_page(const Routes& routes) {
  return whole("Load Balancer Manager", tables(routes));
}

std::string status_page(const WorkerCounters& counters, const Routes& routes) {
  return whole("Server Status", "<pre>\n" + status_text(counters) + "</pre>\n" + tables(routes));
}

std::string bridge_page(std::string_view settings, const WorkerCluster& cluster) {
  return whole("WebLogic Bridge Configuration",
               "<pre>\n" + escaped(settings) + "</pre>\n" + table(cluster) + counters_of(cluster));
}

std::string status_text(const WorkerCounters& counters) {
  return fmt::format("Total Accesses: {}\nConnsTotal: {}\nTotal Connections: {}\n",
                     counters.requests, counters.connections_open, counters.connections);
}

}  // namespace understudy
