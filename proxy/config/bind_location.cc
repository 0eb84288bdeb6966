// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "conf/checker.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPluginIoTimeoutMin = std::chrono::seconds(10);

Resend bind_resend(std::string_view text) {
  if (text == "ALL") return Resend::kAll;
  return text == "NONE" ? Resend::kNone : Resend::kIdempotent;
}

// A directory that takes no files is found now and not under load.
// The plug-in's directives have the plug-in's default, On, where files can be kept.
void bind_file_caching(const conf::Settings& settings, bool is_plugin, const conf::Word& where,
                       Failover& failover, Binding& binding) {
  const bool is_default = is_plugin && !settings.is_set("FileCaching");
  if (!is_default && !settings.flag("FileCaching")) return;
  failover.replay_file_bytes_max = settings.bytes("ReplayFileSize");
  failover.temp_directory = settings.text("TempDir");
  const conf::Directive* directive = settings.directive("TempDir");
  if (directive != nullptr) {
    failover.temp_directory = binding.source.resolved_path(directive->arguments.front());
  }
  if (::access(failover.temp_directory.c_str(), W_OK | X_OK) == 0) return;
  if (is_default) {
    failover.replay_file_bytes_max = 0;
    return;
  }
  binding.diagnostics().error(
      directive != nullptr ? directive->arguments.front() : where,
      "FileCaching cannot keep files in " + failover.temp_directory + ": " + std::strerror(errno));
}

// Of the member's URL, else IOTimeoutSecs, else Apache's ProxyTimeout.
milliseconds bind_io_timeout(const conf::Settings& settings, const Seeds& seeds,
                             conf::Diagnostics& diagnostics) {
  if (seeds.tuning.timeout && seeds.tuning.timeout->count() > 0) return *seeds.tuning.timeout;
  const bool has_own = settings.is_set("IOTimeoutSecs") || !settings.is_set("ProxyTimeout");
  const conf::Directive* const own = settings.directive("IOTimeoutSecs");
  const bool is_of_plugin =
      own != nullptr && !conf::equal_ignoring_case(own->name.text, "IOTimeoutSecs");
  if (is_of_plugin && settings.duration("IOTimeoutSecs") < kPluginIoTimeoutMin) {
    diagnostics.warning(own->arguments.front(), own->name.text + " is at least " +
                                                    conf::duration_text(kPluginIoTimeoutMin) +
                                                    ", as in the plug-in");
    return kPluginIoTimeoutMin;
  }
  return settings.duration(has_own ? "IOTimeoutSecs" : "ProxyTimeout");
}

Failover bind_failover(const conf::Settings& settings, const Seeds& seeds, const conf::Word& where,
                       Binding& binding) {
  conf::Diagnostics& diagnostics = binding.diagnostics();
  Failover failover;
  failover.connect_timeout = settings.duration("ConnectTimeoutSecs");
  failover.connect_retry = settings.duration("ConnectRetrySecs");
  failover.io_timeout = bind_io_timeout(settings, seeds, diagnostics);
  failover.idempotent = settings.flag("Idempotent");
  failover.on_timeout = bind_resend(settings.text("RetryOnTimeout"));
  failover.on_dropped = bind_resend(settings.text("RetryAfterDroppedConnection"));
  failover.on_503 = bind_resend(settings.text("ServerInitiatedFailover"));
  failover.on_503_is_said = settings.is_set("ServerInitiatedFailover");
  failover.sticky_only = settings.flag("StickyOnly");
  if (seeds.tuning.nofailover && !settings.is_set("StickyOnly")) {
    failover.sticky_only = *seeds.tuning.nofailover;
  }
  failover.idempotency_key = settings.flag("IdempotencyKey");
  failover.session_replay = settings.flag("SessionReplay");
  failover.replay_buffer_bytes_max = settings.bytes("ReplayBufferSize");
  bind_file_caching(settings, seeds.is_plugin, where, failover, binding);
  failover.resend_limit = static_cast<unsigned>(settings.integer("ResendLimit"));
  failover.retry_percent = static_cast<unsigned>(settings.integer("RetryBudget"));
  failover.hedge_delay = settings.duration("HedgeDelay");
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
    add_scope(path, {.path = path.text}, section.children);
  }

  void add_expression(const conf::Directive& section) {
    const conf::Word& word = section.arguments.front();
    auto expression = Pattern::compile(word.text);
    if (!expression) {
      binding_.diagnostics().error(word, "no regular expression: " + expression.error().detail);
      return;
    }
    add_scope(word,
              {.path = word.text,
               .kind = Location::Kind::kExpression,
               .expression = *std::move(expression)},
              section.children);
  }

  // `MatchExpression PATTERN [NAME=VALUE|NAME=VALUE ...]`: as if the names stood in a section.
  void add_match_expression(const conf::Directive& directive) {
    const conf::Word& pattern = directive.arguments.front();
    if (!pattern.text.starts_with('/') && !pattern.text.starts_with('*')) {
      binding_.diagnostics().error(
          pattern, "expected a pattern such as *.jsp or /shop/*, not '" + pattern.text + "'");
      return;
    }
    // A path stands for all below it, as in a <Location>.
    const bool is_path =
        pattern.text.starts_with('/') && pattern.text.find('*') == std::string::npos;
    if (is_path && !accept_path(pattern)) return;
    std::vector<conf::Directive> own;
    for (std::size_t i = 1; i < directive.arguments.size(); ++i) {
      if (!add_parameters(directive.arguments[i], own)) return;
    }
    const std::size_t errors = binding_.diagnostics().error_count();
    conf::check_section(own, conf::kLocation, conf::Program::kProxy, binding_.diagnostics());
    if (binding_.diagnostics().error_count() != errors) return;
    const auto kind = is_path ? Location::Kind::kPath : Location::Kind::kGlob;
    add_scope(pattern, {.path = pattern.text, .kind = kind}, own, true);
  }

 private:
  bool add_parameters(const conf::Word& word, std::vector<conf::Directive>& own) {
    std::string_view rest = word.text;
    while (!rest.empty()) {
      const std::size_t bar = std::min(rest.find('|'), rest.size());
      const std::string_view one = rest.substr(0, bar);
      rest.remove_prefix(std::min(bar + 1, rest.size()));
      const std::size_t equals = one.find('=');
      if (equals == 0 || equals == std::string_view::npos) {
        binding_.diagnostics().error(
            word, "expected WebLogicHost=shop|WebLogicPort=7001, not '" + std::string(one) + "'");
        return false;
      }
      conf::Directive& parameter = own.emplace_back();
      parameter.name = parameter.arguments.emplace_back(word);
      parameter.name.text = one.substr(0, equals);
      parameter.arguments.front().text = one.substr(equals + 1);
    }
    return true;
  }

  // `is_asked`: a MatchExpression needs no handler.
  void add_scope(const conf::Word& path, Location location,
                 const std::vector<conf::Directive>& section, bool is_asked = false) {
    const Scope scope{.settings = conf::Settings(conf::Program::kProxy, section, &host_.settings),
                      .outer = &host_,
                      .is_location = true};
    auto seeds = find_seeds(scope, path_of(location), balancers_, binding_.diagnostics());
    if (!seeds) {
      if (!binding_.source.is_whole()) return;  // they may have been what was wrong
      binding_.diagnostics().error(path,
                                   "this location has no members; it needs BackendCluster, "
                                   "BackendHost and BackendPort, or BalancerMember");
      return;
    }
    if (seeds->is_plugin && !is_asked && !has_handler(scope.settings)) {
      binding_.diagnostics().warning(path,
                                     "as in the plug-in, members alone proxy nothing; write "
                                     "SetHandler weblogic-handler or WLSRequest On");
      if (!scope.settings.is_set("WLSRequest")) return;
      seeds->is_proxied = false;
    }
    add_header_edits(scope.settings, location.edits, binding_.diagnostics());
    add_error_pages(scope, location.errors, binding_);
    add(path, std::move(location), *std::move(seeds), scope);
  }

 public:
  // `ProxyPass PATH TARGET` outside of a location is a location of its own.
  void add_proxy_pass(const conf::Directive& directive) {
    const conf::Word& path = directive.arguments.front();
    if (!accept_path(path)) return;
    auto seeds = seeds_of_proxy_pass(directive, 1, path.text, balancers_, binding_.diagnostics());
    if (seeds) add(path, {.path = path.text}, *std::move(seeds), host_);
  }

  // SetHandler, or WLSRequest On, outside of all locations proxies everything, as in the plug-in.
  void add_whole_host(const conf::Directive& handler) {
    if (taken_.contains("/")) return;
    auto seeds = find_seeds(host_, "/", balancers_, binding_.diagnostics());
    if (!seeds) return;
    conf::Word path = handler.name;
    path.text = "/";
    taken_.emplace(path.text, path.at);
    add(path, {.path = path.text}, *std::move(seeds), host_);
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

  // WLSRequest Off takes back what a handler further out says.
  static bool has_handler(const conf::Settings& settings) {
    if (settings.is_set("WLSRequest")) return settings.flag("WLSRequest");
    return settings.is_set("SetHandler");
  }

  // A pattern has none that could be replaced.
  static std::optional<std::string_view> path_of(const Location& location) {
    if (location.kind != Location::Kind::kPath) return {};
    return location.path;
  }

  void add(const conf::Word& where, Location location, Seeds seeds, const Scope& scope) {
    const conf::Settings& settings = scope.settings;
    conf::Diagnostics& diagnostics = binding_.diagnostics();
    location.is_proxied = seeds.is_proxied;
    if (!seeds.is_proxied) return locations_.push_back(std::move(location));
    if (seeds.members.empty()) return;  // reported
    location.failover = bind_failover(settings, seeds, where, binding_);
    location.preserves_host = settings.is_set("ProxyPreserveHost")
                                  ? settings.flag("ProxyPreserveHost")
                                  : !seeds.is_apache;
    location.body_bytes_max =
        std::min(settings.bytes("LimitRequestBody"), settings.bytes("MaxPostSize"));
    location.tunnel_idle_timeout = settings.duration("WebSocketIdleTimeout");
    location.paths = bind_path_rules(settings, location.path, seeds, diagnostics);
    location.forwards_raw = seeds.is_raw;
    location.refuses_slash_escapes =
        location.paths.as_sent == false && settings.directive("AllowEncodedSlashes") == nullptr;
    location.excluded = bind_excluded(scope, diagnostics);
    location.cookies = bind_cookie_rules(scope, diagnostics);
    location.forwarding = bind_forwarding(scope, diagnostics);
    const auto path = path_of(location);
    location.reverse = bind_reverse_rules(scope, path.value_or(""), diagnostics);
    location.cluster = bind_cluster(std::move(seeds), scope, where, binding_);
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
  for (const conf::Directive* section : host.settings.all_here("LocationMatch")) {
    binder.add_expression(*section);
  }
  for (const conf::Directive* directive : host.settings.all_here("MatchExpression")) {
    binder.add_match_expression(*directive);
  }
  for (const conf::Directive* directive : host.settings.all_here("ProxyPass")) {
    binder.add_proxy_pass(*directive);
  }
  for (const std::string_view name : {"SetHandler", "WLSRequest"}) {
    const auto handlers = host.settings.all_here(name);
    const bool is_off = name == "WLSRequest" && !host.settings.flag("WLSRequest");
    if (!handlers.empty() && !is_off) binder.add_whole_host(*handlers.front());
  }
  return binder.take();
}

}  // namespace understudy::config
