// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <utility>

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

void add_listen(const conf::Word& word, Binding& binding) {
  const auto address = bind_address(word, binding.diagnostics());
  if (!address) return;
  for (const Address& other : binding.config.listens) {
    if (other != *address || address->port() == 0) continue;  // port 0 is another one each time
    binding.diagnostics().error(word, "Listen " + address->to_string() + " is given twice");
    return;
  }
  binding.config.listens.push_back(*address);
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

void bind_server(const conf::Settings& global, Binding& binding) {
  Config& config = binding.config;
  config.workers = static_cast<std::size_t>(global.integer("Workers"));
  for (const conf::Directive* listen : global.all_here("Listen")) {
    add_listen(listen->arguments.front(), binding);
  }
  bind_admin(global, binding);
  const conf::Directive* log = global.directive("ErrorLog");
  const bool is_file = log != nullptr && log->arguments.front().text != "stderr";
  config.error_log.path = is_file ? binding.source.resolved_path(log->arguments.front()) : "stderr";
  config.error_log.level = global.text("LogLevel");
  config.listen_backlog = static_cast<int>(global.integer("ListenBackLog"));
  config.client_connections_max = static_cast<std::size_t>(global.integer("MaxClientConnections"));
  config.replay_memory_bytes_max = global.bytes("MaxReplayMemory");
  config.replay_file_bytes_max = global.bytes("MaxReplayFiles");
  config.tunnels_max = static_cast<std::size_t>(global.integer("MaxWebSocketClients"));
  config.graceful_shutdown_timeout = global.duration("GracefulShutdownTimeout");
}

}  // namespace understudy::config
