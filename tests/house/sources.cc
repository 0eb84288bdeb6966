// SPDX-License-Identifier: Apache-2.0
#include "tests/house/sources.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace understudy::house {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> lines_of(const fs::path& path) {
  std::vector<std::string> lines;
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace

const std::vector<std::string>& product_folders() {
  static const std::vector<std::string> folders = {"cookies", "conf", "base", "proxy",
                                                   "backend_sdk"};
  return folders;
}

const std::vector<std::string>& all_folders() {
  static const std::vector<std::string> folders = {"cookies",     "conf",  "base",    "proxy",
                                                   "backend_sdk", "tests", "loadtest"};
  return folders;
}

std::vector<SourceFile> read_sources(const std::vector<std::string>& folders) {
  const fs::path root = UNDERSTUDY_ROOT;
  std::vector<SourceFile> files;
  for (const auto& folder : folders) {
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      const auto extension = entry.path().extension();
      if (extension != ".h" && extension != ".cc" && extension != ".c") continue;
      files.push_back({fs::relative(entry.path(), root).string(), lines_of(entry.path())});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const SourceFile& a, const SourceFile& b) { return a.path < b.path; });
  return files;
}

std::string included(const std::string& line, char open, char close) {
  if (!line.starts_with("#include ")) return "";
  const size_t begin = line.find(open);
  const size_t end = line.find(close, begin + 1);
  if (begin == std::string::npos || end == std::string::npos) return "";
  return line.substr(begin + 1, end - begin - 1);
}

}  // namespace understudy::house
