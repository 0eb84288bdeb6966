// SPDX-License-Identifier: Apache-2.0
// RewriteCond and RewriteRule (mod_rewrite), with RE2 for the patterns. A pure function from a
// request and a list of rules to what is to be done with it. Rules outside of locations come before
// ProxyPass; those in a <Location> when it is known where the request goes. Values of the immutable
// Config; any thread. Made by proxy/config, asked by proxy/exchange.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "proxy/apache/redirect.h"
#include "proxy/apache/rewrite_text.h"

namespace understudy::apache {

class Expression;

inline constexpr unsigned kRewriteRoundsMax = 100;  // [N]

struct RewriteCondition {
  enum class Kind : std::uint8_t {
    kPattern,
    kLess,  // as text
    kLessOrEqual,
    kEqual,
    kMoreOrEqual,
    kMore,
    kNumberEqual,  // -eq and its like
    kNumberUnequal,
    kNumberLess,
    kNumberLessOrEqual,
    kNumberMore,
    kNumberMoreOrEqual,
    kFile,       // -f: a regular file
    kDirectory,  // -d
    kNotEmpty,   // -s
    kLink,       // -h, -l, -L
    kExecutable,
    kExpression,
  };
  Kind kind = Kind::kPattern;
  bool is_negated = false;
  bool ignores_case = false;
  bool is_or = false;  // with the next one
  RewriteText subject = {};
  std::shared_ptr<const Pattern> pattern = {};
  std::string text = {};  // to compare with
  std::shared_ptr<const Expression> expression = {};
};

struct RewriteRule {
  std::vector<RewriteCondition> conditions = {};
  std::shared_ptr<const Pattern> pattern = {};
  bool is_negated = false;
  bool is_unchanged = false;  // "-"
  bool has_query = false;     // a '?' in the substitution
  RewriteText to = {};
  std::optional<unsigned> status = {};  // R, F and G
  bool is_proxied = false;              // P: `to` is what comes behind the authority
  std::uint32_t target = 0;             // of P: an index into HostRules::rewritten
  bool is_last = false;                 // L, and what implies it
  bool is_end = false;                  // END: nothing in a location either
  bool is_next_round = false;           // N
  unsigned rounds_max = kRewriteRoundsMax;
  bool is_chained = false;       // C
  unsigned skips = 0;            // S
  bool passes_through = false;   // PT
  bool appends_query = false;    // QSA
  bool discards_query = false;   // QSD
  bool keeps_unescaped = false;  // NE
  bool escapes_groups = false;   // B
  struct Variable {
    RewriteText name = {};
    RewriteText value = {};
    bool is_unset = false;
  };
  std::vector<Variable> variables = {};  // E
};

using Rewriting = std::vector<RewriteRule>;

struct Rewritten {
  enum class Kind : std::uint8_t {
    kUnchanged,
    kPath,     // a path that nothing maps any further: without PT ProxyPass does not see it
    kPassed,   // another path, for ProxyPass and its like
    kAnswer,   // `verdict`
    kProxied,  // to `target`, asked for `path`
  };
  Kind kind = Kind::kUnchanged;
  Verdict verdict = {};
  std::string path = {};                  // not encoded, unless it is said so
  bool is_encoded = false;                // NE
  std::optional<std::string> query = {};  // without '?'; nothing: the client's
  std::uint32_t target = 0;
  bool is_end = false;
};

// `path` is what the patterns see: the decoded path, without its beginning in a <Directory>.
Rewritten rewrite(const Rewriting& rules, std::string_view path, Request& request);

}  // namespace understudy::apache
