// SPDX-License-Identifier: Apache-2.0
// The sources of the tree as the tests of the house read them: lines of text, no compiler.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace understudy::house {

struct SourceFile {
  std::string path;  // from the root
  std::vector<std::string> lines;
};

// cookies, conf, base, proxy, backend_sdk.
const std::vector<std::string>& product_folders();
// Those, tests and loadtest.
const std::vector<std::string>& all_folders();

// Each .h, .cc and .c below `folders`, in the order of their paths.
std::vector<SourceFile> read_sources(const std::vector<std::string>& folders);

// The quoted or bracketed name of an #include line; empty for other lines.
std::string included(const std::string& line, char open, char close);

struct ClassSize {
  std::string name;  // Outer::Inner for a class within a class
  std::size_t functions = 0;
};

// The classes that `text` defines, each with the functions it declares: constructors and operators
// too, but none that is deleted or defaulted, no friend, and no function of a nested class.
std::vector<ClassSize> class_sizes(std::string_view text);

}  // namespace understudy::house
