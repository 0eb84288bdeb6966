// SPDX-License-Identifier: Apache-2.0
// Typed access to one section of a checked tree: the value as written here, else as inherited from
// the section outside, else the table's default. Names are those of the table; asking for a name
// or a type that the table does not have is a bug and aborts. Borrows the tree and its parent.
// Immutable; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "conf/directive_table.h"
#include "conf/tree.h"
#include "conf/values.h"

namespace understudy::conf {

class Settings final {
 public:
  // `section` are the directives of one section that check() found no error in.
  Settings(Program program, const std::vector<Directive>& section,
           const Settings* parent = nullptr);

  // Written here or further out; false when the default applies.
  bool is_set(std::string_view name) const;
  // Where the value in force was written; null when the default applies.
  const Directive* directive(std::string_view name) const;
  // Written in this very section, in order; sections too.
  std::vector<const Directive*> all_here(std::string_view name) const;
  std::vector<const Directive*> all_here(std::initializer_list<std::string_view> names) const;

  bool flag(std::string_view name) const;
  std::int64_t integer(std::string_view name) const;
  std::chrono::milliseconds duration(std::string_view name) const;
  std::uint64_t bytes(std::string_view name) const;
  // kText, kPath and kChoice (in the table's spelling); empty when unset and without default.
  std::string text(std::string_view name) const;
  HostPort address(std::string_view name) const;  // kAddress and kListen
  std::vector<HostPort> addresses(std::string_view name) const;

  // kWords that may not repeat; those of the default have no position.
  std::vector<Word> words(std::string_view name) const;

  // One line "Name value" for every directive that works and has a value, in the table's order and
  // spelling: what is in force, however it was written.
  std::string effective_text(Contexts context) const;

 private:
  const DirectiveSpec& spec(std::string_view name, std::initializer_list<Argument> kinds) const;
  const Directive* written(const DirectiveSpec& spec) const;
  std::string argument_text(const DirectiveSpec& spec) const;
  std::string canonical_text(const DirectiveSpec& spec, const Directive* found) const;

  const Program program_;
  const std::vector<Directive>& section_;
  const Settings* const parent_;
  std::map<const DirectiveSpec*, const Directive*> last_;  // the last of each name wins
};

}  // namespace understudy::conf
