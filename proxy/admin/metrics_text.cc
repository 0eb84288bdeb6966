// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/metrics_text.h"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <string_view>

#include "cookies/contract.h"

namespace understudy {
namespace {

enum class Kind { kCounter, kGauge };

// Backslash, quote and line end are what a label's value cannot hold as they are.
std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

class Exposition final {
 public:
  void family(std::string_view name, Kind kind, std::string_view help) {
    name_ = name;
    fmt::format_to(std::back_inserter(text_), "# HELP {0} {1}\n# TYPE {0} {2}\n", name, help,
                   kind == Kind::kCounter ? "counter" : "gauge");
  }
  void sample(std::string_view labels, uint64_t value) {
    if (labels.empty()) {
      fmt::format_to(std::back_inserter(text_), "{} {}\n", name_, value);
    } else {
      fmt::format_to(std::back_inserter(text_), "{}{{{}}} {}\n", name_, labels, value);
    }
  }
  void single(std::string_view name, Kind kind, std::string_view help, uint64_t value) {
    family(name, kind, help);
    sample({}, value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string_view name_;
  std::string text_;
};

std::string labels_of(const ClusterStatus& cluster) {
  return fmt::format("cluster=\"{}\"", escaped(cluster.label));
}

std::string labels_of(const ClusterStatus& cluster, const MemberStatus& member) {
  return fmt::format("cluster=\"{}\",member=\"{}\",address=\"{}\"", escaped(cluster.label),
                     escaped(member.name), escaped(member.address));
}

void add_members(const ServerStatus& status, Exposition& out) {
  struct Family {
    std::string_view name;
    Kind kind;
    std::string_view help;
    uint64_t (*value)(const MemberStatus&);
  };
  static constexpr std::array<Family, 16> kFamilies = {{
      {"understudy_member_requests_total", Kind::kCounter, "Requests sent, re-sent ones included.",
       [](const MemberStatus& m) { return m.counters.requests; }},
      {"understudy_member_responses_total", Kind::kCounter, "Final responses received.",
       [](const MemberStatus& m) { return m.counters.responses; }},
      {"understudy_member_connections_total", Kind::kCounter, "Connections opened.",
       [](const MemberStatus& m) { return m.counters.connections; }},
      {"understudy_member_refused_total", Kind::kCounter, "Connections refused.",
       [](const MemberStatus& m) { return m.counters.refused; }},
      {"understudy_member_timeouts_total", Kind::kCounter, "No connection or no answer in time.",
       [](const MemberStatus& m) { return m.counters.timeouts; }},
      {"understudy_member_resets_total", Kind::kCounter, "Connections broken before the answer.",
       [](const MemberStatus& m) { return m.counters.resets; }},
      {"understudy_member_unavailable_total", Kind::kCounter, "Answers with status 503.",
       [](const MemberStatus& m) { return m.counters.unavailable; }},
      {"understudy_member_failovers_total", Kind::kCounter,
       "Requests of its sessions that went to another member.",
       [](const MemberStatus& m) { return m.counters.failovers; }},
      {"understudy_member_in_flight", Kind::kGauge, "Requests that wait for its answer.",
       [](const MemberStatus& m) { return uint64_t{m.counters.in_flight}; }},
      {"understudy_member_skipped_by_workers", Kind::kGauge,
       "Workers that pass it by because it failed a moment ago.",
       [](const MemberStatus& m) { return uint64_t{m.skipped_by_workers}; }},
      {"understudy_member_ejections_total", Kind::kCounter,
       "Times that a worker left it out for failing again and again.",
       [](const MemberStatus& m) { return m.counters.ejections; }},
      {"understudy_member_ejected_by_workers", Kind::kGauge, "Workers that leave it out now.",
       [](const MemberStatus& m) { return uint64_t{m.ejected_by_workers}; }},
      {"understudy_member_busy", Kind::kGauge, "Requests under way, until their answers' end.",
       [](const MemberStatus& m) { return uint64_t{m.busy}; }},
      {"understudy_member_healthy", Kind::kGauge,
       "0 while its health check fails, else 1; also without a health check.",
       [](const MemberStatus& m) { return uint64_t{m.checked != routing::Checked::kFailing}; }},
      {"understudy_member_operator_state", Kind::kGauge, "0 ready, 1 draining, 2 disabled.",
       [](const MemberStatus& m) { return static_cast<uint64_t>(m.operator_state); }},
      {"understudy_member_alive", Kind::kGauge,
       "1 while the view has it alive or nothing else is known, else 0.",
       [](const MemberStatus& m) {
         const bool alive =
             m.liveness == routing::Liveness::kAlive || m.liveness == routing::Liveness::kAssumed;
         return uint64_t{alive};
       }},
  }};
  for (const Family& family : kFamilies) {
    out.family(family.name, family.kind, family.help);
    for (const ClusterStatus& cluster : status.clusters) {
      for (const MemberStatus& member : cluster.members) {
        out.sample(labels_of(cluster, member), family.value(member));
      }
    }
  }
}

void add_clusters(const ServerStatus& status, Exposition& out) {
  out.family("understudy_cluster_members", Kind::kGauge, "Members known, dead ones included.");
  for (const ClusterStatus& cluster : status.clusters) {
    out.sample(labels_of(cluster), cluster.members.size());
  }
  out.family("understudy_cluster_queued", Kind::kGauge, "Requests that wait for a connection.");
  for (const ClusterStatus& cluster : status.clusters) {
    out.sample(labels_of(cluster), cluster.queued);
  }
  out.family("understudy_cluster_exchanges", Kind::kGauge, "Requests under way.");
  for (const ClusterStatus& cluster : status.clusters) {
    out.sample(labels_of(cluster), cluster.exchanges);
  }
  out.family("understudy_cluster_resends", Kind::kGauge,
             "Requests under way that RetryBudget counts.");
  for (const ClusterStatus& cluster : status.clusters) {
    out.sample(labels_of(cluster), cluster.resends);
  }
  out.family("understudy_cluster_view_version", Kind::kGauge, "Of the view in force; 0: none.");
  for (const ClusterStatus& cluster : status.clusters) {
    out.sample(labels_of(cluster), cluster.view_version);
  }
}

}  // namespace

std::string metrics_text(const ServerStatus& status) {
  constexpr std::array<std::string_view, 6> kClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  Exposition out;
  out.family("understudy_info", Kind::kGauge, "What runs here.");
  out.sample(fmt::format("version=\"{}\",configuration=\"{}\"", escaped(status.version),
                         escaped(status.config_hash)),
             1);
  out.single("understudy_uptime_seconds", Kind::kGauge, "Since the start.",
             static_cast<uint64_t>(
                 std::chrono::duration_cast<std::chrono::seconds>(status.uptime).count()));
  out.single("understudy_workers", Kind::kGauge, "Worker threads that answer.",
             status.workers.size());
  const WorkerCounters& all = status.counters;
  out.single("understudy_connections_total", Kind::kCounter, "Client connections accepted.",
             all.connections);
  out.single("understudy_connections_open", Kind::kGauge, "Client connections now.",
             all.connections_open);
  out.single("understudy_requests_total", Kind::kCounter, "Requests received.", all.requests);
  out.family("understudy_responses_total", Kind::kCounter, "Responses by class of status.");
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    out.sample(fmt::format("class=\"{}\"", kClasses[i]), all.responses_by_class[i]);
  }
  out.single("understudy_resends_total", Kind::kCounter,
             "Requests sent again, to another member or on a fresh connection.", all.resends);
  out.single("understudy_resends_refused_total", Kind::kCounter,
             "Requests that failed because they may not be sent twice.", all.resends_refused);
  out.single("understudy_view_drops_total", Kind::kCounter,
             "Requests freed because a view said that their member is gone.", all.view_drops);
  out.single("understudy_views_asked_total", Kind::kCounter,
             "Questions for a view by a waiting worker.", all.views_asked);
  out.single("understudy_resends_over_budget_total", Kind::kCounter,
             "Requests that failed because RetryBudget was used up.", all.resends_over_budget);
  out.single("understudy_hedges_total", Kind::kCounter,
             "Slow reads that a second member was asked for as well (HedgeDelay).", all.hedges);
  out.single("understudy_hedges_won_total", Kind::kCounter,
             "Of these, those that the second member answered first.", all.hedges_won);
  out.single("understudy_hedges_over_budget_total", Kind::kCounter,
             "Slow reads that stayed with one member because RetryBudget was used up.",
             all.hedges_over_budget);
  out.single("understudy_queued_total", Kind::kCounter,
             "Requests that had to wait for a connection to a member.", all.queued);
  out.single("understudy_queue_refusals_total", Kind::kCounter,
             "Requests refused because too many waited already.", all.queue_refusals);
  out.single("understudy_queue_timeouts_total", Kind::kCounter,
             "Requests that waited for longer than QueueTimeout.", all.queue_timeouts);
  out.single("understudy_splices_total", Kind::kCounter, "Bodies moved by splice.", all.splices);
  out.single("understudy_tunnels_total", Kind::kCounter,
             "WebSocket and other upgraded connections begun.", all.tunnels);
  out.single("understudy_tunnels_open", Kind::kGauge, "Upgraded connections now.",
             all.tunnels_open);
  out.single("understudy_tunnels_refused_total", Kind::kCounter,
             "Upgrades answered 503 for MaxWebSocketClients.", all.tunnels_refused);
  add_clusters(status, out);
  add_members(status, out);
  return out.take();
}

}  // namespace understudy
