// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

namespace {

std::string read(const std::string& path) {
  std::ifstream file(std::string(UNDERSTUDY_SOURCE_DIR) + "/" + path);
  EXPECT_TRUE(file) << path;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Readme, ItsSampleIsTheOneThatCompiles) {
  const std::string source = read("backend_sdk/examples/five_lines.cc");
  const std::size_t begin = source.find('\n', source.find("// README: begin")) + 1;
  const std::size_t end = source.rfind('\n', source.find("// README: end")) + 1;
  std::istringstream lines(source.substr(begin, end - begin));
  const std::string readme = read("backend_sdk/README.md");
  std::string sample;
  for (std::string line; std::getline(lines, line);) {
    sample += line.starts_with("  ") ? line.substr(2) + "\n" : line + "\n";
  }
  EXPECT_NE(readme.find(sample), std::string::npos) << "expected in README.md:\n" << sample;
}

}  // namespace
