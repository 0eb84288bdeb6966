// SPDX-License-Identifier: Apache-2.0
// A recipe that forgets a file costs its reader an hour: the lists of CONTRIBUTING.md are held
// against the sources.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include "tests/house/sources.h"

namespace understudy::house {
namespace {

constexpr std::size_t kFilesOfADirectiveMax = 5;

// "### A new ...", its line "Example: `word`, `word`", and the files in the table behind that.
struct Recipe {
  std::string title;
  std::vector<std::string> words;
  std::set<std::string> files;
};

std::vector<std::string> quoted_in(const std::string& line) {
  static const std::regex kQuoted("`([^`]+)`");
  std::vector<std::string> all;
  for (std::sregex_iterator each(line.begin(), line.end(), kQuoted), end; each != end; ++each) {
    all.push_back((*each)[1].str());
  }
  return all;
}

std::vector<Recipe> recipes() {
  std::vector<Recipe> all;
  std::ifstream page(std::filesystem::path(UNDERSTUDY_ROOT) / "CONTRIBUTING.md");
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("### ")) all.push_back({.title = line.substr(4)});
    if (all.empty()) continue;
    if (line.starts_with("Example: ")) all.back().words = quoted_in(line);
    if (line.starts_with("| `")) all.back().files.insert(quoted_in(line).front());
  }
  return all;
}

bool holds_any(const SourceFile& file, const std::vector<std::string>& words) {
  return std::any_of(file.lines.begin(), file.lines.end(), [&](const std::string& line) {
    return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
      return line.find(word) != std::string::npos;
    });
  });
}

TEST(Contributing, RecipesListEachFileOfTheirExample) {
  const auto sources = read_sources(product_folders());
  const auto all = recipes();
  ASSERT_EQ(all.size(), 3u);
  for (const Recipe& recipe : all) {
    SCOPED_TRACE(recipe.title);
    ASSERT_FALSE(recipe.words.empty());
    std::set<std::string> found;
    for (const SourceFile& file : sources) {
      if (holds_any(file, recipe.words)) found.insert(file.path);
    }
    EXPECT_EQ(recipe.files, found);
  }
}

TEST(Contributing, ADirectiveCostsFewFiles) {
  const auto all = recipes();
  ASSERT_FALSE(all.empty());
  EXPECT_EQ(all.front().title, "A new directive");
  EXPECT_LE(all.front().files.size(), kFilesOfADirectiveMax);
}

}  // namespace
}  // namespace understudy::house
