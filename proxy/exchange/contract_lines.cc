// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/contract_lines.h"

#include <array>
#include <chrono>
#include <span>

#include "base/tls_host.h"
#include "base/tls_stream.h"
#include "cookies/contract.h"
#include "proxy/exchange/worker_cluster.h"
#include "proxy/http/char_class.h"
#include "proxy/upstream/answered_requests.h"

namespace understudy {
namespace {

constexpr Duration kMillisecond = std::chrono::milliseconds(1);

std::string_view text(const Hex64& hex) {
  return {hex.data(), hex.size()};
}

void add_answered(AnsweredRequests& answered, http::LineArena& lines) {
  std::array<uint64_t, kAnsweredIdsMax> ids;
  const std::size_t count = answered.take(ids);
  AnsweredText room;
  lines.add_line(kAnsweredHeader, format_answered(std::span(ids).first(count), room));
}

void add_native(const WorkerCluster& cluster, const ContractFacts& facts, http::LineArena& lines) {
  lines.add_line(kViewSeenHeader, text(cluster.routing().views().hash()));
  lines.add_line(kRequestIdHeader, text(format_hex64(facts.request_id)));
  if (!facts.failover.empty()) lines.add_line(kFailoverHeader, facts.failover);
  if (facts.waited >= kMillisecond) {
    lines.add_line(kWaitedHeader, static_cast<uint64_t>(facts.waited / kMillisecond));
  }
  if (facts.answered.size() > 0) add_answered(facts.answered, lines);
}

// Of a client that has shown a certificate which was verified, else null.
const TlsPeer* certified(const Client& client) {
  if (client.tls == nullptr || client.tls->host() == nullptr ||
      client.tls->host()->client_certificate() == ClientCertificate::kNone) {
    return nullptr;
  }
  const TlsPeer& peer = client.tls->peer();
  return peer.has_certificate() ? &peer : nullptr;
}

// What a believed peer has said itself; empty: nothing, or it is not to be passed on.
std::string_view said(const ContractFacts& facts, bool passes, std::string_view name) {
  if (!passes || facts.believed == nullptr) return {};
  for (const http::Field& field : *facts.believed) {
    if (http::equals_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

void add_weblogic_client(const ContractFacts& facts, http::LineArena& lines) {
  const config::Forwarding& forwarding = facts.forwarding;
  const std::string_view ssl = said(facts, forwarding.passes_tls, kWlProxySslHeader);
  lines.add_line(kWlProxySslHeader, !ssl.empty()                            ? ssl
                                    : facts.is_tls || forwarding.claims_tls ? "true"
                                                                            : "false");
  const std::string_view ip = said(facts, forwarding.passes_client, kWlProxyClientIpHeader);
  lines.add_line(kWlProxyClientIpHeader, ip.empty() ? facts.client_address : ip);
  lines.add_line(kProxyClientIpHeader, ip.empty() ? facts.client_address : ip);
  // A port is known of our peer only.
  if (facts.client_address == facts.peer_address && ip.empty()) {
    lines.add_line(kWlProxyClientPortHeader, uint64_t{facts.client.address.port()});
  }
  const std::string_view cert = said(facts, forwarding.passes_client, kWlProxyClientCertHeader);
  if (!cert.empty()) return lines.add_line(kWlProxyClientCertHeader, cert);
  if (const TlsPeer* peer = certified(facts.client)) {
    lines.add_line(kWlProxyClientCertHeader, peer->fact(TlsFact::kCertificateDer));
  }
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
    lines.append(kWeblogicForceJvmidHeader, id < 0 ? ": -" : ": ");
    lines.append_number(static_cast<uint64_t>(id < 0 ? -id : id));
    lines.append("\r\n");
  } else {
    lines.add_line(kWeblogicForceJvmidHeader, "unset");
  }
  const auto idle = cluster.connection_options().idle_max;
  lines.add_line(
      kWeblogicKeepAliveHeader,
      static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(idle).count()));
  add_weblogic_client(facts, lines);
}

// RFC 9440: the bytes of the DER form between colons.
void add_certificate(const ContractFacts& facts, const TlsPeer& peer, http::LineArena& lines) {
  lines.append(kClientCertHeader, ": :", peer.fact(TlsFact::kCertificateDer), ":\r\n");
  const bool has_chain = facts.forwarding.client_cert == config::ClientCertLines::kChain &&
                         !peer.fact(TlsFact::kChain).empty();
  if (has_chain) lines.add_line(kClientCertChainHeader, peer.fact(TlsFact::kChain));
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
  if (facts.client.tls == nullptr) return;
  if (facts.forwarding.client_cert == config::ClientCertLines::kNone) return;
  if (const TlsPeer* peer = certified(facts.client)) add_certificate(facts, *peer, lines);
}

}  // namespace understudy
