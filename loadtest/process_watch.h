// SPDX-License-Identifier: Apache-2.0
// ProcessWatch: what the processes of a run weigh over time: memory, open descriptors and threads,
// out of /proc. A process that is started again begins a new life of the same name. Plain
// bookkeeping; one thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace understudy::loadtest {

struct Vitals {
  Duration at{};  // from the run's beginning
  uint64_t resident_kib = 0;
  uint64_t proportional_kib = 0;  // pages shared by n processes count for 1/n
  uint64_t anonymous_kib = 0;     // heap and stacks: what a leak makes grow
  size_t descriptors = 0;
  size_t threads = 0;
};

// Nothing when there is no such process (any more), or when it may not be looked at.
std::optional<Vitals> read_vitals(pid_t pid);

struct ProcessLife {
  std::string name;  // "proxy 1", "a"
  int number = 1;    // of its lives
  pid_t pid = 0;
  std::vector<Vitals> samples;  // in the order of time; at least one
};

class ProcessWatch final {
 public:
  // Nothing is kept of a process that has ended.
  void sample(Duration at, const std::string& name, pid_t pid);
  // In the order in which they were first seen.
  const std::vector<ProcessLife>& lives() const { return lives_; }

 private:
  std::vector<ProcessLife> lives_;
};

}  // namespace understudy::loadtest
