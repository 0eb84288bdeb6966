// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

Resend bind_resend(std::string_view text) {
  if (text == "ALL") return Resend::kAll;
  return text == "NONE" ? Resend::kNone : Resend::kIdempotent;
}

// A directory that takes no files is found now and not under load.
void bind_file_caching(const conf::Settings& settings, const conf::Word& where, Failover& failover,
                       Binding& binding) {
  if (!settings.flag("FileCaching")) return;
  failover.replay_file_bytes_max = settings.bytes("ReplayFileSize");
  failover.temp_directory = settings.text("TempDir");
  const conf::Directive* directive = settings.directive("TempDir");
  if (directive != nullptr) {
    failover.temp_directory = binding.source.resolved_path(directive->arguments.front());
  }
  if (::access(failover.temp_directory.c_str(), W_OK | X_OK) == 0) return;
  binding.diagnostics().error(
      directive != nullptr ? directive->arguments.front() : where,
      "FileCaching cannot keep files in " + failover.temp_directory + ": " + std::strerror(errno));
}

Failover bind_failover(const conf::Settings& settings, const conf::Word& where, Binding& binding) {
  conf::Diagnostics& diagnostics = binding.diagnostics();
  Failover failover;
  failover.connect_timeout = settings.duration("ConnectTimeoutSecs");
  failover.connect_retry = settings.duration("ConnectRetrySecs");
  failover.io_timeout = settings.duration("IOTimeoutSecs");
  failover.idempotent = settings.flag("Idempotent");
  failover.on_timeout = bind_resend(settings.text("RetryOnTimeout"));
  failover.on_dropped = bind_resend(settings.text("RetryAfterDroppedConnection"));
  failover.on_503 = bind_resend(settings.text("ServerInitiatedFailover"));
  failover.idempotency_key = settings.flag("IdempotencyKey");
  failover.session_replay = settings.flag("SessionReplay");
  failover.replay_buffer_bytes_max = settings.bytes("ReplayBufferSize");
  bind_file_caching(settings, where, failover, binding);
  failover.retry_percent = static_cast<unsigned>(settings.integer("RetryBudget"));
  failover.retry_floor = static_cast<unsigned>(settings.integer("RetryBudgetFloor"));
  if (failover.connect_timeout >= failover.connect_retry) return failover;

  const conf::Directive* timeout = settings.directive("ConnectTimeoutSecs");
  const conf::Directive* retry = settings.directive("ConnectRetrySecs");
  const conf::Directive* given = timeout != nullptr ? timeout : retry;
  diagnostics.error(given != nullptr ? given->arguments.front() : where,
                    "ConnectTimeoutSecs (" + conf::duration_text(failover.connect_timeout) +
                        ") is shorter than ConnectRetrySecs (" +
                        conf::duration_text(failover.connect_retry) + ")");
  return failover;
}

bool is_path(std::string_view text) {
  return text.starts_with('/') && text.find_first_of("?#") == std::string_view::npos &&
         text.find("//") == std::string_view::npos && text.find("/../") == std::string_view::npos &&
         !text.ends_with("/..");
}

class LocationBinder final {
 public:
  LocationBinder(const Scope& host, const Balancers& balancers, Binding& binding)
      : host_(host), balancers_(balancers), binding_(binding) {}

  void add_section(const conf::Directive& section) {
    const conf::Word& path = section.arguments.front();
    if (!accept_path(path)) return;
    const Scope scope{
        .settings = conf::Settings(conf::Program::kProxy, section.children, &host_.settings),
        .outer = &host_,
        .is_location = true};
    auto seeds = find_seeds(scope, path.text, balancers_, binding_.diagnostics());
    if (!seeds) {
      binding_.diagnostics().error(path,
                                   "this location has no members; it needs BackendCluster, "
                                   "BackendHost and BackendPort, or BalancerMember");
      return;
    }
    add(path, *std::move(seeds), scope);
  }

  // `ProxyPass PATH TARGET` outside of a location is a location of its own.
  void add_proxy_pass(const conf::Directive& directive) {
    const conf::Word& path = directive.arguments.front();
    if (!accept_path(path)) return;
    auto seeds = seeds_of_proxy_pass(directive, 1, path.text, balancers_, binding_.diagnostics());
    if (seeds) add(path, *std::move(seeds), host_);
  }

  // SetHandler outside of all locations proxies everything, as in the plug-in.
  void add_whole_host(const conf::Directive& handler) {
    if (taken_.contains("/")) return;
    auto seeds = find_seeds(host_, "/", balancers_, binding_.diagnostics());
    if (!seeds) return;
    conf::Word path = handler.name;
    path.text = "/";
    add(path, *std::move(seeds), host_);
  }

  std::vector<Location> take() { return std::move(locations_); }

 private:
  bool accept_path(const conf::Word& path) {
    if (!is_path(path.text)) {
      binding_.diagnostics().error(path, "expected a path such as /shop, without '//', '..', '?'");
      return false;
    }
    const auto [first, is_new] = taken_.emplace(path.text, path.at);
    if (is_new) return true;
    binding_.diagnostics().error(path, path.text + " is already given at " +
                                           binding_.source.sources().location(first->second));
    return false;
  }

  void add(const conf::Word& path, Seeds seeds, const Scope& scope) {
    if (seeds.members.empty()) return;  // reported
    const conf::Settings& settings = scope.settings;
    Location location;
    location.path = path.text;
    location.failover = bind_failover(settings, path, binding_);
    location.body_bytes_max =
        std::min(settings.bytes("LimitRequestBody"), settings.bytes("MaxPostSize"));
    location.tunnel_idle_timeout = settings.duration("WebSocketIdleTimeout");
    location.cluster = bind_cluster(std::move(seeds), scope, path, binding_);
    locations_.push_back(std::move(location));
  }

  const Scope& host_;
  const Balancers& balancers_;
  Binding& binding_;
  std::map<std::string, conf::Position> taken_;
  std::vector<Location> locations_;
};

}  // namespace

std::size_t Failover::rounds_max() const {
  constexpr std::size_t kLeast = 2;
  if (connect_retry <= milliseconds(0)) return kLeast;
  return std::max(kLeast, static_cast<std::size_t>(connect_timeout / connect_retry));
}

std::vector<Location> bind_locations(const Scope& host, const Balancers& balancers,
                                     Binding& binding) {
  LocationBinder binder(host, balancers, binding);
  for (const conf::Directive* section : host.settings.all_here("Location")) {
    binder.add_section(*section);
  }
  for (const conf::Directive* directive : host.settings.all_here("ProxyPass")) {
    binder.add_proxy_pass(*directive);
  }
  const auto handlers = host.settings.all_here("SetHandler");
  if (!handlers.empty()) binder.add_whole_host(*handlers.front());
  return binder.take();
}

}  // namespace understudy::config
