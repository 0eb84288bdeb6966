// SPDX-License-Identifier: Apache-2.0
// Virtual hosts and the choice among them by the request's host name. Names ignore letter case;
// `*` and `?` in an alias match any letters. Immutable after construction; any thread. Called by
// exchange/ for each request, so a configuration with one host costs a comparison.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/address.h"
#include "base/tls_host.h"
#include "proxy/config/access_log.h"
#include "proxy/config/client.h"
#include "proxy/config/location.h"
#include "proxy/config/proxy_protocol.h"
#include "proxy/http/remote_client.h"

namespace understudy::apache {
struct HostRules;
}

namespace understudy::config {

struct VirtualHost {
  std::string origin;                  // "<VirtualHost *:80> of site.conf:3"; empty: outside of all
  std::vector<std::string> names;      // ServerName and ServerAlias, lower case; may be empty
  std::vector<std::uint16_t> ports;    // of its <VirtualHost *:port>
  std::vector<Address> addresses;      // of its <VirtualHost address:port>; each is one of Listen
  std::shared_ptr<const TlsHost> tls;  // null: SSLEngine Off
  // Clients may speak HTTP/2: chosen by ALPN inside TLS, else with prior knowledge (h2c).
  bool http2 = false;
  bool aborts_on_close = true;  // a client that closes its side of HTTP/1.1 has left
  ClientTimeouts timeouts;
  RequestLimits limits;
  std::vector<AccessLog> access_logs;
  std::string error_log;  // its own, for what goes wrong with its requests; empty: the process's
  std::vector<Location> locations;                        // by kind, paths the longest first
  std::shared_ptr<const http::TrustedHops> trusted_hops;  // null: no peer speaks for others
  // Of paths that are not proxied: 403 where Apache lets no client at the files there.
  std::uint16_t unmapped_status = 404;
  // What holds for a listening address; all its hosts say the same. Nothing: RemoteIPProxyProtocol
  // Off.
  std::optional<ProxyProtocol> proxy_protocol;
  SlashEscapes slash_escapes = SlashEscapes::kKept;
  bool merges_slashes = true;  // before a path is matched
  HeaderEdits edits;           // of all its locations, before their own
  ErrorPages errors;
  std::shared_ptr<const apache::HostRules> rules;  // null: none

  // Without ports and addresses: everywhere.
  bool serves(const Address& listen) const;
  bool serves_port(std::uint16_t port) const;
};

class VirtualHosts final {
 public:
  VirtualHosts() = default;
  // The first is what stands outside of every <VirtualHost>.
  explicit VirtualHosts(std::vector<VirtualHost> hosts);

  // `name` is the host without its port, in any letter case. As in Apache: among the hosts of the
  // port the one with this name, else the first of them, else the one outside of all sections.
  const VirtualHost& choose(std::uint16_t local_port, std::string_view name) const;

  // Indexes into all(): the hosts that answer on a listening address, as in Apache those of its
  // <VirtualHost>s in order, and only without any the one outside of all sections.
  std::vector<std::size_t> serving(const Address& listen) const;

  const std::vector<VirtualHost>& all() const { return hosts_; }

 private:
  const VirtualHost* named(std::uint16_t local_port, std::string_view lower_name) const;

  std::vector<VirtualHost> hosts_;
  std::unordered_map<std::string, std::vector<std::size_t>> by_name_;
  std::vector<std::size_t> with_patterns_;
};

}  // namespace understudy::config
