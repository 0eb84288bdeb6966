// SPDX-License-Identifier: Apache-2.0
// What concerns the requests of a host before its sections do, and what <Proxy> says of those that
// go to a URL.
#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/config/rewriting.h"
#include "proxy/config/targets.h"

namespace understudy::config {

void TargetList::bind_rules() {
  if (const conf::Directive* root = host_.settings.directive("DocumentRoot")) {
    rules_.document_root = without_slash(binding_.source.resolved_path(root->arguments.front()));
  }
  rules_.rewriting = bind_rewriting(host_, rewrites_, binding_);
  rules_.directories = bind_directories(host_, rules_.document_root + "/", rewrites_, binding_);
  rules_.redirects = bind_redirects(host_.settings, false, binding_.diagnostics());
  for (const Scope* scope : {host_.outer, &host_}) {
    if (scope == nullptr) continue;
    const auto add = [](auto more, auto& rules) {
      std::move(more.begin(), more.end(), std::back_inserter(rules));
    };
    add(bind_early(scope->settings, binding_.diagnostics()), rules_.early);
    add(bind_late(scope->settings, binding_.diagnostics()), rules_.late);
  }
  if (host_.outer == nullptr) return;
  for (auto& rule : bind_redirects(host_.outer->settings, false, binding_.diagnostics())) {
    rules_.redirects.push_back(std::move(rule));
  }
}

void TargetList::add_rewritten() {
  for (const ProxiedRule& rule : rewrites_.proxied) {
    conf::Directive directive;
    directive.name = rule.where;
    directive.arguments.push_back(rule.url);
    auto seeds = seeds_of_proxy_pass(directive, 0, {}, balancers_, binding_.diagnostics());
    Target target{.where = rule.where, .url = rule.url.text, .rank = UINT32_MAX};
    target.paths.kind = apache::Where::Kind::kExpression;
    if (seeds) target.seeds = *std::move(seeds);
    rewritten_.push_back(std::move(target));
  }
}

void TargetList::add_proxy_sections(const Scope& scope) {
  for (const conf::Directive* section : scope.settings.all_here({"Proxy", "ProxyMatch"})) {
    const conf::Word& word = section->arguments.front();
    ProxySection entry{.pattern = word.text};
    if (conf::equal_ignoring_case(section->name.text, "ProxyMatch")) {
      auto compiled = Pattern::compile(word.text);
      if (!compiled) {
        binding_.diagnostics().error(word, "no regular expression: " + compiled.error().detail);
        continue;
      }
      entry.expression = *std::move(compiled);
    }
    entry.rules = bind_section(section->children, {}, rewrites_, binding_);
    entry.rules.origin = binding_.origin_of(*section);
    if (!entry.rules.is_silent()) proxies_.push_back(std::move(entry));
  }
}

std::vector<apache::Section> TargetList::proxy_sections(std::string_view url) const {
  std::vector<apache::Section> found;
  // As Apache compares it: the URL with a path behind it.
  std::string whole(url);
  const std::size_t scheme = whole.find("://");
  if (scheme != std::string::npos && whole.find('/', scheme + 3) == std::string::npos) whole += '/';
  for (const ProxySection& entry : proxies_) {
    if (entry.expression != nullptr) {
      if (entry.expression->matches(whole)) found.push_back(entry.rules);
      continue;
    }
    const bool is_glob = entry.pattern.find_first_of("*?[") != std::string::npos;
    const bool fits = is_glob ? ::fnmatch(entry.pattern.c_str(), whole.c_str(), 0) == 0 ||
                                    ::fnmatch(entry.pattern.c_str(), (whole + "x").c_str(), 0) == 0
                              : whole.starts_with(entry.pattern);
    if (fits) found.push_back(entry.rules);
  }
  return found;
}

}  // namespace understudy::config
