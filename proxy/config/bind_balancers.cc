// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"
#include "proxy/config/parameters.h"

namespace understudy::config {

namespace {

constexpr std::string_view kBalancerScheme = "balancer://";

bool is_balancer_url(std::string_view text) {
  return conf::equal_ignoring_case(text.substr(0, kBalancerScheme.size()), kBalancerScheme);
}

struct Scheme {
  std::string_view text;
  MemberScheme member;
  std::optional<MemberProtocol> protocol = {};
};
// WebSockets begin as HTTP, so ws is http here.
constexpr Scheme kSchemes[] = {
    {"http://", MemberScheme::kHttp},
    {"https://", MemberScheme::kHttps},
    {"ws://", MemberScheme::kHttp},
    {"wss://", MemberScheme::kHttps},
    {"h2c://", MemberScheme::kHttp, MemberProtocol::kHttp2},
    {"h2://", MemberScheme::kHttps, MemberProtocol::kHttp2},
    {"ajp://", MemberScheme::kAjp, MemberProtocol::kAjp},
};

const Scheme* find_scheme(std::string_view text) {
  for (const Scheme& known : kSchemes) {
    if (conf::equal_ignoring_case(text.substr(0, known.text.size()), known.text)) return &known;
  }
  return nullptr;
}

// Of a member whose URL names none.
std::string_view default_port(MemberScheme scheme) {
  if (scheme == MemberScheme::kAjp) return ":8009";
  return scheme == MemberScheme::kHttps ? ":443" : ":80";
}

MemberScheme scheme_of(std::string_view text) {
  const Scheme* const scheme = find_scheme(text);
  return scheme == nullptr ? MemberScheme::kUnsaid : scheme->member;
}

// What to do in place of a scheme that is not spoken; empty when the text has none of these.
std::string_view other_way(std::string_view text) {
  struct Way {
    std::string_view scheme;
    std::string_view text;
  };
  constexpr Way kWays[] = {
      {"fcgi://", "FastCGI is not spoken; put an HTTP server in front of the program"},
      {"scgi://", "SCGI is not spoken; put an HTTP server in front of the program"},
      {"uwsgi://", "uwsgi is not spoken; let it listen with --http-socket, and write http://"},
      {"ftp://", "FTP is not spoken; name a web server"},
  };
  for (const Way& way : kWays) {
    if (conf::equal_ignoring_case(text.substr(0, way.scheme.size()), way.scheme)) return way.text;
  }
  return {};
}

// "unix:/path|http://name/", as Apache writes it; the name is of no use, for Host is the client's.
std::optional<MemberSeed> unix_member(const conf::Word& word, std::string_view text,
                                      conf::Diagnostics& diagnostics) {
  const std::size_t bar = text.find('|');
  const std::string_view rest = bar == std::string_view::npos ? "" : text.substr(bar + 1);
  const bool is_http = bar == std::string_view::npos || scheme_of(rest) == MemberScheme::kHttp;
  const auto parsed = Address::parse(text.substr(0, bar));
  if (is_http && parsed && parsed->host().starts_with('/')) {
    return MemberSeed{.address = parsed->to_string(), .route = {}, .scheme = MemberScheme::kHttp};
  }
  diagnostics.error(word, is_http
                              ? "expected unix:/PATH|http://NAME/ with a PATH of at most 107 bytes"
                              : "a member on a unix-domain socket is spoken to with http://");
  return std::nullopt;
}

// The address and the scheme of "host:port" or "http[s]://host[:port][/path]"; nothing after an
// error.
std::optional<MemberSeed> named_member(const conf::Word& word, std::string_view text,
                                       conf::Diagnostics& diagnostics) {
  if (text.starts_with("unix:")) return unix_member(word, text, diagnostics);
  MemberSeed member{.address = {}, .route = {}, .scheme = scheme_of(text)};
  const bool has_scheme = member.scheme != MemberScheme::kUnsaid;
  if (has_scheme) text.remove_prefix(text.find("://") + 3);
  const std::string_view authority = text.substr(0, text.find('/'));
  const std::size_t colon = authority.rfind(':');
  const bool has_port = colon != std::string_view::npos && !authority.substr(colon).ends_with(']');
  std::string address(authority);
  if (has_scheme && !has_port) address += default_port(member.scheme);
  const auto parsed = conf::parse_address(address);
  if (parsed && (has_scheme || authority.size() == text.size())) {
    member.address = conf::address_text(*parsed);
    return member;
  }
  const std::string_view way = other_way(word.text);
  diagnostics.error(word, way.empty() ? "expected a member such as 127.0.0.1:7001 or "
                                        "http://127.0.0.1:7001, not '" +
                                            word.text + "'"
                                      : std::string(way));
  return std::nullopt;
}

// What stands behind the host of a member's URL, and the protocol that its scheme says, which is
// one for all that speak HTTP. False after an error.
bool add_member_url(const conf::Word& word, std::string_view text, MemberSeed& member, Seeds& seeds,
                    conf::Diagnostics& diagnostics) {
  const Scheme* const scheme = find_scheme(text);
  if (scheme == nullptr) return true;
  if (scheme->protocol && scheme->member != MemberScheme::kAjp) {
    seeds.tuning.protocol = scheme->protocol;
  }
  text.remove_prefix(scheme->text.size());
  const std::string_view path = without_slash(text.substr(std::min(text.find('/'), text.size())));
  if (!path.empty() && !is_plain_path(path)) {
    diagnostics.error(word, "expected a member's path such as /shop, without '//', '..', '%', '?'");
    return false;
  }
  member.path = path;
  return true;
}

// The path that all members have; empty where they have none, or different ones.
std::string common_path(const Seeds& seeds) {
  if (seeds.members.empty()) return {};
  const std::string& first = seeds.members.front().path;
  const bool is_common = std::all_of(seeds.members.begin(), seeds.members.end(),
                                     [&first](const auto& member) { return member.path == first; });
  return is_common ? first : std::string();
}

std::optional<Seeds> seeds_of_balancer(const conf::Word& word, std::string_view name,
                                       const Balancers& balancers, conf::Diagnostics& diagnostics) {
  const auto found = balancers.find(std::string(name));
  if (found != balancers.end()) return found->second;
  std::vector<std::string_view> names;
  for (const auto& [known, seeds] : balancers) names.push_back(known);
  diagnostics.error(word, "there is no <Proxy \"balancer://" + std::string(name) + "\">",
                    std::string(conf::nearest(name, names)));
  return std::nullopt;
}

// What the members get in place of `path`; nothing where that is the same. False after an error.
bool bind_target_path(const conf::Word& word, std::optional<std::string_view> path,
                      std::string_view target, Seeds& seeds, conf::Diagnostics& diagnostics) {
  if (!path) {
    if (without_slash(target).empty()) return true;
    diagnostics.error(word, "a pattern has no path of its own to replace, so the target has none");
    return false;
  }
  const std::string common = common_path(seeds);
  for (MemberSeed& member : seeds.members) {
    if (!common.empty()) member.path.clear();
  }
  const std::string wanted = common + std::string(without_slash(target));
  // "balancer://name" without a slash is "balancer://name/" for what is nothing behind `path`.
  seeds.ends_in_slash = target.empty() && !common.empty();
  if (wanted == without_slash(*path) && !seeds.ends_in_slash) return true;
  if (!wanted.empty() && !is_plain_path(wanted)) {
    diagnostics.error(word, "expected a target path such as /shop, without '//', '..', '%', '?'");
    return false;
  }
  seeds.target_path = wanted;
  return true;
}

std::optional<Seeds> seeds_of_target(const conf::Word& word, std::optional<std::string_view> path,
                                     const Balancers& balancers, conf::Diagnostics& diagnostics) {
  const std::string_view text = word.text;
  if (text == "!") {
    Seeds nobody;
    nobody.is_proxied = false;
    return nobody;
  }
  const bool is_balancer = is_balancer_url(text);
  const bool is_unix = text.starts_with("unix:") && text.find("://") != std::string_view::npos;
  if (!is_balancer && !is_unix && scheme_of(text) == MemberScheme::kUnsaid) {
    const std::string_view way = other_way(text);
    diagnostics.error(
        word, way.empty()
                  ? "expected \"balancer://name/\" or http://host:port/, not '" + word.text + "'"
                  : std::string(way));
    return std::nullopt;
  }
  const std::size_t scheme_size = text.find("://") + 3;
  const std::size_t slash = std::min(text.find('/', scheme_size), text.size());
  if (is_balancer) {
    auto seeds = seeds_of_balancer(word, text.substr(scheme_size, slash - scheme_size), balancers,
                                   diagnostics);
    if (!seeds || !bind_target_path(word, path, text.substr(slash), *seeds, diagnostics)) return {};
    return seeds;
  }
  auto member = named_member(word, text.substr(0, slash), diagnostics);
  if (!member) return std::nullopt;
  Seeds seeds;
  seeds.label = member->address;
  seeds.members.push_back(*std::move(member));
  const Scheme* const scheme = find_scheme(text);
  if (scheme != nullptr && scheme->member != MemberScheme::kAjp) {
    seeds.tuning.protocol = scheme->protocol;
  }
  if (!bind_target_path(word, path, text.substr(slash), seeds, diagnostics)) return {};
  return seeds;
}

}  // namespace

bool all_speak_ajp(const Seeds& seeds) {
  return !seeds.members.empty() &&
         std::all_of(seeds.members.begin(), seeds.members.end(),
                     [](const auto& member) { return member.scheme == MemberScheme::kAjp; });
}

void add_member(const conf::Word& word, MemberSeed member, Seeds& seeds,
                conf::Diagnostics& diagnostics) {
  for (const MemberSeed& other : seeds.members) {
    if (other.address == member.address) {
      diagnostics.warning(word, member.address + " is named twice and counts once");
      return;
    }
    if (!member.route.empty() && other.route == member.route) {
      diagnostics.warning(word, "route " + member.route + " is already that of " + other.address +
                                    ", to which its sessions go, as in Apache");
    }
  }
  seeds.members.push_back(std::move(member));
}

void add_balancer_member(const conf::Directive& directive, std::size_t url, Seeds& seeds,
                         conf::Diagnostics& diagnostics) {
  if (directive.arguments.size() <= url) {
    diagnostics.error(directive.name, "BalancerMember needs the address of a member here");
    return;
  }
  const conf::Word& first = directive.arguments[url];
  auto named = named_member(first, first.text, diagnostics);
  bool is_right = named.has_value();
  MemberSeed member = std::move(named).value_or(MemberSeed());
  is_right = is_right && add_member_url(first, first.text, member, seeds, diagnostics);
  for (std::size_t i = url + 1; i < directive.arguments.size(); ++i) {
    is_right &= set_parameter(directive.arguments[i], &member, seeds, diagnostics);
  }
  if (is_right) add_member(first, std::move(member), seeds, diagnostics);
}

void add_balancer_members(const std::vector<const conf::Directive*>& directives, Seeds& seeds,
                          conf::Diagnostics& diagnostics) {
  for (const conf::Directive* directive : directives) {
    add_balancer_member(*directive, 0, seeds, diagnostics);
  }
}

namespace {

// The name in "balancer://name"; empty when there is none.
std::string name_of_balancer(std::string_view text) {
  if (!is_balancer_url(text)) return {};
  text.remove_prefix(kBalancerScheme.size());
  return std::string(text.substr(0, text.find('/')));
}

void add_balancer_section(const conf::Directive& section, const Scope& scope, Balancers& balancers,
                          conf::Diagnostics& diagnostics) {
  const conf::Word& word = section.arguments.front();
  const conf::Settings inner(conf::Program::kProxy, section.children, &scope.settings);
  const bool is_balancer = is_balancer_url(word.text);
  if (!is_balancer && !inner.all_here("ProxySet").empty()) {
    diagnostics.warning(word,
                        "settings of a single member stand behind its ProxyPass; those in "
                        "this section do nothing");
  }
  // Others name no balancer: what they say is about requests to such a URL (bind_targets.cc).
  if (!is_balancer && inner.all_here("BalancerMember").empty()) return;
  const std::string name = is_balancer ? name_of_balancer(word.text) : std::string();
  if (name.empty() || word.text.size() > kBalancerScheme.size() + name.size() + 1) {
    diagnostics.error(word, "expected a name such as \"balancer://shop\"");
    return;
  }
  // As in Apache a second section of this name goes on with the first.
  Seeds& seeds = balancers[name];
  seeds.label = name;
  for (const conf::Directive* directive : inner.all_here("BalancerMember")) {
    add_balancer_member(with_check_words(*directive, scope, diagnostics), 0, seeds, diagnostics);
  }
  for (const conf::Directive* directive : inner.all_here("ProxySet")) {
    for (const conf::Word& parameter : directive->arguments) {
      set_parameter(parameter, nullptr, seeds, diagnostics);
    }
  }
  if (!inner.all_here("LoadBalanceMethod").empty()) {
    seeds.method = method_of(inner.text("LoadBalanceMethod"));
  }
}

// `BalancerMember balancer://name URL ...` and `ProxySet balancer://name ...` outside of sections.
void add_to_balancer(const conf::Directive& directive, const Scope& scope, bool is_member,
                     Balancers& balancers, conf::Diagnostics& diagnostics) {
  const conf::Word& first = directive.arguments.front();
  const std::string name = name_of_balancer(first.text);
  if (name.empty()) {
    diagnostics.error(first, directive.name.text +
                                 " outside of <Proxy> begins with balancer://name, not '" +
                                 first.text + "'");
    return;
  }
  Seeds& seeds = balancers[name];
  seeds.label = name;
  if (is_member) {
    return add_balancer_member(with_check_words(directive, scope, diagnostics), 1, seeds,
                               diagnostics);
  }
  for (std::size_t i = 1; i < directive.arguments.size(); ++i) {
    set_parameter(directive.arguments[i], nullptr, seeds, diagnostics);
  }
}

void add_parameters_of(const conf::Directive& pass, std::size_t target, Balancers& balancers,
                       conf::Diagnostics& diagnostics) {
  if (pass.arguments.size() <= target) return;
  const auto found = balancers.find(name_of_balancer(pass.arguments[target].text));
  if (found == balancers.end()) return;
  for (std::size_t i = target + 1; i < pass.arguments.size(); ++i) {
    set_parameter(pass.arguments[i], nullptr, found->second, diagnostics);
  }
}

}  // namespace

void add_balancers(const Scope& scope, Balancers& balancers, conf::Diagnostics& diagnostics) {
  for (const conf::Directive* section : scope.settings.all_here("Proxy")) {
    add_balancer_section(*section, scope, balancers, diagnostics);
  }
  for (const conf::Directive* directive : scope.settings.all_here("BalancerMember")) {
    add_to_balancer(*directive, scope, true, balancers, diagnostics);
  }
  for (const conf::Directive* directive : scope.settings.all_here("ProxySet")) {
    add_to_balancer(*directive, scope, false, balancers, diagnostics);
  }
}

void add_pass_parameters(const conf::Settings& settings, Balancers& balancers,
                         conf::Diagnostics& diagnostics) {
  for (const conf::Directive* pass : settings.all_here({"ProxyPass", "ProxyPassMatch"})) {
    add_parameters_of(*pass, 1, balancers, diagnostics);
  }
  for (const std::string_view section : {"Location", "LocationMatch"}) {
    for (const conf::Directive* location : settings.all_here(section)) {
      const conf::Settings inner(conf::Program::kProxy, location->children, &settings);
      for (const conf::Directive* pass : inner.all_here({"ProxyPass", "ProxyPassMatch"})) {
        add_parameters_of(*pass, 0, balancers, diagnostics);
      }
    }
  }
}

std::optional<Seeds> seeds_of_proxy_pass(const conf::Directive& directive, std::size_t target,
                                         std::optional<std::string_view> path,
                                         const Balancers& balancers,
                                         conf::Diagnostics& diagnostics) {
  if (directive.arguments.size() <= target) {
    diagnostics.error(directive.name, "ProxyPass needs a path and a target here");
    return std::nullopt;
  }
  const conf::Word& word = directive.arguments[target];
  auto seeds = seeds_of_target(word, path, balancers, diagnostics);
  if (!seeds) return std::nullopt;
  seeds->is_apache = true;
  if (!is_balancer_url(word.text)) {
    for (std::size_t i = target + 1; i < directive.arguments.size(); ++i) {
      MemberSeed* const member = seeds->members.empty() ? nullptr : &seeds->members.front();
      if (!set_parameter(directive.arguments[i], member, *seeds, diagnostics)) return std::nullopt;
    }
  }
  if (!seeds->members.empty() || !seeds->is_proxied) return seeds;
  diagnostics.error(word, "this balancer has no members");
  return std::nullopt;
}

}  // namespace understudy::config
