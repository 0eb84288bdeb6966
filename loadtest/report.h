// SPDX-License-Identifier: Apache-2.0
// Report: one run as figures and pictures: a text for the terminal, JSON for programs, and one HTML
// file that needs nothing else (plots are SVG inside it) for people. Pure functions over what the
// run has collected.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loadtest/flatness.h"
#include "loadtest/newcomers.h"
#include "loadtest/process_watch.h"
#include "loadtest/session_checker.h"
#include "loadtest/session_load.h"
#include "loadtest/timeline.h"

namespace understudy::loadtest {

struct Report {
  std::string title;
  std::string command;                                     // as typed
  std::string date;                                        // UTC
  std::vector<std::pair<std::string, std::string>> setup;  // "members" -> "3" ...
  const Timeline* timeline = nullptr;
  std::vector<std::pair<int, size_t>> statuses;  // 0: no answer
  std::vector<LoadFailure> failures;             // the first ones
  bool is_checked = false;
  size_t sessions = 0;
  size_t acknowledged = 0;
  SessionChecker::Faults faults;
  std::vector<std::string> findings;
  size_t crashes = 0;  // processes that ended by themselves
  // What the processes weighed, when it was looked at; and how it is judged.
  std::vector<ProcessLife> lives;
  FlatnessBounds bounds;
  std::optional<Newcomers::Figures> newcomers;
};

Report make_report(const SessionLoad& load, bool is_checked, size_t sessions);

// Nothing failed, every session kept its promise, nothing crashed, nothing grew.
bool is_good(const Report& report);

std::string to_text(const Report& report);
std::string to_json(const Report& report);
std::string to_html(const Report& report);

}  // namespace understudy::loadtest
