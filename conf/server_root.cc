// SPDX-License-Identifier: Apache-2.0
#include "conf/server_root.h"

#include <filesystem>

namespace understudy::conf {

using Path = std::filesystem::path;

bool ServerRoot::has_directory(const std::string& path) const {
  for (const char* const below : {"", "/*", "/*/*"}) {
    if (!files_.matching(path + below, 1).empty()) return true;
  }
  return false;
}

void ServerRoot::set(const Word& word, Diagnostics& diagnostics) {
  if (is_fixed_) return;
  const Path directory = Path(sources_.at(0).path).parent_path();
  Path root = (directory / word.text).lexically_normal();
  if (!root.has_filename()) root = root.parent_path();
  if (!has_directory(root.string())) {
    root = directory.filename() == "conf" ? directory.parent_path() : directory;
    if (root.empty()) root = ".";
    diagnostics.warning(word, "there is no directory " + word.text + "; relative paths start at " +
                                  root.string() + " instead, or at what -d names");
  }
  path_ = root.string();
}

std::vector<std::string> ServerRoot::places_of(const Word& word) const {
  const Path path(word.text);
  if (path.is_absolute()) return {word.text};
  if (!path_.empty()) return {(Path(path_) / path).string()};
  const auto beside = [&](std::uint32_t file) {
    return (Path(sources_.at(file).path).parent_path() / path).string();
  };
  std::vector<std::string> places = {beside(word.at.file)};
  if (beside(0) != places.front()) places.push_back(beside(0));
  return places;
}

std::string ServerRoot::note() const {
  if (path_.empty()) return {};
  return is_fixed_ ? " (-d names " + path_ + ")" : " (ServerRoot is " + path_ + ")";
}

}  // namespace understudy::conf
