// SPDX-License-Identifier: Apache-2.0
// What members get in Host and Via where Apache's directives say it: RequestHeader set Host, which
// counts with ProxyPreserveHost On alone, and ProxyVia.
#include <algorithm>
#include <string>
#include <string_view>

#include "conf/values.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

bool is_host_byte(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("-._~:[]").find(c) != std::string_view::npos;
}

// "https://www.example.com:443" names www.example.com:443.
std::string_view without_scheme(std::string_view name) {
  const std::size_t scheme = name.find("://");
  return scheme == std::string_view::npos ? name : name.substr(scheme + 3);
}

http::FieldEdit edit_of_via(http::FieldEdit::Action action, std::string text) {
  http::FieldEdit edit{.action = action, .name = "Via", .id = http::field_id("Via")};
  if (text.empty()) return edit;
  edit.value.push_back({.kind = http::ValuePart::Kind::kText, .text = std::move(text)});
  return edit;
}

}  // namespace

bool Location::overrides(unsigned status) const {
  if (!overrides_errors || status == 401) return false;
  return overridden.empty() ||
         std::find(overridden.begin(), overridden.end(), status) != overridden.end();
}

bool names_host(const conf::Directive& directive) {
  const auto& words = directive.arguments;
  return conf::equal_ignoring_case(directive.name.text, "RequestHeader") && words.size() >= 2 &&
         (conf::equal_ignoring_case(words[1].text, "Host") ||
          conf::equal_ignoring_case(words[1].text, "Host:"));
}

bool sets_host(const conf::Directive& directive) {
  const auto& words = directive.arguments;
  return names_host(directive) && words.size() == 3 &&
         conf::equal_ignoring_case(words[0].text, "set") && !words[2].text.empty() &&
         std::all_of(words[2].text.begin(), words[2].text.end(), is_host_byte);
}

void bind_host_field(const Scope& innermost, Location& location, conf::Diagnostics& diagnostics) {
  for (const Scope* scope = &innermost; scope != nullptr; scope = scope->outer) {
    const conf::Directive* last = nullptr;
    for (const conf::Directive* directive : scope->settings.all_here("RequestHeader")) {
      if (sets_host(*directive)) last = directive;
    }
    if (last == nullptr) continue;
    if (!location.preserves_host) {
      diagnostics.warning(last->arguments[1],
                          "with ProxyPreserveHost Off members get their own names in Host, as in "
                          "Apache, so this does nothing");
      return;
    }
    location.host = last->arguments[2].text;
    location.preserves_host = false;
    return;
  }
}

void bind_error_override(const conf::Settings& settings, Location& location,
                         conf::Diagnostics& diagnostics) {
  const conf::Directive* const directive = settings.directive("ProxyErrorOverride");
  if (directive == nullptr) return;
  const auto is_on = conf::parse_flag(directive->arguments.front().text);
  if (!is_on) {
    diagnostics.error(directive->arguments.front(), "ProxyErrorOverride is On or Off");
    return;
  }
  location.overrides_errors = *is_on;
  for (std::size_t i = 1; i < directive->arguments.size(); ++i) {
    const auto status = conf::parse_integer(directive->arguments[i].text);
    if (status && *status >= 400 && *status <= 599) {
      location.overridden.push_back(static_cast<std::uint16_t>(*status));
    } else {
      diagnostics.error(directive->arguments[i], "expected a status from 400 to 599");
    }
  }
}

// Those of a host add to those that stand outside of all hosts; the last of a name counts.
void bind_attributes(const Scope& innermost, Location& location) {
  if (innermost.outer != nullptr) bind_attributes(*innermost.outer, location);
  for (const conf::Directive* directive : innermost.settings.all_here("JkEnvVar")) {
    const std::string& name = directive->arguments.front().text;
    std::erase_if(location.attributes, [&name](const auto& other) { return other.name == name; });
    Location::Attribute made{.name = name, .otherwise = {}};
    if (directive->arguments.size() > 1) made.otherwise = directive->arguments[1].text;
    location.attributes.push_back(std::move(made));
  }
}

void bind_via(const conf::Settings& settings, HeaderEdits& edits) {
  using Action = http::FieldEdit::Action;
  const std::string how = settings.text("ProxyVia");
  if (how == "Off") return;
  if (how == "Block") {
    edits.request.push_back(edit_of_via(Action::kUnset, {}));
    edits.response.push_back(edit_of_via(Action::kUnset, {}));
    return;
  }
  const std::string name(without_scheme(settings.text("ServerName")));
  std::string text = "1.1 " + (name.empty() ? "understudy" : name);
  if (how == "Full") text += " (Understudy)";
  edits.request.push_back(edit_of_via(Action::kMerge, text));
  edits.response.push_back(edit_of_via(Action::kMerge, text));
}

}  // namespace understudy::config
