// SPDX-License-Identifier: Apache-2.0
// PipedProgram: a program such as rotatelogs that reads lines from its standard input until that
// ends. As Apache's piped logs: "|program arguments" (or "||") is run without a shell, "|$command"
// by /bin/sh. Started again when it has ended. Owned by a log; open() on any thread, the rest under
// the owner's lock, but for fd(), which stays the same number for ever.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"
#include "base/result.h"

namespace understudy {

class PipedProgram final {
 public:
  // What is run for "|program 'an argument'", in words; empty when it names no program.
  static std::vector<std::string> words_of(std::string_view command);

  // `command` begins with the bar. kSystem: the program cannot be started.
  static Result<PipedProgram> open(std::string command);
  PipedProgram(PipedProgram&&) noexcept = default;
  PipedProgram& operator=(PipedProgram&&) noexcept = default;
  // Its input ends, and with that the program, which is not waited for.
  ~PipedProgram();

  // Where lines are written to; never blocks. EPIPE: the program has ended.
  int fd() const { return input_.value(); }
  // Another process behind the same fd(), after a write has failed with EPIPE; at most one a
  // second. Whether there is one now.
  bool start_again(TimePoint now);

 private:
  explicit PipedProgram(std::string command) : command_(std::move(command)) {}
  Result<Fd> start();

  std::string command_;
  Fd input_;
  pid_t child_ = -1;
  TimePoint started_at_ = TimePoint::min();
};

}  // namespace understudy
