// SPDX-License-Identifier: Apache-2.0
#include "conf/parser.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/conf/reading.h"

namespace understudy::conf {
namespace {

TEST(Parser, NestsSections) {
  Reading reading("A 1\n<B x>\n  C 2\n  <D y>\n    E\n  </D>\n</b>\nF\n");
  EXPECT_EQ(outline(reading.parsed().directives), "A 1;B x(C 2;D y(E;););F;");
  EXPECT_FALSE(reading.said().has_errors());
}

TEST(Parser, ReportsSectionsThatDoNotMatch) {
  const struct {
    std::string text;
    std::string message;
    std::string location;
  } cases[] = {
      {"<B>\n", "<B> is not closed in this file; expected </B>", "main.conf:1:2"},
      {"</B>\n", "</B> closes a section that is not open", "main.conf:1:3"},
      {"<B>\n<C>\n</B>\n", "</B> does not close <C> of line 2", "main.conf:3:3"},
      {"<B>\n</B x>\n", "a closing tag has no arguments", "main.conf:2:5"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    Reading reading(one.text);
    reading.parsed();
    EXPECT_EQ(reading.said().error_count(), 1u);
    EXPECT_EQ(reading.first(), one.message);
    EXPECT_EQ(reading.first_location(), one.location);
  }
}

TEST(Parser, ReplacesVariables) {
  Reading reading(
      "Define HOST 127.0.0.1\nDefine ADDRESS ${HOST}:80\nA ${ADDRESS} \"x ${HOST} y\" ${PORT}\n");
  reading.environment["PORT"] = "8080";
  EXPECT_EQ(outline(reading.parsed().directives), "A 127.0.0.1:80 x 127.0.0.1 y 8080;");
}

TEST(Parser, WhatIsDefinedHidesTheEnvironmentUntilItIsUndefined) {
  Reading reading("Define P 1\nA ${P}\nUnDefine P\nA ${P}\n");
  reading.environment["P"] = "2";
  EXPECT_EQ(outline(reading.parsed().directives), "A 1;A 2;");
}

TEST(Parser, AValueIsNotExpandedAgain) {
  Reading reading("A ${X}\n");
  reading.environment["X"] = "${X}";
  EXPECT_EQ(outline(reading.parsed().directives), "A ${X};");
}

TEST(Parser, AnUnknownVariableStaysAsInApacheWithAWarning) {
  Reading reading("A ${X}/b\nB ${map:key|none}\n");
  EXPECT_EQ(outline(reading.parsed().directives), "A ${X}/b;B ${map:key|none};");
  EXPECT_FALSE(reading.said().has_errors());
  EXPECT_EQ(reading.said().warning_count(), 1u);
  EXPECT_EQ(reading.first(),
            "${X} is neither defined nor in the environment; as in Apache the text itself stays");
}

TEST(Parser, DebiansDirectoriesAreKnownWithoutItsEnvironment) {
  Reading reading("A ${APACHE_LOG_DIR}/x ${APACHE_RUN_USER}\n");
  EXPECT_EQ(outline(reading.parsed().directives), "A /var/log/apache2/x www-data;");
  EXPECT_EQ(reading.said().warning_count(), 0u);
}

TEST(Parser, AValueOfSeveralWordsIsSeveralWordsUnlessItIsQuoted) {
  Reading reading(
      "Define P \"retry=30  timeout=300\"\nA x ${P} y\nB \"${P}\"\nDefine Q \"'a b' c\"\nC ${Q}\n");
  EXPECT_EQ(outline(reading.parsed().directives),
            "A x retry=30 timeout=300 y;B retry=30  timeout=300;C a b c;");
  EXPECT_EQ(reading.parsed().directives.back().arguments.size(), 2u);
}

TEST(Parser, RefusesVariablesThatAreMisspelt) {
  const struct {
    std::string text;
    std::string message;
  } cases[] = {
      {"A ${X", "expected a name and a closing brace, as in ${NAME}, but found ${X"},
      {"A ${}", "expected a name and a closing brace, as in ${NAME}, but found ${"},
      {"A ${a b}", "expected a name and a closing brace, as in ${NAME}, but found ${a"},
      {"Define a/b c", "a name consists of letters, digits, '_', '-' and '.'"},
      {"Define", "Define takes a name and at most one value"},
      {"Define a b c", "Define takes a name and at most one value"},
      {"UnDefine", "UnDefine takes exactly one name"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    Reading reading(one.text);
    EXPECT_TRUE(reading.parsed().directives.empty());
    EXPECT_EQ(reading.first(), one.message);
  }
}

TEST(Parser, ConditionsKeepOrDropWhatTheyHold) {
  const struct {
    std::string text;
    std::string expected;
  } cases[] = {
      {"<IfModule mod_weblogic.c>\nA\n</IfModule>\nB", "A;B;"},
      {"<IfModule !mod_weblogic.c>\nA\n</IfModule>\nB", "B;"},
      {"<IfModule mod_php.c>\nA\n</IfModule>\nB", "B;"},
      {"<IfModule !mod_php.c>\nA\n</IfModule>", "A;"},
      {"<IfDefine ON>\nA\n</IfDefine>\n<IfDefine !ON>\nB\n</IfDefine>", "A;"},
      {"Define X\n<IfDefine X>\nA\n</IfDefine>", "A;"},
      {"<IfModule mod_php.c>\n<S x>\nA ${NONE}\n</S>\n<IfDefine ON>\nB\n</IfDefine>\nInclude "
       "no.conf\n</IfModule>\nC",
       "C;"},
      {"<S x>\n<IfDefine ON>\nA\n</IfDefine>\nB\n</S>", "S x(A;B;);"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    Reading reading(one.text);
    reading.defines = {"ON"};
    EXPECT_EQ(outline(reading.parsed().directives), one.expected);
    EXPECT_FALSE(reading.said().has_errors()) << reading.said().text();
  }
}

TEST(Parser, IncludesRelativeToTheIncludingFileInSortedOrder) {
  Reading reading("Include sites/*.conf\n<S x>\nInclude sites/more/c.inc\n</S>\n");
  reading.with("sites/b.conf", "B\n")
      .with("sites/a.conf", "A\nInclude more/c.inc\n")
      .with("sites/more/c.inc", "C\n")
      .with("sites/.hidden.conf", "H\n");
  EXPECT_EQ(outline(reading.parsed().directives), "A;C;B;S x(C;);");
  EXPECT_FALSE(reading.said().has_errors()) << reading.said().text();
}

TEST(Parser, OnlyIncludeInsistsOnAFile) {
  Reading reading("Include none.conf\nInclude none/*.conf\n");
  reading.parsed();
  EXPECT_EQ(reading.said().error_count(), 2u);
  EXPECT_EQ(reading.first(), "none.conf cannot be read: No such file or directory");

  Reading optional("IncludeOptional none.conf\nIncludeOptional none/*.conf\nA\n");
  EXPECT_EQ(outline(optional.parsed().directives), "A;");
  EXPECT_FALSE(optional.said().has_errors());
}

TEST(Parser, AFileThatIncludesItselfIsReportedWithTheWayToIt) {
  Reading reading("Include a/b.conf\n");
  reading.with("a/b.conf", "\nInclude ../main.conf\n");
  reading.parsed();
  EXPECT_EQ(reading.said().error_count(), 1u);
  EXPECT_EQ(reading.first(), "a/../main.conf includes itself");
  EXPECT_EQ(reading.first_location(), "a/b.conf:2:9");
  EXPECT_EQ(reading.said().kept()[0].included_from, std::vector<std::string>{"main.conf:1:9"});
}

TEST(Parser, ASectionIsClosedInTheFileThatOpensIt) {
  Reading reading("<S x>\nInclude b.conf\nA\n</S>\n");
  reading.with("b.conf", "</S>\n<T y>\n");
  EXPECT_EQ(outline(reading.parsed().directives), "S x(T y();A;);");
  EXPECT_EQ(reading.said().error_count(), 2u);
}

TEST(Parser, AMissingFileIsSaidOfTheFile) {
  Reading reading;
  reading.parsed();
  EXPECT_EQ(reading.said().text(),
            "main.conf:1:1: error: cannot be read: No such file or directory\n");
}

}  // namespace
}  // namespace understudy::conf
