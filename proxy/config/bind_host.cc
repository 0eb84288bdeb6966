// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <utility>

#include "proxy/apache/host_rules.h"
#include "proxy/config/binding.h"
#include "proxy/config/jk_workers.h"

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

bool is_listened_to(const Address& address, const Config& config) {
  return std::find(config.listens.begin(), config.listens.end(), address) != config.listens.end();
}

// "127.0.0.1", "[::1]", "127.0.0.1:*": every Listen of this IP address. Whether the text is one.
bool add_addresses_of_host(const conf::Word& word, VirtualHost& host, const Config& config) {
  std::string text = word.text;
  if (text.ends_with(":*")) text.resize(text.size() - 2);
  if (!text.starts_with('[') && std::count(text.begin(), text.end(), ':') > 1) {
    text = "[" + text + "]";
  }
  const Result<Address> address = Address::parse(text, 1);  // the port does not count
  if (!address || conf::parse_listen(text)) return false;
  for (const Address& listen : config.listens) {
    const bool is_here = listen.host() == address->host();
    const bool is_any = listen.host() == "0.0.0.0" || listen.host() == "::";
    if (is_here) host.addresses.push_back(listen);
    if (!is_here && is_any) host.ports.push_back(listen.port());
  }
  return true;
}

// "*", "*:80", "_default_:80", "127.0.0.1:80", "127.0.0.1". Connections are told apart by the
// Listen they come through: an address that is none is every address of its port.
void bind_addresses(const conf::Directive& section, VirtualHost& host, Binding& binding) {
  for (const conf::Word& word : section.arguments) {
    std::string text = word.text;
    if (text == "*" || text == "_default_" || text == "*:*" || text == "_default_:*") {
      host.ports.clear();
      host.addresses.clear();
      return;
    }
    if (text.starts_with("_default_:")) text.replace(0, std::string("_default_").size(), "*");
    if (add_addresses_of_host(word, host, binding.config)) {
      if (!host.addresses.empty() || !host.ports.empty()) continue;
      binding.diagnostics().error(word, "there is no Listen of " + word.text);
      continue;
    }
    const auto written = conf::parse_listen(text);
    const Result<Address> address = Address::parse(text);
    if (!written || written->port == 0 || (written->host != "*" && !address)) {
      binding.diagnostics().error(
          word, "expected *:port, the address of a Listen, or *, not '" + word.text + "'");
      continue;
    }
    if (written->host == "*") {
      host.ports.push_back(written->port);
      if (is_listened_to(written->port, binding.config)) continue;
      binding.diagnostics().warning(word, "no Listen has port " + std::to_string(written->port) +
                                              ", so nobody reaches this host");
    } else if (is_listened_to(*address, binding.config)) {
      host.addresses.push_back(*address);
    } else if (is_listened_to(address->port(), binding.config)) {
      host.ports.push_back(address->port());
      binding.diagnostics().warning(
          word,
          "hosts are told apart by the Listen that a client has come through, so this one "
          "answers on every address of port " +
              std::to_string(address->port()) + "; write Listen " + word.text +
              " for this address alone");
    } else {
      binding.diagnostics().error(word, "there is no Listen " + word.text +
                                            "; a host is reached through the address of a Listen "
                                            "or, as *:port, through its port");
    }
  }
}

SlashEscapes bind_slash_escapes(const conf::Settings& settings) {
  const std::string text = settings.text("AllowEncodedSlashes");
  if (text == "On") return SlashEscapes::kDecoded;
  return text == "Off" ? SlashEscapes::kRefused : SlashEscapes::kKept;
}

// What goes wrong with its requests is written there; levels are those of the process.
std::string bind_error_log(const Scope& scope, Binding& binding) {
  if (scope.outer == nullptr) return {};
  if (!scope.settings.all_here("LogLevel").empty()) {
    binding.diagnostics().warning(scope.settings.directive("LogLevel")->name,
                                  "hosts have no level of their own: LogLevel outside of all "
                                  "sections counts");
  }
  const auto logs = scope.settings.all_here("ErrorLog");
  if (logs.empty()) return {};
  const std::string path =
      bind_log_path(logs.back()->arguments.front(), binding).value_or("stderr");
  return path == binding.config.error_log.path || path == "stderr" ? std::string() : path;
}

// Edits that ask for variables need the rules to be asked, whatever else these say.
void ask_for_edits(VirtualHost& host) {
  const auto asks = [](const http::FieldEdit& edit) { return edit.asks_rules(); };
  const bool any = std::any_of(host.edits.request.begin(), host.edits.request.end(), asks) ||
                   std::any_of(host.edits.response.begin(), host.edits.response.end(), asks);
  if (!any) return;
  auto rules = host.rules ? std::make_shared<apache::HostRules>(*host.rules)
                          : std::make_shared<apache::HostRules>();
  rules->edits_ask = true;
  host.rules = std::move(rules);
}

VirtualHost bind_host(const Scope& scope, const LogFormats& formats, const Balancers& balancers,
                      Binding& binding) {
  VirtualHost host;
  host.names = bind_names(scope.settings);
  host.tls = bind_tls(scope, host.names, binding);
  host.http2 = speaks_http2(scope);
  host.aborts_on_close = scope.settings.flag("AbortOnClose");
  host.timeouts = bind_timeouts(scope.settings, binding.diagnostics());
  host.limits = bind_limits(scope.settings);
  host.slash_escapes = bind_slash_escapes(scope.settings);
  host.merges_slashes = scope.settings.flag("MergeSlashes");
  host.access_logs = bind_access_logs(scope.settings, formats, binding);
  host.error_log = bind_error_log(scope, binding);
  host.unmapped_status = bind_unmapped_status(scope);
  host.trusted_hops = bind_trusted_hops(scope, binding.diagnostics());
  host.proxy_protocol = bind_proxy_protocol(scope, binding.diagnostics());
  bind_locations(scope, balancers, host, binding);
  add_header_edits(scope.settings, host.edits, true, binding.diagnostics());
  add_error_pages(scope, host.errors, binding);
  return host;
}

// What is said outside holds inside too. Locations have been bound with it.
void inherit(const VirtualHost& outer, VirtualHost& host) {
  if (host.access_logs.empty()) host.access_logs = outer.access_logs;
  const auto put_before = [](const http::FieldEdits& first, http::FieldEdits& edits) {
    edits.insert(edits.begin(), first.begin(), first.end());
  };
  put_before(outer.edits.request, host.edits.request);
  put_before(outer.edits.response, host.edits.response);
  host.errors.by_status.insert(outer.errors.by_status.begin(), outer.errors.by_status.end());
  if (host.errors.no_member == nullptr) host.errors.no_member = outer.errors.no_member;
}

// A client speaks TLS or it does not, before it can say which host it means.
void check_listens(const VirtualHosts& hosts, const std::vector<const conf::Directive*>& sections,
                   Binding& binding) {
  const auto& all = hosts.all();
  for (const Address& listen : binding.config.listens) {
    const std::vector<std::size_t> here = hosts.serving(listen);
    for (const std::size_t host : here) {
      const bool same_tls = (all[host].tls != nullptr) == (all[here.front()].tls != nullptr);
      const bool same_protocol = all[host].proxy_protocol == all[here.front()].proxy_protocol;
      if (same_tls && same_protocol) continue;
      binding.diagnostics().error(sections[host - 1]->name,
                                  same_tls ? "the hosts of Listen " + listen.to_string() +
                                                 " do not say the same about RemoteIPProxyProtocol"
                                           : "SSLEngine is On in one host of Listen " +
                                                 listen.to_string() + " and Off in another");
      return;
    }
  }
}

}  // namespace

VirtualHosts bind_hosts(const Scope& global, Binding& binding) {
  LogFormats formats = predefined_formats();
  add_formats(global.settings, formats, binding.diagnostics());
  Balancers balancers;
  add_balancers(global, balancers, binding.diagnostics());
  add_pass_parameters(global.settings, balancers, binding.diagnostics());
  binding.jk = std::make_shared<const JkWorkers>(global.settings, binding);

  std::vector<VirtualHost> hosts;
  hosts.push_back(bind_host(global, formats, balancers, binding));
  for (const conf::Directive* section : global.settings.all_here("VirtualHost")) {
    const Scope scope{
        .settings = conf::Settings(conf::Program::kProxy, section->children, &global.settings),
        .outer = &global};
    LogFormats own_formats = formats;
    add_formats(scope.settings, own_formats, binding.diagnostics());
    Balancers own_balancers;
    add_balancers(scope, own_balancers, binding.diagnostics());
    own_balancers.insert(balancers.begin(), balancers.end());
    add_pass_parameters(scope.settings, own_balancers, binding.diagnostics());
    VirtualHost host = bind_host(scope, own_formats, own_balancers, binding);
    host.origin = binding.origin_of(*section);
    bind_addresses(*section, host, binding);
    inherit(hosts.front(), host);
    hosts.push_back(std::move(host));
  }
  for (VirtualHost& host : hosts) ask_for_edits(host);
  VirtualHosts out(std::move(hosts));
  // A host whose certificate could not be used would seem to have SSLEngine Off.
  if (!binding.diagnostics().has_errors()) {
    check_listens(out, global.settings.all_here("VirtualHost"), binding);
  }
  return out;
}

}  // namespace understudy::config
