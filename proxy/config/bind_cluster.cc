// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/tcp_path.h"
#include "conf/values.h"
#include "proxy/config/binding.h"
#include "proxy/http/ajp/ajp_request.h"

namespace understudy::config {

namespace {

MemberProtocol bind_protocol(std::string_view text) {
  if (text == "h2") return MemberProtocol::kHttp2;
  if (text == "ajp") return MemberProtocol::kAjp;
  return text == "auto" ? MemberProtocol::kAuto : MemberProtocol::kHttp1;
}

Ajp bind_ajp(const conf::Settings& settings, const Tuning& tuning,
             const std::vector<MemberSeed>& seeds) {
  const std::size_t wanted = tuning.packet_bytes.value_or(settings.bytes("ProxyIOBufferSize"));
  const auto first = std::find_if(seeds.begin(), seeds.end(),
                                  [](const MemberSeed& seed) { return seed.secret.has_value(); });
  return {.secret = first != seeds.end() ? *first->secret : std::string(),
          .ping = tuning.ping.value_or(std::chrono::milliseconds()),
          .packet_bytes_max =
              std::clamp(wanted, http::kAjpPacketBytesDefault, http::kAjpPacketBytesMax)};
}

// A connection that says whose it is can serve no other client.
void bind_proxy_header(const conf::Settings& settings, Cluster& cluster,
                       conf::Diagnostics& diagnostics) {
  const std::string version = settings.text("BackendProxyProtocol");
  if (version == "off") return;
  cluster.proxy_header = version == "v1" ? ProxyHeader::kV1 : ProxyHeader::kV2;
  const conf::Directive* keep = settings.directive("KeepAliveEnabled");
  if (keep != nullptr && cluster.connections.keep_alive) {
    diagnostics.error(keep->arguments.front(),
                      "with BackendProxyProtocol each connection belongs to one request, so it "
                      "cannot be kept; write KeepAliveEnabled Off, or leave it out");
  }
  cluster.connections.keep_alive = false;
}

// The kernel probes second by second.
void check_unreachable_timeout(const conf::Settings& settings, std::chrono::milliseconds timeout,
                               conf::Diagnostics& diagnostics) {
  if (timeout.count() == 0 || timeout >= kProbingMin) return;
  const conf::Directive* directive = settings.directive("UnreachableTimeout");
  CHECK(directive != nullptr, "the default is long enough");
  const conf::Word& word = directive->arguments.front();
  diagnostics.error(word, "UnreachableTimeout is 0s (never) or at least " +
                              conf::duration_text(kProbingMin) + ", not " + word.text);
}

// With the port 0; empty after an error.
std::string local_ip_of(const conf::Word& word, conf::Diagnostics& diagnostics) {
  const bool is_bare_v6 = word.text.find(':') != std::string::npos && !word.text.starts_with('[');
  const auto address = Address::parse(is_bare_v6 ? "[" + word.text + "]:0" : word.text + ":0");
  if (address && !address->is_unix()) return address->to_string();
  diagnostics.error(word, "expected an IP address of this machine, not '" + word.text + "'");
  return {};
}

Connections bind_connections(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  Connections connections;
  connections.connect_timeout = settings.duration("SocketTimeoutSecs");
  connections.unreachable_timeout = settings.duration("UnreachableTimeout");
  check_unreachable_timeout(settings, connections.unreachable_timeout, diagnostics);
  if (const conf::Directive* directive = settings.directive("WLLocalIP")) {
    connections.local_ip = local_ip_of(directive->arguments.front(), diagnostics);
  }
  connections.skip_time = settings.duration("MaxSkipTime");
  connections.keep_alive = settings.flag("KeepAliveEnabled");
  connections.idle_max = settings.duration("KeepAliveSecs");
  connections.per_member_max =
      static_cast<std::size_t>(settings.integer("MaxConnectionsPerMember"));
  connections.idle_per_member_max = static_cast<std::size_t>(settings.integer("MaxIdlePerMember"));
  connections.waiting_requests_max =
      static_cast<std::size_t>(settings.integer("MaxWaitingRequests"));
  connections.queue_timeout = settings.duration("QueueTimeout");
  connections.field_bytes_max = settings.bytes("LimitResponseFieldSize");
  connections.fields_max = static_cast<std::size_t>(settings.integer("LimitResponseFields"));
  return connections;
}

void bind_keyring(const conf::Settings& settings, const conf::Word& where, Cluster& cluster,
                  Binding& binding) {
  const conf::Directive* directive = settings.directive("ClusterKeyFile");
  if (directive == nullptr) {
    if (cluster.dialect == Dialect::kInsert) {
      const conf::Directive* format = settings.directive("SessionCookieFormat");
      binding.diagnostics().error(
          format != nullptr ? format->arguments.front() : where,
          "the cookie that the proxy inserts is signed, so insert needs ClusterKeyFile; make one "
          "with: (umask 077; echo \"0 $(openssl rand -hex 32)\" > cluster.key)");
      return;
    }
    const bool needs_keys = cluster.is_dynamic && cluster.dialect != Dialect::kWeblogic &&
                            cluster.dialect != Dialect::kRoute;
    if (needs_keys) {
      binding.diagnostics().warning(where,
                                    "without ClusterKeyFile no cookie and no view can be verified; "
                                    "the members named here stay the only ones");
    }
    return;
  }
  const conf::Word& word = directive->arguments.front();
  cluster.key_file = binding.source.resolved_path(word);
  const auto [slot, is_new] = binding.keyrings.try_emplace(cluster.key_file);
  if (is_new) {
    KeyringResult loaded = binding.options.load_keyring(cluster.key_file);
    if (!loaded) binding.diagnostics().error(word, loaded.error);
    slot->second = std::move(loaded.keyring);
  }
  cluster.keyring = slot->second;
}

void tune(const Tuning& tuning, Connections& connections) {
  if (tuning.retry) connections.skip_time = *tuning.retry;
  if (tuning.connect_timeout) connections.connect_timeout = *tuning.connect_timeout;
  if (tuning.ttl) connections.idle_max = *tuning.ttl;
  if (tuning.reuse) connections.keep_alive = *tuning.reuse;
  if (tuning.queue_timeout && tuning.queue_timeout->count() > 0) {
    connections.queue_timeout = *tuning.queue_timeout;
  }
}

// lbset: members of a later set are asked when none of the first can be.
void rank_sets(std::vector<MemberSeed>& seeds) {
  const auto first = std::min_element(seeds.begin(), seeds.end(),
                                      [](const auto& a, const auto& b) { return a.set < b.set; });
  for (MemberSeed& seed : seeds) seed.is_standby |= first != seeds.end() && seed.set > first->set;
}

// A check asks for what stands behind the path of the member's URL.
void set_way(const Cluster& cluster, MemberSeed& seed) {
  const bool speaks_ajp = seed.scheme == MemberScheme::kAjp;
  MemberWay way{
      .protocol = speaks_ajp ? MemberProtocol::kAjp : cluster.protocol,
      .ajp = cluster.ajp,
      .is_plain = cluster.tls != nullptr && (speaks_ajp || seed.scheme == MemberScheme::kHttp),
      .path = seed.path};
  if (speaks_ajp) way.ajp.secret = seed.secret.value_or(std::string());
  const bool is_other = way.protocol != cluster.protocol || way.ajp != cluster.ajp ||
                        way.is_plain || !way.path.empty();
  if (seed.check) seed.check->path.insert(0, seed.path);
  if (is_other) seed.way = std::move(way);
}

bool has_same_identity(const TlsDialer* a, const TlsDialer* b) {
  if (a == nullptr || b == nullptr) return a == b;
  return a->identity() == b->identity();
}

}  // namespace

bool Cluster::is_same_as(const Cluster& other) const {
  return seeds == other.seeds && is_dynamic == other.is_dynamic &&
         members_max == other.members_max && dns_refresh_interval == other.dns_refresh_interval &&
         name == other.name && key_file == other.key_file &&
         session_cookie == other.session_cookie && session_parameter == other.session_parameter &&
         session_in_query == other.session_in_query && ranks_routes == other.ranks_routes &&
         session_form_field == other.session_form_field && dialect == other.dialect &&
         inserted == other.inserted && connections == other.connections &&
         balancing == other.balancing && protocol == other.protocol && ajp == other.ajp &&
         proxy_header == other.proxy_header && tls_name == other.tls_name &&
         has_same_identity(tls.get(), other.tls.get());
}

bool Cluster::has_ajp() const {
  return protocol == MemberProtocol::kAjp ||
         std::any_of(seeds.begin(), seeds.end(),
                     [](const auto& seed) { return seed.scheme == MemberScheme::kAjp; });
}

bool Cluster::has_checks() const {
  return balancing.check.is_on() || std::any_of(seeds.begin(), seeds.end(), [](const auto& seed) {
           return seed.check && seed.check->is_on();
         });
}

std::size_t bind_cluster(Seeds seeds, const Scope& scope, const conf::Word& where,
                         Binding& binding) {
  const conf::Settings& settings = scope.settings;
  const bool is_ajp = all_speak_ajp(seeds);
  Cluster cluster;
  bind_session(settings, seeds, cluster, binding);
  cluster.balancing = bind_balancing(seeds, settings, binding.diagnostics());
  cluster.label = std::move(seeds.label);
  rank_sets(seeds.members);
  cluster.seeds = std::move(seeds.members);
  cluster.is_dynamic = seeds.speak_views && settings.flag("DynamicServerList");
  cluster.members_max = static_cast<std::size_t>(settings.integer("MaxMembers"));
  cluster.dns_refresh_interval = settings.duration("DNSRefreshInterval");
  cluster.name = settings.text("ClusterName");
  cluster.connections = bind_connections(settings, binding.diagnostics());
  tune(seeds.tuning, cluster.connections);

  cluster.protocol =
      is_ajp ? MemberProtocol::kAjp
             : seeds.tuning.protocol.value_or(bind_protocol(settings.text("BackendProtocol")));
  if (cluster.has_ajp()) cluster.ajp = bind_ajp(settings, seeds.tuning, cluster.seeds);
  bind_proxy_header(settings, cluster, binding.diagnostics());
  bind_member_tls(scope, where, seeds.is_apache, cluster, binding);
  for (MemberSeed& seed : cluster.seeds) set_way(cluster, seed);

  auto& clusters = binding.config.clusters;
  bind_keyring(settings, where, cluster, binding);
  if (cluster.seeds.size() > cluster.members_max) {
    binding.diagnostics().error(
        where, "more members than MaxMembers (" + std::to_string(cluster.members_max) + ") allows");
  }
  const auto same =
      std::find_if(clusters.begin(), clusters.end(),
                   [&cluster](const Cluster& other) { return other.is_same_as(cluster); });
  if (same != clusters.end()) return static_cast<std::size_t>(same - clusters.begin());
  const auto rival = std::find_if(clusters.begin(), clusters.end(), [&](const Cluster& other) {
    return cluster.dialect == Dialect::kInsert && other.dialect == Dialect::kInsert &&
           other.session_cookie == cluster.session_cookie &&
           other.inserted.attributes.path == cluster.inserted.attributes.path &&
           other.inserted.attributes.domain == cluster.inserted.attributes.domain;
  });
  if (rival != clusters.end()) {
    binding.diagnostics().warning(
        where, "the cookie " + cluster.session_cookie + " of path " +
                   cluster.inserted.attributes.path + " is that of " + rival->label +
                   ", too: a client of both loses one with the other; give them different "
                   "SessionCookie or SessionCookiePath");
  }
  clusters.push_back(std::move(cluster));
  return clusters.size() - 1;
}

}  // namespace understudy::config
