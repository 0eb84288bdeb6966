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
#include <string>
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
  // The cursor. Continuations are invisible above it.
  void skip_continuations();
  bool at_end() const { return offset_ >= text_.size(); }
  bool at_line_end() const;
  char current() const { return text_[offset_]; }
  void take();
  void skip_blanks();
  void skip_line();

  bool read_line(Line& line);
  bool read_name(Line& line);
  bool read_arguments(Line& line);
  bool read_quoted(Word& word);
  bool read_unquoted(bool in_section, Word& word);
  bool read_bracket(const Line& line);
  bool closes_section() const;
  bool is_acceptable();

  Word here() const;
  void finish(Word& word) const;
  bool fail(const Word& word, std::string message);

  // Constant after construction.
  const std::string_view text_;
  const std::uint32_t file_;
  Diagnostics& diagnostics_;

  // The cursor's state.
  std::size_t offset_ = 0;
  std::uint32_t line_ = 1;
  std::size_t line_start_ = 0;     // offset of the physical line
  std::size_t logical_start_ = 0;  // offset of the logical line
};

}  // namespace understudy::conf
