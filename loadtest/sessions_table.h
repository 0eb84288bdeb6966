// SPDX-License-Identifier: Apache-2.0
// SessionsTable: what came out of `loadtest sessions`, one row for each run, as Markdown, and below
// it what happened when. Pure; one thread.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/newcomers.h"
#include "loadtest/session_checker.h"
#include "loadtest/timeline.h"

namespace understudy::loadtest {

// A client that clicked has noticed.
inline constexpr Duration kSlow = std::chrono::seconds(1);

struct SessionsOutcome {
  std::string peer;
  std::string scenario;
  size_t requests = 0;
  size_t failed = 0;
  Duration median{};
  Duration longest{};
  size_t slow = 0;  // answered, but later than kSlow
  // When the requests that failed were meant to start: the first and the last, to an interval.
  std::optional<std::pair<Duration, Duration>> failed_between = std::nullopt;
  std::vector<std::pair<int, size_t>> bad_statuses = {};  // 0: no answer
  std::string first_failure = {};
  SessionChecker::Faults faults = {};
  std::vector<std::string> findings = {};
  std::optional<Newcomers::Figures> newcomers = std::nullopt;
  std::vector<TimelineEvent> events = {};
  std::vector<std::string> remarks = {};  // what else went wrong
};

// When the first and the last of the failed were meant to start; nothing when none failed.
std::optional<std::pair<Duration, Duration>> failures_between(const Timeline& timeline);

std::string sessions_table(const std::vector<SessionsOutcome>& outcomes);

}  // namespace understudy::loadtest
