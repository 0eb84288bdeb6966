// SPDX-License-Identifier: Apache-2.0
// Conclusion: how a command tells what it is doing and what came out: progress on the terminal, the
// report in its three forms, the exit status. One thread.
#pragma once

#include <string>

#include "loadtest/installation.h"
#include "loadtest/report.h"
#include "loadtest/session_load.h"

namespace understudy::loadtest {

inline constexpr int kFailed = 1;
inline constexpr int kBadUsage = 2;

// One line every `every`, while a load runs. The load outlives it.
class Progress final {
 public:
  explicit Progress(const SessionLoad& load, Duration every = std::chrono::seconds(1))
      : load_(load), every_(every), next_(every) {}
  void on_turn();

 private:
  const SessionLoad& load_;
  const Duration every_;
  Duration next_;
};

std::string utc_now();
// kUnavailable, with its name, when a program that an installation needs is not there.
Result<void> has_programs(const Installation& installation);
// The folder of this program: the others are beside it.
std::string own_directory();
// Where the configurations of others are that sessions and compare run.
std::string peers_directory();
int fail(const Error& error, int status = kFailed);
// Prints the summary, and writes summary.txt, result.json and report.html into `out` unless that is
// empty. 0 when the report is good.
int conclude(Report report, const std::string& out);

}  // namespace understudy::loadtest
