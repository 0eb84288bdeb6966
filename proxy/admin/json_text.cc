// SPDX-License-Identifier: Apache-2.0
#include "proxy/admin/json_text.h"

#include <json/value.h>
#include <json/writer.h>

#include <array>

#include "cookies/contract.h"

namespace understudy {
namespace {

std::string text_of(const Json::Value& value) {
  Json::StreamWriterBuilder builder;
  builder["indentation"] = "  ";
  return Json::writeString(builder, value) + "\n";
}

Json::Value text(std::string_view value) {
  return std::string(value);
}

Json::Value mid_of(const std::optional<uint32_t>& mid) {
  if (!mid) return Json::nullValue;
  const MidText chars = format_mid(*mid);
  return std::string(chars.data(), chars.size());
}

Json::Value count(uint64_t value) {
  return Json::Value(static_cast<Json::UInt64>(value));
}

Json::Value seconds(Duration time) {
  return static_cast<Json::Int64>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

Json::Value member_value(const MemberStatus& member) {
  Json::Value out;
  out["name"] = member.name;
  out["address"] = member.address;
  out["mid"] = mid_of(member.mid);
  if (!member.route.empty()) out["route"] = member.route;
  out["liveness"] = text(routing::to_text(member.liveness));
  out["state"] = text(routing::to_text(member.operator_state));
  if (member.operator_state == OperatorState::kDraining) {
    out["drain"] = text(routing::to_text(member.order.mode));
  }
  if (member.deadline) out["disabled_in_seconds"] = seconds(*member.deadline);
  out["health"] = text(routing::to_text(member.checked));
  out["standby"] = member.is_standby;
  out["configured"] = member.is_seed;
  out["resolved"] = member.is_resolved;
  out["weight"] = member.weight;
  out["share_percent"] = member.share_percent;
  out["skipped_by_workers"] = member.skipped_by_workers;
  out["ejected_by_workers"] = member.ejected_by_workers;
  out["last_failure"] = text(routing::to_text(member.last_failure));
  const routing::MemberCounters& counters = member.counters;
  out["ejections"] = count(counters.ejections);
  out["busy"] = member.busy;
  out["in_flight"] = counters.in_flight;
  out["requests"] = count(counters.requests);
  out["responses"] = count(counters.responses);
  out["connections"] = count(counters.connections);
  out["refused"] = count(counters.refused);
  out["timeouts"] = count(counters.timeouts);
  out["resets"] = count(counters.resets);
  out["unavailable"] = count(counters.unavailable);
  out["failovers"] = count(counters.failovers);
  return out;
}

Json::Value cluster_value(const ClusterStatus& cluster) {
  Json::Value out;
  out["name"] = cluster.label;
  out["dynamic"] = cluster.is_dynamic;
  out["exchanges"] = count(cluster.exchanges);
  out["resends_under_way"] = count(cluster.resends);
  out["queued"] = count(cluster.queued);
  if (cluster.has_view) {
    const Hex64 hash = format_hex64(cluster.view_hash);
    out["view"]["hash"] = std::string(hash.data(), hash.size());
    out["view"]["version"] = count(cluster.view_version);
    out["view"]["beat_ms"] = static_cast<Json::Int64>(cluster.beat.count());
  } else {
    out["view"] = Json::nullValue;
  }
  out["members"] = Json::arrayValue;
  for (const MemberStatus& member : cluster.members) out["members"].append(member_value(member));
  return out;
}

Json::Value clusters_value(const ServerStatus& status) {
  Json::Value out(Json::arrayValue);
  for (const ClusterStatus& cluster : status.clusters) out.append(cluster_value(cluster));
  return out;
}

Json::Value counters_value(const WorkerCounters& counters) {
  constexpr std::array<const char*, 6> kClasses = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  Json::Value out;
  out["connections"] = count(counters.connections);
  out["connections_open"] = count(counters.connections_open);
  out["requests"] = count(counters.requests);
  for (std::size_t i = 0; i < kClasses.size(); ++i) {
    out["responses"][kClasses[i]] = count(counters.responses_by_class[i]);
  }
  out["resends"] = count(counters.resends);
  out["resends_refused"] = count(counters.resends_refused);
  out["view_drops"] = count(counters.view_drops);
  out["views_asked"] = count(counters.views_asked);
  out["resends_over_budget"] = count(counters.resends_over_budget);
  out["queued"] = count(counters.queued);
  out["queue_refusals"] = count(counters.queue_refusals);
  out["queue_timeouts"] = count(counters.queue_timeouts);
  out["hedges"] = count(counters.hedges);
  out["hedges_won"] = count(counters.hedges_won);
  out["hedges_over_budget"] = count(counters.hedges_over_budget);
  out["splices"] = count(counters.splices);
  out["tunnels"] = count(counters.tunnels);
  out["tunnels_open"] = count(counters.tunnels_open);
  out["tunnels_refused"] = count(counters.tunnels_refused);
  return out;
}

Json::Value named_value(const CookieExplanation::Named& named) {
  if (!named.mid && named.name.empty()) return Json::nullValue;
  Json::Value out;
  out["mid"] = mid_of(named.mid);
  out["name"] = named.name.empty() ? Json::Value() : Json::Value(named.name);
  out["state"] = named.name.empty() ? "unknown" : named.state;
  return out;
}

}  // namespace

std::string status_json(const ServerStatus& status) {
  Json::Value out;
  out["version"] = status.version;
  out["pid"] = static_cast<Json::Int64>(status.pid);
  out["uptime_seconds"] = seconds(status.uptime);
  out["stopping"] = status.is_stopping;
  out["configuration"]["path"] = status.config_path;
  out["configuration"]["hash"] = status.config_hash;
  out["configuration"]["reloads"] = count(status.generation);
  out["listen"] = Json::arrayValue;
  for (const std::string& address : status.listens) out["listen"].append(address);
  out["counters"] = counters_value(status.counters);
  out["workers"] = Json::arrayValue;
  for (const WorkerStatus& worker : status.workers) {
    Json::Value one = counters_value(worker.counters);
    one["worker"] = static_cast<Json::UInt64>(worker.worker);
    out["workers"].append(one);
  }
  out["clusters"] = clusters_value(status);
  return text_of(out);
}

std::string members_json(const ServerStatus& status) {
  Json::Value out;
  out["clusters"] = clusters_value(status);
  return text_of(out);
}

std::string explanation_json(const std::vector<CookieExplanation>& clusters) {
  Json::Value out;
  out["clusters"] = Json::arrayValue;
  for (const CookieExplanation& cluster : clusters) {
    Json::Value one;
    one["cluster"] = cluster.cluster;
    one["accepted"] = cluster.refusal == AffinityRefusal::kNone;
    one["refusal"] = text(to_text(cluster.refusal));
    if (cluster.refusal == AffinityRefusal::kNone) {
      one["dialect"] = text(to_text(cluster.dialect));
      one["signed"] = cluster.is_verified;
      one["epoch"] = cluster.epoch;
      one["primary"] = named_value(cluster.primary);
      one["secondary"] = named_value(cluster.secondary);
      if (!cluster.route.empty()) one["route"] = cluster.route;
    }
    one["decision"] = cluster.decision;
    one["member"] = cluster.member.empty() ? Json::Value("by LoadBalanceMethod") : cluster.member;
    out["clusters"].append(one);
  }
  return text_of(out);
}

std::string members_changed_json(const std::vector<MemberChange>& changes) {
  Json::Value out;
  out["ok"] = true;
  out["members"] = Json::arrayValue;
  for (const MemberChange& change : changes) {
    Json::Value one;
    one["cluster"] = change.cluster;
    one["name"] = change.name;
    one["address"] = change.address;
    one["state"] = text(routing::to_text(change.order.state));
    if (change.order.state == OperatorState::kDraining) {
      one["drain"] = text(routing::to_text(change.order.mode));
    }
    out["members"].append(one);
  }
  return text_of(out);
}

std::string outcome_json(const std::string& error) {
  Json::Value out;
  if (error.empty()) {
    out["ok"] = true;
  } else {
    out["error"] = error;
  }
  return text_of(out);
}

}  // namespace understudy
