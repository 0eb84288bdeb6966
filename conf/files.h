// SPDX-License-Identifier: Apache-2.0
// The seam between the parser and the file system. DiskFiles reads real files; MemoryFiles holds
// them in a map, for tests, fuzzers and `check_text`. Implementations are used by one thread.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace understudy::conf {

struct FileText {
  std::optional<std::string> text;
  std::string error;          // why there is no text, as the second half of a sentence
  bool is_directory = false;  // and that is why
};

class Files {
 public:
  virtual ~Files() = default;

  // Refuses (with `error`) what is missing, unreadable, no regular file, or larger than the limit.
  virtual FileText read(const std::string& path, std::size_t bytes_max) const = 0;

  // Paths that match a pattern with * ? [a-z], sorted; at most `count_max` + 1 of them, so that
  // the caller can tell "too many" from "just enough".
  virtual std::vector<std::string> matching(const std::string& pattern,
                                            std::size_t count_max) const = 0;
};

class DiskFiles final : public Files {
 public:
  FileText read(const std::string& path, std::size_t bytes_max) const override;
  std::vector<std::string> matching(const std::string& pattern,
                                    std::size_t count_max) const override;
};

class MemoryFiles final : public Files {
 public:
  MemoryFiles() = default;
  explicit MemoryFiles(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

  void add(std::string path, std::string text);
  FileText read(const std::string& path, std::size_t bytes_max) const override;
  std::vector<std::string> matching(const std::string& pattern,
                                    std::size_t count_max) const override;

 private:
  std::map<std::string, std::string> texts_;
};

}  // namespace understudy::conf
