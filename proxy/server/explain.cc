// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "cookies/cookie_header.h"
#include "proxy/apache/password.h"
#include "proxy/exchange/forwarded_heads.h"
#include "proxy/exchange/mapped_path.h"
#include "proxy/exchange/routes.h"
#include "proxy/exchange/rule_walk.h"
#include "proxy/exchange/session_values.h"
#include "proxy/http/authority.h"
#include "proxy/http/http1/http1_parser.h"
#include "proxy/http/remote_client.h"
#include "proxy/routing/path_rewrite.h"
#include "proxy/server/member_report.h"
#include "proxy/server/snapshot.h"

namespace understudy {
namespace {

Error invalid(std::string detail) {
  return {.code = ErrorCode::kInvalid, .detail = std::move(detail)};
}

struct Url {
  bool is_tls = false;
  std::string_view authority;  // empty: none was named
  std::uint16_t port = 0;      // 0: none was named
  std::string_view target = "/";
};

Result<Url> take_apart(std::string_view text) {
  Url url;
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) {
    if (!text.starts_with('/')) {
      return invalid("expected http://host/path or /path, not '" + std::string(text) + "'");
    }
    url.target = text;
    return url;
  }
  const std::string_view name = text.substr(0, scheme);
  url.is_tls = name == "https";
  if (name != "http" && !url.is_tls) {
    return invalid("expected http:// or https://, not '" + std::string(name) + "://'");
  }
  text.remove_prefix(scheme + 3);
  const std::size_t slash = std::min(text.find('/'), text.size());
  url.authority = text.substr(0, slash);
  if (slash < text.size()) url.target = text.substr(slash);
  http::internal::Authority parts;
  if (http::internal::parse_authority(url.authority, parts) != http::Refusal::kNone) {
    return invalid("'" + std::string(url.authority) + "' is no host");
  }
  url.port = parts.port;
  if (url.port == 0) url.port = url.is_tls ? 443 : 80;
  return url;
}

class Explanation final {
 public:
  Explanation(const config::Config& config, const ExplainedRequest& asked)
      : config_(config), asked_(asked), scratch_(std::make_unique<HeadScratch>()) {}

  Result<std::string> run() {
    auto url = take_apart(asked_.url);
    if (!url) return std::move(url).error();
    if (auto parsed = parse(*url); !parsed) return std::move(parsed).error();
    auto from =
        Address::parse(asked_.from.find(':') == std::string::npos || asked_.from.starts_with('[')
                           ? asked_.from + ":0"
                           : "[" + asked_.from + "]:0");
    if (!from) return invalid("'" + asked_.from + "' is no address");
    peer_.address = *from;
    say("request", asked_.method + " " + std::string(head_.target) +
                       (head_.authority.empty() ? "" : " of " + std::string(head_.authority)) +
                       ", from " + asked_.from);
    listen(*url);
    map();
    return std::move(out_);
  }

 private:
  void say(std::string_view name, std::string_view text) {
    out_ += fmt::format("{:<10}{}\n", name, text);
  }
  static std::string at(const std::string& origin) {
    return origin.empty() ? std::string() : ", " + origin;
  }

  Result<void> parse(const Url& url) {
    text_ = asked_.method + " " + std::string(url.target) + " HTTP/1.1\r\nHost: " +
            std::string(url.authority.empty() ? "localhost" : url.authority) + "\r\n";
    if (!asked_.cookies.empty()) text_ += "Cookie: " + asked_.cookies + "\r\n";
    text_ += "\r\n";
    const http::HeadLimits limits;
    http::HeadProgress progress;
    const http::HeadResult result = http::parse_request_head(
        text_, {.limits = limits, .fields = scratch_->request_fields}, progress, head_);
    if (result.progress == http::Progress::kComplete) return {};
    return invalid("no such request is let in: " + std::string(to_text(result.refusal)));
  }

  // The Listen of the URL's port, as a client of that URL would come to it.
  void listen(const Url& url) {
    const auto& listens = config_.listens;
    auto found = std::find_if(listens.begin(), listens.end(), [&](const Address& listen) {
      return url.port == 0 || listen.port() == url.port;
    });
    const bool is_other = found == listens.end();
    if (is_other) found = listens.begin();
    peer_.local_port = found->port();
    site_ = make_site(config_, *found);
    is_tls_ = config_.hosts.all()[site_.hosts.front()].tls != nullptr;
    say("listen", found->to_string() +
                      (is_other ? ", the first: none has port " + std::to_string(url.port) : "") +
                      (is_tls_ ? ", TLS" : ""));
  }

  void map() {
    Site site{.mapping = site_.mapping};
    for (const std::size_t host : site_.hosts) site.hosts.push_back(&config_.hosts.all()[host]);
    const MappedPath mapped = map_path(site, head_, *scratch_);
    const config::VirtualHost& host = *site.hosts[mapped.match.host];
    say("host", (host.names.empty() ? "of no name" : host.names.front()) +
                    (host.origin.empty() ? ", outside of all sections" : at(host.origin)));
    if (!mapped.path) return refuse(status_of(mapped.path.refusal), to_text(mapped.path.refusal));
    find_client(host);
    routing::Mapping::Match match = mapped.match;
    const bool has_rules = host.rules || (match.location && host.locations[*match.location].rules);
    apache::Passage passage;
    if (has_rules && !follow(host, std::string(mapped.path.path), match, passage)) return;
    if (!match.location) {
      return refuse(host.unmapped_status, "no location is about this path");
    }
    const config::Location& location = host.locations[*match.location];
    if (!has_rules) say_location(location);
    if (!location.is_proxied) {
      return refuse(host.unmapped_status, "requests for this location are not passed on");
    }
    if (routing::is_excluded(location.excluded, mapped.path.path)) {
      return refuse(host.unmapped_status, "WLExcludePathOrMimeType excludes it");
    }
    const std::string_view target = member_target({.scratch = *scratch_,
                                                   .host = host,
                                                   .location = &location,
                                                   .peer = peer_,
                                                   .client = client_,
                                                   .passage = has_rules ? &passage : nullptr,
                                                   .is_tls = is_tls_},
                                                  head_, mapped.goes_as_is(location));
    say("forwarded", asked_.method + " " + std::string(target.empty() ? head_.target : target) +
                         (location.preserves_host ? ", with the client's Host"
                                                  : ", with the member's name in Host"));
    choose_member(config_.clusters[location.cluster]);
  }

  void find_client(const config::VirtualHost& host) {
    if (!host.trusted_hops) return;
    client_ =
        http::find_remote_client(*host.trusted_hops, head_.fields, IpAddress::of(peer_.address));
  }

  void say_location(const config::Location& location) {
    say("location", location.path + at(location.origin));
  }

  // False: the rules have answered.
  bool follow(const config::VirtualHost& host, const std::string& path,
              routing::Mapping::Match& match, apache::Passage& passage) {
    const RuledMatch ruled = walk_rules(
        {.head = head_, .host = host, .peer = peer_, .client = client_.address, .is_tls = is_tls_},
        *site_.mapping, path, match, scratch_->target, passage);
    match.location = ruled.location;
    if (!passage.uri.empty()) say("rewritten", passage.uri);
    if (ruled.location) {
      const config::Location& location = host.locations[*ruled.location];
      say_location(location);
      if (location.rules) say_sections(*location.rules, passage.decoded);
    }
    if (ruled.verdict.status != 0) {
      refuse(ruled.verdict.status, ruled.verdict.sentence, ruled.verdict.lines);
      return false;
    }
    if (ruled.page == apache::OwnPage::kNone) return true;
    say("answer", ruled.page == apache::OwnPage::kStatus ? "200, the proxy's status page"
                                                         : "200, the page about the members");
    return false;
  }

  void say_sections(const apache::Rules& rules, std::string_view path) {
    for (const apache::Section& section : rules.sections) {
      if (section.origin.empty() || !apache::matches_either(section.where, path)) continue;
      say("section", section.origin + (section.access.is_silent() ? "" : ", limits access"));
    }
  }

  void refuse(unsigned status, std::string_view why, std::string_view lines = {}) {
    std::string text = fmt::format("{}, {}", status, why);
    while (!lines.empty()) {
      const std::size_t end = std::min(lines.find("\r\n"), lines.size());
      text += fmt::format("\n{:<10}{}", "", lines.substr(0, end));
      lines.remove_prefix(std::min(end + 2, lines.size()));
    }
    say("answer", text);
  }

  void choose_member(const config::Cluster& cluster) {
    std::vector<Snapshot::HostName> names;
    const routing::Cluster members(make_cluster(cluster, names));
    std::string list;
    for (const config::MemberSeed& seed : cluster.seeds) {
      list += (list.empty() ? "" : ", ") + seed.address;
      if (!seed.route.empty()) list += " (route " + seed.route + ")";
      if (seed.is_standby) list += " (standby)";
    }
    say("cluster", cluster.label + ": " + list);
    const auto value = session_of(cluster);
    if (!value) {
      say("session", "none: a member is chosen by the method");
      return;
    }
    const CookieExplanation why = explain_cookie(members, *value, SystemClock().now());
    say("session", std::string(*value) + ": " +
                       (why.refusal != AffinityRefusal::kNone
                            ? "names no member, " + std::string(to_text(why.refusal))
                            : "by " + why.decision));
    if (!why.member.empty()) say("member", why.member);
    if (why.primary.mid && why.primary.name.empty()) {
      say("", "only the running proxy knows its members' ids: ask `understudy why`");
    }
  }

  std::optional<std::string_view> session_of(const config::Cluster& cluster) {
    if (!cluster.session_cookie.empty()) {
      if (const auto value = find_cookie(asked_.cookies, cluster.session_cookie)) return value;
    }
    if (cluster.session_parameter.empty()) return std::nullopt;
    if (cluster.session_in_query) {
      const auto value = find_query_parameter(head_.query, cluster.session_parameter);
      if (value) return value;
    }
    return find_path_parameter(head_.target, cluster.session_parameter, scratch_->session);
  }

  const config::Config& config_;
  const ExplainedRequest& asked_;
  const std::unique_ptr<HeadScratch> scratch_;
  std::string text_;  // of the request
  http::RequestHead head_;
  Client peer_;
  http::RemoteClient client_;
  Snapshot::Site site_;
  bool is_tls_ = false;
  std::string out_;
};

}  // namespace

Result<std::string> explain(const config::Config& config, const ExplainedRequest& asked) {
  return Explanation(config, asked).run();
}

}  // namespace understudy
