// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/snapshot.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "base/log.h"
#include "proxy/routing/request_path.h"
#include "proxy/server/host_resolver.h"

namespace understudy {
namespace {

constexpr std::size_t kRulePathBytesMax = 8192;

// A rule is compared with normalised paths, so it must have that form itself.
std::string rule_path(const std::string& path) {
  std::array<char, 3 * kRulePathBytesMax> scratch;
  const routing::NormalisedPath normal = routing::normalise_path(path, scratch);
  return normal ? std::string(normal.path) : path;
}

routing::Mapping::Host host_rules(const config::VirtualHost& host) {
  routing::Mapping::Host out{.names = host.names};
  for (std::uint32_t i = 0; i < host.locations.size(); ++i) {
    const config::Location& location = host.locations[i];
    switch (location.kind) {
      case config::Location::Kind::kPath:
        out.rules.push_back({.path = rule_path(location.path), .location = i});
        break;
      case config::Location::Kind::kExpression:
        out.expressions.push_back({.pattern = location.expression, .location = i});
        break;
      case config::Location::Kind::kGlob:
        out.globs.push_back({.pattern = location.path, .location = i});
        break;
      case config::Location::Kind::kChosen:
        break;
    }
  }
  return out;
}

// All hosts of a listening address speak TLS, or none does. The loader has seen to it, unless the
// kernel chose the port.
Result<std::shared_ptr<const TlsServer>> make_tls(const config::Config& config,
                                                  const std::vector<std::size_t>& hosts,
                                                  TlsTickets& tickets) {
  std::vector<std::shared_ptr<const TlsHost>> shown;
  for (const std::size_t host : hosts) {
    if (const auto& tls = config.hosts.all()[host].tls) shown.push_back(tls);
  }
  if (shown.empty()) return std::shared_ptr<const TlsServer>();
  if (shown.size() != hosts.size()) {
    return Error{.code = ErrorCode::kInvalid,
                 .detail = "SSLEngine is On in one host of a Listen and Off in another"};
  }
  return TlsServer::make(std::move(shown), tickets);
}

}  // namespace

Snapshot::Site make_site(const config::Config& config, const Address& listen) {
  Snapshot::Site site{.hosts = config.hosts.serving(listen)};
  std::vector<routing::Mapping::Host> hosts;
  for (const std::size_t host : site.hosts) hosts.push_back(host_rules(config.hosts.all()[host]));
  site.mapping = std::make_shared<const routing::Mapping>(hosts);
  return site;
}

routing::ClusterOptions make_cluster(const config::Cluster& cluster,
                                     std::vector<Snapshot::HostName>& host_names) {
  routing::ClusterOptions options{
      .name = cluster.label,
      .cluster = cluster.name,
      .is_dynamic = cluster.is_dynamic,
      .dialect = cluster.dialect,
      .keyring = cluster.keyring,
      .believes_weblogic_lists = cluster.is_dynamic && cluster.dialect == Dialect::kWeblogic,
      .ranks_routes = cluster.ranks_routes,
      .weblogic_port = cluster.tls != nullptr ? WeblogicPort::kTls : WeblogicPort::kPlain,
      .skip_time = cluster.connections.skip_time,
      .balancing = cluster.balancing,
      .is_checked = cluster.balancing.check.is_on(),
      .members_max = std::min(cluster.members_max, routing::kMembersMax)};
  for (const config::MemberSeed& seed : cluster.seeds) {
    routing::Seed out{.address_text = seed.address,
                      .route = seed.route,
                      .redirect = seed.redirect,
                      .order = {.state = seed.operator_state},
                      .is_standby = seed.is_standby,
                      .is_checked = cluster.check_of(seed).is_on()};
    out.weight = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(seed.load_factor, std::numeric_limits<std::uint16_t>::max()));
    const bool is_name = !Address::parse(seed.address).has_value();
    const auto addresses = resolve(seed.address);
    const bool is_resolved = addresses && !addresses->empty();
    if (is_name) {
      host_names.push_back({seed.address, cluster.dns_refresh_interval, is_resolved});
    }
    if (is_resolved) {
      const std::size_t count = std::min(addresses->size(), kAddressesOfNameMax);
      out.address = addresses->front();
      out.more_addresses.assign(addresses->begin() + 1,
                                addresses->begin() + static_cast<std::ptrdiff_t>(count));
    } else {
      LOG(kWarn, "cluster {}: member {} has no address right now; it is looked up again",
          cluster.label, seed.address);
    }
    options.seeds.push_back(std::move(out));
  }
  return options;
}

namespace {

bool is_same_key(const Keyring& a, std::size_t i, const Keyring& b, std::size_t j) {
  return a.id(i) == b.id(j) &&
         a.sub_key(i, KeyPurpose::kCookie) == b.sub_key(j, KeyPurpose::kCookie);
}

bool has_same_keys(const Keyring* a, const Keyring* b) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a->size() != b->size()) return false;
  for (std::size_t slot = 0; slot < a->size(); ++slot) {
    if (!is_same_key(*a, slot, *b, slot)) return false;
  }
  return true;
}

bool has_common_key(const Keyring* a, const Keyring* b) {
  if (a == nullptr || b == nullptr) return false;
  for (std::size_t i = 0; i < a->size(); ++i) {
    for (std::size_t j = 0; j < b->size(); ++j) {
      if (is_same_key(*a, i, *b, j)) return true;
    }
  }
  return false;
}

std::optional<std::size_t> find_cluster(const Snapshot& wanted, std::size_t index,
                                        const Snapshot& among,
                                        bool (*has_the_keys)(const Keyring*, const Keyring*)) {
  const config::Cluster& cluster = wanted.config->clusters[index];
  const auto& known = among.config->clusters;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const bool is_it =
        known[i].is_same_as(cluster) && has_the_keys(known[i].keyring.get(), cluster.keyring.get());
    if (is_it) return i;
  }
  return std::nullopt;
}

Result<AccessLogTarget> make_target(const config::AccessLog& log, LogFiles& files) {
  Result<LogFile*> file = files.open(log.path);
  if (!file) return std::move(file).error();
  return AccessLogTarget{.file = *file, .format = std::make_shared<const LogFormat>(log.format)};
}

}  // namespace

std::optional<std::size_t> same_cluster(const Snapshot& wanted, std::size_t index,
                                        const Snapshot& among) {
  return find_cluster(wanted, index, among, &has_same_keys);
}

std::optional<std::size_t> rekeyed_cluster(const Snapshot& wanted, std::size_t index,
                                           const Snapshot& among) {
  if (same_cluster(wanted, index, among)) return std::nullopt;
  return find_cluster(wanted, index, among, &has_common_key);
}

Result<std::shared_ptr<const Snapshot>> Snapshot::make(
    const std::shared_ptr<const config::Config>& config, const std::vector<Address>& listens,
    LogFiles& files, TlsTickets& tickets) {
  auto out = std::make_shared<Snapshot>();
  out->config = config;
  out->listens = listens;
  for (const Address& listen : listens) {
    Snapshot::Site& site = out->sites.emplace_back(make_site(*config, listen));
    auto tls = make_tls(*config, site.hosts, tickets);
    if (!tls) return std::move(tls).error();
    site.tls = *std::move(tls);
  }
  for (const config::VirtualHost& host : config->hosts.all()) {
    if (!host.error_log.empty()) {
      if (auto opened = open_more_log(host.error_log); !opened) return std::move(opened).error();
    }
    std::vector<AccessLogTarget>& targets = out->access_logs.emplace_back();
    for (const config::AccessLog& log : host.access_logs) {
      Result<AccessLogTarget> target = make_target(log, files);
      if (!target) return std::move(target).error();
      targets.push_back(*std::move(target));
    }
  }
  for (const config::Cluster& cluster : config->clusters) {
    out->tells_where |= cluster.proxy_header != config::ProxyHeader::kNone || cluster.has_ajp();
    out->clusters.push_back(make_cluster(cluster, out->host_names));
  }
  return std::shared_ptr<const Snapshot>(std::move(out));
}

}  // namespace understudy
