// SPDX-License-Identifier: Apache-2.0
// RequestHeader and Header: `[always|onsuccess] ACTION NAME [VALUE [REPLACEMENT]] [early]`, then
// env=NAME or expr=EXPRESSION.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "conf/suggestion.h"
#include "proxy/apache/edit_conditions.h"
#include "proxy/apache/variables.h"
#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

using http::FieldEdit;
using http::ValuePart;
using Action = FieldEdit::Action;

struct NamedAction {
  std::string_view name;
  Action action;
  std::size_t arguments;  // behind the field's name
};
constexpr NamedAction kActions[] = {
    {"set", Action::kSet, 1},     {"append", Action::kAppend, 1},
    {"add", Action::kAdd, 1},     {"merge", Action::kMerge, 1},
    {"unset", Action::kUnset, 0}, {"setifempty", Action::kSetIfEmpty, 1},
    {"edit", Action::kEdit, 2},   {"edit*", Action::kEditAll, 2},
};

bool is_value_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte == '\t' || (byte >= 0x20 && byte != 0x7f);
}

// Takes one directive apart; what is wrong is said where it stands.
class Reader final {
 public:
  Reader(const conf::Directive& directive, conf::Diagnostics& diagnostics)
      : words_(directive.arguments),
        name_(directive.name),
        is_request_(conf::equal_ignoring_case(directive.name.text, "RequestHeader")),
        diagnostics_(diagnostics) {}

  std::optional<FieldEdit> read() {
    take_condition();
    const NamedAction* action = take_action();
    if (action == nullptr) return {};
    edit_.action = action->action;
    if (!take_name() || !take_rest(*action)) return {};
    const std::size_t at = next_;
    const bool is_right = action->arguments == 0   ? true
                          : action->arguments == 1 ? take_value(words_[at - 1], 0)
                                                   : take_pattern(words_[at - 2]) &&
                                                         take_value(words_[at - 1], groups());
    if (!is_right) return {};
    return std::move(edit_);
  }

 private:
  bool refuse(const conf::Word& word, std::string message, std::string suggestion = {}) {
    diagnostics_.error(word, std::move(message), std::move(suggestion));
    return false;
  }

  void take_condition() {
    if (is_request_) return;
    const std::string_view first = words_.front().text;
    edit_.always = conf::equal_ignoring_case(first, "always");
    if (edit_.always || conf::equal_ignoring_case(first, "onsuccess")) ++next_;
  }

  const NamedAction* take_action() {
    const conf::Word& word = words_[next_];
    for (const NamedAction& known : kActions) {
      if (!conf::equal_ignoring_case(word.text, known.name)) continue;
      ++next_;
      return &known;
    }
    std::vector<std::string_view> names;
    for (const NamedAction& known : kActions) names.push_back(known.name);
    refuse(word,
           name_.text + " has set, append, add, merge, unset, setifempty, edit and edit*, not '" +
               word.text + "'",
           std::string(conf::nearest(word.text, names)));
    return nullptr;
  }

  bool take_name() {
    if (next_ == words_.size()) return refuse(name_, name_.text + " needs the name of a field");
    const conf::Word& word = words_[next_++];
    edit_.name = word.text;
    if (edit_.name.ends_with(':')) edit_.name.pop_back();
    const std::string_view why = http::why_not_editable(edit_.name);
    if (!why.empty()) {
      std::string message = edit_.name + " cannot be edited: " + std::string(why);
      if (conf::equal_ignoring_case(edit_.name, "WL-Proxy-SSL")) message += "; use WLProxySSL";
      return refuse(word, std::move(message));
    }
    edit_.id = http::field_id(edit_.name);
    return true;
  }

  // As many arguments as the action has, and nothing behind them but `early`.
  bool take_rest(const NamedAction& action) {
    if (words_.size() - next_ < action.arguments) {
      return refuse(name_, name_.text + " " + std::string(action.name) +
                               (action.arguments == 1 ? " needs a value"
                                                      : " needs a regular "
                                                        "expression and its replacement"));
    }
    next_ += action.arguments;
    for (std::size_t i = next_; i < words_.size(); ++i) {
      const std::string_view text = words_[i].text;
      if (is_request_ && conf::equal_ignoring_case(text, "early")) {
        edit_.early = true;
      } else if (text.starts_with("env=")) {
        if (!take_variable(words_[i])) return false;
      } else if (text.starts_with("expr=")) {
        auto expression = bind_condition(words_[i], words_[i].text.substr(5), diagnostics_);
        if (expression == nullptr) return false;
        edit_.condition = apache::when_holds(std::move(expression));
      } else {
        return refuse(words_[i], "'" + words_[i].text + "' is one word too many");
      }
    }
    return true;
  }

  bool take_variable(const conf::Word& word) {
    std::string name = word.text.substr(4);
    const bool is_unset = name.starts_with('!');
    if (is_unset) name.erase(0, 1);
    if (name.empty()) return refuse(word, "env= needs the name of a variable");
    edit_.condition = apache::when_variable(std::move(name), is_unset);
    return true;
  }

  std::size_t groups() const { return edit_.pattern->group_count(); }

  bool take_pattern(const conf::Word& word) {
    auto pattern = Pattern::compile(word.text);
    if (!pattern) return refuse(word, "no regular expression: " + pattern.error().detail);
    edit_.pattern = *std::move(pattern);
    return true;
  }

  // With `groups` those of the pattern; in a plain value a '$' is a '$'.
  bool take_value(const conf::Word& word, std::size_t groups) {
    const std::string& text = word.text;
    if (text.starts_with("expr=")) {
      auto words = apache::Expression::words(std::string_view(text).substr(5));
      if (!words) return refuse(word, "no expression: " + words.error().detail);
      edit_.value.push_back(
          {.kind = ValuePart::Kind::kMade, .made = apache::text_of_expression(*std::move(words))});
      return true;
    }
    if (!std::all_of(text.begin(), text.end(), is_value_byte)) {
      return refuse(word, "a header field holds no control characters");
    }
    for (std::size_t i = 0; i < text.size();) {
      const bool is_group = edit_.pattern && text[i] == '$' && i + 1 < text.size() &&
                            text[i + 1] >= '0' && text[i + 1] <= '9';
      if (is_group) {
        const auto group = static_cast<unsigned>(text[i + 1] - '0');
        if (group > groups) {
          return refuse(word, "the regular expression has no group " + std::to_string(group));
        }
        edit_.value.push_back({.kind = ValuePart::Kind::kGroup, .group = group});
        i += 2;
      } else if (edit_.pattern && text[i] == '\\' && i + 1 < text.size()) {
        add_text(text[i + 1]);
        i += 2;
      } else if (text[i] == '%') {
        const std::size_t taken = take_letter(word, std::string_view(text).substr(i));
        if (taken == 0) return false;
        i += taken;
      } else {
        add_text(text[i++]);
      }
    }
    return true;
  }

  void add_text(char c) {
    if (edit_.value.empty() || edit_.value.back().kind != ValuePart::Kind::kText) {
      edit_.value.push_back({.kind = ValuePart::Kind::kText});
    }
    edit_.value.back().text += c;
  }

  // "%t", "%D", "%%", "%{NAME}s" at the front; how many bytes that was, 0 after an error.
  std::size_t take_letter(const conf::Word& word, std::string_view rest) {
    constexpr std::string_view kKnown = "a value knows %t, %D, %%, %{NAME}e and %{NAME}s";
    if (rest.starts_with("%%")) return add_text('%'), 2;
    if (rest.starts_with("%t") || rest.starts_with("%D")) {
      edit_.value.push_back(
          {.kind = rest[1] == 't' ? ValuePart::Kind::kReceived : ValuePart::Kind::kDuration});
      return 2;
    }
    const std::size_t close = rest.find('}');
    if (!rest.starts_with("%{") || close == std::string_view::npos || close + 1 >= rest.size()) {
      return refuse(word, std::string(kKnown) + ", not '" + std::string(rest.substr(0, 2)) + "'"),
             0;
    }
    const std::string_view whole = rest.substr(0, close + 2);
    const std::string_view name = rest.substr(2, close - 2);
    const auto made = [this](std::shared_ptr<const http::EditText> text) {
      edit_.value.push_back({.kind = ValuePart::Kind::kMade, .made = std::move(text)});
    };
    if (rest[close + 1] == 'e' && !name.empty()) {
      made(apache::text_of_variable(std::string(name)));
      return whole.size();
    }
    const auto fact = find_tls_fact(name);
    if (rest[close + 1] == 's' && !fact && apache::is_variable(name)) {
      made(apache::text_of_fact(std::string(name)));
      return whole.size();
    }
    if (rest[close + 1] != 's' || !fact) {
      return refuse(word, std::string(kKnown) + " (SSL_PROTOCOL, SSL_CLIENT_S_DN ...), not '" +
                              std::string(whole) + "'"),
             0;
    }
    edit_.value.push_back({.kind = ValuePart::Kind::kTls, .fact = *fact});
    return whole.size();
  }

  const std::vector<conf::Word>& words_;
  const conf::Word& name_;
  const bool is_request_;
  conf::Diagnostics& diagnostics_;
  std::size_t next_ = 0;
  FieldEdit edit_;
};

void add_edits(const std::vector<const conf::Directive*>& directives, http::FieldEdits& edits,
               bool may_set_host, conf::Diagnostics& diagnostics) {
  for (const conf::Directive* directive : directives) {
    if (may_set_host && sets_host(*directive)) continue;
    if (names_host(*directive)) {
      diagnostics.error(directive->arguments[1],
                        "Host can be set to a text only, by RequestHeader set Host NAME outside of "
                        "patterns and <If>, and without a condition");
      continue;
    }
    if (auto edit = Reader(*directive, diagnostics).read()) edits.push_back(*std::move(edit));
  }
}

}  // namespace

void add_header_edits(const conf::Settings& settings, HeaderEdits& edits, bool may_set_host,
                      conf::Diagnostics& diagnostics) {
  add_edits(settings.all_here("RequestHeader"), edits.request, may_set_host, diagnostics);
  add_edits(settings.all_here("Header"), edits.response, may_set_host, diagnostics);
}

}  // namespace understudy::config
