// SPDX-License-Identifier: Apache-2.0
// The files that access logs go to, each opened once for the process and appended to by all
// workers; a write of whole lines is one write(2), so lines of different workers do not mix.
// Owned by the Server, outlives the workers. open() and reopen() on the main thread; write() on
// any: reopening puts the new file under the same descriptor, so no thread waits for a lock. A
// program that has ended is started again by the thread that notices.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/piped_program.h"
#include "base/result.h"

namespace understudy {

class LogFile final {
 public:
  // "stdout" and "stderr" are the streams, "|program" is what piped_program.h says. kSystem: cannot
  // be opened, with the path in the text.
  static Result<std::unique_ptr<LogFile>> open(const std::string& path);
  ~LogFile();
  LogFile(const LogFile&) = delete;

  // False when not all of it was taken (disk full, a pipe that is not read).
  bool write(std::string_view lines);
  Result<void> reopen();
  const std::string& path() const { return path_; }

 private:
  LogFile(std::string path, Fd owned, int fd)
      : path_(std::move(path)), owned_(std::move(owned)), fd_(fd) {}
  LogFile(std::string path, PipedProgram program)
      : path_(std::move(path)), program_(std::move(program)), fd_(program_->fd()) {}
  bool start_program_again();

  // Constant after construction.
  const std::string path_;
  const Fd owned_;  // of a file
  std::mutex mutex_;
  std::optional<PipedProgram> program_;  // but for its fd(), guarded by mutex_
  const int fd_;
};

class LogFiles final {
 public:
  // The one of this path; opened when it is new.
  Result<LogFile*> open(const std::string& path);
  // After they were moved away. What fails is logged, and the old file stays in use.
  void reopen();

 private:
  std::vector<std::unique_ptr<LogFile>> files_;
};

}  // namespace understudy
