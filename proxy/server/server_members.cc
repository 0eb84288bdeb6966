// SPDX-License-Identifier: Apache-2.0
// The part of the Server that is about members: their health checks, and what operators order.
#include <algorithm>
#include <set>
#include <utility>

#include "base/log.h"
#include "proxy/server/server.h"
#include "proxy/server/worker.h"

namespace understudy {
namespace {

// Whom the member's certificate must name.
std::string name_of(const config::Cluster& cluster, const std::string& address_text) {
  return cluster.tls_name.empty() ? WorkerCluster::host_of(address_text) : cluster.tls_name;
}

}  // namespace

// --- Health checks.

void Server::watch_members() {
  std::vector<HealthChecks::Target> targets;
  for (std::size_t i = 0; i < snapshot_->clusters.size(); ++i) {
    const config::Cluster& cluster = snapshot_->config->clusters[i];
    if (!cluster.has_checks()) continue;
    std::set<std::string_view> configured;
    for (std::size_t seed = 0; seed < cluster.seeds.size(); ++seed) {
      configured.insert(cluster.seeds[seed].address);
      const std::optional<config::MemberWay>& way = cluster.seeds[seed].way;
      targets.push_back({.cluster = i,
                         .address_text = cluster.seeds[seed].address,
                         .address = address_of(snapshot_->clusters[i].seeds[seed].address_text,
                                               snapshot_->clusters[i].seeds[seed].address),
                         .protocol = way ? way->protocol : cluster.protocol,
                         .ajp = way ? way->ajp : cluster.ajp,
                         .tls = way && way->is_plain ? nullptr : cluster.tls,
                         .tls_name = name_of(cluster, cluster.seeds[seed].address),
                         .check = cluster.check_of(cluster.seeds[seed])});
    }
    if (views_[i].view == nullptr) continue;
    for (const ViewEntry& entry : views_[i].view->entries) {
      const bool is_there = entry.alive != AliveState::kDead && entry.alive != AliveState::kLeft;
      if (!is_there || configured.contains(entry.address)) continue;
      targets.push_back({.cluster = i,
                         .address_text = entry.address,
                         .address = address_of(entry.address, {}),
                         .protocol = cluster.protocol,
                         .ajp = cluster.ajp,
                         .tls = cluster.tls,
                         .tls_name = name_of(cluster, entry.address),
                         .check = cluster.balancing.check});
    }
  }
  checks_.watch(targets);
}

Address Server::address_of(const std::string& address_text, const Address& known) const {
  const auto resolved = resolved_.find(address_text);
  if (resolved != resolved_.end()) return resolved->second;
  return known.is_set() ? known : Address::parse(address_text).value_or(Address());
}

void Server::on_resolved(const std::string& address_text, const std::vector<Address>& addresses) {
  if (resolved_.size() < kNamesResolvedMax || resolved_.contains(address_text)) {
    resolved_.insert_or_assign(address_text, addresses.front());
  }
  checks_.set_address(address_text, addresses.front());
  post_all(to_worker::Resolve{.address_text = address_text, .addresses = addresses});
}

void Server::on_check_result(const HealthChecks::CheckResult& result) {
  post_all(to_worker::CheckResult{.generation = snapshot_->generation,
                                  .cluster = result.cluster,
                                  .address_text = result.address_text,
                                  .checked = result.checked});
}

// --- What operators order.

void Server::on_order(const OperatorOrders::Place& place,
                      const std::optional<routing::OperatorOrder>& order) {
  post_all(to_worker::Order{.cluster = place.first, .address_text = place.second, .order = order});
}

to_worker::Adopt Server::adoption() const {
  to_worker::Adopt letter{.snapshot = snapshot_, .orders = {}, .results = {}};
  for (const auto& [place, standing] : orders_.all()) {
    letter.orders.push_back({place.first, place.second, standing.order});
  }
  for (const HealthChecks::CheckResult& result : checks_.results()) {
    letter.results.push_back(
        {snapshot_->generation, result.cluster, result.address_text, result.checked});
  }
  return letter;
}

void Server::command(const OperatorCommand& command, CommandAnswer answer) {
  // Members are found among those that the workers know.
  status([this, command, answer = std::move(answer)](const ServerStatus& status) {
    answer(obey(command, status));
  });
}

Result<std::vector<MemberChange>> Server::obey(const OperatorCommand& command,
                                               const ServerStatus& status) {
  std::vector<MemberChange> changes;
  std::string known;
  for (const ClusterStatus& cluster : status.clusters) {
    if (!command.cluster.empty() && command.cluster != cluster.label) continue;
    for (const MemberStatus& member : cluster.members) {
      const bool is_meant = command.member == member.name || command.member == member.address ||
                            (!member.route.empty() && command.member == member.route);
      const std::string& shown = member.route.empty() ? member.name : member.route;
      if (known.size() < kNamesShownBytesMax) known += (known.empty() ? "" : ", ") + shown;
      if (!is_meant) continue;
      changes.push_back({cluster.label, member.name, member.address, command.order});
    }
  }
  if (changes.empty()) {
    const std::string where =
        command.cluster.empty() ? "" : " in cluster '" + command.cluster + "'";
    return Error{.code = ErrorCode::kNoMember,
                 .detail = "there is no member '" + command.member + "'" + where +
                           (known.empty() ? "" : "; there are " + known)};
  }
  OperatorOrders::Standing standing{.order = command.order};
  if (command.deadline) standing.deadline = loop_.now() + *command.deadline;
  for (const MemberChange& change : changes) {
    const OperatorOrders::Place place{change.cluster, change.address};
    const bool is_as_configured =
        command.order == routing::OperatorOrder() && !is_restricted_by_configuration(place);
    if (is_as_configured) {
      orders_.forget(place);
    } else if (!orders_.set(place, standing)) {
      return Error{.code = ErrorCode::kUnavailable, .detail = "there are too many orders already"};
    }
    LOG(kNotice, "cluster {}: an operator has set member {} ({}) to {}", change.cluster,
        change.name, change.address, routing::to_text(command.order.state));
  }
  return changes;
}

bool Server::is_restricted_by_configuration(const OperatorOrders::Place& place) const {
  for (const config::Cluster& cluster : snapshot_->config->clusters) {
    if (cluster.label != place.first) continue;
    for (const config::MemberSeed& seed : cluster.seeds) {
      const bool is_it = seed.address == place.second;
      if (is_it && seed.operator_state != OperatorState::kReady) return true;
    }
  }
  return false;
}

void Server::add_deadlines(ServerStatus& status) const {
  for (ClusterStatus& cluster : status.clusters) {
    for (MemberStatus& member : cluster.members) {
      const auto standing = orders_.all().find({cluster.label, member.address});
      if (standing == orders_.all().end() || !standing->second.deadline) continue;
      member.deadline = std::max(*standing->second.deadline - loop_.now(), Duration::zero());
    }
  }
}

}  // namespace understudy
