// SPDX-License-Identifier: Apache-2.0
// JkMount, JkUnMount and JkMountFile as targets beside those of ProxyPass. mod_jk's order: the
// longest pattern, unless what it names is excluded from its worker.
#include <algorithm>
#include <utility>

#include "proxy/config/jk_workers.h"
#include "proxy/config/targets.h"

namespace understudy::config {

namespace {

using Kind = apache::Where::Kind;

struct Mount {
  conf::Word where;
  std::string pattern;
  conf::Word worker;
  bool is_excluded = false;
  bool has_itself = false;  // "/app/*", and "/app" too
};

// "/app|/*" is "/app" and "/app/*".
void add_mount(const conf::Word& path, const conf::Word& worker, bool is_excluded,
               std::vector<Mount>& mounts) {
  const std::size_t bar = path.text.find('|');
  const std::string first = path.text.substr(0, bar);
  mounts.push_back({path, first, worker, is_excluded});
  if (bar == std::string::npos) return;
  mounts.push_back({path, first + path.text.substr(bar + 1), worker, is_excluded});
}

// Lines of "[!|-]/path=worker[;extension]". An extension is mod_jk's finer tuning of one rule.
void add_mount_file(const conf::Word& word, std::vector<Mount>& mounts, Binding& binding) {
  const auto file = read_jk_file(word, binding);
  if (!file) return;
  std::vector<JkProperty> lines;
  add_jk_properties(file->text, file->begin, lines);
  for (JkProperty& line : lines) {
    const std::size_t end = line.value.text.find(';');
    if (end != std::string::npos) {
      binding.diagnostics().warning(line.value, "what stands behind ';' does nothing here");
      line.value.text.resize(end);
    }
    std::string& path = line.name.text;
    if (path.starts_with('-')) continue;  // switched off
    const bool is_excluded = path.starts_with('!');
    if (is_excluded) path.erase(0, 1);
    add_mount(line.name, line.value, is_excluded, mounts);
  }
}

void add_mounts_of(const conf::Settings& settings, std::vector<Mount>& mounts, Binding& binding) {
  for (const conf::Directive* directive : settings.all_here({"JkMount", "JkUnMount"})) {
    if (directive->arguments.size() != 2) {
      binding.diagnostics().error(directive->name,
                                  directive->name.text + " takes a path and a worker here");
      continue;
    }
    const bool is_excluded = conf::equal_ignoring_case(directive->name.text, "JkUnMount");
    add_mount(directive->arguments[0], directive->arguments[1], is_excluded, mounts);
  }
  for (const conf::Directive* directive : settings.all_here("JkMountFile")) {
    add_mount_file(directive->arguments.front(), mounts, binding);
  }
}

bool is_copied(const Scope& host) {
  if (host.outer == nullptr) return false;
  const std::string own = host.settings.text("JkMountCopy");
  if (conf::equal_ignoring_case(own, "All")) return true;
  return !host.settings.all_here("JkMountCopy").empty() && conf::equal_ignoring_case(own, "On");
}

struct Option {
  std::string_view name;
  std::string_view note = {};  // what is said where it does nothing and might be missed
  void (*set)(bool is_on, Seeds& seeds) = nullptr;
};

constexpr Option kOptions[] = {
    {"ForwardKeySize"},
    {"ForwardURICompat"},
    {"ForwardURIEscaped"},
    {"ForwardURIProxy"},
    {"ForwardURICompatUnparsed", {}, [](bool is_on, Seeds& seeds) { seeds.is_raw = is_on; }},
    {"ForwardDirectories"},
    {"ForwardLocalAddress", "members are told the client's address"},
    {"ForwardPhysicalAddress", "members are told the client's address"},
    {"ForwardSSLCertChain", "members get the client's own certificate only"},
    {"FlushPackets"},
    {"FlushHeader"},
    {"DisableReuse", {}, [](bool is_on, Seeds& seeds) { seeds.tuning.reuse = !is_on; }},
    {"RejectUnsafeURI"},
    {"CollapseSlashesAll"},
    {"CollapseSlashesUnmount"},
    {"CollapseSlashesNone"},
};

void add_options(const conf::Settings& settings, Seeds& seeds, conf::Diagnostics& diagnostics) {
  for (const conf::Directive* directive : settings.all_here("JkOptions")) {
    for (const conf::Word& word : directive->arguments) {
      std::string_view name = word.text;
      const bool is_on = !name.starts_with('-');
      if (name.starts_with('-') || name.starts_with('+')) name.remove_prefix(1);
      const auto* const option = std::find_if(
          std::begin(kOptions), std::end(kOptions),
          [name](const Option& each) { return conf::equal_ignoring_case(each.name, name); });
      if (option == std::end(kOptions)) {
        diagnostics.error(word, "JkOptions has no '" + std::string(name) + "'");
      } else if (option->set != nullptr) {
        option->set(is_on, seeds);
      } else if (is_on && !option->note.empty()) {
        diagnostics.warning(
            word, std::string(option->name) + " does nothing here: " + std::string(option->note));
      }
    }
  }
}

// A star stands for anything, slashes too.
apache::Where where_of(const Mount& mount) {
  std::string_view pattern = mount.pattern;
  const std::size_t wild = pattern.find_first_of("*?");
  if (wild + 1 == pattern.size() && pattern.ends_with("/*")) {
    pattern.remove_suffix(mount.has_itself ? 2 : 1);
    return {.kind = Kind::kPath, .path = std::string(pattern)};
  }
  std::string text = "^";
  for (const char c : pattern) {
    if (c == '*') {
      text += ".*";
    } else if (c == '?') {
      text += ".";
    } else {
      if (std::string_view("\\.+^$(){}|[]").find(c) != std::string_view::npos) text += '\\';
      text += c;
    }
  }
  text += "(?:;.*)?$";  // a session in the path does not count
  auto expression = Pattern::compile(text);
  if (!expression) return {};
  return {.kind = Kind::kExpression, .path = text, .expression = *std::move(expression)};
}

// "/app" and "/app/*" of one worker are what a plain path is.
void join_pairs(std::vector<Mount>& mounts) {
  for (Mount& exact : mounts) {
    if (exact.pattern.find_first_of("*?") != std::string::npos || exact.pattern.ends_with('/')) {
      continue;
    }
    const auto below = std::find_if(mounts.begin(), mounts.end(), [&exact](const Mount& other) {
      return other.pattern == exact.pattern + "/*" && other.worker.text == exact.worker.text &&
             other.is_excluded == exact.is_excluded;
    });
    if (below == mounts.end()) continue;
    below->has_itself = true;
    exact.pattern.clear();
  }
}

bool is_every_worker(const Mount& exclusion) {
  return exclusion.worker.text == "*";
}

// Whether some path can be one of both; where that is not easy to see, it can.
bool may_meet(const Mount& exclusion, const Mount& mount) {
  const auto suffix = [](const std::string& pattern) {
    const std::size_t wild = pattern.find_last_of("*?");
    return wild == std::string::npos ? std::string() : pattern.substr(wild + 1);
  };
  const auto prefix = [](const std::string& pattern) {
    return pattern.substr(0, pattern.find_first_of("*?"));
  };
  const std::string a = suffix(exclusion.pattern);
  const std::string b = suffix(mount.pattern);
  const std::string c = prefix(exclusion.pattern);
  const std::string d = prefix(mount.pattern);
  return (a.ends_with(b) || b.ends_with(a)) && (c.starts_with(d) || d.starts_with(c));
}

// The longest mount decides, and then what is excluded from its worker; `*` is every worker. So
// what is excluded from one stands before the last of its mounts that it meets, behind longer ones
// of others.
std::vector<Mount> with_exclusions(const std::vector<Mount>& all) {
  std::vector<Mount> out;
  for (const Mount& mount : all) {
    if (mount.is_excluded && is_every_worker(mount)) out.push_back(mount);
  }
  for (const Mount& mount : all) {
    if (mount.is_excluded) continue;
    for (const Mount& exclusion : all) {
      const bool is_its = exclusion.is_excluded && !is_every_worker(exclusion) &&
                          exclusion.worker.text == mount.worker.text;
      if (is_its && may_meet(exclusion, mount)) out.push_back(exclusion);
    }
    out.push_back(mount);
  }
  return out;
}

}  // namespace

void TargetList::add_mounts(const Scope& host) {
  std::vector<Mount> mounts;
  if (is_copied(host)) add_mounts_of(host.outer->settings, mounts, binding_);
  add_mounts_of(host.settings, mounts, binding_);
  if (host.outer == nullptr || is_copied(host)) {
    for (const JkWorkers::Mount& each : binding_.jk->mounts()) {
      add_mount(each.path, each.worker, false, mounts);
    }
  }
  std::stable_sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) {
    return a.pattern.size() > b.pattern.size();
  });
  join_pairs(mounts);
  std::erase_if(mounts, [](const Mount& mount) { return mount.pattern.empty(); });
  mounts = with_exclusions(mounts);
  for (const Mount& mount : mounts) {
    if (!mount.pattern.starts_with('/') || mount.pattern.find("//") != std::string::npos) {
      binding_.diagnostics().error(
          mount.where, "expected a path such as /shop/*, not '" + mount.where.text + "'");
      continue;
    }
    Target target{.where = mount.where, .paths = where_of(mount)};
    if (mount.is_excluded) {
      target.seeds.is_proxied = false;
    } else {
      auto seeds = binding_.jk->find(mount.worker, binding_.diagnostics());
      if (!seeds) continue;
      if (host.outer != nullptr) add_options(host.outer->settings, *seeds, binding_.diagnostics());
      add_options(host.settings, *seeds, binding_.diagnostics());
      target.seeds = *std::move(seeds);
      if (target.seeds.shows_state) target.page = apache::OwnPage::kBalancers;
    }
    target.rank = next_line_rank();
    add_target(std::move(target));
  }
}

// JkMount in a section names the worker alone.
std::optional<Target> TargetList::mounted(const conf::Directive& directive, apache::Where paths) {
  auto seeds = binding_.jk->find(directive.arguments.back(), binding_.diagnostics());
  if (!seeds) return std::nullopt;
  Target target{
      .where = directive.arguments.back(), .paths = std::move(paths), .seeds = *std::move(seeds)};
  if (target.seeds.shows_state) target.page = apache::OwnPage::kBalancers;
  return target;
}

}  // namespace understudy::config
