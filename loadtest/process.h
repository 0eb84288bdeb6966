// SPDX-License-Identifier: Apache-2.0
// Process: one program that a run has started by its path, with its output in a file. Destroying it
// kills it, and so does the death of its parent. Only ever signals what it started itself. One
// thread.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/fd.h"

namespace understudy::loadtest {

class Process final {
 public:
  // `network`: a network namespace that it lives in; -1: ours.
  Process(const std::vector<std::string>& arguments, std::string log_path, int network = -1);
  ~Process();
  Process(const Process&) = delete;

  void signal(int number);
  // The exit status (128 + signal when it was killed), or -1 when it still runs at the deadline.
  int wait_exit(Duration timeout);
  bool is_running();
  pid_t pid() const { return pid_; }
  std::string log() const;
  const std::string& log_path() const { return log_path_; }

 private:
  std::string log_path_;
  pid_t pid_ = -1;
  Fd pidfd_;
  int status_ = -1;
  bool reaped_ = false;
};

std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& text);

}  // namespace understudy::loadtest
