// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <string_view>
#include <utility>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

Seeds single_member(const conf::Settings& settings, const conf::Word& where,
                    conf::Diagnostics& diagnostics) {
  Seeds seeds;
  seeds.speak_views = true;
  if (!settings.is_set("BackendHost") || !settings.is_set("BackendPort")) {
    diagnostics.error(where, "BackendHost and BackendPort need each other");
    return seeds;
  }
  const conf::Word& host = settings.directive("BackendHost")->arguments.front();
  // A host that is IPv6 may come with or without its brackets, as the plug-in's.
  const bool is_bare_v6 = host.text.find(':') != std::string::npos && !host.text.starts_with('[');
  const std::string text = (is_bare_v6 ? "[" + host.text + "]" : host.text) + ":" +
                           std::to_string(settings.integer("BackendPort"));
  const auto address = conf::parse_address(text);
  if (!address) {
    diagnostics.error(host, "expected a host name or an IP address, not '" + host.text + "'");
    return seeds;
  }
  seeds.label = conf::address_text(*address);
  seeds.members.push_back({.address = seeds.label, .route = {}, .load_factor = 1});
  return seeds;
}

Seeds cluster_members(const conf::Settings& settings, const conf::Word& where,
                      conf::Diagnostics& diagnostics) {
  Seeds seeds;
  seeds.speak_views = true;
  for (const conf::HostPort& address : settings.addresses("BackendCluster")) {
    add_member(where, {.address = conf::address_text(address), .route = {}, .load_factor = 1},
               seeds, diagnostics);
  }
  if (!seeds.members.empty()) {
    seeds.label = seeds.members.front().address;
  } else {
    diagnostics.error(where, "the list of members is empty");
  }
  return seeds;
}

Seeds listed_members(const std::vector<const conf::Directive*>& directives,
                     conf::Diagnostics& diagnostics) {
  Seeds seeds;
  add_balancer_members(directives, seeds, diagnostics);
  if (!seeds.members.empty()) seeds.label = seeds.members.front().address;
  for (const MemberSeed& member : seeds.members) {
    if (member.path.empty()) continue;
    diagnostics.error(
        directives.front()->arguments.front(),
        "a member inside of a location has no path; write PathPrepend " + member.path);
    break;
  }
  return seeds;
}

// The first directive of each way in which this very section names members.
struct Sources {
  const conf::Directive* cluster = nullptr;
  const conf::Directive* single = nullptr;
  const conf::Directive* pass = nullptr;
  std::vector<const conf::Directive*> members;

  std::vector<const conf::Directive*> given() const {
    std::vector<const conf::Directive*> all;
    for (const conf::Directive* one :
         {cluster, single, pass, members.empty() ? nullptr : members.front()}) {
      if (one != nullptr) all.push_back(one);
    }
    return all;
  }
};

Sources sources_here(const Scope& scope) {
  const auto first = [&scope](std::string_view name) -> const conf::Directive* {
    const auto all = scope.settings.all_here(name);
    return all.empty() ? nullptr : all.front();
  };
  Sources sources;
  sources.cluster = first("BackendCluster");
  sources.single = first("BackendHost");
  if (sources.single == nullptr) sources.single = first("BackendPort");
  // Outside of a location ProxyPass carries a path of its own and is bound as a location.
  if (scope.is_location) sources.pass = first("ProxyPass");
  if (scope.is_location) sources.members = scope.settings.all_here("BalancerMember");
  return sources;
}

// By the name under which the members are given, or by the handler: then they are WebLogic's.
bool speaks_plugin(const conf::Word& name, const conf::Settings& settings) {
  for (const std::string_view known : {"WebLogicCluster", "WebLogicHost", "WebLogicPort"}) {
    if (conf::equal_ignoring_case(name.text, known)) return true;
  }
  return settings.text("SetHandler") == "weblogic-handler" || settings.flag("WLSRequest");
}

}  // namespace

std::optional<Seeds> find_seeds(const Scope& innermost, std::optional<std::string_view> path,
                                const Balancers& balancers, conf::Diagnostics& diagnostics) {
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    const Sources sources = sources_here(*scope);
    const auto given = sources.given();
    if (given.empty()) continue;
    if (given.size() > 1) {
      diagnostics.error(given[1]->name,
                        given[0]->name.text + " has already named the members here");
      return Seeds();
    }
    const conf::Word& where = given.front()->name;
    if (sources.cluster != nullptr || sources.single != nullptr) {
      Seeds seeds =
          sources.cluster != nullptr
              ? cluster_members(scope->settings, sources.cluster->arguments.front(), diagnostics)
              : single_member(scope->settings, where, diagnostics);
      seeds.is_plugin = speaks_plugin(where, innermost.settings);
      return seeds;
    }
    if (sources.pass == nullptr) return listed_members(sources.members, diagnostics);
    return seeds_of_proxy_pass(*sources.pass, 0, path, balancers, diagnostics).value_or(Seeds());
  }
  return std::nullopt;
}

}  // namespace understudy::config
