// SPDX-License-Identifier: Apache-2.0
#include "proxy/apache/sections.h"

#include <fnmatch.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/apache/expression.h"

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
  return access.is_silent() && request_edits.empty() && response_edits.empty() &&
         redirects.empty() && !rewriting && early.empty() && late.empty() && branches.empty();
}

bool Section::is_asked_for_each_request() const {
  const auto asks = [](const http::FieldEdit& edit) { return edit.asks_rules(); };
  return where.kind != Where::Kind::kEverything || !access.is_silent() || !redirects.empty() ||
         rewriting || !early.empty() || !late.empty() || !branches.empty() ||
         std::any_of(request_edits.begin(), request_edits.end(), asks) ||
         std::any_of(response_edits.begin(), response_edits.end(), asks);
}

bool is_rule(std::string_view name) {
  constexpr std::string_view kRules[] = {"Header",
                                         "RequestHeader",
                                         "Require",
                                         "RequireAll",
                                         "RequireAny",
                                         "RequireNone",
                                         "Limit",
                                         "LimitExcept",
                                         "AuthMerging",
                                         "Order",
                                         "Allow",
                                         "Deny",
                                         "Satisfy",
                                         "AuthType",
                                         "AuthName",
                                         "AuthUserFile",
                                         "AuthGroupFile",
                                         "AuthBasicProvider",
                                         "Redirect",
                                         "RedirectMatch",
                                         "RedirectPermanent",
                                         "RedirectTemp",
                                         "RewriteEngine",
                                         "RewriteOptions",
                                         "RewriteBase",
                                         "RewriteCond",
                                         "RewriteRule",
                                         "SetEnv",
                                         "UnsetEnv",
                                         "SetEnvIf",
                                         "SetEnvIfNoCase",
                                         "SetEnvIfExpr",
                                         "BrowserMatch",
                                         "BrowserMatchNoCase",
                                         "If",
                                         "ElseIf",
                                         "Else"};
  return std::find(std::begin(kRules), std::end(kRules), name) != std::end(kRules);
}

namespace {

// What the sections of one request say together.
class Merge final {
 public:
  Merge(Request& request, Passage& passage) : request_(request), passage_(passage) {}

  void add(const Section& section) {
    sections_.push_back(&section);
    set_variables(section.early, request_);
    if (!section.access.is_silent()) accesses_.push_back(&section.access);
    if (!section.request_edits.empty()) passage_.request_edits.push_back(&section.request_edits);
    if (!section.response_edits.empty()) passage_.response_edits.push_back(&section.response_edits);
    rewrites_ = section.rewrites.value_or(rewrites_);
    if (section.rewriting) rewriting_ = section.rewriting.get();
  }

  // Of the sections so far; those inside may have branches themselves.
  void add_branches() {
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      bool is_taken = false;
      for (const Section::Branch& branch : sections_[i]->branches) {
        if (branch.begins) is_taken = false;
        if (is_taken || (branch.condition && !branch.condition->holds(request_))) continue;
        is_taken = true;
        add(*branch.inside);
      }
    }
  }

  Verdict decide(Rewritten& rewritten) {
    Verdict verdict = decide_access(accesses_, request_);
    passage_.user = request_.user;
    if (verdict.status != 0) return verdict;
    for (const Section* section : sections_) set_variables(section->late, request_);
    if (rewrites_ && rewriting_ != nullptr) {
      rewritten = rewrite(*rewriting_, request_.path, request_);
    }
    if (rewritten.kind == Rewritten::Kind::kAnswer) return rewritten.verdict;
    if (rewritten.kind != Rewritten::Kind::kUnchanged) return {};
    for (auto section = sections_.rbegin(); section != sections_.rend(); ++section) {
      verdict = redirect((*section)->redirects, request_);
      if (verdict.status != 0) break;
    }
    return verdict;
  }

 private:
  Request& request_;
  Passage& passage_;
  std::vector<const Section*> sections_;
  std::vector<const Access*> accesses_;
  bool rewrites_ = false;
  const Rewriting* rewriting_ = nullptr;
};

}  // namespace

Verdict pass(const Rules& rules, Request& request, Passage& passage, Rewritten& rewritten) {
  Merge merge(request, passage);
  for (const Section& section : rules.sections) {
    if (matches_either(section.where, request.path)) merge.add(section);
  }
  merge.add_branches();
  return merge.decide(rewritten);
}

}  // namespace understudy::apache
