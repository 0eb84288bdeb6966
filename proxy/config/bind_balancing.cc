// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>

#include "conf/suggestion.h"
#include "conf/values.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kCountMax = 1000;
constexpr milliseconds kTimeMin{10};
constexpr milliseconds kTimeMax = std::chrono::hours(1);

KeyValue key_value(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return {.key = text, .value = {}};
  return {.key = text.substr(0, equals), .value = text.substr(equals + 1)};
}

bool set_time(std::string_view text, milliseconds& time) {
  const auto parsed = conf::parse_duration(text, conf::TimeUnit::kSeconds);
  if (!parsed || *parsed < kTimeMin || *parsed > kTimeMax) return false;
  time = *parsed;
  return true;
}

bool set_count(std::string_view text, unsigned& count) {
  const auto parsed = conf::parse_integer(text);
  if (!parsed || *parsed < 1 || *parsed > kCountMax) return false;
  count = static_cast<unsigned>(*parsed);
  return true;
}

bool is_printable(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7F;
  });
}

bool set_path(std::string_view text, HealthCheck& check) {
  if (!text.starts_with('/') || !is_printable(text)) return false;
  check.path = text;
  return true;
}

bool set_method(std::string_view text, HealthCheck& check) {
  for (const std::string_view method : {"GET", "HEAD", "OPTIONS"}) {
    if (!conf::equal_ignoring_case(text, method)) continue;
    check.method = method;
    return true;
  }
  return false;
}

// "200" or "200-399".
bool set_status(std::string_view text, HealthCheck& check) {
  const std::size_t dash = std::min(text.find('-'), text.size());
  const auto low = conf::parse_integer(text.substr(0, dash));
  const auto high = dash == text.size() ? low : conf::parse_integer(text.substr(dash + 1));
  if (!low || !high || *low < 200 || *high > 599 || *low > *high) return false;
  check.status_min = static_cast<unsigned>(*low);
  check.status_max = static_cast<unsigned>(*high);
  return true;
}

struct Parameter {
  std::string_view key;
  std::string_view form;
  bool (*set)(std::string_view value, HealthCheck& check);
};

constexpr Parameter kOfDirective[] = {
    {"path", "path=/PATH", set_path},
    {"method", "method=GET, HEAD or OPTIONS", set_method},
    {"status", "status=200 or status=200-399", set_status},
    {"body", "body=TEXT",
     [](std::string_view text, HealthCheck& check) {
       check.body = text;
       return !text.empty();
     }},
    {"host", "host=NAME",
     [](std::string_view text, HealthCheck& check) {
       check.host = text;
       return is_printable(text);
     }},
    {"interval", "interval=TIME from 10ms to 1h",
     [](std::string_view text, HealthCheck& check) { return set_time(text, check.interval); }},
    {"timeout", "timeout=TIME from 10ms to 1h",
     [](std::string_view text, HealthCheck& check) { return set_time(text, check.timeout); }},
    {"fall", "fall=NUMBER from 1 to 1000",
     [](std::string_view text, HealthCheck& check) { return set_count(text, check.fall); }},
    {"rise", "rise=NUMBER from 1 to 1000",
     [](std::string_view text, HealthCheck& check) { return set_count(text, check.rise); }},
};

// Apache's, of mod_proxy_hcheck. ping= is the time in which a member has to answer.
constexpr Parameter kOfMember[] = {
    {"hcmethod", "hcmethod=NONE, TCP, CPING, GET, HEAD or OPTIONS",
     [](std::string_view text, HealthCheck& check) {
       if (conf::equal_ignoring_case(text, "NONE")) check.kind = HealthCheck::Kind::kOff;
       if (conf::equal_ignoring_case(text, "NONE")) return true;
       // To members that speak AJP the question of the former is CPing.
       const bool is_tcp =
           conf::equal_ignoring_case(text, "TCP") || conf::equal_ignoring_case(text, "CPING");
       check.kind = is_tcp ? HealthCheck::Kind::kTcp : HealthCheck::Kind::kHttp;
       return is_tcp || set_method(text, check);
     }},
    {"hcuri", "hcuri=/PATH", set_path},
    {"hcexpr", "hcexpr= with the name of a ProxyHCExpr",
     [](std::string_view text, HealthCheck& check) {
       auto rules = check_rules(text);
       if (rules) check.rules = *std::move(rules);
       return rules.has_value();
     }},
    {"hcinterval", "hcinterval=TIME from 10ms to 1h",
     [](std::string_view text, HealthCheck& check) { return set_time(text, check.interval); }},
    {"hcpasses", "hcpasses=NUMBER from 1 to 1000",
     [](std::string_view text, HealthCheck& check) { return set_count(text, check.rise); }},
    {"hcfails", "hcfails=NUMBER from 1 to 1000",
     [](std::string_view text, HealthCheck& check) { return set_count(text, check.fall); }},
    {"ping", "ping=TIME from 10ms to 1h",
     [](std::string_view text, HealthCheck& check) {
       if (!check.is_on()) check.kind = HealthCheck::Kind::kTcp;
       return set_time(text, check.timeout);
     }},
};

HealthCheck bind_check(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  HealthCheck check;
  const auto words = settings.words("HealthCheck");
  const conf::Word& kind = words.front();
  if (conf::equal_ignoring_case(kind.text, "tcp")) {
    check.kind = HealthCheck::Kind::kTcp;
  } else if (conf::equal_ignoring_case(kind.text, "http")) {
    check.kind = HealthCheck::Kind::kHttp;
  } else if (!conf::equal_ignoring_case(kind.text, "off")) {
    diagnostics.error(kind, "HealthCheck begins with off, tcp or http, not '" + kind.text + "'");
    return check;
  }
  for (std::size_t i = 1; i < words.size(); ++i) {
    const KeyValue given = key_value(words[i].text);
    const Parameter* known = nullptr;
    std::vector<std::string_view> keys;
    for (const Parameter& parameter : kOfDirective) {
      keys.push_back(parameter.key);
      if (conf::equal_ignoring_case(given.key, parameter.key)) known = &parameter;
    }
    if (known == nullptr) {
      diagnostics.error(words[i], "HealthCheck has no parameter '" + words[i].text + "'",
                        std::string(conf::nearest(given.key, keys)));
    } else if (!known->set(given.value, check)) {
      diagnostics.error(words[i], "expected " + std::string(known->form));
    }
  }
  if (check.timeout > check.interval) check.timeout = check.interval;
  return check;
}

}  // namespace

std::optional<bool> set_check_parameter(const conf::Word& word, MemberSeed& member,
                                        conf::Diagnostics& diagnostics) {
  const KeyValue given = key_value(word.text);
  for (const Parameter& parameter : kOfMember) {
    if (!conf::equal_ignoring_case(given.key, parameter.key)) continue;
    if (!member.check) member.check.emplace();
    if (parameter.set(given.value, *member.check)) return true;
    diagnostics.error(word, "expected " + std::string(parameter.form));
    return false;
  }
  return std::nullopt;
}

MethodName method_of(std::string_view text) {
  if (text == "leastbusy") return MethodName::kLeastBusy;
  return text == "randomtwo" ? MethodName::kRandomTwo : MethodName::kRoundRobin;
}

Balancing bind_balancing(const Seeds& seeds, const conf::Settings& settings,
                         conf::Diagnostics& diagnostics) {
  Balancing out;
  out.method = method_of(settings.text("LoadBalanceMethod"));
  if (seeds.method && !settings.is_set("LoadBalanceMethod")) out.method = *seeds.method;
  out.slow_start = settings.duration("SlowStart");
  out.ejection.failures = static_cast<unsigned>(settings.integer("EjectAfterFailures"));
  out.ejection.time = settings.duration("EjectTime");
  out.ejection.longest = std::max(settings.duration("MaxEjectTime"), out.ejection.time);
  out.ejection.percent_max = static_cast<unsigned>(settings.integer("MaxEjectedPercent"));
  out.check = bind_check(settings, diagnostics);
  return out;
}

}  // namespace understudy::config
