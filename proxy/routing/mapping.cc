// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/mapping.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/check.h"
#include "base/glob.h"
#include "proxy/routing/path_rewrite.h"

namespace understudy::routing {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

std::string lower_copy(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

// Cuts the first segment off a path that stands behind a slash.
struct Segment {
  std::string_view name;  // without parameters
  bool is_last;
};
Segment take_segment(std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  const std::string_view whole = rest.substr(0, slash);
  const bool is_last = slash == std::string_view::npos;
  rest.remove_prefix(is_last ? rest.size() : slash + 1);
  return {whole.substr(0, whole.find(';')), is_last};
}

}  // namespace

std::string_view host_of(std::string_view authority) {
  std::size_t end = authority.size();
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close != std::string_view::npos) end = close + 1;
  } else {
    end = std::min(end, authority.find(':'));
  }
  std::string_view host = authority.substr(0, end);
  if (host.ends_with('.')) host.remove_suffix(1);
  return host;
}

std::size_t Mapping::EdgeHash::operator()(const Edge& edge) const {
  constexpr std::size_t kOdd = 0x9E3779B97F4A7C15;
  return std::hash<std::string_view>()(edge.segment) ^ (edge.node + 1) * kOdd;
}

Mapping::Mapping(const std::vector<Host>& hosts) {
  CHECK(!hosts.empty());
  nodes_.resize(hosts.size());
  for (std::uint32_t host = 0; host < hosts.size(); ++host) {
    for (const std::string& name : hosts[host].names) {
      const std::string_view kept = keep(lower_copy(host_of(name)));
      if (has_wildcard(kept)) {
        patterns_.emplace_back(kept, host);
      } else {
        names_.try_emplace(kept, host);
      }
    }
    for (const Rule& rule : hosts[host].rules) add(host, rule);
    if (hosts[host].expressions.empty() && hosts[host].globs.empty()) continue;
    patterns_of_paths_.resize(hosts.size());
    patterns_of_paths_[host] = {hosts[host].expressions, hosts[host].globs};
  }
}

std::string_view Mapping::keep(std::string text) {
  texts_.push_back(std::make_unique<const std::string>(std::move(text)));
  return *texts_.back();
}

void Mapping::add(std::uint32_t root, const Rule& rule) {
  CHECK(rule.path.starts_with('/'), "a rule is an absolute path");
  std::string_view rest = keep(rule.path);
  rest.remove_prefix(1);
  std::uint32_t node = root;
  bool is_last = rest.empty();
  while (!rest.empty()) {
    const Segment segment = take_segment(rest);
    const auto next = static_cast<std::uint32_t>(nodes_.size());
    const auto [edge, is_new] = edges_.try_emplace(Edge{node, segment.name}, next);
    if (is_new) nodes_.emplace_back();
    node = edge->second;
    is_last = segment.is_last;
  }
  // "/" answers everything: there is no path without its slash.
  const bool here = is_last && node != root;
  auto& place = here ? nodes_[node].here_and_below : nodes_[node].below;
  if (!place) place = rule.location;
}

std::uint32_t Mapping::host(std::string_view authority) const {
  if (names_.empty() && patterns_.empty()) return 0;
  const std::string_view name = host_of(authority);
  if (name.empty() || name.size() > kHostNameBytesMax) return 0;
  std::array<char, kHostNameBytesMax> bytes;
  for (std::size_t i = 0; i < name.size(); ++i) bytes[i] = lower(name[i]);
  const std::string_view key(bytes.data(), name.size());
  if (const auto found = names_.find(key); found != names_.end()) return found->second;
  for (const auto& [pattern, host] : patterns_) {
    if (matches_glob(pattern, key)) return host;
  }
  return 0;
}

std::optional<std::uint32_t> Mapping::location(std::uint32_t host, std::string_view path) const {
  DCHECK(host < nodes_.size());
  if (!path.starts_with('/')) return {};
  if (patterns_of_paths_.empty()) return longest(host, path);
  const Patterns& patterns = patterns_of_paths_[host];
  std::string kept;
  const std::string_view plain = without_parameters(path, kept);
  for (const Expression& expression : patterns.expressions) {
    if (expression.pattern->matches(plain)) return expression.location;
  }
  if (const auto found = longest(host, path)) return found;
  for (const Glob& glob : patterns.globs) {
    if (matches_glob(glob.pattern, plain)) return glob.location;
  }
  return {};
}

std::optional<std::uint32_t> Mapping::longest(std::uint32_t host, std::string_view path) const {
  std::uint32_t node = host;
  std::optional<std::uint32_t> best = nodes_[node].below;
  if (edges_.empty()) return best;
  std::string_view rest = path.substr(1);
  while (!rest.empty()) {
    const Segment segment = take_segment(rest);
    const auto edge = edges_.find(Edge{node, segment.name});
    if (edge == edges_.end()) break;
    node = edge->second;
    const Node& here = nodes_[node];
    if (here.here_and_below) best = here.here_and_below;
    if (here.below && !segment.is_last) best = here.below;
  }
  return best;
}

Mapping::Match Mapping::find(std::string_view authority, std::string_view path) const {
  const std::uint32_t at = host(authority);
  return {.host = at, .location = location(at, path)};
}

}  // namespace understudy::routing
