// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "conf/suggestion.h"
#include "conf/values.h"
#include "cookies/affinity.h"

namespace understudy::config {

namespace {

using std::chrono::milliseconds;

constexpr double kLoadFactorMax = 100;

// What a parameter sets.
struct Place {
  const conf::Word& word;
  std::string_view value;
  MemberSeed* member;  // null: a balancer's
  Seeds& seeds;
  conf::Diagnostics& diagnostics;

  Tuning& tuning() const { return seeds.tuning; }
};

bool set_time(const Place& place, std::optional<milliseconds>& time) {
  const auto parsed = conf::parse_duration(place.value, conf::TimeUnit::kSeconds);
  if (!parsed) return false;
  if (time && *time != *parsed && place.member != nullptr) {
    place.diagnostics.warning(place.word,
                              "the members of one cluster share this time; the first, " +
                                  conf::duration_text(*time) + ", counts");
    return true;
  }
  time = *parsed;
  return true;
}

bool set_flag(const Place& place, std::optional<bool>& flag) {
  const auto parsed = conf::parse_flag(place.value);
  if (parsed) flag = *parsed;
  return parsed.has_value();
}

// Apache's letters; later ones undo earlier ones. D (and S) is disabled, N draining, H a standby
// and so is R, the spare; I (errors do not count) and E (begins in error) say nothing here.
bool set_status(const Place& place) {
  MemberSeed& member = *place.member;
  bool on = true;
  for (const char c : place.value) {
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
      case 'r':
        member.is_standby = on;
        break;
      case 'i':
      case 'e':
        break;
      default:
        return false;
    }
  }
  return !place.value.empty();
}

// It comes back as a part of a cookie's value (RFC 6265 4.1.1).
bool set_route(const Place& place) {
  if (place.value.empty()) return false;
  const std::string value = "id." + std::string(place.value);
  if (place.value.size() > kRouteBytesMax) {
    place.diagnostics.error(place.word,
                            "a route has at most " + std::to_string(kRouteBytesMax) + " bytes");
  } else if (!decode_route(value)) {
    place.diagnostics.error(place.word,
                            "route=" + std::string(place.value) +
                                ": no cookie can hold it; letters, digits, '.', '-' and '_' are "
                                "good, blanks, quotes, ',', ';' and '\\' are not");
  }
  place.member->route = place.value;
  return true;
}

// Whole numbers here: 1.5 and 2.5 are 2 and 3.
bool set_load_factor(const Place& place) {
  double factor = 0;
  const char* const end = place.value.data() + place.value.size();
  const auto [rest, failure] = std::from_chars(place.value.data(), end, factor);
  const bool is_right =
      failure == std::errc() && rest == end && factor > 0 && factor <= kLoadFactorMax;
  if (is_right) place.member->load_factor = static_cast<std::uint32_t>(std::ceil(factor));
  return is_right;
}

bool set_lbset(const Place& place) {
  const auto number = conf::parse_integer(place.value);
  if (!number || *number < 0 || *number > 99) return false;
  if (place.member != nullptr) place.member->set = static_cast<std::uint8_t>(*number);
  return true;
}

bool set_sticky(const Place& place) {
  const std::string_view cookie = place.value.substr(0, place.value.find('|'));
  if (cookie.empty()) return false;
  place.seeds.session_cookie = cookie;
  place.seeds.session_parameter = cookie.size() < place.value.size()
                                      ? place.value.substr(cookie.size() + 1)
                                      : std::string_view();
  return true;
}

bool set_method(const Place& place) {
  if (conf::equal_ignoring_case(place.value, "byrequests")) {
    place.seeds.method = MethodName::kRoundRobin;
  } else if (conf::equal_ignoring_case(place.value, "bybusyness")) {
    place.seeds.method = MethodName::kLeastBusy;
  } else if (conf::equal_ignoring_case(place.value, "bytraffic") ||
             conf::equal_ignoring_case(place.value, "heartbeat")) {
    place.seeds.method = MethodName::kRoundRobin;
    place.diagnostics.warning(place.word,
                              "bytes and heartbeats are not counted here; this is done "
                              "as lbmethod=byrequests");
  } else {
    return false;
  }
  return true;
}

bool set_secret(const Place& place) {
  place.member->secret = place.value;
  return !place.value.empty();
}

// With AJP a question before each request; of others it is how long a check may take.
bool set_ping(const Place& place) {
  if (place.member->scheme == MemberScheme::kAjp) return set_time(place, place.tuning().ping);
  return set_check_parameter(place.word, *place.member, place.diagnostics).value_or(false);
}

bool set_packet_bytes(const Place& place) {
  const auto bytes = conf::parse_integer(place.value);
  if (!bytes || *bytes < 0 || *bytes > 65536) return false;
  place.tuning().packet_bytes = static_cast<std::size_t>(*bytes);
  return true;
}

// A sign in front is mod_jk's: the member is left alone or not, but another is asked.
bool set_failing_statuses(const Place& place) {
  std::string_view rest = place.value;
  if (rest.empty()) return false;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    std::string_view text = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (text.starts_with('-')) text.remove_prefix(1);
    const auto status = conf::parse_integer(text);
    if (!status || *status < 400 || *status > 599) return false;
    place.tuning().failing_statuses.push_back(static_cast<std::uint16_t>(*status));
  }
  return true;
}

bool accept(const Place&) {
  return true;
}

enum class Of : std::uint8_t { kMember, kBalancer, kBoth };

struct Parameter {
  std::string_view key;
  Of of;
  std::string_view form;  // what is expected
  bool (*set)(const Place& place);
  // What is said when it does nothing here but might be missed; empty: nothing is missed.
  std::string_view instead = {};
};

constexpr std::string_view kTime = "a time such as 5 or 500ms";

constexpr Parameter kParameters[] = {
    {"route", Of::kMember, "a name", set_route},
    {"redirect", Of::kMember, "a route",
     [](const Place& place) {
       place.member->redirect = place.value;
       return !place.value.empty() && place.value.size() <= kRouteBytesMax;
     }},
    {"loadfactor", Of::kMember, "a number from 1 to 100", set_load_factor},
    {"status", Of::kMember,
     "the letters D (disabled), N (draining) and H or R (standby), with + or - before them",
     set_status},
    {"lbset", Of::kBoth, "a number from 0 to 99", set_lbset},
    {"retry", Of::kMember, kTime,
     [](const Place& place) { return set_time(place, place.tuning().retry); }},
    {"timeout", Of::kBoth, kTime,
     [](const Place& place) {
       Tuning& tuning = place.tuning();
       return set_time(place, place.member != nullptr ? tuning.timeout : tuning.queue_timeout);
     }},
    {"connectiontimeout", Of::kMember, kTime,
     [](const Place& place) { return set_time(place, place.tuning().connect_timeout); }},
    {"ttl", Of::kMember, kTime,
     [](const Place& place) { return set_time(place, place.tuning().ttl); }},
    {"ping", Of::kMember, kTime, set_ping},
    {"secret", Of::kMember, "a text", set_secret},
    {"iobuffersize", Of::kMember, "a number of bytes up to 65536", set_packet_bytes},
    {"disablereuse", Of::kMember, "On or Off",
     [](const Place& place) {
       std::optional<bool> is_disabled;
       if (!set_flag(place, is_disabled)) return false;
       place.tuning().reuse = !*is_disabled;
       return true;
     }},
    {"enablereuse", Of::kMember, "On or Off",
     [](const Place& place) { return set_flag(place, place.tuning().reuse); }},
    {"stickysession", Of::kBalancer, "COOKIE, or COOKIE|PARAMETER", set_sticky},
    {"nofailover", Of::kBalancer, "On or Off",
     [](const Place& place) { return set_flag(place, place.tuning().nofailover); }},
    {"lbmethod", Of::kBalancer, "byrequests, bybusyness, bytraffic or heartbeat", set_method},
    {"scolonpathdelim", Of::kBalancer, "On or Off",
     [](const Place& place) {
       std::optional<bool> ends_at_semicolon;
       return set_flag(place, ends_at_semicolon);  // a parameter ends at ';' anyway
     }},
    {"stickysessionsep", Of::kBalancer, "a dot, for nothing else separates a route here",
     [](const Place& place) { return place.value == "."; }},

    // What this proxy does by itself, or has no need of.
    {"keepalive", Of::kMember, {}, accept},
    {"flushpackets", Of::kMember, {}, accept},
    {"flushwait", Of::kMember, {}, accept},
    {"receivebuffersize", Of::kMember, {}, accept},
    {"responsefieldsize", Of::kMember, {}, accept, "use LimitResponseFieldSize"},
    {"min", Of::kMember, {}, accept},
    {"smax", Of::kMember, {}, accept},
    {"acquire", Of::kMember, {}, accept},
    {"max",
     Of::kMember,
     {},
     accept,
     "it counts in each process of Apache; use MaxConnectionsPerMember"},
    {"upgrade", Of::kMember, {}, accept},
    {"address", Of::kMember, {}, accept},
    {"growth", Of::kBalancer, {}, accept},
    {"nonce", Of::kBalancer, {}, accept},
    {"maxattempts", Of::kBalancer, {}, accept},
    {"forcerecovery", Of::kBalancer, {}, accept},
    {"failonstatus", Of::kBalancer, "statuses such as 500,503", set_failing_statuses},
    {"failontimeout", Of::kBalancer, {}, accept},
    {"nocanon",
     Of::kBoth,
     {},
     [](const Place& place) {
       place.seeds.is_raw = true;
       return place.value.empty();
     }},
    {"interpolate", Of::kBoth, {}, accept},
    {"noquery", Of::kBoth, {}, accept},
};

const Parameter* find(std::string_view key) {
  const auto found = std::find_if(
      std::begin(kParameters), std::end(kParameters),
      [key](const Parameter& known) { return conf::equal_ignoring_case(known.key, key); });
  return found == std::end(kParameters) ? nullptr : found;
}

bool refuse_unknown(const conf::Word& word, std::string_view key, conf::Diagnostics& diagnostics) {
  std::vector<std::string_view> known = {"hcmethod", "hcinterval", "hcpasses", "hcfails", "hcuri"};
  for (const Parameter& parameter : kParameters) known.push_back(parameter.key);
  diagnostics.error(word, "there is no parameter '" + word.text + "'",
                    std::string(conf::nearest(key, known)));
  return false;
}

}  // namespace

bool set_parameter(const conf::Word& word, MemberSeed* member, Seeds& seeds,
                   conf::Diagnostics& diagnostics) {
  const std::string_view text = word.text;
  const std::size_t equals = std::min(text.find('='), text.size());
  const std::string_view key = text.substr(0, equals);
  const std::string_view value = text.substr(std::min(equals + 1, text.size()));
  const Parameter* parameter = find(key);
  if (parameter == nullptr) {
    if (member == nullptr) return refuse_unknown(word, key, diagnostics);
    const auto is_check = set_check_parameter(word, *member, diagnostics);
    return is_check ? *is_check : refuse_unknown(word, key, diagnostics);
  }
  // In Apache a balancer's line may carry members' parameters, which say nothing there.
  if (member == nullptr && parameter->of == Of::kMember) {
    diagnostics.warning(word, "this belongs to a member: write it behind BalancerMember");
    return true;
  }
  if (!parameter->instead.empty()) {
    diagnostics.warning(word, std::string(parameter->key) +
                                  "= does nothing here: " + std::string(parameter->instead));
  }
  if (parameter->set({.word = word,
                      .value = value,
                      .member = member,
                      .seeds = seeds,
                      .diagnostics = diagnostics})) {
    return true;
  }
  std::string form(parameter->form);
  if (form.empty()) form = "no value";
  diagnostics.error(word, std::string(parameter->key) + "= takes " + form);
  return false;
}

}  // namespace understudy::config
