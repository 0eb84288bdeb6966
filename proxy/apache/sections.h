// SPDX-License-Identifier: Apache-2.0
// The sections of a configuration as Apache merges them for a request: <Proxy>, then <Location> and
// its relatives in the order written, those outside of all hosts first. proxy/config leaves out
// what cannot concern a location's requests, so that most of them always match. Values of the
// immutable Config; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/pattern.h"
#include "proxy/apache/access.h"
#include "proxy/apache/environment_rules.h"
#include "proxy/apache/passage.h"
#include "proxy/apache/redirect.h"
#include "proxy/apache/rewrite.h"
#include "proxy/http/field_edits.h"

namespace understudy::apache {

// Which paths a section is about.
struct Where {
  enum class Kind : std::uint8_t {
    kEverything,
    kPath,        // "/shop": itself and what is below it; "/shop/": only what is below
    kGlob,        // "/shop/*": a star stands for no slash, and nothing below is meant
    kExpression,  // <LocationMatch>, <Location ~>
  };
  Kind kind = Kind::kEverything;
  std::string path = {};
  std::shared_ptr<const Pattern> expression = {};

  // `path` is decoded.
  bool matches(std::string_view path) const;
};

// The same for a path with ";parameters", which some servers look at and others do not: a section
// that is about either form is about the request.
bool matches_either(const Where& where, std::string_view path);

struct Section {
  std::string origin = {};  // "<Location /x> of site.conf:12"; empty: what stands in no section
  Where where = {};
  Access access = {};
  http::FieldEdits request_edits = {};   // RequestHeader
  http::FieldEdits response_edits = {};  // Header
  std::optional<bool> rewrites = {};     // RewriteEngine
  // What a later section says takes its place.
  std::shared_ptr<const Rewriting> rewriting = {};
  std::vector<Redirect> redirects = {};
  std::vector<EnvironmentRule> early = {};  // SetEnvIf
  std::vector<EnvironmentRule> late = {};   // SetEnv
  // <If>, <ElseIf>, <Else>: behind all sections.
  struct Branch;
  std::vector<Branch> branches = {};

  bool is_silent() const;
  // Whether it says more than what to do with header fields, or not of every request.
  bool is_asked_for_each_request() const;
};

// Whether the directive or section of that name in conf's table is a rule: what stands in a
// Section.
bool is_rule(std::string_view name);

// What the proxy answers by itself: where a request is not proxied SetHandler balancer-manager and
// server-status, and a worker of mod_jk that shows the state; where it is, the plug-in's
// ?__WebLogicBridgeConfig (DebugConfigInfo).
enum class OwnPage : std::uint8_t { kNone, kBalancers, kStatus, kBridge };
inline constexpr std::string_view kBridgeQuery = "__WebLogicBridgeConfig";

struct Section::Branch {
  std::shared_ptr<const Expression> condition = {};  // null: <Else>
  bool begins = false;                               // <If>: a new row of branches
  std::shared_ptr<const Section> inside = {};
};

// What a location's requests have to pass.
struct Rules {
  std::vector<Section> sections = {};
  OwnPage page = OwnPage::kNone;
  std::string settings = {};  // of kBridge: a line for each
};

// What comes of the rules is noted in `passage`; `rewritten` is what the sections' own rewriting
// makes of a request that may pass.
Verdict pass(const Rules& rules, Request& request, Passage& passage, Rewritten& rewritten);

}  // namespace understudy::apache
