// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/contract_lines.h"

#include <chrono>

#include "cookies/contract.h"
#include "proxy/exchange/worker_cluster.h"

namespace understudy {
namespace {

std::string_view text(const Hex64& hex) {
  return {hex.data(), hex.size()};
}

void add_native(const WorkerCluster& cluster, const ContractFacts& facts, http::LineArena& lines) {
  lines.add_line(kViewSeenHeader, text(cluster.routing().views().hash()));
  lines.add_line(kRequestIdHeader, text(format_hex64(facts.request_id)));
  if (!facts.failover.empty()) lines.add_line(kFailoverHeader, facts.failover);
}

void add_weblogic(const WorkerCluster& cluster, const ContractFacts& facts,
                  http::LineArena& lines) {
  if (cluster.routing().options().is_dynamic) {
    lines.add_line(kWeblogicClusterInfoHeader, "true");
    const std::string_view hash = cluster.routing().views().weblogic_hash();
    if (!hash.empty()) lines.add_line(kWeblogicClusterHashHeader, hash);
  }
  if (facts.member.mid) {
    const int64_t id = jvmid(*facts.member.mid);
    lines.append(kWeblogicForceJvmidHeader);
    lines.append(id < 0 ? ": -" : ": ");
    lines.append(static_cast<uint64_t>(id < 0 ? -id : id));
    lines.append("\r\n");
  } else {
    lines.add_line(kWeblogicForceJvmidHeader, "unset");
  }
  const auto idle = cluster.connection_options().idle_max;
  lines.add_line(
      kWeblogicKeepAliveHeader,
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(idle).count()));
  lines.add_line(kWlProxySslHeader, facts.client.tls ? "true" : "false");
  lines.add_line(kWlProxyClientIpHeader, facts.client.host);
  lines.add_line(kWlProxyClientPortHeader, uint64_t{facts.client.address.port()});
}

}  // namespace

void add_contract_lines(const WorkerCluster& cluster, const ContractFacts& facts,
                        http::LineArena& lines) {
  // In every dialect: a member without the SDK may end its sessions, too.
  if (facts.member.operator_state != OperatorState::kReady) {
    const bool moves = facts.member.order.mode == routing::DrainMode::kMove;
    lines.add_line(kDrainingHeader, moves ? kDrainingMove : kDrainingKeep);
  }
  if (cluster.speaks_native()) add_native(cluster, facts, lines);
  if (cluster.speaks_weblogic()) add_weblogic(cluster, facts, lines);
}

}  // namespace understudy
