// SPDX-License-Identifier: Apache-2.0
// Require and its containers, Order, Allow, Deny, Satisfy, and the passwords of AuthType Basic.
// What cannot be honoured is an error where it stands: a rule that is not understood lets no client
// in.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using apache::Access;
using apache::HostAccess;
using apache::Methods;
using apache::Requirement;

constexpr std::string_view kNoNames =
    "is a name, and who has it would take a look-up in DNS for each request; write addresses or "
    "networks";

std::string_view canonical_name(const conf::Directive& directive) {
  const conf::DirectiveSpec* spec =
      conf::find_directive(conf::Program::kProxy, directive.name.text, directive.is_section);
  return spec == nullptr ? std::string_view() : spec->name;
}

// "10", "10.1" and "10.1.2" are networks, as in Apache.
std::optional<AddressRange> range_of(std::string_view text) {
  const auto dots = std::count(text.begin(), text.end(), '.');
  const bool is_part =
      !text.empty() && dots < 3 && text.find_first_not_of("0123456789.") == std::string_view::npos;
  std::string whole(text);
  if (is_part) {
    if (whole.ends_with('.')) whole.pop_back();
    const auto octets = std::count(whole.begin(), whole.end(), '.') + 1;
    for (auto i = octets; i < 4; ++i) whole += ".0";
    whole += "/" + std::to_string(8 * octets);
  }
  auto range = AddressRange::parse(whole);
  if (!range) return {};
  return *range;
}

// Addresses of a name; those of "localhost" are known, all others are asked for now.
std::vector<AddressRange> ranges_of_name(const std::string& name) {
  std::vector<AddressRange> ranges;
  const auto add = [&ranges](std::string_view text) {
    if (auto range = AddressRange::parse(text)) ranges.push_back(*range);
  };
  if (conf::equal_ignoring_case(name, "localhost")) {
    add("127.0.0.1");
    add("::1");
    return ranges;
  }
  if (name.starts_with('.') || name.find('.') == std::string::npos) return ranges;
  const auto found = resolve(name, 1);
  if (!found) return ranges;
  for (const Address& address : *found) add(address.host());
  return ranges;
}

class AccessBinder final {
 public:
  explicit AccessBinder(Binding& binding) : binding_(binding) {}

  Access read(const std::vector<conf::Directive>& section) {
    read_into(section, {}, root_);
    if (has_require_) {
      check_container(root_, "RequireAny");
      access_.require = std::make_shared<const Requirement>(std::move(root_));
    }
    if (has_hosts_) access_.hosts = std::make_shared<const HostAccess>(std::move(hosts_));
    return std::move(access_);
  }

 private:
  using Kind = Requirement::Kind;
  using Limits = std::vector<Methods>;

  bool refuse(const conf::Word& word, std::string message, std::string suggestion = {}) {
    binding_.diagnostics().error(word, std::move(message), std::move(suggestion));
    return false;
  }

  void read_into(const std::vector<conf::Directive>& section, const Limits& limits,
                 Requirement& into) {
    for (const conf::Directive& directive : section) {
      const std::string_view name = canonical_name(directive);
      if (directive.is_section) {
        read_section(directive, name, limits, into);
      } else if (name == "Require") {
        first_require_ = first_require_ == nullptr ? &directive.name : first_require_;
        has_require_ = true;
        add_requirement(directive, limits, into);
      } else {
        read_hosts(directive, name, limits);
        read_password(directive, name);
      }
    }
  }

  void read_section(const conf::Directive& section, std::string_view name, const Limits& limits,
                    Requirement& into) {
    if (name == "Limit" || name == "LimitExcept") {
      Limits inner = limits;
      Methods methods{.kind = name == "Limit" ? Methods::Kind::kThese : Methods::Kind::kOthers};
      for (const conf::Word& word : section.arguments) {
        if (word.text == "TRACE") {
          refuse(word, "TRACE is never forwarded, so nothing can be said about it");
        }
        methods.names.push_back(word.text);
      }
      inner.push_back(std::move(methods));
      return read_into(section.children, inner, into);
    }
    if (name != "RequireAll" && name != "RequireAny" && name != "RequireNone") return;
    has_require_ = true;
    first_require_ = first_require_ == nullptr ? &section.name : first_require_;
    Requirement container{.kind = name == "RequireAll" ? Kind::kAll : Kind::kAny,
                          .is_negated = name == "RequireNone",
                          .methods = limits};
    read_into(section.children, limits, container);
    if (container.parts.empty()) {
      refuse(section.name, "<" + section.name.text + "> requires nothing");
      return;
    }
    check_container(container, name);
    into.parts.push_back(std::move(container));
  }

  // As Apache: what can only keep out must stand beside something that lets in.
  void check_container(const Requirement& container, std::string_view name) {
    const auto is_negated = [](const Requirement& part) { return part.is_negated; };
    const auto& parts = container.parts;
    const conf::Word& where = *first_require_;
    if (name == "RequireAll") {
      if (!std::all_of(parts.begin(), parts.end(), is_negated)) return;
      refuse(where, "<RequireAll> with nothing but 'not' lets nobody in");
    } else if (std::any_of(parts.begin(), parts.end(), is_negated)) {
      refuse(where, "Require not has no effect in <" + std::string(name) +
                        ">; put it into a <RequireAll> with what lets clients in");
    }
  }

  void add_requirement(const conf::Directive& directive, const Limits& limits, Requirement& into) {
    Requirement require{.methods = limits};
    std::size_t at = 0;
    const auto& words = directive.arguments;
    if (conf::equal_ignoring_case(words[0].text, "not")) {
      require.is_negated = true;
      ++at;
    }
    if (at == words.size()) {
      refuse(directive.name, "Require not needs what it is about");
      return;
    }
    const conf::Word& kind = words[at++];
    const std::vector<conf::Word> rest(words.begin() + static_cast<std::ptrdiff_t>(at),
                                       words.end());
    if (read_kind(kind, rest, require)) into.parts.push_back(std::move(require));
  }

  bool read_kind(const conf::Word& kind, const std::vector<conf::Word>& rest,
                 Requirement& require) {
    struct Named {
      std::string_view name;
      Kind kind;
    };
    constexpr std::array<Named, 11> kKinds{{{"all", Kind::kYes},
                                            {"ip", Kind::kIp},
                                            {"host", Kind::kIp},
                                            {"forward-dns", Kind::kIp},
                                            {"local", Kind::kHere},
                                            {"env", Kind::kVariable},
                                            {"method", Kind::kMethod},
                                            {"valid-user", Kind::kValidUser},
                                            {"user", Kind::kUser},
                                            {"group", Kind::kGroup},
                                            {"expr", Kind::kExpression}}};
    const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&kind](const Named& named) {
      return conf::equal_ignoring_case(named.name, kind.text);
    });
    if (found == kKinds.end()) {
      std::vector<std::string_view> names;
      for (const Named& named : kKinds) names.push_back(named.name);
      return refuse(kind, "Require " + kind.text + " is not supported",
                    std::string(conf::nearest(kind.text, names)));
    }
    require.kind = found->kind;
    const bool takes_words = require.kind != Kind::kHere && require.kind != Kind::kValidUser;
    if (takes_words == rest.empty()) {
      return refuse(kind, "Require " + kind.text +
                              (takes_words ? " needs what it is about" : " takes no argument"));
    }
    if (found->name == "all") return read_all(rest, require);
    if (require.kind == Kind::kExpression) return read_expression(rest, require);
    if (require.kind != Kind::kIp) {
      for (const conf::Word& word : rest) require.names.push_back(word.text);
      return true;
    }
    return std::all_of(rest.begin(), rest.end(), [&](const conf::Word& word) {
      return read_range(word, found->name != "ip", require.ranges);
    });
  }

  bool read_all(const std::vector<conf::Word>& rest, Requirement& require) {
    const bool grants = conf::equal_ignoring_case(rest.front().text, "granted");
    if (rest.size() == 1 && (grants || conf::equal_ignoring_case(rest.front().text, "denied"))) {
      require.kind = grants ? Kind::kYes : Kind::kNo;
      return true;
    }
    return refuse(rest.front(), "expected Require all granted or Require all denied");
  }

  bool read_expression(const std::vector<conf::Word>& rest, Requirement& require) {
    std::string text;
    for (const conf::Word& word : rest) text += (text.empty() ? "" : " ") + word.text;
    require.expression = bind_condition(rest.front(), text, binding_.diagnostics());
    return require.expression != nullptr;
  }

  bool read_range(const conf::Word& word, bool is_name, std::vector<AddressRange>& ranges) {
    if (!is_name) {
      const auto range = range_of(word.text);
      if (!range) {
        return refuse(word,
                      "expected an address such as 10.1.2.3, a network such as 10.0.0.0/8 "
                      "or 10.1, not '" +
                          word.text + "'");
      }
      ranges.push_back(*range);
      return true;
    }
    if (conf::equal_ignoring_case(word.text, "none")) {
      binding_.diagnostics().warning(word,
                                     "'none' is taken for a host's name, as in Apache: this "
                                     "line is about no client");
      return true;
    }
    const auto named = ranges_of_name(word.text);
    if (named.empty()) return refuse(word, "'" + word.text + "' " + std::string(kNoNames));
    ranges.insert(ranges.end(), named.begin(), named.end());
    return true;
  }

  void read_hosts(const conf::Directive& directive, std::string_view name, const Limits& limits) {
    if (name == "Order") return read_order(directive, limits);
    if (name == "Allow" || name == "Deny") {
      has_hosts_ = true;
      return read_entries(directive, limits, name == "Allow" ? hosts_.allows : hosts_.denies);
    }
    if (name != "Satisfy") return;
    has_hosts_ = true;
    const bool is_any = conf::equal_ignoring_case(directive.arguments.front().text, "Any");
    hosts_.satisfies.push_back({.methods = limits, .is_any = is_any});
  }

  void read_order(const conf::Directive& directive, const Limits& limits) {
    has_hosts_ = true;
    std::string text;
    for (const conf::Word& word : directive.arguments) text += word.text;
    HostAccess::OrderRule rule{.methods = limits};
    if (conf::equal_ignoring_case(text, "allow,deny")) {
      rule.order = HostAccess::Order::kAllowDeny;
    } else if (conf::equal_ignoring_case(text, "mutual-failure")) {
      rule.order = HostAccess::Order::kMutual;
    } else if (!conf::equal_ignoring_case(text, "deny,allow")) {
      refuse(directive.arguments.front(),
             "expected Deny,Allow or Allow,Deny or Mutual-failure, not '" + text + "'");
    }
    hosts_.orders.push_back(std::move(rule));
  }

  void read_entries(const conf::Directive& directive, const Limits& limits,
                    std::vector<HostAccess::Entry>& entries) {
    const auto& words = directive.arguments;
    if (!conf::equal_ignoring_case(words.front().text, "from")) {
      refuse(words.front(), directive.name.text + " goes on with 'from'");
      return;
    }
    for (std::size_t i = 1; i < words.size(); ++i) {
      HostAccess::Entry entry{.methods = limits};
      if (read_entry(words[i], entry)) entries.push_back(std::move(entry));
    }
  }

  bool read_entry(const conf::Word& word, HostAccess::Entry& entry) {
    constexpr std::string_view kEnv = "env=";
    if (conf::equal_ignoring_case(word.text, "all")) {
      entry.is_all = true;
      return true;
    }
    if (conf::equal_ignoring_case(word.text.substr(0, kEnv.size()), kEnv)) {
      entry.variable = word.text.substr(kEnv.size());
      entry.is_unset = entry.variable.starts_with('!');
      if (entry.is_unset) entry.variable.erase(0, 1);
      return !entry.variable.empty() || refuse(word, "env= needs the name of a variable");
    }
    if (const auto range = range_of(word.text)) {
      entry.ranges.push_back(*range);
      return true;
    }
    return read_range(word, true, entry.ranges);
  }

  void read_password(const conf::Directive& directive, std::string_view name) {
    if (directive.arguments.empty()) return;
    const conf::Word& word = directive.arguments.front();
    if (name == "AuthType") access_.asks_password = conf::equal_ignoring_case(word.text, "Basic");
    if (name == "AuthName") access_.realm = word.text;
    if (name == "AuthUserFile") access_.users = bind_users(word, binding_);
    if (name == "AuthGroupFile") access_.groups = bind_groups(word, binding_);
    if (name != "AuthMerging") return;
    access_.joining = conf::equal_ignoring_case(word.text, "And")  ? apache::Joining::kAnd
                      : conf::equal_ignoring_case(word.text, "Or") ? apache::Joining::kOr
                                                                   : apache::Joining::kReplace;
  }

  Binding& binding_;
  Access access_;
  Requirement root_;
  HostAccess hosts_;
  bool has_require_ = false;
  bool has_hosts_ = false;
  const conf::Word* first_require_ = nullptr;
};

bool asks_user(const Requirement& require) {
  using Kind = Requirement::Kind;
  return require.kind == Kind::kValidUser || require.kind == Kind::kUser ||
         require.kind == Kind::kGroup ||
         std::any_of(require.parts.begin(), require.parts.end(), asks_user);
}

}  // namespace

Access bind_access(const std::vector<conf::Directive>& section, Binding& binding) {
  return AccessBinder(binding).read(section);
}

void check_users(const std::vector<apache::Section>& sections, const conf::Word& where,
                 conf::Diagnostics& diagnostics) {
  bool asks = false;
  bool has_password = false;
  bool has_users = false;
  bool has_realm = false;
  for (const apache::Section& section : sections) {
    if (section.access.require) asks = asks_user(*section.access.require);
    has_password = section.access.asks_password.value_or(has_password);
    has_users |= section.access.users != nullptr;
    has_realm |= section.access.realm.has_value();
  }
  if (!asks || (has_password && has_users && has_realm)) return;
  diagnostics.error(where,
                    "Require asks for a user here, and that needs AuthType Basic, AuthName and "
                    "AuthUserFile");
}

}  // namespace understudy::config
