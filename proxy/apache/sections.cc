// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/sections.h"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace understudy::apache {

bool Where::matches(std::string_view text) const {
  switch (kind) {
    case Kind::kEverything:
      return true;
    case Kind::kPath:
      return text.starts_with(path) &&
             (path.ends_with('/') || text.size() == path.size() || text[path.size()] == '/');
    case Kind::kGlob:
      return ::fnmatch(path.c_str(), std::string(text).c_str(), FNM_PATHNAME) == 0;
    case Kind::kExpression:
      return expression->matches(text);
  }
  return false;
}

bool matches_either(const Where& where, std::string_view path) {
  if (where.matches(path)) return true;
  return path.find(';') != std::string_view::npos && where.matches(without_parameters(path));
}

bool Section::is_silent() const {
  return access.is_silent() && request_edits.empty() && response_edits.empty();
}

bool Section::is_asked_for_each_request() const {
  return where.kind != Where::Kind::kEverything || !access.is_silent();
}

bool is_rule(std::string_view name) {
  constexpr std::string_view kRules[] = {
      "Header",       "RequestHeader", "Require",      "RequireAll",   "RequireAny",
      "RequireNone",  "Limit",         "LimitExcept",  "AuthMerging",  "Order",
      "Allow",        "Deny",          "Satisfy",      "AuthType",     "AuthName",
      "AuthUserFile", "AuthGroupFile", "AuthBasicProvider"};
  return std::find(std::begin(kRules), std::end(kRules), name) != std::end(kRules);
}

Verdict pass(const Rules& rules, Request& request, Passage& passage) {
  std::vector<const Access*> accesses;
  for (const Section& section : rules.sections) {
    if (!matches_either(section.where, request.path)) continue;
    if (!section.access.is_silent()) accesses.push_back(&section.access);
    if (!section.request_edits.empty()) passage.request_edits.push_back(&section.request_edits);
    if (!section.response_edits.empty()) passage.response_edits.push_back(&section.response_edits);
  }
  Verdict verdict = decide_access(accesses, request);
  passage.user = request.user;
  return verdict;
}

}  // namespace understudy::apache
