// SPDX-License-Identifier: Apache-2.0
#include "conf/lexer.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace understudy::conf {
namespace {

struct Cut {
  std::vector<Line> lines;
  std::vector<std::string> messages;
  std::vector<std::string> locations;
};

Cut cut(const std::string& text) {
  Sources sources;
  sources.add({.path = "t.conf", .text = text, .included_from = std::nullopt});
  Diagnostics diagnostics(sources);
  Lexer lexer(sources.at(0).text, 0, diagnostics);
  Cut result;
  Line line;
  while (lexer.next(line)) result.lines.push_back(line);
  for (const Diagnostic& diagnostic : diagnostics.kept()) {
    result.messages.push_back(diagnostic.message);
    result.locations.push_back(diagnostic.location);
  }
  return result;
}

// The words between bars, a section's in its brackets.
std::string words(const Line& line) {
  std::string text = line.kind == LineKind::kOpen ? "<" : line.kind == LineKind::kClose ? "</" : "";
  text += line.name.text;
  for (const Word& word : line.arguments) text += '|' + word.text;
  return text;
}

TEST(Lexer, CutsALineIntoWords) {
  const struct {
    std::string text;
    std::string expected;
  } cases[] = {
      {"Listen 80", "Listen|80"},
      {"  Listen\t 80  ", "Listen|80"},
      {"A \"b c\" 'd e'", "A|b c|d e"},
      {R"(A "say \"hi\"" 'it\'s')", "A|say \"hi\"|it's"},
      {R"(A "C:\\dir\n")", R"(A|C:\dir\n)"},
      {R"(A c:\dir\\x)", R"(A|c:\dir\\x)"},
      {"A b\"c\"d", "A|b\"c\"d"},
      {"A \"\" ''", "A||"},
      {"A b \\\n c", "A|b|c"},
      {"A b\\\nc", "A|bc"},
      {"A \"b \\\nc\"", "A|b c"},
      {"A b\r\n", "A|b"},
      {"A b \\\r\nc\r\n", "A|b|c"},
      {"A a#b", "A|a#b"},
      {"A \"#b\"", "A|#b"},
      {"\xEF\xBB\xBFListen 80", "Listen|80"},
      {"<Location \"/x\">", "<Location|/x"},
      {"<Location />", "<Location|/"},
      {"<Location /a>b>", "<Location|/a>b"},
      {"<Location /a >  ", "<Location|/a"},
      {"</Location>", "</Location"},
      {"A b>", "A|b>"},
      {"A \\", "A|\\"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    const Cut result = cut(one.text);
    EXPECT_TRUE(result.messages.empty()) << result.messages.front();
    ASSERT_EQ(result.lines.size(), 1u);
    EXPECT_EQ(words(result.lines.front()), one.expected);
  }
}

TEST(Lexer, SkipsCommentsAndBlankLinesAndCommentsContinue) {
  const Cut result = cut("# one \\\n still a comment\n\n   \n  # two\nA\n");
  ASSERT_EQ(result.lines.size(), 1u);
  EXPECT_EQ(result.lines[0].name.at.line, 6u);
}

TEST(Lexer, KnowsWhereEachWordStands) {
  const Cut result = cut("A\n\tBee 'c d' \\\n  e\n");
  ASSERT_EQ(result.lines.size(), 2u);
  const Line& line = result.lines[1];
  EXPECT_EQ(line.name.at.line, 2u);
  EXPECT_EQ(line.name.at.column, 2u);
  EXPECT_EQ(line.name.length, 3u);
  EXPECT_EQ(line.arguments[0].at.column, 6u);
  EXPECT_EQ(line.arguments[0].length, 5u);
  EXPECT_TRUE(line.arguments[0].is_quoted);
  EXPECT_EQ(line.arguments[1].at.line, 3u);
  EXPECT_EQ(line.arguments[1].at.column, 3u);
}

// As in Apache: what is glued to a quote is the next word, and an open quote takes the line's rest.
TEST(Lexer, TakesQuotesAsApacheDoes) {
  const Cut result = cut("A '/x'!\nB \"c d\nC # d\n");
  ASSERT_EQ(result.lines.size(), 3u);
  EXPECT_EQ(words(result.lines[0]), "A|/x|!");
  EXPECT_EQ(words(result.lines[1]), "B|c d");
  EXPECT_EQ(words(result.lines[2]), "C|#|d");  // the checker refuses it where it would count
  ASSERT_EQ(result.messages.size(), 1u);
  EXPECT_EQ(result.messages[0],
            "the quote is not closed on this line; all of the rest is the word");
}

TEST(Lexer, RefusesWhatItCannotReadAndGoesOnWithTheNextLine) {
  const struct {
    std::string text;
    std::string message;
    std::string location;
  } cases[] = {
      {"\"A\" b\n", "expected the name of a directive", "t.conf:1:1"},
      {"<Location /x\n", "expected '>'", "t.conf:1:2"},
      {"< Location>\n", "expected the name of a section", "t.conf:1:2"},
      {"<>\n", "expected the name of a section", "t.conf:1:2"},
      {"</>\n", "expected the name of a section", "t.conf:1:3"},
      {"A b\x01\n", "a control character", "t.conf:1:4"},
      {"A \"b\x7F\"\n", "a control character", "t.conf:1:5"},
      {"A b\rc\n", "a control character", "t.conf:1:4"},
      {std::string("A b\0c\n", 6), "a control character", "t.conf:1:4"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    const Cut result = cut(one.text + "Next line\n");
    ASSERT_EQ(result.messages.size(), 1u);
    EXPECT_EQ(result.messages[0].substr(0, one.message.size()), one.message);
    EXPECT_EQ(result.locations[0], one.location);
    ASSERT_EQ(result.lines.size(), 1u);
    EXPECT_EQ(words(result.lines[0]), "Next|line");
  }
}

TEST(Lexer, AnEmptyTextHasNoLines) {
  for (const std::string text : {"", "\n", "\\\n", " ", "\xEF\xBB\xBF", "#", "\\", "\r\n"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ(cut(text).lines.size(), text == "\\" ? 1u : 0u);
  }
}

}  // namespace
}  // namespace understudy::conf
