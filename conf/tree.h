// SPDX-License-Identifier: Apache-2.0
// What a configuration says, before anybody knows what it means: words with their positions,
// directives, and sections that hold directives. Plain values, immutable once the parser has
// returned them. Includes, variables, <IfModule> and <IfDefine> are already resolved here.
// Made by parser.h; read by checker.h and settings.h.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace understudy::conf {

// Line and column count from 1, the column in bytes; `file` is an index into Sources.
struct Position {
  std::uint32_t file = 0;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

struct Word {
  std::string text;  // without quotes and escapes, variables replaced
  Position at;
  std::uint32_t length = 0;  // of the word as it is written in the source, quotes included
  bool is_quoted = false;
};

struct Directive {
  Word name;
  std::vector<Word> arguments;
  bool is_section = false;
  std::vector<Directive> children;  // of a section, in order
};

struct Tree {
  std::vector<Directive> directives;
  // What relative paths start at: ServerRoot, or the command line's. Empty: the file they stand in.
  std::string server_root = {};
  // What did not come into the tree: an <IfModule> that was skipped, an Include without a file.
  std::vector<std::string> left_out = {};
};

}  // namespace understudy::conf
