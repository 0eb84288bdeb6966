// SPDX-License-Identifier: Apache-2.0
// Which <Location> answers a request: the virtual host by name, then the longest prefix of whole
// path segments, with patterns before and behind them. It does not know what a location does;
// `location` is the index that the configuration gave. One mapping for each listening address.
// Immutable after construction, shared by all workers, any thread; choosing allocates nothing and
// costs the same with one rule and with 10,000 (patterns for host names are the exception: each is
// tried). Called by proxy/exchange.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/pattern.h"

namespace understudy::routing {

inline constexpr std::size_t kHostNameBytesMax = 255;

class Mapping final {
 public:
  // As in Apache "/app" answers /app and all below it, "/app/" only what is below.
  struct Rule {
    std::string path = "/";
    std::uint32_t location = 0;
  };
  // <LocationMatch>: tried in order, before the paths.
  struct Expression {
    std::shared_ptr<const Pattern> pattern = {};
    std::uint32_t location = 0;
  };
  // MatchExpression: tried in order where no path matches; `*` and `?` match any letters.
  struct Glob {
    std::string pattern = {};
    std::uint32_t location = 0;
  };
  // A name may hold `*` and `?` as ServerAlias does. Letter case, a trailing dot and a port make no
  // difference. A full name goes before a pattern; of two hosts with one name the first has it.
  struct Host {
    std::vector<std::string> names = {};
    std::vector<Rule> rules = {};
    std::vector<Expression> expressions = {};
    std::vector<Glob> globs = {};
  };
  struct Match {
    std::uint32_t host = 0;
    std::optional<std::uint32_t> location = {};  // nothing: no rule of the host matches
  };

  // The first host also answers for names that no host has. At least one host (CHECK); of two
  // rules with one path the first holds. Rules that are no absolute paths are a bug of the caller.
  explicit Mapping(const std::vector<Host>& hosts);

  // `authority` as in the Host line, empty if there is none; `path` from normalise_path.
  Match find(std::string_view authority, std::string_view path) const;

  std::uint32_t host(std::string_view authority) const;
  // Path parameters (";jsessionid=...") do not take part in the comparisons.
  std::optional<std::uint32_t> location(std::uint32_t host, std::string_view path) const;

 private:
  // A tree of path segments, all hosts in one table: (node, segment) -> node.
  struct Edge {
    std::uint32_t node;
    std::string_view segment;
    bool operator==(const Edge&) const = default;
  };
  struct EdgeHash {
    std::size_t operator()(const Edge& edge) const;
  };
  struct Node {
    std::optional<std::uint32_t> here_and_below;  // rule without a trailing slash
    std::optional<std::uint32_t> below;           // rule with one
  };

  // The patterns of a host that has any.
  struct Patterns {
    std::vector<Expression> expressions;
    std::vector<Glob> globs;
  };

  void add(std::uint32_t root, const Rule& rule);
  std::optional<std::uint32_t> longest(std::uint32_t host, std::string_view path) const;
  std::string_view keep(std::string text);

  // Constant after construction.
  std::vector<std::unique_ptr<const std::string>> texts_;  // what the keys below point into
  std::unordered_map<std::string_view, std::uint32_t> names_;
  std::vector<std::pair<std::string_view, std::uint32_t>> patterns_;  // tried in order
  std::unordered_map<Edge, std::uint32_t, EdgeHash> edges_;
  std::vector<Node> nodes_;                  // the first ones are the hosts' roots
  std::vector<Patterns> patterns_of_paths_;  // by host; empty: no host has any
};

// The host's name in an authority: without port, brackets kept, without one trailing dot. Empty
// when there is none. Letter case is untouched.
std::string_view host_of(std::string_view authority);

}  // namespace understudy::routing
