// SPDX-License-Identifier: Apache-2.0
#include "conf/configuration.h"

#include <filesystem>

#include "conf/checker.h"

namespace understudy::conf {

std::unique_ptr<Configuration> Configuration::load(const std::string& path, Program program) {
  return load(path, program, DiskFiles(), ParseOptions());
}

std::unique_ptr<Configuration> Configuration::load(const std::string& path, Program program,
                                                   const Files& files,
                                                   const ParseOptions& options) {
  std::unique_ptr<Configuration> loaded(new Configuration(path, program));
  loaded->tree_ = parse(path, files, options, loaded->sources_, loaded->diagnostics_);
  const bool is_read = !loaded->diagnostics_.has_errors();
  const Faulty faulty = check(loaded->tree_, program, path, loaded->diagnostics_);
  loaded->is_whole_ = is_read && faulty.empty();
  if (!faulty.empty()) loaded->tree_ = without(faulty, std::move(loaded->tree_));
  return loaded;
}

std::uint32_t Configuration::add_source(std::string path, std::string text, Position named_at) {
  return sources_.add(
      {.path = std::move(path), .text = std::move(text), .included_from = named_at});
}

std::string Configuration::resolved_path(const Word& argument) const {
  const std::filesystem::path path(argument.text);
  if (path.is_absolute() || argument.at.file >= sources_.count()) return argument.text;
  if (!tree_.server_root.empty()) {
    return (std::filesystem::path(tree_.server_root) / path).string();
  }
  const std::filesystem::path base(sources_.at(argument.at.file).path);
  return (base.parent_path() / path).string();
}

}  // namespace understudy::conf
