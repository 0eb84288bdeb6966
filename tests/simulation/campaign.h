// SPDX-License-Identifier: Apache-2.0
// A campaign runs many seeds of one profile after the other. Totals is what is kept of them; a
// failure is shown with the shortest schedule of strikes that still fails, and the command that
// repeats it.
#pragma once

#include <optional>
#include <string>
#include <type_traits>

#include "tests/simulation/world.h"

namespace understudy::sim {

// Plain numbers: a process writes them to a pipe.
struct Totals {
  uint64_t seeds = 0;
  uint64_t responses = 0;
  uint64_t writes = 0;
  uint64_t faults = 0;
  uint64_t promotions = 0;
  uint64_t replayed = 0;
  uint64_t solo = 0;
  uint64_t recovered = 0;
  uint64_t lost = 0;
  uint64_t doubled = 0;
  uint64_t given_up = 0;
  uint64_t sent_back = 0;
  int64_t longest_wait_ms = 0;

  void add(const WorldResult& result);
  void add(const Totals& other);
  std::string text() const;
};
static_assert(std::is_trivially_copyable_v<Totals>);

const char* mode_name(bool one_fault_at_a_time);

// The text of the failure, or nothing.
std::optional<std::string> run_seed(const WorldOptions& options, Totals& totals);
// The same in one line, not shortened.
std::optional<std::string> name_failure(const WorldOptions& options, Totals& totals);
// Prints a whole history to stderr: the strikes whose numbers are listed ("0,3,4"), or all.
std::string run_traced(WorldOptions options, const std::optional<std::string>& strikes);

}  // namespace understudy::sim
