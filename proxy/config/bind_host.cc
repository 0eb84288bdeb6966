// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

// ServerName may carry a scheme and a port, as in Apache; only the name tells hosts apart.
std::string host_name(std::string text) {
  const std::size_t scheme = text.find("://");
  if (scheme != std::string::npos) text.erase(0, scheme + 3);
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && !text.ends_with(']')) text.erase(colon);
  return lower(std::move(text));
}

std::vector<std::string> bind_names(const conf::Settings& settings) {
  std::vector<std::string> names;
  for (const conf::Directive* directive : settings.all_here("ServerName")) {
    names.push_back(host_name(directive->arguments.front().text));
  }
  for (const conf::Directive* directive : settings.all_here("ServerAlias")) {
    for (const conf::Word& word : directive->arguments) names.push_back(lower(word.text));
  }
  return names;
}

bool is_listened_to(std::uint16_t port, const Config& config) {
  return std::any_of(config.listens.begin(), config.listens.end(), [port](const Address& listen) {
    return listen.port() == port || listen.port() == 0;
  });
}

// "*", "*:80", "_default_:80". Hosts are told apart by name and port only, so another address
// would promise what is not kept.
std::vector<std::uint16_t> bind_ports(const conf::Directive& section, Binding& binding) {
  std::vector<std::uint16_t> ports;
  for (const conf::Word& word : section.arguments) {
    std::string text = word.text;
    if (text == "*" || text == "_default_") return {};
    if (text.starts_with("_default_:")) text.replace(0, std::string("_default_").size(), "*");
    const auto address = conf::parse_listen(text);
    if (!address || address->host != "*" || address->port == 0) {
      binding.diagnostics().error(word, "expected *:port or *, not '" + word.text + "'");
      continue;
    }
    if (!is_listened_to(address->port, binding.config)) {
      binding.diagnostics().warning(word, "no Listen has port " + std::to_string(address->port) +
                                              ", so nobody reaches this host");
    }
    ports.push_back(address->port);
  }
  return ports;
}

VirtualHost bind_host(const Scope& scope, const LogFormats& formats, const Balancers& balancers,
                      Binding& binding) {
  VirtualHost host;
  host.names = bind_names(scope.settings);
  host.timeouts = bind_timeouts(scope.settings, binding.diagnostics());
  host.limits = bind_limits(scope.settings);
  host.access_logs = bind_access_logs(scope.settings, formats, binding);
  host.locations = bind_locations(scope, balancers, binding);
  return host;
}

// What is said outside holds inside too, unless a host says something else about the same path.
void inherit(const VirtualHost& outer, VirtualHost& host) {
  for (const Location& location : outer.locations) {
    const bool is_overridden =
        std::any_of(host.locations.begin(), host.locations.end(),
                    [&location](const Location& own) { return own.path == location.path; });
    if (!is_overridden) host.locations.push_back(location);
  }
  if (host.access_logs.empty()) host.access_logs = outer.access_logs;
}

void sort_by_path_length(VirtualHost& host) {
  std::stable_sort(
      host.locations.begin(), host.locations.end(),
      [](const Location& a, const Location& b) { return a.path.size() > b.path.size(); });
}

}  // namespace

VirtualHosts bind_hosts(const Scope& global, Binding& binding) {
  LogFormats formats = predefined_formats();
  add_formats(global.settings, formats);
  Balancers balancers;
  add_balancers(global.settings, balancers, binding.diagnostics());

  std::vector<VirtualHost> hosts;
  hosts.push_back(bind_host(global, formats, balancers, binding));
  for (const conf::Directive* section : global.settings.all_here("VirtualHost")) {
    const Scope scope{
        .settings = conf::Settings(conf::Program::kProxy, section->children, &global.settings),
        .outer = &global};
    LogFormats own_formats = formats;
    add_formats(scope.settings, own_formats);
    Balancers own_balancers;
    add_balancers(scope.settings, own_balancers, binding.diagnostics());
    own_balancers.insert(balancers.begin(), balancers.end());
    VirtualHost host = bind_host(scope, own_formats, own_balancers, binding);
    host.ports = bind_ports(*section, binding);
    inherit(hosts.front(), host);
    hosts.push_back(std::move(host));
  }
  for (VirtualHost& host : hosts) sort_by_path_length(host);
  return VirtualHosts(std::move(hosts));
}

}  // namespace understudy::config
