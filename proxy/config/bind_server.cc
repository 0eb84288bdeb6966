// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

// Numbers only: a name could stand for several addresses, or for another one tomorrow.
std::optional<Address> bind_address(const conf::Word& word, conf::Diagnostics& diagnostics) {
  const auto written = conf::parse_listen(word.text);
  if (!written) return std::nullopt;
  const bool is_any = written->host.empty() || written->host == "*";
  const std::string text =
      conf::address_text({.host = is_any ? "0.0.0.0" : written->host, .port = written->port});
  Result<Address> address = Address::parse(text);
  if (!address) {
    diagnostics.error(word,
                      "expected an IP address, as in 127.0.0.1:8080, not '" + word.text + "'");
    return std::nullopt;
  }
  return *std::move(address);
}

void add_address(const conf::Word& word, const Address& address, Binding& binding) {
  for (const Address& other : binding.config.listens) {
    if (other != address || address.port() == 0) continue;  // port 0 is another one each time
    binding.diagnostics().error(word, "Listen " + address.to_string() + " is given twice");
    return;
  }
  binding.config.listens.push_back(address);
}

// A port alone is one of both families, where the machine has both. Port 0 would be two ports.
void add_listen(const conf::Directive& directive, Binding& binding) {
  const conf::Word& word = directive.arguments.front();
  const auto address = bind_address(word, binding.diagnostics());
  if (!address) return;
  add_address(word, *address, binding);
  const auto written = conf::parse_listen(word.text);
  const bool is_any = written && (written->host.empty() || written->host == "*");
  if (is_any && written->port != 0 && binding.options.has_ipv6()) {
    const Result<Address> both = Address::parse("[::]:" + std::to_string(written->port));
    if (both) add_address(word, *both, binding);
  }
  if (directive.arguments.size() == 1) return;
  const conf::Word& protocol = directive.arguments[1];
  if (conf::equal_ignoring_case(protocol.text, "http") ||
      conf::equal_ignoring_case(protocol.text, "https")) {
    return;
  }
  binding.diagnostics().error(
      protocol, "a Listen is one of http or https, not '" + protocol.text + "'; SSLEngine decides");
}

// A site's file alone, which the server's main file would include behind its own Listen.
void listen_to_hosts(const conf::Settings& global, Binding& binding) {
  std::string ports;
  for (const conf::Directive* section : global.all_here("VirtualHost")) {
    for (const conf::Word& word : section->arguments) {
      const std::size_t colon = word.text.rfind(':');
      if (colon == std::string::npos) continue;
      conf::Word port = word;
      port.text = word.text.substr(colon + 1);
      const auto written = conf::parse_listen(port.text);
      const auto& known = binding.config.listens;
      const bool is_new =
          written && std::none_of(known.begin(), known.end(), [&written](const Address& listen) {
            return listen.port() == written->port;
          });
      if (!is_new || written->port == 0) continue;
      add_listen({.name = section->name, .arguments = {port}, .is_section = false, .children = {}},
                 binding);
      ports += (ports.empty() ? "" : ", ") + port.text;
    }
  }
  const std::vector<const conf::Directive*> hosts = global.all_here("VirtualHost");
  if (ports.empty()) {
    binding.diagnostics().error_in_file(binding.source.path(),
                                        "Listen is missing (an address and port to accept clients "
                                        "on)");
    return;
  }
  binding.diagnostics().warning(
      hosts.front()->name,
      "there is no Listen, so the ports of the hosts are listened to: " + ports);
}

void bind_admin(const conf::Settings& global, Binding& binding) {
  const conf::Directive* directive = global.directive("Admin");
  if (directive == nullptr) return;
  const conf::Word& word = directive->arguments.front();
  const auto address = bind_address(word, binding.diagnostics());
  if (!address) return;
  for (const Address& listen : binding.config.listens) {
    if (listen != *address || address->port() == 0) continue;
    binding.diagnostics().error(word, "Admin and Listen share the address " + listen.to_string());
  }
  if (!address->is_loopback()) {
    binding.diagnostics().warning(word,
                                  "Admin is open to whoever reaches this address; it asks for no "
                                  "password");
  }
  binding.config.admin = *address;
}

}  // namespace

std::string bind_log_level(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  static constexpr std::string_view kLevels[] = {
      "emerg",  "alert",  "crit",   "error",  "warn",   "notice", "info",   "debug",
      "trace1", "trace2", "trace3", "trace4", "trace5", "trace6", "trace7", "trace8"};
  std::string level = "info";
  for (const conf::Word& word : settings.words("LogLevel")) {
    const std::size_t colon = word.text.find(':');
    const std::string_view text = std::string_view(word.text).substr(colon + 1);
    const auto found = std::find_if(std::begin(kLevels), std::end(kLevels), [text](auto known) {
      return conf::equal_ignoring_case(known, text);
    });
    if (found == std::end(kLevels)) {
      diagnostics.error(word,
                        "LogLevel is one of emerg, alert, crit, error, warn, notice, info, "
                        "debug, trace1 to trace8, not '" +
                            std::string(text) + "'",
                        std::string(conf::nearest(text, kLevels)));
    } else if (colon != std::string::npos) {
      diagnostics.warning(word,
                          "modules have no level of their own here; LogLevel counts without "
                          "a module");
    } else {
      level = *found;
    }
  }
  return level;
}

void bind_server(const conf::Settings& global, Binding& binding) {
  Config& config = binding.config;
  config.workers = static_cast<std::size_t>(global.integer("Workers"));
  for (const conf::Directive* listen : global.all_here("Listen")) {
    add_listen(*listen, binding);
  }
  if (config.listens.empty() && binding.source.is_whole()) listen_to_hosts(global, binding);
  bind_admin(global, binding);
  const conf::Directive* log = global.directive("ErrorLog");
  config.error_log.path = "stderr";
  if (log != nullptr) {
    config.error_log.path = bind_log_path(log->arguments.front(), binding).value_or("stderr");
  }
  config.error_log.level = bind_log_level(global, binding.diagnostics());
  config.listen_backlog = static_cast<int>(global.integer("ListenBackLog"));
  config.client_connections_max = static_cast<std::size_t>(global.integer("MaxClientConnections"));
  config.replay_memory_bytes_max = global.bytes("MaxReplayMemory");
  config.replay_file_bytes_max = global.bytes("MaxReplayFiles");
  config.tunnels_max = static_cast<std::size_t>(global.integer("MaxWebSocketClients"));
  config.graceful_shutdown_timeout = global.duration("GracefulShutdownTimeout");
}

}  // namespace understudy::config
