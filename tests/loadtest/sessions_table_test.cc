// SPDX-License-Identifier: Apache-2.0
#include "loadtest/sessions_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

SessionsOutcome good() {
  SessionsOutcome outcome;
  outcome.peer = "them";
  outcome.scenario = "kill";
  outcome.requests = 100;
  outcome.median = milliseconds(4);
  outcome.longest = milliseconds(1500);
  outcome.slow = 7;
  return outcome;
}

bool tells(const SessionsOutcome& outcome, const std::string& what) {
  return sessions_table({outcome}).find(what) != std::string::npos;
}

TEST(SessionsTable, EveryRowHasTheColumnsOfTheHead) {
  const auto lines = lines_of(sessions_table({good(), good()}));
  ASSERT_GE(lines.size(), 4u);
  for (size_t row = 0; row < 4; ++row) {
    EXPECT_EQ(std::count(lines[row].begin(), lines[row].end(), '|'),
              std::count(lines[0].begin(), lines[0].end(), '|'))
        << lines[row];
  }
  EXPECT_EQ(lines[2], "| them | kill | 100 | 100 | 0 |  | 4.00 | 1500.0 | 7 | 0 | 0 | 0 | 0 |  |");
}

TEST(SessionsTable, WhatWentWrongIsInItsColumns) {
  SessionsOutcome bad = good();
  bad.failed = 9;
  bad.failed_between = {milliseconds(3000), milliseconds(8100)};
  bad.faults = {.restarted = 1, .went_back = 2, .twice = 3, .lost = 4};
  bad.newcomers = Newcomers::Figures{.came = 50, .left = 45, .failed = 5, .first_failure = {}};
  EXPECT_EQ(lines_of(sessions_table({bad}))[2],
            "| them | kill | 100 | 91 | 9 | 3.0 - 8.1 | 4.00 | 1500.0 | 7 | 1 | 4 | 2 | 3 | "
            "5 of 50 |");
}

TEST(SessionsTable, BelowItStandsWhatHappenedWhen) {
  SessionsOutcome outcome = good();
  EXPECT_FALSE(tells(outcome, "- them, kill\n"));
  outcome.events = {{.at = milliseconds(3020), .text = "kill a"}};
  outcome.bad_statuses = {{502, 3}, {0, 1}};
  outcome.first_failure = "<html>\n| no";
  outcome.findings = {"session 1: one", "session 2: two", "session 3: three", "session 4: four"};
  outcome.newcomers = Newcomers::Figures{.came = 3,
                                         .left = 2,
                                         .failed = 1,
                                         .first_failure = "after 1 counts",
                                         .welcomed = {{"a", 1}, {"d", 2}}};
  outcome.remarks = {"not everything of the plan came to its end in time"};
  EXPECT_TRUE(tells(outcome, "- them, kill\n  - 3.0 s: kill a\n"));
  EXPECT_TRUE(tells(outcome, "errors: 3 x 502, 1 x no answer; the first: <html>   no\n"));
  EXPECT_TRUE(tells(outcome, "session 3: three\n"));
  EXPECT_FALSE(tells(outcome, "session 4")) << "the first ones are enough";
  EXPECT_TRUE(tells(outcome, "3 came, 2 counted to two and logged out, 1 failed\n"));
  EXPECT_TRUE(tells(outcome, "the first of these: after 1 counts\n"));
  EXPECT_TRUE(tells(outcome, "they were new at: a 1, d 2\n"));
  EXPECT_TRUE(tells(outcome, "not everything of the plan"));
}

TEST(SessionsTable, ErrorsLieBetweenTheFirstAndTheLast) {
  Timeline timeline(milliseconds(100));
  timeline.on_succeeded(seconds(1), milliseconds(2));
  EXPECT_FALSE(failures_between(timeline));
  timeline.on_failed(milliseconds(3010));
  timeline.on_succeeded(seconds(4), milliseconds(2));
  timeline.on_failed(milliseconds(8090));
  timeline.on_succeeded(seconds(9), milliseconds(2));
  const auto between = failures_between(timeline);
  ASSERT_TRUE(between);
  EXPECT_EQ(between->first, Duration(milliseconds(3000)));
  EXPECT_EQ(between->second, Duration(milliseconds(8100)));
}

}  // namespace
}  // namespace understudy::loadtest
