// SPDX-License-Identifier: Apache-2.0
#include "conf/diagnostic.h"

#include <algorithm>
#include <utility>

namespace understudy::conf {

namespace {

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

// The blanks in front of the caret: tabs stay tabs, so that it stands below its word.
std::string indentation(std::string_view before) {
  std::string blanks;
  for (const char c : before) {
    if (continues_character(c)) continue;
    blanks += c == '\t' ? '\t' : ' ';
  }
  return blanks;
}

std::string caret(std::string_view marked) {
  const auto characters =
      std::count_if(marked.begin(), marked.end(), [](char c) { return !continues_character(c); });
  std::string text = "^";
  if (characters > 1) text.append(static_cast<std::size_t>(characters) - 1, '~');
  return text;
}

// Control characters would let a configuration write over the terminal of whoever checks it.
std::string printable(std::string_view line) {
  std::string text(line);
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\t') || code == 0x7F) c = '?';
  }
  return text;
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic) {
  std::string text = printable(diagnostic.location);
  text += diagnostic.severity == Severity::kError ? ": error: " : ": warning: ";
  text += printable(diagnostic.message);
  if (!diagnostic.suggestion.empty()) text += "; did you mean " + diagnostic.suggestion + "?";
  text += '\n';
  if (!diagnostic.source_line.empty() && diagnostic.column != 0) {
    const std::string_view line = diagnostic.source_line;
    const std::size_t start = std::min<std::size_t>(diagnostic.column - 1, line.size());
    text += "  " + printable(line) + "\n  ";
    text +=
        indentation(line.substr(0, start)) + caret(line.substr(start, diagnostic.length)) + '\n';
  }
  for (const std::string& includer : diagnostic.included_from) {
    text += "  included from " + printable(includer) + '\n';
  }
  return text;
}

void Diagnostics::error(const Word& word, std::string message, std::string suggestion) {
  add(Severity::kError, word, std::move(message), std::move(suggestion));
}

void Diagnostics::warning(const Word& word, std::string message, std::string suggestion) {
  add(Severity::kWarning, word, std::move(message), std::move(suggestion));
}

void Diagnostics::error_in_file(std::string_view path, std::string message) {
  ++error_count_;
  Diagnostic diagnostic;
  // Its beginning stands for the whole: whatever reads FILE:LINE:COLUMN reads this too.
  diagnostic.location = std::string(path) + ":1:1";
  diagnostic.message = std::move(message);
  keep(std::move(diagnostic));
}

void Diagnostics::add(Severity severity, const Word& word, std::string message,
                      std::string suggestion) {
  // What a host says is looked at again for each of its locations.
  if (is_said(word, message)) return;
  ++(severity == Severity::kError ? error_count_ : warning_count_);
  // A warning never takes the place of an error that is still to come.
  if (severity == Severity::kWarning && kept_.size() >= kept_max_ / 2) return;
  if (kept_.size() >= kept_max_) return;

  Diagnostic diagnostic;
  diagnostic.severity = severity;
  diagnostic.location = sources_.location(word.at);
  diagnostic.message = std::move(message);
  diagnostic.suggestion = std::move(suggestion);
  diagnostic.source_line = sources_.line(word.at).substr(0, kQuotedLineBytesMax);
  diagnostic.column = word.at.column <= kQuotedLineBytesMax ? word.at.column : 0;
  diagnostic.length = word.length;
  std::optional<Position> includer;
  if (word.at.file < sources_.count()) includer = sources_.at(word.at.file).included_from;
  while (includer && diagnostic.included_from.size() < kIncludeDepthMax) {
    diagnostic.included_from.push_back(sources_.location(*includer));
    includer = sources_.at(includer->file).included_from;
  }
  keep(std::move(diagnostic));
}

bool Diagnostics::is_said(const Word& word, std::string_view message) const {
  if (kept_.empty()) return false;
  const std::string location = sources_.location(word.at);
  return std::any_of(kept_.begin(), kept_.end(), [&](const Diagnostic& said) {
    return said.location == location && said.message == message;
  });
}

void Diagnostics::keep(Diagnostic diagnostic) {
  if (kept_.size() < kept_max_) kept_.push_back(std::move(diagnostic));
}

std::string Diagnostics::text() const {
  std::string text;
  for (const Diagnostic& diagnostic : kept_) text += to_text(diagnostic);
  const std::size_t total = error_count_ + warning_count_;
  if (total > kept_.size()) {
    text += "... and " + std::to_string(total - kept_.size()) + " more\n";
  }
  return text;
}

}  // namespace understudy::conf
