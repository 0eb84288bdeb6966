// SPDX-License-Identifier: Apache-2.0
// The broken configurations of tests/conf/broken: the first line of each says, after "# expect: ",
// what has to be said first. A '*' at the end stands for any rest.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "proxy/config/config.h"
#include "proxy/config/load.h"

namespace understudy::config {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> broken_files() {
  std::vector<fs::path> paths;
  for (const auto& entry : fs::directory_iterator(UNDERSTUDY_ROOT "/tests/conf/broken")) {
    if (entry.path().extension() == ".conf") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Broken, EachIsRefusedWithItsPositionAndSentence) {
  const std::vector<fs::path> paths = broken_files();
  EXPECT_GE(paths.size(), 10u);
  for (const fs::path& path : paths) {
    const std::string name = path.filename();
    SCOPED_TRACE(name);
    const std::string text = text_of(path);
    constexpr std::string_view kMark = "# expect: ";
    ASSERT_TRUE(text.starts_with(kMark));
    const std::string first_line = text.substr(0, text.find('\n'));
    std::string expected = name + ":" + first_line.substr(kMark.size());

    const Loaded loaded = load_text(name, text);
    EXPECT_EQ(loaded.config, nullptr);
    std::string said = loaded.diagnostics.substr(0, loaded.diagnostics.find('\n'));
    if (expected.ends_with('*')) {
      expected.pop_back();
      said = said.substr(0, expected.size());
    }
    EXPECT_EQ(said, expected);
  }
}

}  // namespace
}  // namespace understudy::config
