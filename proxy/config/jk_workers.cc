// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/jk_workers.h"

#include <algorithm>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/config/parameters.h"

namespace understudy::config {

namespace {

constexpr std::size_t kReferencesMax = 16;
// mod_jk's ping_timeout where nothing is said.
constexpr std::string_view kPingTimeout = "10000";

bool is_true(std::string_view text) {
  for (const std::string_view yes : {"1", "true", "t", "yes", "y", "on"}) {
    if (conf::equal_ignoring_case(text, yes)) return true;
  }
  return false;
}

// At the same place, with another text.
conf::Word word_like(const conf::Word& word, std::string text) {
  conf::Word out = word;
  out.text = std::move(text);
  return out;
}

// $(name) and ${name} are what another property says.
bool replace_variables(JkProperty& property,
                       const std::map<std::string, std::string, std::less<>>& known,
                       conf::Diagnostics& diagnostics) {
  std::string& text = property.value.text;
  for (std::size_t at = text.find('$'); at != std::string::npos; at = text.find('$', at + 1)) {
    const char open = at + 1 < text.size() ? text[at + 1] : '\0';
    if (open != '(' && open != '{') continue;
    const std::size_t end = text.find(open == '(' ? ')' : '}', at);
    if (end == std::string::npos) continue;
    const auto found = known.find(text.substr(at + 2, end - at - 2));
    if (found == known.end()) {
      diagnostics.error(property.value,
                        "there is no property '" + text.substr(at + 2, end - at - 2) + "'");
      return false;
    }
    text.replace(at, end - at + 1, found->second);
  }
  return true;
}

}  // namespace

JkWorkers::JkWorkers(const conf::Settings& global, Binding& binding) {
  std::vector<JkProperty> properties;
  for (const conf::Directive* directive : global.all_here("JkWorkersFile")) {
    const auto file = read_jk_file(directive->arguments.front(), binding);
    if (file) add_jk_properties(file->text, file->begin, properties);
  }
  for (const conf::Directive* directive : global.all_here("JkWorkerProperty")) {
    const conf::Word& word = directive->arguments.front();
    add_jk_properties(word.text, word.at, properties);
  }
  std::map<std::string, std::string, std::less<>> known;
  for (JkProperty& property : properties) {
    if (!replace_variables(property, known, binding.diagnostics())) continue;
    known.insert_or_assign(property.name.text, property.value.text);
  }
  sort(properties, binding.diagnostics());
  for (const auto& [worker, own] : workers_) check(worker, own, binding.diagnostics());
}

// By worker. What does not begin with "worker." is there for $().
void JkWorkers::sort(const std::vector<JkProperty>& properties, conf::Diagnostics& diagnostics) {
  for (const JkProperty& property : properties) {
    std::string_view name = property.name.text;
    constexpr std::string_view kPrefix = "worker.";
    if (!name.starts_with(kPrefix)) continue;
    name.remove_prefix(kPrefix.size());
    if (name == "list" || name == "maintain") continue;
    const std::size_t dot = name.rfind('.');
    if (dot == std::string_view::npos) {
      diagnostics.error(property.name,
                        "expected worker.NAME.PROPERTY, worker.list or "
                        "worker.maintain, not '" +
                            property.name.text + "'");
      continue;
    }
    const std::string_view own_name = name.substr(dot + 1);
    if (find_jk_property(own_name) == nullptr) {
      diagnostics.error(property.name, "a worker has no property '" + std::string(own_name) + "'",
                        std::string(conf::nearest(own_name, jk_property_names())));
      continue;
    }
    Properties& own = workers_[std::string(name.substr(0, dot))];
    const bool adds = own_name == "mount" || own_name.starts_with("balance");
    const auto [place, is_new] = own.try_emplace(std::string(own_name), property);
    if (is_new) continue;
    if (adds) {
      place->second.value.text += "," + property.value.text;
    } else {
      place->second = property;
    }
  }
}

void JkWorkers::check(const std::string& worker, const Properties& own,
                      conf::Diagnostics& diagnostics) {
  for (const auto& [name, property] : own) {
    const JkKnown* const known = find_jk_property(name);
    if (!known->note.empty()) {
      diagnostics.warning(property.name, name + " does nothing here: " + std::string(known->note));
    }
    if (name != "mount") continue;
    std::string paths = property.value.text;
    std::replace(paths.begin(), paths.end(), ',', ' ');
    for (const std::string_view path : conf::parts(paths, ' ')) {
      mounts_.push_back({.path = word_like(property.value, std::string(path)),
                         .worker = word_like(property.value, worker)});
    }
  }
}

// A worker's own properties, and those of the worker that it refers to where it says nothing.
JkWorkers::Properties JkWorkers::with_references(std::string_view worker) const {
  Properties all;
  std::string name(worker);
  for (std::size_t i = 0; i < kReferencesMax; ++i) {
    const auto found = workers_.find(name);
    if (found == workers_.end()) break;
    all.insert(found->second.begin(), found->second.end());
    const auto next = found->second.find("reference");
    if (next == found->second.end()) break;
    name = next->second.value.text;
    if (name.starts_with("worker.")) name.erase(0, 7);
  }
  return all;
}

namespace {

// D has its sessions only, S has nothing.
std::string status_of(std::string_view activation) {
  if (activation.empty()) return "?";
  const char letter = static_cast<char>(activation[0] | 0x20);
  if (letter == 'a') return "-N";
  if (letter == 'd') return "+N";
  return letter == 's' ? "+D" : "?";
}

std::string_view method_of_jk(std::string_view method) {
  if (method.empty()) return "?";
  const char letter = static_cast<char>(method[0] | 0x20);
  if (letter == 'r' || letter == 's' || letter == 'n') return "byrequests";
  if (letter == 't') return "bytraffic";
  return letter == 'b' ? "bybusyness" : "?";
}

bool pings(std::string_view mode) {
  return mode.find_first_of("CcPpAa") != std::string_view::npos;
}

}  // namespace

// What holds for the whole worker here, as its members say it.
void JkWorkers::tune(std::string_view worker, Seeds& seeds, conf::Diagnostics& diagnostics) const {
  const Properties own = with_references(worker);
  if (const auto found = own.find("fail_on_status"); found != own.end()) {
    std::string statuses = found->second.value.text;
    std::erase(statuses, ' ');
    set_parameter(word_like(found->second.value, "failonstatus=" + statuses), nullptr, seeds,
                  diagnostics);
    seeds.tuning.asks_elsewhere = true;
  }
  // 1: not again once a member may have it, but GET (16) and HEAD (8); mod_jk's own default is
  // to send POST twice, and is not taken over.
  const auto options = own.find("recovery_options");
  if (options == own.end()) return;
  const auto bits = conf::parse_integer(options->second.value.text);
  if (!bits || *bits < 0 || *bits > 31) {
    diagnostics.error(options->second.value, "recovery_options takes a number from 0 to 31");
  } else if ((*bits & 1) != 0 && (*bits & 16) == 0) {
    seeds.tuning.never_again = true;
  }
}

// Sessions of a member that fails go to the next one of its domain.
void JkWorkers::link_domains(const std::vector<std::string>& names, Seeds& seeds) const {
  const auto text = [this](const std::string& worker, std::string_view property) {
    const Properties own = with_references(worker);
    const auto found = own.find(property);
    return found == own.end() ? std::string() : found->second.value.text;
  };
  for (std::size_t i = 0; i < names.size() && i < seeds.members.size(); ++i) {
    const std::string domain = text(names[i], "domain");
    if (domain.empty() || !seeds.members[i].redirect.empty()) continue;
    for (std::size_t step = 1; step < names.size(); ++step) {
      const std::size_t next = (i + step) % names.size();
      if (next >= seeds.members.size() || text(names[next], "domain") != domain) continue;
      seeds.members[i].redirect = seeds.members[next].route;
      break;
    }
  }
}

// As BalancerMember would name it.
conf::Directive JkWorkers::member(std::string_view worker, bool has_route) const {
  const Properties own = with_references(worker);
  const auto text = [&own](std::string_view name, std::string_view otherwise) {
    const auto found = own.find(name);
    return found == own.end() ? std::string(otherwise) : found->second.value.text;
  };
  const JkProperty& where = own.count("host") != 0 ? own.find("host")->second : own.begin()->second;
  std::string host = text("host", "localhost");
  if (host.find(':') != std::string::npos && !host.starts_with('[')) host = "[" + host + "]";
  conf::Directive out{.name = where.name};
  out.arguments.push_back(word_like(where.value, "ajp://" + host + ":" + text("port", "8009")));
  if (has_route) {
    const std::string route = text("route", text("jvm_route", worker));
    out.arguments.push_back(word_like(where.value, "route=" + route));
  }
  for (const auto& [name, property] : own) {
    const JkKnown& known = *find_jk_property(name);
    if (known.of == JkKnown::Of::kMember && !known.parameter.empty()) {
      out.arguments.push_back(
          word_like(property.value,
                    std::string(known.parameter) + property.value.text + std::string(known.unit)));
    }
    if (name == "activation") {
      out.arguments.push_back(
          word_like(property.value, "status=" + status_of(property.value.text)));
    }
    if (name == "ping_mode" && pings(property.value.text)) {
      out.arguments.push_back(
          word_like(property.value, "ping=" + text("ping_timeout", kPingTimeout) + "ms"));
    }
  }
  return out;
}

void JkWorkers::bind_balancer(const Properties& own, Seeds& seeds,
                              conf::Diagnostics& diagnostics) const {
  std::vector<std::string> asked;
  const auto find = [&own](std::string_view name) -> const JkProperty* {
    const auto found = own.find(name);
    return found == own.end() ? nullptr : &found->second;
  };
  for (const std::string_view name : {"balance_workers", "balanced_workers"}) {
    const JkProperty* const list = find(name);
    if (list == nullptr) continue;
    std::string names = list->value.text;
    std::replace(names.begin(), names.end(), ',', ' ');
    for (const std::string_view each : conf::parts(names, ' ')) {
      if (each.empty()) continue;
      if (!workers_.contains(each)) {
        diagnostics.error(list->value, "there is no worker '" + std::string(each) + "'");
        continue;
      }
      add_balancer_member(member(each, true), 0, seeds, diagnostics);
      if (asked.empty()) tune(each, seeds, diagnostics);
      asked.emplace_back(each);
    }
  }
  link_domains(asked, seeds);
  for (const auto& [name, property] : own) {
    const JkKnown& known = *find_jk_property(name);
    if (known.of != JkKnown::Of::kBalancer || known.parameter.empty()) continue;
    set_parameter(word_like(property.value, std::string(known.parameter) +
                                                (is_true(property.value.text) ? "On" : "Off")),
                  nullptr, seeds, diagnostics);
  }
  if (const JkProperty* const method = find("method")) {
    set_parameter(
        word_like(method->value, "lbmethod=" + std::string(method_of_jk(method->value.text))),
        nullptr, seeds, diagnostics);
  }
  if (const JkProperty* const time = find("recover_time")) {
    const auto seconds = conf::parse_integer(time->value.text);
    if (seconds && *seconds >= 0) {
      seeds.tuning.retry = std::chrono::seconds(*seconds);
    } else {
      diagnostics.error(time->value, "recover_time takes a number of seconds");
    }
  }
  const JkProperty* const sticky = find("sticky_session");
  if (sticky != nullptr && !is_true(sticky->value.text)) return;
  const JkProperty* const cookie = find("session_cookie");
  const JkProperty* const path = find("session_path");
  std::string parameter = path != nullptr ? path->value.text : "jsessionid";
  if (parameter.starts_with(';')) parameter.erase(0, 1);
  seeds.session_cookie = cookie != nullptr ? cookie->value.text : "JSESSIONID";
  seeds.session_parameter = parameter;
}

std::optional<Seeds> JkWorkers::find(const conf::Word& worker,
                                     conf::Diagnostics& diagnostics) const {
  const Properties own = with_references(worker.text);
  if (own.empty()) {
    std::vector<std::string_view> names;
    for (const auto& [name, properties] : workers_) names.push_back(name);
    diagnostics.error(worker, "there is no worker '" + worker.text + "'",
                      std::string(conf::nearest(worker.text, names)));
    return std::nullopt;
  }
  Seeds seeds;
  seeds.label = worker.text;
  seeds.is_apache = true;
  const auto type = own.find("type");
  const std::string kind = type == own.end() ? "ajp13" : type->second.value.text;
  if (kind == "status") {
    seeds.is_proxied = false;
    seeds.shows_state = true;
    return seeds;
  }
  if (kind == "lb") {
    bind_balancer(own, seeds, diagnostics);
  } else if (kind == "ajp13") {
    add_balancer_member(member(worker.text, false), 0, seeds, diagnostics);
    tune(worker.text, seeds, diagnostics);
  } else {
    diagnostics.error(type->second.value,
                      "a worker is of type ajp13, lb or status, not '" + kind + "'");
    return std::nullopt;
  }
  if (seeds.members.empty() && !diagnostics.has_errors()) {
    diagnostics.error(worker, "worker '" + worker.text + "' has no members");
  }
  if (seeds.members.empty()) return std::nullopt;
  return seeds;
}

}  // namespace understudy::config
