// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/config/rewriting.h"
#include "proxy/config/targets.h"

namespace understudy::config {

namespace {

using Kind = apache::Where::Kind;

// Lines stand behind all sections.
constexpr std::uint32_t kFirstLineRank = 1U << 24;

// "/", "/a", "/a/", "/a/b" for "/a/b": every rule about it has one of these paths.
template <typename Visit>
void for_each_prefix(std::string_view path, Visit visit) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '/') continue;
    if (i != 0) visit(path.substr(0, i));
    visit(path.substr(0, i + 1));
  }
  if (!path.ends_with('/')) visit(path);
}

// A star stands for no slash, and nothing below is meant.
std::string expression_of_glob(std::string_view glob) {
  std::string out = "^";
  for (std::size_t i = 0; i < glob.size(); ++i) {
    const char c = glob[i];
    const std::size_t close = c == '[' ? glob.find(']', i + 2) : std::string_view::npos;
    if (c == '*') {
      out += "[^/]*";
    } else if (c == '?') {
      out += "[^/]";
    } else if (close != std::string_view::npos) {
      out += glob.substr(i, close - i + 1);
      i = close;
    } else {
      if (std::string_view("\\.+^$(){}|[]").find(c) != std::string_view::npos) out += '\\';
      out += c;
    }
  }
  return out + "$";
}

bool has_members_outside(const Scope& host, const Balancers& balancers,
                         conf::Diagnostics& diagnostics) {
  const auto seeds = find_seeds(host, "/", balancers, diagnostics);
  return seeds && !seeds->members.empty();
}

apache::OwnPage page_of(const conf::Settings& settings) {
  const auto handlers = settings.all_here("SetHandler");
  if (handlers.empty()) return apache::OwnPage::kNone;
  const std::string& name = handlers.back()->arguments.front().text;
  for (const std::string_view manager : {"balancer-manager", "mod_cluster-manager"}) {
    if (conf::equal_ignoring_case(name, manager)) return apache::OwnPage::kBalancers;
  }
  return conf::equal_ignoring_case(name, "server-status") ? apache::OwnPage::kStatus
                                                          : apache::OwnPage::kNone;
}

// Other handlers are about pages and files.
bool sets_proxying_handler(const conf::Settings& settings) {
  return settings.text("SetHandler").ends_with("-handler") &&
         !conf::equal_ignoring_case(settings.text("SetHandler"), "default-handler");
}

// WLSRequest Off takes back what a handler further out says.
bool has_handler(const conf::Settings& settings) {
  if (settings.is_set("WLSRequest")) return settings.flag("WLSRequest");
  return sets_proxying_handler(settings);
}

// SetHandler, or WLSRequest On, outside of all locations; null where neither is.
const conf::Directive* handler_of_host(const conf::Settings& settings) {
  for (const std::string_view name : {"SetHandler", "WLSRequest"}) {
    const auto handlers = settings.all_here(name);
    const bool is_off =
        name == "WLSRequest" ? !settings.flag("WLSRequest") : !sets_proxying_handler(settings);
    if (!handlers.empty() && !is_off) return handlers.front();
  }
  return nullptr;
}

}  // namespace

TargetList::TargetList(const Scope& host, const Balancers& balancers, Binding& binding)
    : host_(host), balancers_(balancers), binding_(binding) {
  rewrites_.maps = bind_rewrite_maps(host, binding);
  bind_rules();
  if (host.outer != nullptr) {
    add_proxy_sections(*host.outer);
    add_sections(*host.outer);
  }
  add_proxy_sections(host);
  add_sections(host);
  for (std::size_t i = 0; i < sections_.size(); ++i) add_section_target(i, host);
  if (host.outer != nullptr) add_lines(*host.outer);
  add_lines(host);
  add_mounts(host);
  // SetHandler outside of all locations proxies everything, as in the plug-in.
  const conf::Directive* const handler = handler_of_host(host.settings);
  const auto root = at_.find("/");
  const bool has_root =
      root != at_.end() && (root->second.own || root->second.of_section || root->second.line);
  if (handler != nullptr && !has_root && page_of(host.settings) == apache::OwnPage::kNone &&
      has_members_outside(host, balancers, binding.diagnostics())) {
    auto seeds = find_seeds(host, "/", balancers, binding.diagnostics());
    Target target{.where = handler->name,
                  .paths = {.kind = Kind::kPath, .path = "/"},
                  .seeds = *std::move(seeds),
                  .is_own = true};
    at_["/"].own = targets_.size();
    targets_.push_back(std::move(target));
  }
  add_rewritten();
  warn_of_hidden();
}

// <If> outside of all sections is about every request of the host.
void TargetList::add_host_branches(const Scope& scope) {
  std::vector<conf::Directive> branches;
  for (const conf::Directive* branch : scope.settings.all_here({"If", "ElseIf", "Else"})) {
    branches.push_back(*branch);
  }
  if (branches.empty()) return;
  SectionOfPaths entry{.written = scope.settings.all_here("If").empty()
                                      ? nullptr
                                      : scope.settings.all_here("If").front(),
                       .where = {.kind = Kind::kPath, .path = "/"},
                       .is_outside = &scope != &host_,
                       .is_of_host = true};
  entry.rules = bind_section(branches, entry.where, rewrites_, binding_);
  at_["/"].sections.push_back(sections_.size());
  sections_.push_back(std::move(entry));
}

void TargetList::add_sections(const Scope& scope) {
  add_host_branches(scope);
  for (const conf::Directive* section : scope.settings.all_here({"Location", "LocationMatch"})) {
    auto where = bind_where(*section, binding_.diagnostics());
    if (!where) continue;
    SectionOfPaths entry{.written = section, .where = *where, .is_outside = &scope != &host_};
    entry.rules = bind_section(section->children, *std::move(where), rewrites_, binding_);
    entry.rules.origin = binding_.origin_of(*section);
    if (entry.is_plain()) at_[entry.where.path].sections.push_back(sections_.size());
    sections_.push_back(std::move(entry));
  }
}

void TargetList::add_section_target(std::size_t index, const Scope& host) {
  SectionOfPaths& section = sections_[index];
  if (section.is_of_host) return;
  const conf::Word& argument = section.written->arguments.back();
  const Scope scope{
      .settings = conf::Settings(conf::Program::kProxy, section.written->children, &host.settings),
      .outer = &host,
      .is_location = true,
      .path = section.where.path};
  section.page = page_of(scope.settings);
  if (section.page != apache::OwnPage::kNone) return;
  const auto passes = scope.settings.all_here({"ProxyPass", "ProxyPassMatch", "JkMount"});
  if (passes.empty()) {
    std::optional<std::string_view> path;
    if (section.is_plain()) path = section.where.path;
    auto seeds = find_seeds(scope, path, balancers_, binding_.diagnostics());
    if (!seeds) return;
    if (seeds->is_plugin && !has_handler(scope.settings)) {
      binding_.diagnostics().warning(argument,
                                     "as in the plug-in, members alone proxy nothing; write "
                                     "SetHandler weblogic-handler or WLSRequest On");
      section.lacks_handler = true;
      if (!scope.settings.is_set("WLSRequest")) return;
      seeds->is_proxied = false;
    }
    add_own(argument, index, *std::move(seeds));
    return;
  }
  // Apache takes the section's words for a path, unless they look like a pattern.
  const conf::Directive& pass = *passes.back();
  const std::string& text = section.where.path;
  const bool is_mount = conf::equal_ignoring_case(pass.name.text, "JkMount");
  const bool is_match = conf::equal_ignoring_case(pass.name.text, "ProxyPassMatch") ||
                        (is_mount && section.where.kind == Kind::kExpression);
  const bool is_pattern = is_match || text.find_first_of("*?[") != std::string::npos;
  apache::Where paths{.kind = Kind::kPath, .path = text};
  if (is_pattern) {
    auto pattern = Pattern::compile(text);
    if (!pattern) {
      binding_.diagnostics().error(argument, "no regular expression: " + pattern.error().detail);
      return;
    }
    paths = {.kind = Kind::kExpression, .path = text, .expression = *std::move(pattern)};
  } else if (!text.starts_with('/')) {
    binding_.diagnostics().warning(
        pass.name,
        "nothing is proxied by this: ProxyPass takes the section's expression for a path, as in "
        "Apache; write ProxyPassMatch outside of all sections");
    return;
  }
  auto target = is_mount ? mounted(pass, std::move(paths)) : pass_target(pass, 0, std::move(paths));
  if (!target) return;
  target->section = index;
  target->rank = static_cast<std::uint32_t>(sections_.size() - index);
  add_target(*std::move(target));
}

void TargetList::add_own(const conf::Word& where, std::size_t index, Seeds seeds) {
  SectionOfPaths& section = sections_[index];
  section.names_members = true;
  Target target{.where = where,
                .paths = section.where,
                .seeds = std::move(seeds),
                .is_own = true,
                .section = index};
  if (section.where.kind == Kind::kGlob) {
    auto pattern = Pattern::compile(expression_of_glob(section.where.path));
    if (!pattern) {
      binding_.diagnostics().error(where, "no pattern: " + pattern.error().detail);
      return;
    }
    target.paths.kind = Kind::kExpression;
    target.paths.expression = *std::move(pattern);
  }
  if (section.is_plain()) {
    At& at = at_[section.where.path];
    // What a host says takes the place of what is said outside of it.
    const bool replaces = at.own && sections_[*targets_[*at.own].section].is_outside;
    if (at.own && (!replaces || section.is_outside)) {
      binding_.diagnostics().error(
          where, section.where.path + " is already given at " +
                     binding_.source.sources().location(targets_[*at.own].where.at));
      return;
    }
    at.own = targets_.size();
  }
  targets_.push_back(std::move(target));
}

void TargetList::add_lines(const Scope& scope) {
  for (const conf::Directive* line : scope.settings.all_here({"ProxyPass", "ProxyPassMatch"})) {
    add_line(*line);
  }
}

void TargetList::add_line(const conf::Directive& directive) {
  const conf::Word& word = directive.arguments.front();
  apache::Where paths{.kind = Kind::kPath, .path = word.text};
  if (conf::equal_ignoring_case(directive.name.text, "ProxyPassMatch")) {
    auto pattern = Pattern::compile(word.text);
    if (!pattern) {
      binding_.diagnostics().error(word, "no regular expression: " + pattern.error().detail);
      return;
    }
    paths = {.kind = Kind::kExpression, .path = word.text, .expression = *std::move(pattern)};
  } else if (!word.text.starts_with('/') || word.text.find("//") != std::string::npos ||
             word.text.find_first_of("?#") != std::string::npos) {
    binding_.diagnostics().error(word, "expected a path such as /shop, without '//', '..', '?'");
    return;
  }
  auto target = pass_target(directive, 1, std::move(paths));
  if (!target) return;
  target->rank = next_line_rank();
  add_target(*std::move(target));
}

std::uint32_t TargetList::next_line_rank() const {
  return kFirstLineRank + static_cast<std::uint32_t>(targets_.size());
}

void TargetList::add_target(Target target) {
  if (target.paths.kind == Kind::kPath) {
    At& at = at_[target.paths.path];
    if (target.section) {
      at.of_section = targets_.size();
    } else if (!at.line) {
      at.line = targets_.size();
    }
  }
  targets_.push_back(std::move(target));
}

std::optional<Target> TargetList::pass_target(const conf::Directive& directive, std::size_t url_at,
                                              apache::Where paths) {
  if (directive.arguments.size() <= url_at) {
    binding_.diagnostics().error(directive.name, "ProxyPass needs a path and a target here");
    return {};
  }
  Target target{.where = directive.arguments.front(), .paths = std::move(paths)};
  const conf::Word& word = directive.arguments[url_at];
  target.url = word.text;
  if (target.paths.kind == Kind::kPath) {
    auto seeds = seeds_of_proxy_pass(directive, url_at, target.paths.path, balancers_,
                                     binding_.diagnostics());
    if (!seeds) return {};
    target.seeds = *std::move(seeds);
    return target;
  }
  // The authority is fixed; what comes behind it may speak of the match.
  conf::Directive fixed = directive;
  const std::size_t scheme = word.text.find("://");
  if (word.text != "!" && scheme != std::string::npos) {
    const std::size_t end = std::min(word.text.find_first_of("/$", scheme + 3), word.text.size());
    target.path_template = word.text.substr(end);
    fixed.arguments[url_at].text = word.text.substr(0, end);
    const apache::Substitution path(target.path_template);
    if (path.has_groups() && path.highest_group() > target.paths.expression->group_count()) {
      binding_.diagnostics().error(
          word, "the regular expression has no group " + std::to_string(path.highest_group()));
      return {};
    }
  }
  auto seeds = seeds_of_proxy_pass(fixed, url_at, {}, balancers_, binding_.diagnostics());
  if (!seeds) return {};
  target.seeds = *std::move(seeds);
  return target;
}

void TargetList::warn_of_hidden() {
  for (const Target& target : targets_) {
    if (target.section || target.is_own || target.paths.kind != Kind::kPath) continue;
    const Target* first = of_path(target.paths.path);
    if (first == &target || first == nullptr || first->section || first->is_own) continue;
    binding_.diagnostics().warning(target.where,
                                   "this ProxyPass is never reached: the one at " +
                                       binding_.source.sources().location(first->where.at) +
                                       " comes first, and the first that matches decides");
  }
}

const Target* TargetList::of_path(std::string_view path) const {
  const Target* of_section = nullptr;
  const Target* own = nullptr;
  const Target* line = nullptr;
  for_each_prefix(path, [&](std::string_view prefix) {
    const auto found = at_.find(prefix);
    if (found == at_.end()) return;
    const At& at = found->second;
    const auto better = [this](const Target*& best, std::optional<std::size_t> index) {
      if (index && (best == nullptr || targets_[*index].rank < best->rank)) {
        best = &targets_[*index];
      }
    };
    better(of_section, at.of_section);
    better(line, at.line);
    if (at.own) own = &targets_[*at.own];
  });
  const Target* apaches = of_section != nullptr ? of_section : line;
  if (own == nullptr || apaches == nullptr) return own != nullptr ? own : apaches;
  return apaches->paths.path.size() > own->paths.path.size() ? apaches : own;
}

std::vector<std::size_t> TargetList::sections_of_path(std::string_view path) const {
  std::vector<std::size_t> found;
  for_each_prefix(path, [&](std::string_view prefix) {
    const auto at = at_.find(prefix);
    if (at == at_.end()) return;
    found.insert(found.end(), at->second.sections.begin(), at->second.sections.end());
  });
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<std::string> TargetList::paths() const {
  std::vector<std::string> all;
  for (const auto& [path, at] : at_) all.push_back(path);
  return all;
}

bool TargetList::has_patterns() const {
  return std::any_of(targets_.begin(), targets_.end(), [](const Target& target) {
    return !target.is_own && target.paths.kind == Kind::kExpression;
  });
}

}  // namespace understudy::config
