// SPDX-License-Identifier: Apache-2.0
// How clients without a session are spread over the members of a cluster, when a member is asked
// whether it works, and when it is left out because it does not. A value of the immutable Config;
// any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace understudy::config {

// LoadBalanceMethod, lbmethod=.
enum class MethodName : std::uint8_t {
  kRoundRobin,  // each in turn, by weight
  kLeastBusy,   // the fewest exchanges under way, divided by the weight
  kRandomTwo,   // the less busy one of two drawn by weight
};

// A member that fails often in a row gets no new clients for a while, each time for longer.
struct Ejection {
  unsigned failures = 0;                // EjectAfterFailures; 0: never
  std::chrono::milliseconds time{};     // EjectTime: the first time
  std::chrono::milliseconds longest{};  // MaxEjectTime
  unsigned percent_max = 0;             // MaxEjectedPercent: of the members, but one at least

  bool operator==(const Ejection&) const = default;
};

// Of hcexpr=: what the answer's status, or its body, has to match (RE2), or must not.
struct CheckRule {
  bool is_of_body = false;
  bool is_negated = false;
  std::string pattern;

  bool operator==(const CheckRule&) const = default;
};

struct HealthCheck {
  enum class Kind : std::uint8_t { kOff, kTcp, kHttp };
  Kind kind = Kind::kOff;
  std::string method = "GET";
  std::string path = "/";
  std::string host = {};  // of the Host field; empty: the member's address
  unsigned status_min = 200;
  unsigned status_max = 399;
  std::string body = {};              // what the answer's body must contain; empty: anything
  std::vector<CheckRule> rules = {};  // all have to hold, in place of the range of statuses
  std::chrono::milliseconds interval{2000};
  std::chrono::milliseconds timeout{1000};
  unsigned fall = 3;  // failures in a row until a member counts as dead
  unsigned rise = 2;  // successes in a row until it counts as alive again

  bool is_on() const { return kind != Kind::kOff; }
  bool operator==(const HealthCheck&) const = default;
};

struct Balancing {
  MethodName method = MethodName::kRoundRobin;
  std::chrono::milliseconds slow_start{};  // SlowStart; 0: none
  Ejection ejection;
  HealthCheck check;  // of members that have none of their own

  bool operator==(const Balancing&) const = default;
};

}  // namespace understudy::config
