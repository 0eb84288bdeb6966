// SPDX-License-Identifier: Apache-2.0
#include "conf/settings.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace understudy::conf {

namespace {

// A bug of the caller, not of the configuration: check() has accepted the tree, and the names and
// types in the code are those of the table.
[[noreturn]] void stop(std::string_view why, std::string_view name) {
  std::fprintf(stderr, "conf::Settings: %.*s: %.*s\n", static_cast<int>(why.size()), why.data(),
               static_cast<int>(name.size()), name.data());
  std::abort();
}

template <typename T>
T must_have(std::optional<T> value, const DirectiveSpec& spec) {
  if (!value) stop("no default and not set, or not checked", spec.name);
  return *std::move(value);
}

}  // namespace

Settings::Settings(Program program, const std::vector<Directive>& section, const Settings* parent)
    : program_(program), section_(section), parent_(parent) {
  for (const Directive& directive : section_) {
    const DirectiveSpec* found =
        find_directive(program_, directive.name.text, directive.is_section);
    if (found != nullptr) last_[found] = &directive;
  }
}

const DirectiveSpec& Settings::spec(std::string_view name,
                                    std::initializer_list<Argument> kinds) const {
  const DirectiveSpec* found = find_directive(program_, name, false);
  if (found == nullptr || found->status != Status::kWorks) stop("not in the table", name);
  const bool is_right_kind =
      kinds.size() == 0 || std::find(kinds.begin(), kinds.end(), found->argument) != kinds.end();
  if (!is_right_kind) stop("not of this type", name);
  return *found;
}

const Directive* Settings::written(const DirectiveSpec& spec) const {
  for (const Settings* scope = this; scope != nullptr; scope = scope->parent_) {
    const auto found = scope->last_.find(&spec);
    if (found != scope->last_.end()) return found->second;
  }
  return nullptr;
}

std::string Settings::argument_text(const DirectiveSpec& spec) const {
  const Directive* found = written(spec);
  if (found == nullptr) return std::string(value_text(spec, spec.default_text));
  if (found->arguments.empty()) stop("not checked", spec.name);
  return std::string(value_text(spec, found->arguments.front().text));
}

bool Settings::is_set(std::string_view name) const {
  return written(spec(name, {})) != nullptr;
}

const Directive* Settings::directive(std::string_view name) const {
  return written(spec(name, {}));
}

std::vector<const Directive*> Settings::all_here(std::string_view name) const {
  return all_here({name});
}

std::vector<const Directive*> Settings::all_here(
    std::initializer_list<std::string_view> names) const {
  std::vector<const Directive*> found;
  for (const Directive& directive : section_) {
    const DirectiveSpec* spec = find_directive(program_, directive.name.text, directive.is_section);
    if (spec == nullptr) continue;
    if (std::find(names.begin(), names.end(), spec->name) != names.end()) {
      found.push_back(&directive);
    }
  }
  return found;
}

bool Settings::flag(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kFlag});
  return must_have(parse_flag(argument_text(row)), row);
}

std::int64_t Settings::integer(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kInteger});
  return must_have(parse_integer(argument_text(row)), row);
}

std::chrono::milliseconds Settings::duration(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kDuration});
  const TimeUnit unit = row.bare_is_milliseconds ? TimeUnit::kMilliseconds : TimeUnit::kSeconds;
  return must_have(parse_duration(argument_text(row), unit), row);
}

std::uint64_t Settings::bytes(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kSize});
  return must_have(parse_size(argument_text(row)), row);
}

std::string Settings::text(std::string_view name) const {
  return argument_text(spec(name, {Argument::kText, Argument::kPath, Argument::kChoice}));
}

HostPort Settings::address(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kAddress, Argument::kListen});
  return must_have(parse_listen(argument_text(row)), row);
}

std::vector<HostPort> Settings::addresses(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kAddresses});
  std::vector<HostPort> all;
  const Directive* found = written(row);
  if (found == nullptr) return all;
  for (const Word& word : found->arguments) {
    auto some = must_have(parse_addresses(word.text), row);
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

std::vector<Word> Settings::words(std::string_view name) const {
  const DirectiveSpec& row = spec(name, {Argument::kWords});
  if (const Directive* found = written(row)) return found->arguments;
  std::vector<Word> words;
  for (const std::string_view text : parts(row.default_text, ' ')) {
    words.push_back({.text = std::string(text), .at = {}, .length = 0, .is_quoted = false});
  }
  return words;
}

std::string Settings::effective_text(Contexts context) const {
  std::string text;
  for (const DirectiveSpec* row : directives(program_)) {
    const bool is_asked =
        row->status == Status::kWorks && !row->is_section && (row->contexts & context) != 0;
    if (!is_asked) continue;
    if (row->may_repeat) {
      for (const Directive* directive : all_here(row->name)) {
        text += row->name;
        for (const Word& word : directive->arguments) text += ' ' + word.text;
        text += '\n';
      }
      continue;
    }
    const Directive* found = written(*row);
    if (found == nullptr && row->default_text.empty()) continue;
    text += std::string(row->name) + ' ' + canonical_text(*row, found) + '\n';
  }
  return text;
}

// In one spelling, so that 60 and 1m, or On and TRUE, are the same configuration.
std::string Settings::canonical_text(const DirectiveSpec& row, const Directive* found) const {
  switch (row.argument) {
    case Argument::kFlag:
      return flag(row.name) ? "On" : "Off";
    case Argument::kDuration:
      return duration_text(duration(row.name));
    case Argument::kSize:
      return size_text(bytes(row.name));
    case Argument::kAddresses: {
      std::string text;
      for (const HostPort& one : addresses(row.name)) text += address_text(one) + ',';
      return text;
    }
    case Argument::kWords: {
      if (found == nullptr) return std::string(row.default_text);
      std::string text;
      for (const Word& word : found->arguments) text += (text.empty() ? "" : " ") + word.text;
      return text;
    }
    default:
      return argument_text(row);
  }
}

}  // namespace understudy::conf
