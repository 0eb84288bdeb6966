// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <deque>
#include <string>
#include <string_view>
#include <utility>

#include "conf/checker.h"
#include "proxy/config/binding.h"
#include "proxy/config/targets.h"

namespace understudy::config {

namespace {

// What ?__WebLogicBridgeConfig shows of a location's settings: nothing of keys and passwords.
std::string bridge_settings(const conf::Settings& settings) {
  constexpr std::string_view kShown[] = {
      "BackendCluster",     "BackendHost",       "BackendPort",     "ConnectTimeoutSecs",
      "ConnectRetrySecs",   "SocketTimeoutSecs", "IOTimeoutSecs",   "Idempotent",
      "DynamicServerList",  "KeepAliveEnabled",  "KeepAliveSecs",   "MaxSkipTime",
      "MaxPostSize",        "SessionCookie",     "DefaultFileName", "PathTrim",
      "PathPrepend",        "TrimExt",           "SecureProxy",     "WLProxySSL",
      "WLProxyPassThrough", "DNSRefreshInterval"};
  std::string out;
  std::string all = settings.effective_text(conf::kEverywhere);
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::string_view name = line.substr(0, line.find(' '));
    if (std::find(std::begin(kShown), std::end(kShown), name) == std::end(kShown)) continue;
    out.append(line).append("\n");
  }
  return out;
}

// "MatchExpression PATTERN NAME=VALUE|NAME=VALUE": as if the names stood in a section.
bool add_parameters(const conf::Word& word, std::vector<conf::Directive>& own,
                    conf::Diagnostics& diagnostics) {
  std::string_view rest = word.text;
  while (!rest.empty()) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    const std::string_view one = rest.substr(0, bar);
    rest.remove_prefix(std::min(bar + 1, rest.size()));
    const std::size_t equals = one.find('=');
    if (equals == 0 || equals == std::string_view::npos) {
      diagnostics.error(
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

// What only holds where a section is known to be about a request before it is here.
void check_pattern_section(const SectionOfPaths& section, conf::Diagnostics& diagnostics) {
  for (const conf::Directive& directive : section.written->children) {
    const conf::DirectiveSpec* spec =
        conf::find_directive(conf::Program::kProxy, directive.name.text, directive.is_section);
    if (spec == nullptr || spec->status != conf::Status::kWorks) continue;
    if (apache::is_rule(spec->name)) continue;
    if (spec->name == "ErrorDocument") {
      diagnostics.warning(directive.name,
                          "ErrorDocument is ignored in a section of a pattern: the pages of the "
                          "host stand there; write it in a <Location> of a path");
      continue;
    }
    diagnostics.error(directive.name, directive.name.text +
                                          " is not supported in a section of a pattern that "
                                          "names no members; write it in a <Location> of a path");
  }
}

class LocationBinder final {
 public:
  LocationBinder(const Scope& host, const Balancers& balancers, Binding& binding)
      : host_(host), targets_(host, balancers, binding), balancers_(balancers), binding_(binding) {}

  void bind(VirtualHost& host) {
    bool has_dynamic = false;
    for (const SectionOfPaths& section : targets_.sections()) {
      if (section.is_plain()) continue;
      has_dynamic |= !section.rules.is_silent();
      const bool is_target =
          std::any_of(targets_.all().begin(), targets_.all().end(), [&](const Target& target) {
            return target.section && &targets_.sections()[*target.section] == &section;
          });
      if (!is_target) check_pattern_section(section, binding_.diagnostics());
    }
    std::vector<std::string> paths = targets_.paths();
    const bool has_more = targets_.has_patterns() || !targets_.rewritten().empty();
    const bool needs_root =
        (has_dynamic || has_more) && std::find(paths.begin(), paths.end(), "/") == paths.end();
    if (needs_root) paths.emplace_back("/");
    for (const Target& target : targets_.all()) {
      const bool is_own_pattern =
          target.is_own && target.paths.kind == apache::Where::Kind::kExpression;
      if (is_own_pattern) add_own_pattern(target);
    }
    std::stable_sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
      return a.size() > b.size();
    });
    for (const std::string& path : paths) add_path(path);
    for (const conf::Directive* directive : host_.settings.all_here("MatchExpression")) {
      add_match_expression(*directive);
    }
    if (host_.outer != nullptr) {
      for (const auto* directive : host_.outer->settings.all_here("MatchExpression")) {
        add_match_expression(*directive);
      }
    }
    add_patterns(host);
    host.locations = std::move(locations_);
  }

 private:
  using Scopes = std::deque<Scope>;

  // The host's scope and those of sections, each inside of the one before.
  Scopes scopes_of(const std::vector<std::size_t>& sections, const Target* target) const {
    Scopes scopes;
    for (const std::size_t index : sections) {
      const SectionOfPaths& section = targets_.sections()[index];
      // The settings of an own location are its own.
      const bool is_targets = target != nullptr && target->section == index;
      if ((section.names_members && !is_targets) || section.is_of_host) continue;
      push_scope(section, scopes);
    }
    return scopes;
  }

  void push_scope(const SectionOfPaths& section, Scopes& scopes) const {
    const Scope& outer = scopes.empty() ? host_ : scopes.back();
    scopes.push_back({.settings = conf::Settings(conf::Program::kProxy, section.written->children,
                                                 &outer.settings),
                      .outer = &outer,
                      .is_location = true,
                      .path = section.is_plain() ? section.where.path : std::string()});
  }

  void add_path(const std::string& path) {
    const Target* target = targets_.of_path(path);
    const auto sections = targets_.sections_of_path(path);
    const Scopes scopes = scopes_of(sections, target);
    const Scope& scope = scopes.empty() ? host_ : scopes.back();
    Location location{.path = path};
    add_rules(sections, target, scope, location);
    add_pages(scopes, location);
    if (target != nullptr) return add(*target, std::move(location), scope);
    if (sections.empty() && path != "/") return;
    if (!location.rules && !sections.empty()) require_members(path, sections);
    location.is_proxied = false;
    ranks_.push_back(UINT32_MAX);
    locations_.push_back(std::move(location));
  }

  // A section without members is about requests that are proxied by something else.
  void require_members(const std::string& path, const std::vector<std::size_t>& sections) {
    const SectionOfPaths& section = targets_.sections()[sections.back()];
    const bool is_used =
        targets_.has_patterns() || section.where.path != path ||
        std::any_of(targets_.all().begin(), targets_.all().end(),
                    [&](const Target& target) { return section.where.matches(target.paths.path); });
    if (is_used || section.is_of_host || section.lacks_handler) return;
    if (!section.rules.is_silent()) return;
    if (!binding_.source.is_whole()) return;  // they may have been what was wrong
    binding_.diagnostics().error(section.written->arguments.front(),
                                 "this location has no members; it needs BackendCluster, "
                                 "BackendHost and BackendPort, or BalancerMember");
  }

  // A pattern before all paths, whose settings are its own and the host's.
  void add_own_pattern(const Target& target) {
    Scopes scopes;
    push_scope(targets_.sections()[*target.section], scopes);
    Location location{.path = target.paths.path,
                      .kind = Location::Kind::kExpression,
                      .expression = target.paths.expression};
    add_rules({}, &target, scopes.back(), location);
    add_pages(scopes, location);
    add(target, std::move(location), scopes.back());
  }

  void add_match_expression(const conf::Directive& directive) {
    const conf::Word& pattern = directive.arguments.front();
    if (!pattern.text.starts_with('/') && !pattern.text.starts_with('*')) {
      binding_.diagnostics().error(
          pattern, "expected a pattern such as *.jsp or /shop/*, not '" + pattern.text + "'");
      return;
    }
    std::vector<conf::Directive> own;
    for (std::size_t i = 1; i < directive.arguments.size(); ++i) {
      if (!add_parameters(directive.arguments[i], own, binding_.diagnostics())) return;
    }
    const std::size_t errors = binding_.diagnostics().error_count();
    conf::check_section(own, conf::kLocation, conf::Program::kProxy, binding_.diagnostics());
    if (binding_.diagnostics().error_count() != errors) return;
    const Scope scope{.settings = conf::Settings(conf::Program::kProxy, own, &host_.settings),
                      .outer = &host_,
                      .is_location = true};
    auto seeds = find_seeds(scope, {}, balancers_, binding_.diagnostics());
    if (!seeds) {
      if (!binding_.source.is_whole()) return;  // they may have been what was wrong
      binding_.diagnostics().error(pattern,
                                   "this location has no members; it needs BackendCluster, "
                                   "BackendHost and BackendPort, or BalancerMember");
      return;
    }
    const Target target{.where = pattern, .seeds = *std::move(seeds), .is_own = true};
    // A path stands for all below it, as in a <Location>.
    const bool is_path =
        pattern.text.starts_with('/') && pattern.text.find('*') == std::string::npos;
    Location location{.path = pattern.text,
                      .kind = is_path ? Location::Kind::kPath : Location::Kind::kGlob};
    add_rules({}, &target, scope, location);
    add_header_edits(scope.settings, location.edits, true, binding_.diagnostics());
    add_error_pages(scope, location.errors, binding_);
    add(target, std::move(location), scope);
  }

  // One location for each path and each target of a pattern.
  void add_patterns(VirtualHost& host) {
    auto rules = std::make_shared<apache::HostRules>(targets_.take_rules());
    const std::size_t count = locations_.size();
    rules->ranks = ranks_;
    for (const Target& target : targets_.all()) {
      if (target.is_own || target.paths.kind != apache::Where::Kind::kExpression) continue;
      apache::PatternTarget entry{.pattern = target.paths.expression,
                                  .rank = target.rank,
                                  .is_excluded = !target.seeds.is_proxied,
                                  .path = apache::Substitution(target.path_template)};
      entry.locations = add_variants(count, target);
      rules->targets.push_back(std::move(entry));
      if (locations_.size() <= kLocationsMax) continue;
      binding_.diagnostics().error(target.where,
                                   "the patterns and the paths of this host make more than " +
                                       std::to_string(kLocationsMax) + " pairs");
      break;
    }
    std::stable_sort(rules->targets.begin(), rules->targets.end(),
                     [](const auto& a, const auto& b) { return a.rank < b.rank; });
    for (const Target& target : targets_.rewritten()) {
      rules->rewritten.push_back(add_variants(count, target));
    }
    if (!rules->is_silent()) host.rules = std::move(rules);
  }

  // By the index of each location that a path chooses.
  std::vector<std::uint32_t> add_variants(std::size_t count, const Target& target) {
    std::vector<std::uint32_t> variants;
    for (std::size_t i = 0; i < count; ++i) {
      variants.push_back(static_cast<std::uint32_t>(locations_.size()));
      add_variant(locations_[i].path, target);
    }
    return variants;
  }

  void add_variant(std::string path, const Target& target) {
    const auto sections = targets_.sections_of_path(path);
    Scopes scopes = scopes_of(sections, &target);
    const bool has_own = target.section && !targets_.sections()[*target.section].is_plain();
    if (has_own) push_scope(targets_.sections()[*target.section], scopes);
    Location location{.path = std::move(path), .kind = Location::Kind::kChosen};
    const Scope& scope = scopes.empty() ? host_ : scopes.back();
    add_rules(sections, &target, scope, location);
    add_pages(scopes, location);
    add(target, std::move(location), scope);
  }

  // Those of `plain` are about every request of the location, and other plain ones about none.
  // Without `plain` the location has a pattern, and each section has to be asked.
  void add_rules(const std::vector<std::size_t>& plain, const Target* target, const Scope& scope,
                 Location& location) const {
    const bool is_path =
        location.kind == Location::Kind::kPath || location.kind == Location::Kind::kChosen;
    apache::Rules rules;
    if (target != nullptr) rules.sections = targets_.proxy_sections(target->url);
    for (std::size_t i = 0; i < targets_.sections().size(); ++i) {
      const SectionOfPaths& section = targets_.sections()[i];
      if (section.rules.is_silent()) continue;
      const bool is_known = is_path && section.is_plain();
      if (is_known && std::find(plain.begin(), plain.end(), i) == plain.end()) continue;
      rules.sections.push_back(section.rules);
      if (is_known) rules.sections.back().where = {};
    }
    const bool is_served = target == nullptr || !target->seeds.is_proxied;
    for (const std::size_t index : plain) {
      const apache::OwnPage page = targets_.sections()[index].page;
      if (is_served && page != apache::OwnPage::kNone) rules.page = page;
    }
    if (target != nullptr && target->page != apache::OwnPage::kNone) rules.page = target->page;
    if (target != nullptr && target->seeds.is_plugin && target->seeds.is_proxied &&
        scope.settings.flag("DebugConfigInfo")) {
      rules.page = apache::OwnPage::kBridge;
      rules.settings = bridge_settings(scope.settings);
    }
    bool needs_rules = rules.page != apache::OwnPage::kNone;
    for (const apache::Section& section : rules.sections) {
      needs_rules |= section.is_asked_for_each_request();
    }
    if (!rules.sections.empty() && target != nullptr) {
      check_users(rules.sections, target->where, binding_.diagnostics());
    }
    if (needs_rules) {
      location.rules = std::make_shared<const apache::Rules>(std::move(rules));
      return;
    }
    for (const apache::Section& section : rules.sections) {
      const auto add = [](const http::FieldEdits& more, http::FieldEdits& edits) {
        edits.insert(edits.end(), more.begin(), more.end());
      };
      add(section.request_edits, location.edits.request);
      add(section.response_edits, location.edits.response);
    }
  }

  void add_pages(const Scopes& scopes, Location& location) {
    for (const Scope& scope : scopes) add_error_pages(scope, location.errors, binding_);
  }

  void add(const Target& target, Location location, const Scope& scope) {
    const conf::Word& where = target.where;
    const conf::Settings& settings = scope.settings;
    conf::Diagnostics& diagnostics = binding_.diagnostics();
    location.origin = binding_.place_of(where);
    location.is_proxied = target.seeds.is_proxied;
    ranks_.push_back(target.is_own ? 0 : target.rank);
    if (!location.is_proxied || target.seeds.members.empty()) {  // the latter is reported
      location.is_proxied = false;
      return locations_.push_back(std::move(location));
    }
    const Seeds& seeds = target.seeds;
    location.failover = bind_failover(settings, seeds, where, binding_);
    // In Apache AJP carries the client's own Host, and who it is in places of its own.
    const bool is_ajp = all_speak_ajp(seeds);
    location.preserves_host =
        is_ajp || (settings.is_set("ProxyPreserveHost") ? settings.flag("ProxyPreserveHost")
                                                        : !seeds.is_apache);
    bind_host_field(scope, location, diagnostics);
    bind_via(settings, location.edits);
    bind_error_override(settings, location, diagnostics);
    if (seeds.is_apache) bind_attributes(scope, location);
    location.body_bytes_max =
        std::min(settings.bytes("LimitRequestBody"), settings.bytes("MaxPostSize"));
    location.tunnel_idle_timeout = settings.duration("WebSocketIdleTimeout");
    location.paths = bind_path_rules(settings, target.paths.path, seeds, diagnostics);
    location.forwards_raw = seeds.is_raw;
    location.refuses_slash_escapes =
        !location.paths.as_sent && settings.directive("AllowEncodedSlashes") == nullptr;
    location.excluded = bind_excluded(scope, diagnostics);
    location.cookies = bind_cookie_rules(scope, diagnostics);
    location.forwarding = bind_forwarding(scope, seeds, diagnostics);
    if (is_ajp && seeds.is_apache && !settings.is_set("ProxyAddHeaders")) {
      location.forwarding.x_forwarded = false;
    }
    location.reverse = bind_reverse_rules(scope, seeds, diagnostics);
    location.cluster = bind_cluster(target.seeds, scope, where, binding_);
    locations_.push_back(std::move(location));
  }

  static constexpr std::size_t kLocationsMax = 20'000;

  const Scope& host_;
  TargetList targets_;
  const Balancers& balancers_;
  Binding& binding_;
  std::vector<Location> locations_;
  std::vector<std::uint32_t> ranks_;  // of their targets
};

}  // namespace

void bind_locations(const Scope& scope, const Balancers& balancers, VirtualHost& host,
                    Binding& binding) {
  LocationBinder(scope, balancers, binding).bind(host);
}

}  // namespace understudy::config
