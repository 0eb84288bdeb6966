// SPDX-License-Identifier: Apache-2.0
// RewriteOptions, and RewriteMap: files of keys and values, read once, and the functions that
// Apache has inside.
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "conf/files.h"
#include "proxy/config/rewriting.h"

namespace understudy::config {

namespace {

using apache::RewriteMap;
using apache::RewriteMaps;

constexpr std::size_t kMapBytesMax = std::size_t{8} * 1024 * 1024;

std::shared_ptr<const RewriteMap> read_map(const conf::Word& word, Binding& binding) {
  static constexpr std::pair<std::string_view, RewriteMap::Kind> kFunctions[] = {
      {"int:tolower", RewriteMap::Kind::kToLower},
      {"int:toupper", RewriteMap::Kind::kToUpper},
      {"int:escape", RewriteMap::Kind::kEscape},
      {"int:unescape", RewriteMap::Kind::kUnescape}};
  RewriteMap map;
  for (const auto& [name, kind] : kFunctions) {
    if (!conf::equal_ignoring_case(word.text, name)) continue;
    map.kind = kind;
    return std::make_shared<const RewriteMap>(map);
  }
  // As in Apache a FILE without a type is txt.
  const bool is_random = word.text.starts_with("rnd:");
  const bool is_typed = is_random || word.text.starts_with("txt:");
  if (!is_typed && !word.text.starts_with('/')) {
    binding.diagnostics().error(
        word,
        "a RewriteMap is txt:FILE, rnd:FILE or int:tolower, int:toupper, int:escape, "
        "int:unescape; programs (prg:) and databases (dbm:, dbd:) are not asked here: write "
        "what they hold into a text file, which a reload reads again");
    return nullptr;
  }
  if (is_random) map.kind = RewriteMap::Kind::kRandom;
  conf::Word path = word;
  path.text = word.text.substr(is_typed ? 4 : 0);
  const std::string resolved = binding.source.resolved_path(path);
  static const conf::DiskFiles disk;
  const conf::Files& files = binding.options.files != nullptr ? *binding.options.files : disk;
  const conf::FileText file = files.read(resolved, kMapBytesMax);
  if (!file.text) {
    binding.diagnostics().error(word, resolved + " cannot be read: " + file.error);
    return nullptr;
  }
  std::string_view rest = *file.text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string line(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    std::replace(line.begin(), line.end(), '\t', ' ');
    std::replace(line.begin(), line.end(), '\r', ' ');
    const auto words = conf::parts(line, ' ');
    if (words.size() < 2 || words[0].starts_with('#')) continue;
    map.entries.emplace(words[0], words[1]);
  }
  return std::make_shared<const RewriteMap>(std::move(map));
}

void add_maps(const conf::Settings& settings, RewriteMaps& maps, Binding& binding) {
  for (const conf::Directive* directive : settings.all_here("RewriteMap")) {
    if (auto map = read_map(directive->arguments[1], binding)) {
      maps.insert_or_assign(directive->arguments[0].text, std::move(map));
    }
  }
}

}  // namespace

bool has_rewrite_option(const conf::Settings& settings, std::string_view name) {
  const auto all = settings.all_here("RewriteOptions");
  return std::any_of(all.begin(), all.end(), [name](const conf::Directive* directive) {
    return std::any_of(
        directive->arguments.begin(), directive->arguments.end(),
        [name](const conf::Word& word) { return conf::equal_ignoring_case(word.text, name); });
  });
}

void check_rewrite_options(const conf::Settings& settings, conf::Diagnostics& diagnostics) {
  constexpr std::string_view kKnown[] = {
      "Inherit",           "InheritBefore",       "InheritDown",        "InheritDownBefore",
      "IgnoreInherit",     "AllowNoSlash",        "AllowAnyURI",        "MergeBase",
      "IgnoreContextInfo", "LegacyPrefixDocRoot", "LongURLOptimization"};
  for (const conf::Directive* directive : settings.all_here("RewriteOptions")) {
    for (const conf::Word& word : directive->arguments) {
      const bool is_known = std::any_of(
          std::begin(kKnown), std::end(kKnown),
          [&word](std::string_view name) { return conf::equal_ignoring_case(word.text, name); });
      if (!is_known) diagnostics.error(word, "RewriteOptions has no '" + word.text + "'");
    }
  }
}

std::vector<conf::Word> rewrite_words(const std::vector<conf::Word>& words) {
  std::vector<conf::Word> out;
  bool goes_on = false;
  for (const conf::Word& word : words) {
    if (goes_on) {
      out.back().text.back() = ' ';
      out.back().text += word.text;
    } else {
      out.push_back(word);
    }
    goes_on = !word.is_quoted && word.text.ends_with('\\') && !word.text.ends_with("\\\\");
  }
  return out;
}

RewriteMaps bind_rewrite_maps(const Scope& host, Binding& binding) {
  RewriteMaps maps;
  if (host.outer != nullptr) add_maps(host.outer->settings, maps, binding);
  add_maps(host.settings, maps, binding);
  return maps;
}

}  // namespace understudy::config
