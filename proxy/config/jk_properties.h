// SPDX-License-Identifier: Apache-2.0
// The lines of mod_jk's files, workers.properties and uriworkermap.properties, and the properties
// that a worker may have. Internal to proxy/config; used by one thread during one load.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "proxy/config/binding.h"

namespace understudy::config {

// What a property of a worker says in Apache's words.
struct JkKnown {
  enum class Of : std::uint8_t { kMember, kBalancer };
  std::string_view name;
  Of of = Of::kMember;
  // The parameter, with '=', and what stands behind the value. Empty: it is read in another way, or
  // there is no need of it here.
  std::string_view parameter = {};
  std::string_view unit = {};
  std::string_view note = {};  // what is said where it does nothing and might be missed
};
// Null: there is none.
const JkKnown* find_jk_property(std::string_view name);
std::vector<std::string_view> jk_property_names();

// "name=value" of a line, with where it stands.
struct JkProperty {
  conf::Word name;
  conf::Word value;
};

// What a file of properties says, or a JkWorkerProperty, behind what is there.
void add_jk_properties(std::string_view text, conf::Position begin,
                       std::vector<JkProperty>& properties);
// The text of a file that `word` names, whose lines diagnostics can show; null after an error.
struct JkFile {
  std::string_view text;
  conf::Position begin;
};
std::optional<JkFile> read_jk_file(const conf::Word& word, Binding& binding);

}  // namespace understudy::config
