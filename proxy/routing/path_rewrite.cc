// SPDX-License-Identifier: Apache-2.0
#include "proxy/routing/path_rewrite.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/glob.h"
#include "proxy/routing/request_path.h"

namespace understudy::routing {
namespace {

// "/name;parameters" at the front of a path that begins with a slash.
struct Front {
  std::string_view name;  // with its slash
  std::string_view parameters;
  std::string_view rest;
};

Front take_front(std::string_view path) {
  const std::size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view segment = path.substr(0, end);
  const std::size_t semicolon = std::min(segment.find(';'), segment.size());
  return {segment.substr(0, semicolon), segment.substr(semicolon), path.substr(end)};
}

// What is left behind `trim`, and the parameters that stood at its end; nothing is left of a path
// that does not begin with it.
struct Trimmed {
  bool applies = false;
  std::string_view rest;
  std::string_view parameters;
};

// The normal form of a front's name; that of the rules is normal.
bool is_same_name(std::string_view name, std::string_view normal) {
  if (name == normal) return true;
  std::array<char, 1024> room;
  return name.find('%') != std::string_view::npos && normalise_path(name, room).path == normal;
}

Trimmed trimmed(std::string_view trim, std::string_view path) {
  Trimmed out{.applies = true, .rest = path};
  while (!trim.empty()) {
    const Front wanted = take_front(trim);
    while (out.rest.starts_with("//")) out.rest.remove_prefix(1);
    const Front here = out.rest.empty() ? Front{} : take_front(out.rest);
    if (!is_same_name(here.name, wanted.name)) return {};
    trim = wanted.rest;
    out.rest = here.rest;
    out.parameters = here.parameters;
  }
  return out;
}

// The last segment keeps its parameters; one that has nothing but the extension keeps that.
struct WithoutExtension {
  std::string_view path;
  std::string_view parameters;
};

WithoutExtension without_extension(std::string_view extension, std::string_view path) {
  const std::size_t segment = path.rfind('/') + 1;
  const std::size_t end = std::min(path.find(';', segment), path.size());
  const std::string_view name = path.substr(segment, end - segment);
  const bool applies =
      !extension.empty() && name.size() > extension.size() && name.ends_with(extension);
  if (!applies) return {.path = path, .parameters = {}};
  return {.path = path.substr(0, end - extension.size()), .parameters = path.substr(end)};
}

class Writer final {
 public:
  explicit Writer(std::span<char> room) : room_(room) {}
  void add(std::string_view text) {
    fits_ = fits_ && text.size() <= room_.size() - size_;
    if (!fits_ || text.empty()) return;
    std::memcpy(room_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  std::string_view text() const {
    return fits_ ? std::string_view(room_.data(), size_) : std::string_view();
  }

 private:
  std::span<char> room_;
  std::size_t size_ = 0;
  bool fits_ = true;
};

}  // namespace

std::string_view rewrite_path(const config::PathRules& rules, std::string_view path,
                              std::span<char> room) {
  std::string_view rest = path;
  std::string_view parameters;
  if (const Trimmed cut = trimmed(rules.trim, path); cut.applies && !rules.trim.empty()) {
    rest = cut.rest;
    if (rest.empty() || rest == "/") parameters = cut.parameters;
  }
  if (rest == "/" || rest.starts_with("/;")) {
    parameters = parameters.empty() ? rest.substr(1) : parameters;
    rest = {};
  }
  Writer out(room);
  out.add(rules.prepend);
  if (!rest.empty()) {
    const WithoutExtension cut = without_extension(rules.trim_extension, rest);
    out.add(cut.path);
    out.add(cut.parameters);
    return out.text();
  }
  // Only what was trimmed to nothing without a slash, and has somewhere else to go, needs none.
  const bool ends_bare = !path.ends_with('/') && !rules.prepend.empty() &&
                         rules.default_file.empty() && parameters.empty() && !rules.ends_in_slash;
  if (!ends_bare) out.add("/");
  out.add(rules.default_file);
  out.add(parameters);
  return out.text();
}

std::string_view without_parameters(std::string_view path, std::string& kept) {
  if (path.find(';') == std::string_view::npos) return path;
  kept.clear();
  bool skipping = false;
  for (const char c : path) {
    if (c == ';') skipping = true;
    if (c == '/') skipping = false;
    if (!skipping) kept += c;
  }
  return kept;
}

bool is_excluded(const std::vector<std::string>& patterns, std::string_view path) {
  std::string kept;
  const std::string_view plain = without_parameters(path, kept);
  return std::any_of(patterns.begin(), patterns.end(),
                     [plain](const std::string& pattern) { return matches_glob(pattern, plain); });
}

}  // namespace understudy::routing
