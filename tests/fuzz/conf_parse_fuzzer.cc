// SPDX-License-Identifier: Apache-2.0
// The language alone, held against the backend's part of the table: no input goes beyond a limit,
// every position lies inside of its file, and what the checker accepts can be read.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "conf/configuration.h"
#include "conf/limits.h"

namespace {

namespace conf = understudy::conf;

void require(bool holds) {
  if (!holds) std::abort();
}

void require_position(const conf::Sources& sources, const conf::Word& word) {
  require(word.at.file < sources.count() && word.at.line >= 1 && word.at.column >= 1);
  require(word.at.column <= sources.line(word.at).size() + 4);  // a byte order mark is no column
}

void require_tree(const conf::Sources& sources, const std::vector<conf::Directive>& directives,
                  std::size_t depth) {
  require(depth <= conf::kSectionDepthMax);
  for (const conf::Directive& directive : directives) {
    require_position(sources, directive.name);
    require(directive.arguments.size() <= conf::kWordsPerLineMax);
    for (const conf::Word& word : directive.arguments) require_position(sources, word);
    require_tree(sources, directive.children, depth + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  conf::MemoryFiles files;
  files.add("a", std::string(reinterpret_cast<const char*>(bytes), size));
  conf::ParseOptions options;
  options.environment = nullptr;
  const auto loaded = conf::Configuration::load("a", conf::Program::kBackend, files, options);
  require_tree(loaded->sources(), loaded->tree().directives, 0);
  require(loaded->diagnostics().kept().size() <= conf::kDiagnosticsMax);
  require(loaded->diagnostics().text().find('\x1B') == std::string::npos);
  if (loaded->diagnostics().has_errors()) return 0;
  require(!loaded->settings().effective_text(conf::kGlobal).empty());
  return 0;
}
