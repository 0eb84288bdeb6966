// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

constexpr std::string_view kBalancerScheme = "balancer://";
constexpr std::string_view kHttpScheme = "http://";
constexpr std::string_view kHttpsScheme = "https://";
constexpr std::uint32_t kLoadFactorMax = 100;

KeyValue split_key_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {.key = text, .value = {}};
  return {.key = text.substr(0, equals), .value = text.substr(equals + 1)};
}

MemberScheme scheme_of(std::string_view text) {
  if (text.starts_with(kHttpScheme)) return MemberScheme::kHttp;
  return text.starts_with(kHttpsScheme) ? MemberScheme::kHttps : MemberScheme::kUnsaid;
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

// The address and the scheme of "host:port" or "http[s]://host[:port][/]"; nothing after an error.
std::optional<MemberSeed> named_member(const conf::Word& word, std::string_view text,
                                       conf::Diagnostics& diagnostics) {
  if (text.starts_with("unix:")) return unix_member(word, text, diagnostics);
  MemberSeed member{.address = {}, .route = {}, .scheme = scheme_of(text)};
  const bool has_scheme = member.scheme != MemberScheme::kUnsaid;
  if (has_scheme) text = without_slash(text.substr(text.find("://") + 3));
  const std::size_t colon = text.rfind(':');
  const bool has_port = colon != std::string_view::npos && !text.substr(colon).ends_with(']');
  std::string address(text);
  if (has_scheme && !has_port) address += member.scheme == MemberScheme::kHttps ? ":443" : ":80";
  const auto parsed = conf::parse_address(address);
  if (parsed) {
    member.address = conf::address_text(*parsed);
    return member;
  }
  diagnostics.error(
      word,
      "expected a member such as 127.0.0.1:7001 or http://127.0.0.1:7001, not '" + word.text + "'");
  return std::nullopt;
}

// Apache's letters; later ones undo earlier ones. D (and S) is disabled, N draining, H a standby.
bool set_status(std::string_view text, MemberSeed& member) {
  bool on = true;
  for (const char c : text) {
    switch (c | 0x20) {  // in lower case; the signs have this bit anyway
      case '+':
        on = true;
        break;
      case '-':
        on = false;
        break;
      case 'd':
      case 's':
        member.operator_state = on ? OperatorState::kDisabled : OperatorState::kReady;
        break;
      case 'n':
        member.operator_state = on ? OperatorState::kDraining : OperatorState::kReady;
        break;
      case 'h':
        member.is_standby = on;
        break;
      default:
        return false;
    }
  }
  return !text.empty();
}

bool set_member_parameter(const conf::Word& word, MemberSeed& member,
                          conf::Diagnostics& diagnostics) {
  const KeyValue parameter = split_key_value(word.text);
  if (conf::equal_ignoring_case(parameter.key, "route") && !parameter.value.empty()) {
    if (parameter.value.size() > kRouteBytesMax) {
      diagnostics.error(word, "a route has at most " + std::to_string(kRouteBytesMax) + " bytes");
      return false;
    }
    member.route = parameter.value;
    return true;
  }
  if (conf::equal_ignoring_case(parameter.key, "loadfactor")) {
    const auto factor = conf::parse_integer(parameter.value);
    if (factor && *factor >= 1 && *factor <= kLoadFactorMax) {
      member.load_factor = static_cast<std::uint32_t>(*factor);
      return true;
    }
    diagnostics.error(word, "loadfactor is a number from 1 to 100");
    return false;
  }
  if (conf::equal_ignoring_case(parameter.key, "status")) {
    if (set_status(parameter.value, member)) return true;
    diagnostics.error(word,
                      "status has the letters D (disabled), N (draining) and H (standby), "
                      "with + or - before them");
    return false;
  }
  if (const auto is_check = set_check_parameter(word, member, diagnostics)) return *is_check;
  constexpr std::string_view kKnown[] = {"route",      "loadfactor", "status",  "ping", "hcmethod",
                                         "hcinterval", "hcpasses",   "hcfails", "hcuri"};
  diagnostics.error(word, "BalancerMember has no parameter '" + word.text + "'",
                    std::string(conf::nearest(parameter.key, kKnown)));
  return false;
}

// stickysession=COOKIE or COOKIE|pathparameter, of ProxyPass and ProxySet.
bool set_balancer_parameter(const conf::Word& word, Seeds& seeds, conf::Diagnostics& diagnostics) {
  const KeyValue parameter = split_key_value(word.text);
  const std::string_view cookie = parameter.value.substr(0, parameter.value.find('|'));
  if (conf::equal_ignoring_case(parameter.key, "stickysession") && !cookie.empty()) {
    seeds.session_cookie = cookie;
    if (cookie.size() < parameter.value.size()) {
      seeds.session_parameter = parameter.value.substr(cookie.size() + 1);
    }
    return true;
  }
  const bool is_method = conf::equal_ignoring_case(parameter.key, "lbmethod");
  if (is_method && conf::equal_ignoring_case(parameter.value, "byrequests")) {
    seeds.method = Method::kRoundRobin;
    return true;
  }
  if (is_method && conf::equal_ignoring_case(parameter.value, "bybusyness")) {
    seeds.method = Method::kLeastBusy;
    return true;
  }
  diagnostics.error(word,
                    "a balancer has the parameters stickysession=NAME and lbmethod=byrequests or "
                    "lbmethod=bybusyness, not '" +
                        word.text + "'");
  return false;
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
  const std::string_view wanted = without_slash(target);
  if (!path) {
    if (wanted.empty()) return true;
    diagnostics.error(word, "a pattern has no path of its own to replace, so the target has none");
    return false;
  }
  if (wanted == without_slash(*path)) return true;
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
  const bool is_balancer = text.starts_with(kBalancerScheme);
  const bool is_unix = text.starts_with("unix:") && text.find("://") != std::string_view::npos;
  if (!is_balancer && !is_unix && scheme_of(text) == MemberScheme::kUnsaid) {
    diagnostics.error(
        word, "expected \"balancer://name/\" or http://host:port/, not '" + word.text + "'");
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
  if (!bind_target_path(word, path, text.substr(slash), seeds, diagnostics)) return {};
  return seeds;
}

}  // namespace

void add_member(const conf::Word& word, MemberSeed member, Seeds& seeds,
                conf::Diagnostics& diagnostics) {
  for (const MemberSeed& other : seeds.members) {
    if (other.address == member.address) {
      diagnostics.warning(word, member.address + " is named twice and counts once");
      return;
    }
    if (!member.route.empty() && other.route == member.route) {
      diagnostics.error(word, "route " + member.route + " is already that of " + other.address);
      return;
    }
  }
  seeds.members.push_back(std::move(member));
}

void add_balancer_members(const std::vector<const conf::Directive*>& directives, Seeds& seeds,
                          conf::Diagnostics& diagnostics) {
  for (const conf::Directive* directive : directives) {
    const conf::Word& first = directive->arguments.front();
    auto named = named_member(first, first.text, diagnostics);
    bool is_right = named.has_value();
    MemberSeed member = std::move(named).value_or(MemberSeed());
    for (std::size_t i = 1; i < directive->arguments.size(); ++i) {
      is_right &= set_member_parameter(directive->arguments[i], member, diagnostics);
    }
    if (!is_right) continue;
    add_member(first, std::move(member), seeds, diagnostics);
  }
}

void add_balancers(const conf::Settings& settings, Balancers& balancers,
                   conf::Diagnostics& diagnostics) {
  for (const conf::Directive* section : settings.all_here("Proxy")) {
    const conf::Word& word = section->arguments.front();
    const std::string_view text = word.text;
    // Others name no balancer: what they say is about requests to such a URL (bind_targets.cc).
    if (!text.starts_with(kBalancerScheme)) continue;
    const std::string name(text.starts_with(kBalancerScheme)
                               ? without_slash(text.substr(kBalancerScheme.size()))
                               : std::string_view());
    if (name.empty() || name.find('/') != std::string::npos) {
      diagnostics.error(word, "expected a name such as \"balancer://shop\"");
      continue;
    }
    const conf::Settings inner(conf::Program::kProxy, section->children, &settings);
    Seeds seeds;
    seeds.label = name;
    add_balancer_members(inner.all_here("BalancerMember"), seeds, diagnostics);
    for (const conf::Directive* directive : inner.all_here("ProxySet")) {
      for (const conf::Word& parameter : directive->arguments) {
        set_balancer_parameter(parameter, seeds, diagnostics);
      }
    }
    if (!inner.all_here("LoadBalanceMethod").empty()) {
      seeds.method = method_of(inner.text("LoadBalanceMethod"));
    }
    if (!balancers.emplace(name, std::move(seeds)).second) {
      diagnostics.error(word, "balancer://" + name + " is already there");
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
  auto seeds = seeds_of_target(directive.arguments[target], path, balancers, diagnostics);
  if (!seeds) return std::nullopt;
  for (std::size_t i = target + 1; i < directive.arguments.size(); ++i) {
    if (!set_balancer_parameter(directive.arguments[i], *seeds, diagnostics)) return std::nullopt;
  }
  if (!seeds->members.empty() || !seeds->is_proxied) return seeds;
  diagnostics.error(directive.arguments[target], "this balancer has no members");
  return std::nullopt;
}

}  // namespace understudy::config
