// SPDX-License-Identifier: Apache-2.0
// A page that says which test holds what is worth nothing when the test has gone: every test that
// tests/proxy/security/README.md and docs/security_model.md name must be in the sources.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSecurityRows = 38;
constexpr std::size_t kPromises = 19;

std::string content_of(const fs::path& path) {
  std::ifstream stream(path);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// "Suite.Name" of every test.
std::set<std::string> all_tests() {
  static const std::regex kTest(R"(\bTEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\s*\))");
  std::set<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(fs::path(UNDERSTUDY_ROOT) / "tests")) {
    if (entry.path().extension() != ".cc") continue;
    const std::string text = content_of(entry.path());
    for (std::sregex_iterator each(text.begin(), text.end(), kTest), end; each != end; ++each) {
      names.insert((*each)[1].str() + "." + (*each)[2].str());
    }
  }
  return names;
}

// `name` may end in a star.
bool is_among(const std::set<std::string>& names, const std::string& name) {
  if (!name.ends_with("*")) return names.contains(name);
  const std::string prefix = name.substr(0, name.size() - 1);
  const auto found = names.lower_bound(prefix);
  return found != names.end() && found->starts_with(prefix);
}

// What stands in backticks: "Suite.Name", or "Name" of the suite that was named before it, or the
// name of a fuzzer. Other words in backticks, before any suite, are no tests.
std::vector<std::string> tests_named_in(const std::string& row) {
  static const std::regex kName("`([^`]+)`");
  std::vector<std::string> names;
  std::string suite;
  for (std::sregex_iterator each(row.begin(), row.end(), kName), end; each != end; ++each) {
    const std::string name = (*each)[1].str();
    if (const std::size_t dot = name.find('.'); dot != std::string::npos) {
      suite = name.substr(0, dot + 1);
      names.push_back(name);
    } else if (name.ends_with("_fuzzer")) {
      names.push_back(name);
    } else if (!suite.empty()) {
      names.push_back(suite + name);
    }
  }
  return names;
}

void expect_that_each_exists(const std::set<std::string>& tests,
                             const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const bool exists = name.ends_with("_fuzzer")
                            ? fs::exists(fs::path(UNDERSTUDY_ROOT) / "tests/fuzz" / (name + ".cc"))
                            : is_among(tests, name);
    EXPECT_TRUE(exists) << "there is no test " << name;
  }
}

TEST(House, EachSecurityBugNamesATestThatExists) {
  const fs::path root = UNDERSTUDY_ROOT;
  const std::set<std::string> tests = all_tests();
  ASSERT_FALSE(tests.empty());
  std::ifstream page(root / "tests/proxy/security/README.md");
  std::size_t rows = 0;
  for (std::string row; std::getline(page, row);) {
    if (!row.starts_with("| ") || row.starts_with("| #")) continue;
    ++rows;
    SCOPED_TRACE(row);
    EXPECT_TRUE(row.starts_with("| " + std::to_string(rows) + " |")) << "rows are numbered";
    const std::vector<std::string> names = tests_named_in(row);
    EXPECT_TRUE(!names.empty() || row.find("cannot apply: ") != std::string::npos);
    expect_that_each_exists(tests, names);
  }
  EXPECT_EQ(rows, kSecurityRows);
}

// The rows of the tables whose second column is "test".
TEST(House, EachPromiseOfTheSecurityModelNamesATestThatExists) {
  const std::set<std::string> tests = all_tests();
  std::ifstream page(fs::path(UNDERSTUDY_ROOT) / "docs/security_model.md");
  bool is_promise = false;
  std::size_t promises = 0;
  for (std::string row; std::getline(page, row);) {
    if (row == "| promise | test |") {
      is_promise = true;
    } else if (!row.starts_with("|")) {
      is_promise = false;
    } else if (is_promise && !row.starts_with("|---")) {
      SCOPED_TRACE(row);
      const std::vector<std::string> names = tests_named_in(row);
      EXPECT_FALSE(names.empty());
      expect_that_each_exists(tests, names);
      ++promises;
    }
  }
  EXPECT_EQ(promises, kPromises);
}

}  // namespace
