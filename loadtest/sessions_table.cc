// SPDX-License-Identifier: Apache-2.0
#include "loadtest/sessions_table.h"

#include <fmt/core.h>

#include <algorithm>

namespace understudy::loadtest {
namespace {

constexpr size_t kFindingsShown = 3;
constexpr size_t kTextShown = 120;

std::string row_of(const SessionsOutcome& outcome) {
  const auto& between = outcome.failed_between;
  const auto& newcomers = outcome.newcomers;
  return fmt::format(
      "| {} | {} | {} | {} | {} | {} | {:.2f} | {:.1f} | {} | {} | {} | {} | {} | {} |\n",
      outcome.peer, outcome.scenario, outcome.requests, outcome.requests - outcome.failed,
      outcome.failed,
      between ? fmt::format("{:.1f} - {:.1f}", seconds(between->first), seconds(between->second))
              : "",
      ms(outcome.median), ms(outcome.longest), outcome.slow, outcome.faults.restarted,
      outcome.faults.lost, outcome.faults.went_back, outcome.faults.twice,
      newcomers ? fmt::format("{} of {}", newcomers->failed, newcomers->came) : "");
}

// Of a page of HTML too.
std::string one_line(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '|'; }, ' ');
  if (text.size() > kTextShown) text.resize(kTextShown);
  return text;
}

std::string status_text(int status) {
  return status == 0 ? "no answer" : std::to_string(status);
}

// Nothing when there is nothing to tell.
std::string story_of(const SessionsOutcome& outcome) {
  std::string out;
  for (const TimelineEvent& event : outcome.events) {
    out += fmt::format("  - {:.1f} s: {}\n", seconds(event.at), event.text);
  }
  std::string kinds;
  for (const auto& [status, count] : outcome.bad_statuses) {
    kinds += fmt::format("{}{} x {}", kinds.empty() ? "" : ", ", count, status_text(status));
  }
  if (!kinds.empty()) {
    out += fmt::format("  - errors: {}; the first: {}\n", kinds, one_line(outcome.first_failure));
  }
  for (size_t index = 0; index < outcome.findings.size() && index < kFindingsShown; ++index) {
    out += "  - " + outcome.findings[index] + "\n";
  }
  if (outcome.newcomers) {
    const Newcomers::Figures& newcomers = *outcome.newcomers;
    out += fmt::format("  - new clients: {} came, {} counted to two and logged out, {} failed\n",
                       newcomers.came, newcomers.left, newcomers.failed);
    if (!newcomers.first_failure.empty()) {
      out += "  - the first of these: " + one_line(newcomers.first_failure) + "\n";
    }
    std::string members;
    for (const auto& [member, count] : newcomers.welcomed) {
      members += fmt::format("{}{} {}", members.empty() ? "" : ", ", member, count);
    }
    if (!members.empty()) out += "  - they were new at: " + members + "\n";
  }
  for (const std::string& remark : outcome.remarks) out += "  - " + remark + "\n";
  return out.empty() ? out : fmt::format("- {}, {}\n{}", outcome.peer, outcome.scenario, out);
}

}  // namespace

std::optional<std::pair<Duration, Duration>> failures_between(const Timeline& timeline) {
  std::optional<std::pair<Duration, Duration>> between;
  for (const TimelinePoint& point : timeline.points()) {
    if (point.failed == 0) continue;
    if (!between) between = {point.at, point.at};
    between->second = point.at + timeline.interval();
  }
  return between;
}

std::string sessions_table(const std::vector<SessionsOutcome>& outcomes) {
  std::string out =
      "| sessions kept by | what happened | requests | answered | errors | of requests of s | "
      "median ms | longest stall ms | above 1 s | sessions lost | counts lost | went back | "
      "doubled writes | "
      "new clients failed |\n"
      "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
  for (const SessionsOutcome& outcome : outcomes) out += row_of(outcome);
  out += "\n";
  for (const SessionsOutcome& outcome : outcomes) out += story_of(outcome);
  return out;
}

}  // namespace understudy::loadtest
