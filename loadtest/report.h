// SPDX-License-Identifier: Apache-2.0
// Report: one run as figures and pictures: a text for the terminal, JSON for programs, and one HTML
// file that needs nothing else (plots are SVG inside it) for people. Pure functions over what the
// run has collected.
#pragma once

#include <string>
#include <utility>
#include <vector>

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
};

Report make_report(const SessionLoad& load, bool is_checked, size_t sessions);

std::string to_text(const Report& report);
std::string to_json(const Report& report);
std::string to_html(const Report& report);

}  // namespace understudy::loadtest
