// SPDX-License-Identifier: Apache-2.0
// A comment that cites a rule, "R3" or "PROTOCOL 2.4", is worth nothing when no page has that rule:
// what comments of backend_sdk cite stands in backend_sdk/PROTOCOL.md, a rule as **R3** at the
// beginning of its sentence, a section as "## 2.4 Title". And each preset and each command that a
// page tells people to run is run by tests/commands/run.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "tests/house/sources.h"

namespace understudy::house {
namespace {

namespace fs = std::filesystem;

std::string content_of(const std::string& path) {
  std::ifstream stream(fs::path(UNDERSTUDY_ROOT) / path);
  EXPECT_TRUE(stream) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

// The first group of each match of `pattern` in `text`.
std::set<std::string> found_in(const std::string& text, const std::regex& pattern) {
  std::set<std::string> found;
  for (std::sregex_iterator each(text.begin(), text.end(), pattern), end; each != end; ++each) {
    found.insert((*each)[1].str());
  }
  return found;
}

std::string comment_of(const std::string& line) {
  const std::size_t begin = line.find("// ");
  return begin == std::string::npos ? "" : line.substr(begin);
}

TEST(Rules, WhatCommentsOfTheBackendCiteIsInTheProtocol) {
  static const std::regex kRule(R"(\b([A-Z][0-9]{1,2})\b)");
  static const std::regex kSection(R"(PROTOCOL(?:\.md)?,? ([0-9]+(?:\.[0-9]+)*))");
  const std::string page = content_of("backend_sdk/PROTOCOL.md");
  const auto rules = found_in(page, std::regex(R"(\*\*([A-Z][0-9]{1,2})\*\*)"));
  const auto sections = found_in(page, std::regex(R"((?:^|\n)#+ ([0-9]+(?:\.[0-9]+)*)\.? )"));
  EXPECT_FALSE(rules.empty());
  EXPECT_FALSE(sections.empty());
  std::size_t cited = 0;
  for (const auto& file : read_sources({"backend_sdk", "tests/backend_sdk"})) {
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string comment = comment_of(file.lines[i]);
      const std::string where = file.path + ":" + std::to_string(i + 1);
      for (const auto& rule : found_in(comment, kRule)) {
        EXPECT_TRUE(rules.contains(rule)) << where << " cites " << rule;
        ++cited;
      }
      for (const auto& section : found_in(comment, kSection)) {
        EXPECT_TRUE(sections.contains(section)) << where << " cites section " << section;
        ++cited;
      }
    }
  }
  EXPECT_GT(cited, 0u);
}

TEST(Rules, EachPresetIsRunByTheCommandThatRunsCommands) {
  const std::string run = content_of("tests/commands/run");
  static const std::regex kPreset(R"re("configurePreset": "(\w+)")re");
  const auto presets = found_in(content_of("CMakePresets.json"), kPreset);
  EXPECT_FALSE(presets.empty());
  for (const auto& preset : presets) {
    EXPECT_NE(run.find("preset " + preset), std::string::npos) << preset;
  }
}

// A command stands in backticks or in a line that is indented by four blanks. Of it, the program
// and its first word count: "tests/fuzz/run [SECONDS]" is tests/fuzz/run.
TEST(Rules, EachCommandOfThePagesIsRunByTheCommandThatRunsCommands) {
  const std::string run = content_of("tests/commands/run");
  static const std::regex kCommand(R"((?:`|\n    )()"
                                   R"(\./(?:demo|check)(?: --\w+)?|(?:tests|loadtest)/\w+/run|)"
                                   R"(understudy \w+|cmake --\w+|build/release/bin/\w+))");
  std::size_t commands = 0;
  for (const char* page : {"README.md", "backend_sdk/README.md", "proxy/README.md",
                           "conf/README.md", "cookies/README.md", "loadtest/README.md"}) {
    for (const auto& command : found_in(content_of(page), kCommand)) {
      EXPECT_NE(run.find(command), std::string::npos) << page << " tells to run " << command;
      ++commands;
    }
  }
  EXPECT_GT(commands, 0u);
}

}  // namespace
}  // namespace understudy::house
