// SPDX-License-Identifier: Apache-2.0
// What Apache's rules say about all requests of a virtual host, before its locations do: which of
// the targets that are named by a regular expression a request goes to. Values of the immutable
// Config; any thread. Made by proxy/config, asked by proxy/exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "proxy/apache/environment_rules.h"
#include "proxy/apache/redirect.h"
#include "proxy/apache/rewrite.h"
#include "proxy/apache/substitution.h"

namespace understudy::apache {

// ProxyPassMatch, or ProxyPass in a section of a pattern.
struct PatternTarget {
  std::shared_ptr<const Pattern> pattern = {};
  // Of all targets of the host the one with the lowest rank that fits is the request's.
  std::uint32_t rank = 0;
  bool is_excluded = false;  // its target is "!"
  Substitution path = {};    // with groups: what the member is asked for; without: what stands
                             // before the request's own path
  // By the location that the request's path alone would have.
  std::vector<std::uint32_t> locations = {};
};

// <Directory> with rewriting, whose files no member serves.
struct DirectoryRules {
  std::string path = {};  // with a slash at its end
  Rewriting rewriting = {};
};

struct HostRules {
  std::vector<EnvironmentRule> early = {};  // SetEnvIf
  std::vector<EnvironmentRule> late = {};   // SetEnv
  // Its edits of header fields ask for variables, of every request.
  bool edits_ask = false;
  Rewriting rewriting = {};
  std::vector<Redirect> redirects = {};
  std::vector<DirectoryRules> directories = {};
  std::string document_root = {};
  // By RewriteRule::target, then by the location that the request's path alone would have.
  std::vector<std::vector<std::uint32_t>> rewritten = {};
  std::vector<PatternTarget> targets = {};  // by rank
  std::vector<std::uint32_t> ranks = {};    // of the targets of locations that paths choose

  bool is_silent() const {
    return targets.empty() && rewriting.empty() && redirects.empty() && directories.empty() &&
           rewritten.empty() && early.empty() && late.empty() && !edits_ask;
  }
};

// The location in place of `location`, which the path has chosen, and what the member is asked for;
// nothing when no pattern comes before that location's own target.
struct Chosen {
  std::uint32_t location = 0;
  std::string path = {};
};
std::optional<Chosen> choose_target(const HostRules& rules, std::uint32_t location,
                                    std::string_view path);

}  // namespace understudy::apache
