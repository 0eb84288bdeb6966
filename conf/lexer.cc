// SPDX-License-Identifier: Apache-2.0
#include "conf/lexer.h"

#include <utility>

#include "conf/limits.h"

namespace understudy::conf {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

bool is_quote(char c) {
  return c == '"' || c == '\'';
}

bool is_control(char c) {
  const auto code = static_cast<unsigned char>(c);
  return (code < 0x20 && c != '\t') || code == 0x7F;
}

}  // namespace

Lexer::Lexer(std::string_view text, std::uint32_t file, Diagnostics& diagnostics)
    : text_(text), file_(file), diagnostics_(diagnostics) {
  if (text_.starts_with(kByteOrderMark)) offset_ = kByteOrderMark.size();
}

bool Lexer::next(Line& line) {
  for (;;) {
    skip_continuations();
    skip_blanks();
    if (at_end()) return false;
    logical_start_ = offset_;
    if (at_line_end() || current() == '#') {
      skip_line();
      continue;
    }
    const bool is_read = read_line(line);
    skip_line();
    if (is_read) return true;
  }
}

void Lexer::skip_continuations() {
  while (!at_end() && current() == '\\') {
    std::size_t end = offset_ + 1;
    if (end < text_.size() && text_[end] == '\r') ++end;
    if (end >= text_.size() || text_[end] != '\n') return;
    offset_ = end + 1;
    line_start_ = offset_;
    ++line_;
  }
}

bool Lexer::at_line_end() const {
  if (at_end() || current() == '\n') return true;
  return current() == '\r' && offset_ + 1 < text_.size() && text_[offset_ + 1] == '\n';
}

void Lexer::take() {
  ++offset_;
  skip_continuations();
}

void Lexer::skip_blanks() {
  while (!at_end() && is_blank(current())) take();
}

// To the start of the next logical line.
void Lexer::skip_line() {
  while (!at_end() && current() != '\n') take();
  if (at_end()) return;
  ++offset_;
  ++line_;
  line_start_ = offset_;
}

bool Lexer::read_line(Line& line) {
  line = Line();
  if (current() == '<') {
    take();
    line.kind = LineKind::kOpen;
    if (!at_end() && current() == '/') {
      take();
      line.kind = LineKind::kClose;
    }
  }
  if (!read_name(line) || !read_arguments(line)) return false;
  return line.kind == LineKind::kDirective || read_bracket(line);
}

bool Lexer::read_name(Line& line) {
  const bool in_section = line.kind != LineKind::kDirective;
  line.name = here();
  const bool is_missing = at_line_end() || is_blank(current()) || is_quote(current()) ||
                          (in_section && closes_section());
  if (is_missing) {
    return fail(line.name, in_section ? "expected the name of a section after '<'"
                                      : "expected the name of a directive");
  }
  return read_unquoted(in_section, line.name);
}

bool Lexer::read_arguments(Line& line) {
  const bool in_section = line.kind != LineKind::kDirective;
  for (skip_blanks(); !at_line_end(); skip_blanks()) {
    if (in_section && closes_section()) return true;
    Word word = here();
    if (line.arguments.size() >= kWordsPerLineMax) {
      return fail(word, "more than " + std::to_string(kWordsPerLineMax) + " words on a line");
    }
    const bool is_read = is_quote(current()) ? read_quoted(word) : read_unquoted(in_section, word);
    if (!is_read) return false;
    line.arguments.push_back(std::move(word));
  }
  return true;
}

bool Lexer::read_quoted(Word& word) {
  const char quote = current();
  word.is_quoted = true;
  take();
  while (!at_line_end() && current() != quote) {
    if (!is_acceptable()) return false;
    if (current() == '\\') {
      // A backslash escapes itself and the quote; in front of anything else it is a letter.
      take();
      if (at_line_end()) break;
      if (current() != '\\' && current() != quote) word.text += '\\';
      if (!is_acceptable()) return false;
    }
    word.text += current();
    take();
  }
  if (at_line_end()) {
    finish(word);
    diagnostics_.warning(word, "the quote is not closed on this line; all of the rest is the word");
    return true;
  }
  take();
  finish(word);
  return true;  // what is glued to it is the next word, as in Apache: '/path'! is two
}

bool Lexer::read_unquoted(bool in_section, Word& word) {
  while (!at_line_end() && !is_blank(current())) {
    if (in_section && closes_section()) break;
    if (!is_acceptable()) return false;
    word.text += current();
    take();
  }
  finish(word);
  return true;
}

bool Lexer::read_bracket(const Line& line) {
  if (!at_line_end()) return true;  // read_arguments stops nowhere else but at the bracket
  return fail(line.name, "expected '>' at the end of the line");
}

// Only the last '>' of the line closes: <Location /a>b> is the location "/a>b", as in Apache.
bool Lexer::closes_section() const {
  if (at_end() || current() != '>') return false;
  std::size_t after = offset_ + 1;
  while (after < text_.size() && is_blank(text_[after])) ++after;
  if (after < text_.size() && text_[after] == '\r') ++after;
  return after >= text_.size() || text_[after] == '\n';
}

bool Lexer::is_acceptable() {
  if (is_control(current())) return fail(here(), "a control character is not allowed here");
  if (offset_ - logical_start_ < kLineBytesMax) return true;
  return fail(here(), "the line has more than " + std::to_string(kLineBytesMax) + " bytes");
}

Word Lexer::here() const {
  Word word;
  word.at = {.file = file_,
             .line = line_,
             .column = static_cast<std::uint32_t>(offset_ - line_start_ + 1)};
  word.length = 1;
  return word;
}

// The mark below a word that continues on the next line ends with its first line.
void Lexer::finish(Word& word) const {
  if (word.at.line == line_) {
    word.length = static_cast<std::uint32_t>(offset_ - line_start_ + 1) - word.at.column;
  } else {
    word.length = static_cast<std::uint32_t>(word.text.size() + (word.is_quoted ? 1 : 0));
  }
}

bool Lexer::fail(const Word& word, std::string message) {
  diagnostics_.error(word, std::move(message));
  return false;
}

}  // namespace understudy::conf
