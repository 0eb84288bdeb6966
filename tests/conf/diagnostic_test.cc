// SPDX-License-Identifier: Apache-2.0
#include "conf/diagnostic.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy::conf {
namespace {

class DiagnosticTest : public ::testing::Test {
 protected:
  void text(std::string text) {
    sources_.add({.path = "a.conf", .text = std::move(text), .included_from = std::nullopt});
  }
  static Word word(std::uint32_t line, std::uint32_t column, std::uint32_t length) {
    return {.text = {}, .at = {.file = 0, .line = line, .column = column}, .length = length};
  }

  Sources sources_;
  Diagnostics diagnostics_{sources_};
};

TEST_F(DiagnosticTest, ShowsTheLineAndPointsAtTheWord) {
  text("A\n  Lisen 80\n");
  diagnostics_.error(word(2, 3, 5), "unknown directive 'Lisen'", "Listen");
  EXPECT_EQ(diagnostics_.text(),
            "a.conf:2:3: error: unknown directive 'Lisen'; did you mean Listen?\n"
            "    Lisen 80\n"
            "    ^~~~~\n");
}

TEST_F(DiagnosticTest, ThePointerStandsBelowItsWordAfterTabsAndLongLetters) {
  text("\t\xC3\xA4\xC3\xB6 x\r\n");
  diagnostics_.warning(word(1, 7, 1), "w");
  EXPECT_EQ(diagnostics_.text(), "a.conf:1:7: warning: w\n  \t\xC3\xA4\xC3\xB6 x\n  \t   ^\n");
}

TEST_F(DiagnosticTest, NeverWritesControlCharacters) {
  text("A \x1B[2J\n");
  diagnostics_.error(word(1, 3, 4), "bad \x1B[2J");
  EXPECT_EQ(diagnostics_.text().find('\x1B'), std::string::npos);
}

TEST_F(DiagnosticTest, AVeryLongLineIsCut) {
  text(std::string(10'000, 'x') + " y\n");
  diagnostics_.error(word(1, 10'002, 1), "far out");
  diagnostics_.error(word(1, 1, 10'000), "from the start");
  EXPECT_LT(diagnostics_.text().size(), 3 * kQuotedLineBytesMax);
}

TEST_F(DiagnosticTest, TellsTheWayThroughIncludes) {
  text("Include b.conf\n");
  sources_.add({.path = "b.conf",
                .text = "X\n",
                .included_from = Position{.file = 0, .line = 1, .column = 9}});
  Word where = word(1, 1, 1);
  where.at.file = 1;
  diagnostics_.error(where, "e");
  EXPECT_EQ(diagnostics_.text(), "b.conf:1:1: error: e\n  X\n  ^\n  included from a.conf:1:9\n");
}

TEST_F(DiagnosticTest, WarningsLeaveRoomForErrors) {
  text("A\n");
  for (std::size_t i = 0; i < 2 * kDiagnosticsMax; ++i) {
    diagnostics_.warning(word(1, 1, 1), "w" + std::to_string(i));
  }
  diagnostics_.error(word(1, 1, 1), "the error");
  EXPECT_EQ(diagnostics_.kept().back().message, "the error");
  EXPECT_EQ(diagnostics_.warning_count(), 2 * kDiagnosticsMax);
}

TEST_F(DiagnosticTest, AWordWithoutAPositionIsNoTrap) {
  diagnostics_.error(Word(), "e");
  EXPECT_EQ(diagnostics_.text(), ": error: e\n");
}

}  // namespace
}  // namespace understudy::conf
