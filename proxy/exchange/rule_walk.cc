// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/rule_walk.h"

#include <string>
#include <utility>

#include "base/clock.h"
#include "proxy/routing/request_path.h"

namespace understudy {
namespace {

using apache::Rewritten;
using apache::Verdict;

std::string_view protocol_of(const http::RequestHead& head) {
  const std::string_view line = head.bytes.substr(0, head.bytes.find('\r'));
  if (line.ends_with("HTTP/2.0")) return "HTTP/2.0";
  return head.version == http::Version::kHttp10 ? "HTTP/1.0" : "HTTP/1.1";
}

class Walk final {
 public:
  Walk(const AskedFor& asked, const routing::Mapping& mapping, std::string_view path,
       const routing::Mapping::Match& match, std::span<char> scratch, apache::Passage& passage)
      : asked_(asked),
        mapping_(mapping),
        scratch_(scratch),
        passage_(passage),
        match_(match),
        path_(apache::decoded(path)) {}

  RuledMatch run() {
    constexpr int kRoundsMax = 10;  // as Apache's LimitInternalRecursion
    passage_.decoded = path_;
    for (int round = 0; follow_once(); ++round) {
      if (round == kRoundsMax) {
        return answer({.status = 500, .sentence = "The rules of this site lead in a circle."});
      }
      passage_.decoded = path_;
      passage_.request_edits.clear();
      passage_.response_edits.clear();
    }
    if (out_.verdict.status != 0) return std::move(out_);
    passage_.decoded = path_;
    if (!is_mapped_ && !target_) {
      return answer({.status = 404, .sentence = "Nothing is configured for this address."});
    }
    const http::Method method = asked_.head.method;
    const bool is_read = method == http::Method::kGet || method == http::Method::kHead;
    if (out_.location && is_read && location().rules) out_.page = page_of(*location().rules);
    return std::move(out_);
  }

 private:
  const config::Location& location() const { return asked_.host.locations[*out_.location]; }

  apache::OwnPage page_of(const apache::Rules& rules) const {
    if (rules.page != apache::OwnPage::kBridge) return rules.page;
    const std::string_view query = asked_.head.query;
    const bool is_asked = !query.empty() && query.substr(1).starts_with(apache::kBridgeQuery);
    return is_asked ? apache::OwnPage::kBridge : apache::OwnPage::kNone;
  }

  RuledMatch answer(Verdict verdict) {
    out_.verdict = std::move(verdict);
    return std::move(out_);
  }

  // Whether it leads to another path.
  bool obey(Rewritten& rewritten) {
    using Kind = Rewritten::Kind;
    if (rewritten.query) passage_.query = std::move(rewritten.query);
    if (rewritten.kind == Kind::kUnchanged) return false;
    if (rewritten.kind == Kind::kAnswer) {
      out_.verdict = std::move(rewritten.verdict);
      return false;
    }
    std::string path =
        rewritten.is_encoded ? std::move(rewritten.path) : apache::encoded(rewritten.path);
    if (rewritten.kind == Kind::kProxied) {
      target_ = rewritten.target;
      passage_.path = std::move(path);
      return false;
    }
    if (!path.starts_with('/')) path.insert(0, "/");
    const auto normal = routing::normalise_path(path, scratch_);
    if (!normal) {
      out_.verdict = {.status = 400,
                      .sentence = "The rules of this site lead to a path that cannot be."};
      return false;
    }
    passage_.uri = normal.path;
    path_ = apache::decoded(normal.path);
    is_mapped_ = rewritten.kind == Kind::kPassed;
    if (is_mapped_) match_.location = mapping_.location(match_.host, normal.path);
    return true;
  }

  // The location that the path has chosen, or a pattern or a rule with [P] in its place.
  void choose(const apache::HostRules& rules) {
    if (target_) {
      out_.location = rules.rewritten[*target_][*out_.location];
    } else if (is_mapped_ && !rules.targets.empty()) {
      if (auto chosen = apache::choose_target(rules, *out_.location, path_)) {
        out_.location = chosen->location;
        passage_.path = apache::encoded(chosen->path);
      }
    }
  }

  // One pass over the rules; true: they have led to another path, and it begins anew.
  bool follow_once() {
    const apache::HostRules* const rules = asked_.host.rules.get();
    apache::Request request = request_of(asked_, passage_);
    if (rules != nullptr) {
      request.document_root = rules->document_root;
      apache::set_variables(rules->early, request);
      Rewritten rewritten = apache::rewrite(rules->rewriting, path_, request);
      if (obey(rewritten)) {
        request.path = path_;
        if (passage_.query) request.query = *passage_.query;
      }
      if (out_.verdict.status != 0) return false;
    }
    out_.location = match_.location;
    if (rules != nullptr && out_.location) choose(*rules);
    const bool is_proxied = out_.location && is_mapped_ && location().is_proxied;
    if (rules != nullptr && !is_proxied && is_mapped_) {
      out_.verdict = apache::redirect(rules->redirects, request);
      if (out_.verdict.status != 0) return false;
    }
    Rewritten rewritten;
    if (out_.location && location().rules) {
      out_.verdict = apache::pass(*location().rules, request, passage_, rewritten);
      if (out_.verdict.status != 0) return false;
    }
    if (rules != nullptr) {
      apache::set_variables(rules->late, request);
      const bool has_files = !is_proxied && !rules->directories.empty();
      if (has_files && rewritten.kind == Rewritten::Kind::kUnchanged) {
        rewritten = rewrite_file(*rules, request);
      }
    }
    // Inside of a section a path is one for the whole server, which begins with it anew.
    if (rewritten.kind == Rewritten::Kind::kPath) rewritten.kind = Rewritten::Kind::kPassed;
    const std::string before = path_;
    if (obey(rewritten)) return path_ != before;
    if (out_.verdict.status != 0 || rewritten.kind != Rewritten::Kind::kProxied) return false;
    out_.location = rules->rewritten[*target_][*match_.location];
    is_mapped_ = true;
    return false;
  }

  Rewritten rewrite_file(const apache::HostRules& rules, apache::Request& request) const {
    const std::string file = rules.document_root + path_;
    const apache::DirectoryRules& last = rules.directories.back();
    request.filename = file;
    return apache::rewrite(last.rewriting, std::string_view(file).substr(last.path.size()),
                           request);
  }

  const AskedFor& asked_;
  const routing::Mapping& mapping_;
  const std::span<char> scratch_;
  apache::Passage& passage_;
  routing::Mapping::Match match_;        // of the path so far
  std::string path_;                     // decoded
  std::optional<std::uint32_t> target_;  // of a rule with [P]
  bool is_mapped_ = true;                // ProxyPass and its like see the path
  RuledMatch out_;
};

}  // namespace

apache::Request request_of(const AskedFor& asked, apache::Passage& passage) {
  const http::RequestHead& head = asked.head;
  const std::string_view own_query = head.query.substr(head.query.empty() ? 0 : 1);
  apache::Request request{.method = head.method_text,
                          .target = head.target,
                          .path = passage.decoded,
                          .query = passage.query ? std::string_view(*passage.query) : own_query,
                          .authority = head.authority,
                          .protocol = protocol_of(head),
                          .fields = &head.fields,
                          .peer = IpAddress::of(asked.peer.address),
                          .peer_port = asked.peer.address.port(),
                          .local_port = asked.peer.local_port,
                          .is_tls = asked.is_tls,
                          .tls = asked.peer.tls,
                          .now_us = wall_clock_us(),
                          .environment = &passage.environment,
                          .logins = asked.logins};
  request.user = passage.user;
  if (!asked.host.names.empty()) request.local_name = asked.host.names.front();
  if (asked.peer.local != nullptr) request.local = IpAddress::of(*asked.peer.local);
  request.client = asked.client.is_set() ? asked.client : request.peer;
  return request;
}

RuledMatch walk_rules(const AskedFor& asked, const routing::Mapping& mapping, std::string_view path,
                      const routing::Mapping::Match& match, std::span<char> scratch,
                      apache::Passage& passage) {
  return Walk(asked, mapping, path, match, scratch, passage).run();
}

}  // namespace understudy
