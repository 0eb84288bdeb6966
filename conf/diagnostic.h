// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, said so that it can be repaired: file, line and column, a
// sentence, the source line with a caret below the word, and "did you mean" where a name is near.
// Errors are collected, not only the first; the number kept is bounded. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/limits.h"
#include "conf/sources.h"
#include "conf/tree.h"

namespace understudy::conf {

enum class Severity : std::uint8_t { kWarning, kError };

struct Diagnostic {
  Severity severity = Severity::kError;
  std::string location;  // "file:line:column"; 1:1 when the whole file is meant
  std::string message;
  std::string suggestion;   // the nearest valid name, may be empty
  std::string source_line;  // may be empty, then there is no caret either
  std::uint32_t column = 0;
  std::uint32_t length = 0;
  std::vector<std::string> included_from;  // innermost first
};

// Several lines, the last with its end; ready for stderr.
std::string to_text(const Diagnostic& diagnostic);

class Diagnostics final {
 public:
  // `sources` is borrowed and outlives this object.
  explicit Diagnostics(const Sources& sources, std::size_t kept_max = kDiagnosticsMax)
      : sources_(sources), kept_max_(kept_max) {}
  Diagnostics(const Diagnostics&) = delete;
  Diagnostics& operator=(const Diagnostics&) = delete;

  // The same error about the same word counts once.
  void error(const Word& word, std::string message, std::string suggestion = {});
  void warning(const Word& word, std::string message, std::string suggestion = {});
  // About a file or the configuration as a whole.
  void error_in_file(std::string_view path, std::string message);

  // Whether another error would be kept; if not, there is no use in making it helpful.
  bool has_room() const { return kept_.size() < kept_max_; }
  bool has_errors() const { return error_count_ != 0; }
  std::size_t error_count() const { return error_count_; }
  std::size_t warning_count() const { return warning_count_; }
  const std::vector<Diagnostic>& kept() const { return kept_; }
  const Sources& sources() const { return sources_; }

  // All that is kept, in the order found, and how many more there were.
  std::string text() const;

 private:
  void add(Severity severity, const Word& word, std::string message, std::string suggestion);
  bool is_said(const Word& word, std::string_view message) const;
  void keep(Diagnostic diagnostic);

  const Sources& sources_;
  const std::size_t kept_max_;
  std::vector<Diagnostic> kept_;
  std::size_t error_count_ = 0;
  std::size_t warning_count_ = 0;
};

}  // namespace understudy::conf
