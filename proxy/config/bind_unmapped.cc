// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

#include "proxy/config/binding.h"

namespace understudy::config {

namespace {

std::string text_of(const std::vector<conf::Word>& words) {
  std::string text;
  for (const conf::Word& word : words) text += (text.empty() ? "" : " ") + word.text;
  return text;
}

// Whether a section lets all clients in, or none; nothing: it says neither.
std::optional<bool> is_closed_by(const conf::Directive& section) {
  std::optional<bool> closed;
  for (const conf::Directive& one : section.children) {
    const std::string said = text_of(one.arguments);
    if (conf::equal_ignoring_case(one.name.text, "Require")) {
      if (conf::equal_ignoring_case(said, "all denied")) closed = true;
      if (conf::equal_ignoring_case(said, "all granted")) closed = false;
    } else if (conf::equal_ignoring_case(said, "from all")) {
      if (conf::equal_ignoring_case(one.name.text, "Deny")) closed = true;
      if (conf::equal_ignoring_case(one.name.text, "Allow")) closed = false;
    }
  }
  return closed;
}

bool is_below(std::string_view path, std::string_view directory) {
  if (!path.starts_with(directory)) return false;
  return path.size() == directory.size() || path[directory.size()] == '/';
}

}  // namespace

// The <Directory> with the longest path decides about DocumentRoot.
std::uint16_t bind_unmapped_status(const Scope& host) {
  std::string root;
  if (const conf::Directive* directive = host.settings.directive("DocumentRoot")) {
    root = without_slash(directive->arguments.front().text);
  }
  bool is_closed = false;
  std::size_t longest = 0;
  for (const Scope* scope = &host; scope != nullptr; scope = scope->outer) {
    for (const conf::Directive* section : scope->settings.all_here("Directory")) {
      if (section->arguments.size() != 1) continue;
      const std::string_view path = without_slash(section->arguments.front().text);
      const auto closed = is_closed_by(*section);
      if (!closed || path.size() < longest || !is_below(root, path)) continue;
      is_closed = *closed;
      longest = path.size();
    }
  }
  // Where nothing is, nothing is closed.
  std::error_code failure;
  const bool is_there = root.empty() || std::filesystem::exists(root, failure);
  return is_closed && is_there ? 403 : 404;
}

}  // namespace understudy::config
