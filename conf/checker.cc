// SPDX-License-Identifier: Apache-2.0
#include "conf/checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "conf/suggestion.h"
#include "conf/values.h"

namespace understudy::conf {

namespace {

TimeUnit unit_of(const DirectiveSpec& spec) {
  return spec.bare_is_milliseconds ? TimeUnit::kMilliseconds : TimeUnit::kSeconds;
}

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text) + "'";
}

// A value and its bounds on one scale, so that one comparison serves numbers, times and sizes.
std::optional<std::uint64_t> magnitude(const DirectiveSpec& spec, std::string_view text) {
  switch (spec.argument) {
    case Argument::kInteger: {
      const auto number = parse_integer(text);
      if (!number || *number < 0) return std::nullopt;
      return static_cast<std::uint64_t>(*number);
    }
    case Argument::kDuration: {
      const auto duration = parse_duration(text, unit_of(spec));
      if (!duration) return std::nullopt;
      return static_cast<std::uint64_t>(duration->count());
    }
    case Argument::kSize:
      return parse_size(text);
    default:
      return std::nullopt;
  }
}

class Checker final {
 public:
  Checker(Program program, Diagnostics& diagnostics)
      : program_(program), diagnostics_(diagnostics) {}

  void check_section(const std::vector<Directive>& section, Contexts context);
  void check_required(const Tree& tree, std::string_view path);
  Faulty take_faulty() { return std::move(faulty_); }

 private:
  // Counted here, for the same error about the same word is kept once only.
  void error(const Word& word, std::string message, std::string suggestion = {}) {
    ++errors_;
    diagnostics_.error(word, std::move(message), std::move(suggestion));
  }
  bool has_faulty_child(const Directive& directive) const;
  void check_directive(const Directive& directive, Contexts context);
  void report_unknown(const Directive& directive, Contexts context);
  bool is_repeated(const Directive& directive, const DirectiveSpec& spec,
                   std::map<const DirectiveSpec*, const Directive*>& seen);
  void check_refused(const Directive& directive, const DirectiveSpec& spec);
  bool check_no_comment(const Directive& directive);
  bool check_count(const Directive& directive, const DirectiveSpec& spec);
  void check_value(const Word& word, const DirectiveSpec& spec);
  void check_magnitude(const Word& word, const DirectiveSpec& spec, std::string_view kind);
  void check_choice(const Word& word, const DirectiveSpec& spec);

  const Program program_;
  Diagnostics& diagnostics_;
  std::set<const DirectiveSpec*> said_;  // to be ignored
  Faulty faulty_;
  std::size_t errors_ = 0;
};

void Checker::check_section(const std::vector<Directive>& section, Contexts context) {
  std::map<const DirectiveSpec*, const Directive*> seen;
  for (const Directive& directive : section) {
    const DirectiveSpec* spec = find_directive(program_, directive.name.text, directive.is_section);
    const std::size_t errors = errors_;
    if (spec == nullptr || !is_repeated(directive, *spec, seen)) {
      check_directive(directive, context);
    }
    // A section with an error inside stays, without what is wrong in it.
    const bool is_wrong = errors_ != errors;
    const bool is_inside = faulty_.contains(&directive) || has_faulty_child(directive);
    if (is_wrong && !is_inside) faulty_.insert(&directive);
  }
}

bool Checker::has_faulty_child(const Directive& directive) const {
  return std::any_of(directive.children.begin(), directive.children.end(), [this](const auto& one) {
    return faulty_.contains(&one) || has_faulty_child(one);
  });
}

bool Checker::is_repeated(const Directive& directive, const DirectiveSpec& spec,
                          std::map<const DirectiveSpec*, const Directive*>& seen) {
  if (spec.may_repeat) return false;
  const auto [first, is_new] = seen.emplace(&spec, &directive);
  if (is_new) return false;
  const std::string message = std::string(spec.name) + " is already given at " +
                              diagnostics_.sources().location(first->second->name.at);
  // In Apache's language a later file may say it anew.
  if (program_ == Program::kProxy) {
    diagnostics_.warning(directive.name, message + "; the last one counts");
    return false;
  }
  error(directive.name, message);
  return true;
}

void Checker::check_directive(const Directive& directive, Contexts context) {
  const std::size_t errors = errors_;
  const DirectiveSpec* spec = find_directive(program_, directive.name.text, directive.is_section);
  if (spec == nullptr) return report_unknown(directive, context);
  const std::string shown =
      directive.is_section ? "<" + directive.name.text + ">" : directive.name.text;
  if (spec->status == Status::kIgnored) {
    // Once is enough, for those who load a hundred modules.
    if (!said_.insert(spec).second) return;
    diagnostics_.warning(directive.name, shown + " is ignored: " + std::string(spec->description));
    return;
  }
  if (spec->status == Status::kRefused) return check_refused(directive, *spec);
  if ((spec->contexts & context) == 0) {
    error(directive.name, shown + " may not stand " + contexts_text(context) + ", only " +
                              contexts_text(spec->contexts));
    return;
  }
  if (check_no_comment(directive) && check_count(directive, *spec)) {
    for (const Word& word : directive.arguments) {
      check_value(word, *spec);
      if (spec->argument == Argument::kListen) break;
    }
  }
  if (errors_ != errors) faulty_.insert(&directive);  // whatever its inside is
  if (directive.is_section) check_section(directive.children, spec->opens);
}

void Checker::report_unknown(const Directive& directive, Contexts context) {
  const bool is_section = directive.is_section;
  const std::string_view name = directive.name.text;
  std::string message = is_section ? "unknown section <" + std::string(name) + ">"
                                   : "unknown directive " + in_quotes(name);
  if (find_directive(program_, name, !is_section) != nullptr) {
    message += is_section ? ", it is a plain directive"
                          : ", it is a section: <" + std::string(name) + " ...>";
  }
  std::string suggestion;
  if (diagnostics_.has_room()) {
    suggestion = nearest(name, names_valid_in(program_, context, is_section));
  }
  error(directive.name, std::move(message), std::move(suggestion));
}

void Checker::check_refused(const Directive& directive, const DirectiveSpec& spec) {
  std::string written;
  for (const Word& word : directive.arguments) {
    written += (written.empty() ? "" : " ") + word.text;
  }
  if (!spec.harmless.empty() && equal_ignoring_case(written, spec.harmless)) return;
  std::string message = directive.name.text + " is not supported: " + std::string(spec.description);
  if (!spec.harmless.empty()) message += "; only " + in_quotes(spec.harmless) + " is accepted";
  error(directive.name, std::move(message));
}

bool Checker::check_no_comment(const Directive& directive) {
  for (const Word& word : directive.arguments) {
    if (word.is_quoted || !word.text.starts_with('#')) continue;
    error(word, "a comment stands on a line of its own; a word that starts with # needs quotes");
    return false;
  }
  return true;
}

bool Checker::check_count(const Directive& directive, const DirectiveSpec& spec) {
  std::size_t least = 1;
  std::size_t most = 1;
  if (spec.argument == Argument::kWords) {
    least = spec.words_min;
    most = spec.words_max;
  } else if (spec.argument == Argument::kAddresses) {
    most = static_cast<std::size_t>(-1);
  } else if (spec.argument == Argument::kListen) {
    most = spec.words_max;  // what is behind the address is its owner's
  }
  const std::size_t count = directive.arguments.size();
  if (count >= least && count <= most) return true;
  const std::string wanted = least == most
                                 ? std::to_string(least)
                                 : "at " + (count < least ? "least " + std::to_string(least)
                                                          : "most " + std::to_string(most));
  const Word& where = count > most ? directive.arguments[most] : directive.name;
  error(where, directive.name.text + " takes " + wanted + " argument" +
                   (wanted.ends_with('1') && !wanted.ends_with("11") ? "" : "s") + ", not " +
                   std::to_string(count));
  return false;
}

void Checker::check_value(const Word& word, const DirectiveSpec& spec) {
  const auto refuse_unless = [this, &word](bool is_right, std::string_view expected) {
    if (is_right) return;
    error(word, "expected " + std::string(expected) + ", not " + in_quotes(word.text));
  };
  const std::string_view text = value_text(spec, word.text);
  switch (spec.argument) {
    case Argument::kFlag:
      return refuse_unless(parse_flag(text).has_value(), "On or Off");
    case Argument::kInteger:
      return check_magnitude(word, spec, "a number");
    case Argument::kDuration:
      return check_magnitude(
          word, spec,
          spec.bare_is_milliseconds
              ? "a duration such as 250ms or 2s (a bare number counts milliseconds)"
              : "a duration such as 500ms, 2s or 5m (a bare number counts seconds)");
    case Argument::kSize:
      return check_magnitude(word, spec, "a size such as 8190, 64K or 4M");
    case Argument::kChoice:
      return check_choice(word, spec);
    case Argument::kAddress:
      return refuse_unless(parse_address(text).has_value(),
                           "an address such as 127.0.0.1:7001 or [::1]:7001");
    case Argument::kListen:
      return refuse_unless(parse_listen(text).has_value(),
                           "a port or an address such as 8080, *:8080 or 127.0.0.1:8080");
    case Argument::kAddresses:
      return refuse_unless(parse_addresses(text).has_value(),
                           "addresses such as 127.0.0.1:7001,127.0.0.1:7002");
    case Argument::kPath:
    case Argument::kText:
      return refuse_unless(!text.empty(), "something");
    case Argument::kWords:
      return;  // its owner looks inside
  }
}

void Checker::check_magnitude(const Word& word, const DirectiveSpec& spec, std::string_view kind) {
  const std::string_view text = value_text(spec, word.text);
  const bool is_named = text.data() != word.text.data();
  const auto value = magnitude(spec, text);
  if (!value) {
    error(word, "expected " + std::string(kind) + ", not " + in_quotes(word.text));
    return;
  }
  if (is_named) return;
  const auto least = magnitude(spec, spec.minimum);
  const auto most = magnitude(spec, spec.maximum);
  if ((!least || *value >= *least) && (!most || *value <= *most)) return;
  std::string range;
  if (least) range += "at least " + std::string(spec.minimum);
  if (least && most) range += " and ";
  if (most) range += "at most " + std::string(spec.maximum);
  error(word, std::string(spec.name) + " is " + range + ", not " + word.text);
}

void Checker::check_choice(const Word& word, const DirectiveSpec& spec) {
  std::vector<std::string_view> choices = parts(spec.choices, '|');
  for (const std::string_view pair : parts(spec.named, ' ')) {
    choices.push_back(pair.substr(0, pair.find('=')));
  }
  std::string listed;
  for (const std::string_view choice : choices) {
    if (equal_ignoring_case(choice, word.text)) return;
    listed += (listed.empty() ? "" : ", ") + std::string(choice);
  }
  const bool is_single = choices.size() == 1;
  error(word,
        std::string(spec.name) +
            (is_single ? " can only be " + listed + " in this version" : " is one of " + listed) +
            ", not " + in_quotes(word.text),
        is_single ? std::string() : std::string(nearest(word.text, choices)));
}

void Checker::check_required(const Tree& tree, std::string_view path) {
  for (const DirectiveSpec* spec : directives(program_)) {
    if (!spec->is_required) continue;
    bool is_given = false;
    for (const Directive& directive : tree.directives) {
      is_given |=
          !directive.is_section && find_directive(program_, directive.name.text, false) == spec;
    }
    if (is_given) continue;
    diagnostics_.error_in_file(
        path, std::string(spec->name) + " is missing (" + std::string(spec->description) + ")");
  }
}

}  // namespace

void check_section(const std::vector<Directive>& section, Contexts context, Program program,
                   Diagnostics& diagnostics) {
  Checker(program, diagnostics).check_section(section, context);
}

Faulty check(const Tree& tree, Program program, std::string_view path, Diagnostics& diagnostics) {
  // After a file or a line that could not be read, "missing" might be untrue.
  const bool is_whole = !diagnostics.has_errors();
  Checker checker(program, diagnostics);
  checker.check_section(tree.directives, kGlobal);
  if (is_whole) checker.check_required(tree, path);
  return checker.take_faulty();
}

namespace {

void remove_faulty(const Faulty& faulty, std::vector<Directive>& section) {
  std::vector<Directive> kept;
  for (Directive& directive : section) {
    if (faulty.contains(&directive)) continue;
    remove_faulty(faulty, directive.children);
    kept.push_back(std::move(directive));
  }
  section = std::move(kept);
}

}  // namespace

Tree without(const Faulty& faulty, Tree tree) {
  remove_faulty(faulty, tree.directives);
  return tree;
}

}  // namespace understudy::conf
