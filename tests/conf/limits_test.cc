// SPDX-License-Identifier: Apache-2.0
// Each limit of the language at its maximum and one beyond.
#include "conf/limits.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

std::string repeat(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

TEST(Limits, OfALine) {
  const std::string start = "A ";
  for (const std::size_t more : {0, 1}) {
    Reading reading(start + std::string(kLineBytesMax - start.size() + more, 'x'));
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more);
  }
}

TEST(Limits, OfWordsOnALine) {
  for (const std::size_t more : {0, 1}) {
    Reading reading("A" + repeat(" x", kWordsPerLineMax + more));
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more);
  }
}

TEST(Limits, OfSectionsInSections) {
  for (const std::size_t more : {0, 1}) {
    const std::size_t depth = kSectionDepthMax + more;
    Reading reading(repeat("<S x>\n", depth) + repeat("</S>\n", depth));
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more) << reading.said().text();
  }
}

TEST(Limits, OfFilesThatIncludeEachOther) {
  for (const std::size_t more : {0, 1}) {
    Reading reading("Include 1.conf\n");
    const std::size_t depth = kIncludeDepthMax + more;
    for (std::size_t i = 1; i < depth; ++i) {
      reading.with(std::to_string(i) + ".conf", "Include " + std::to_string(i + 1) + ".conf\n");
    }
    reading.with(std::to_string(depth) + ".conf", "A\n");
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more) << reading.said().text();
  }
}

TEST(Limits, OfFiles) {
  for (const std::size_t more : {0, 1}) {
    Reading reading("Include sites/*.conf\n");
    for (std::size_t i = 1; i < kFilesMax + more; ++i) {
      reading.with("sites/" + std::to_string(i) + ".conf", "A\n");
    }
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more) << reading.said().text();
  }
}

TEST(Limits, OfDirectives) {
  for (const std::size_t more : {0, 1}) {
    Reading reading(repeat("A\n", kDirectivesMax + more));
    EXPECT_EQ(reading.parsed().directives.size(), kDirectivesMax);
    EXPECT_EQ(reading.said().error_count(), more);
  }
}

TEST(Limits, OfVariables) {
  for (const std::size_t more : {0, 1}) {
    std::string text;
    for (std::size_t i = 0; i < kVariablesMax + more; ++i) {
      text += "Define v" + std::to_string(i) + "\n";
    }
    text += "Define v0 anew\n";
    Reading reading(text);
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more);
  }
}

TEST(Limits, OfAWordWithItsVariables) {
  for (const std::size_t more : {0, 1}) {
    Reading reading("A ${X}");
    reading.environment["X"] = std::string(kVariableBytesMax + more, 'x');
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more);
  }
}

TEST(Limits, OfAFileAndOfAllFilesTogether) {
  for (const std::size_t more : {0, 1}) {
    Reading reading(std::string(kFileBytesMax - 1 + more, '\n') + "A");
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more);
  }
  for (const std::size_t more : {0, 1}) {
    const std::string main = "Include sites/*.conf\n";
    Reading reading(main);
    const std::size_t quarter = kTotalBytesMax / 4;
    for (int i = 0; i < 3; ++i) {
      reading.with("sites/" + std::to_string(i) + ".conf", std::string(quarter, '\n'));
    }
    reading.with("sites/3.conf", std::string(quarter - main.size() + more, '\n'));
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), more) << reading.said().text();
  }
}

// Without a bound on suggestions this took minutes.
TEST(Limits, OfTheWorkForUnknownNames) {
  Reading reading(repeat("NoSuchDirective\n", kDirectivesMax));
  check(reading.parsed(), Program::kProxy, "main.conf", reading.said());
  EXPECT_EQ(reading.said().error_count(), kDirectivesMax);
}

TEST(Limits, OfDiagnosticsAndTheRestIsCounted) {
  Reading reading(repeat("A b\x01\n", kDiagnosticsMax + 7));
  reading.parsed();
  EXPECT_EQ(reading.said().kept().size(), kDiagnosticsMax);
  EXPECT_EQ(reading.said().error_count(), kDiagnosticsMax + 7);
  EXPECT_NE(reading.said().text().find("... and 7 more\n"), std::string::npos);
}

}  // namespace
}  // namespace understudy::conf
