// SPDX-License-Identifier: Apache-2.0
// Cuts one file into logical lines and words: quotes, escapes, comments, `\` + newline, and the
// angle brackets of sections. It knows no directive, no variable and no other file. Pure; the text
// is borrowed and outlives the lexer. Called by parser.h.
//
// As in Apache: a comment stands on a line of its own, an unquoted word ends at white space and a
// quoted one at its quote; inside of quotes `\\` is a backslash and `\` + quote the quote, every
// other backslash stands for itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "conf/diagnostic.h"
#include "conf/tree.h"

namespace understudy::conf {

enum class LineKind : std::uint8_t { kDirective, kOpen, kClose };

struct Line {
  LineKind kind = LineKind::kDirective;
  Word name;  // of a section: without the brackets
  std::vector<Word> arguments;
};

class Lexer final {
 public:
  Lexer(std::string_view text, std::uint32_t file, Diagnostics& diagnostics);

  // False at the end of the text. A line with an error is reported and skipped.
  bool next(Line& line);

 private:
  char peek();  // skips continuations; '\0' at the end of the text
  void take();
  bool at_end();
  void skip_blanks();
  void skip_line();
  Word start_word();
  void finish_word(Word& word);

  bool read_line(Line& line);
  bool read_words(bool in_section, std::vector<Word>& words);
  bool read_word(bool in_section, Word& word);
  bool read_quoted(Word& word);
  bool read_unquoted(bool in_section, Word& word);
  bool read_section_end(const Word& opened);
  bool closes_section();
  bool fits(const Word& word);

  const std::string_view text_;
  const std::uint32_t file_;
  Diagnostics& diagnostics_;

  std::size_t offset_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;  // offset of the physical line's first byte
  std::size_t logical_start_ = 0;
  bool line_failed_ = false;
};

}  // namespace understudy::conf
