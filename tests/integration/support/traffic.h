// SPDX-License-Identifier: Apache-2.0
// Traffic: many sessions of the counter at a constant rate through one address, each request held
// against what sessions promise. One thread; for tests and for measurements by hand.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/event_loop.h"
#include "loadtest/session_checker.h"

namespace understudy::testing {

struct TrafficOptions {
  size_t sessions = 500;
  double requests_per_second = 500;
  size_t requests = 5000;
  double post_share = 0.5;  // the others are GET; both add one
  std::string cookie_name = "UNDERSTUDY";
  // Called once, when this many requests have been started.
  size_t event_after = 0;
  std::function<void()> event;
};

struct Failure {
  bool is_post = false;
  int status = 0;  // 0: no answer
  std::string error;
  Duration after_event{};  // when the request was started; negative: before
};

struct TrafficReport {
  size_t answered = 0;
  std::vector<Failure> failures;
  Duration longest{};  // latency from the intended start, the longest
  Duration median{};
  loadtest::SessionChecker::Faults faults;
  std::vector<std::string> findings;
  std::vector<std::string> cookies;  // each session's last
};

// Creates the sessions, runs the schedule, then reads every counter's end.
TrafficReport run_traffic(EventLoop& loop, const Address& server, const TrafficOptions& options);
std::string summary(const TrafficReport& report);

}  // namespace understudy::testing
