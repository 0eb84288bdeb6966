// SPDX-License-Identifier: Apache-2.0
// ChaosPlan: what is done to which member when. Written by hand ("5s kill a; 8s start a") or drawn
// from a seed, where one fault at a time is given time to heal. Values and pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace understudy::loadtest {

enum class ChaosAction : uint8_t {
  kKill,            // SIGKILL
  kStop,            // SIGSTOP
  kContinue,        // SIGCONT
  kStart,           // a member that was killed, or a new one
  kRestart,         // SIGTERM, then start when it has ended
  kRestartApart,    // the same, but cut off from all members until it has founded a group alone
  kRollingRestart,  // restart of one after the other, each when the one before has joined again
  kDrain,           // understudy drain NAME
  kEnable,          // understudy enable NAME
  kReload,          // SIGHUP to the proxies
  kPartition,       // of two hosts from each other, or of one from all others
  kHeal,            // of two, of one with all others, or of all
  kJoin,            // so many new members at once
  kScaleOut,        // so many new members, each when the one before has joined
  kPoison,          // a request that ends the member that runs it; those are started again
};
std::string_view to_text(ChaosAction action);  // "kill" ... as in a plan

struct ChaosStep {
  Duration at{};
  ChaosAction action = ChaosAction::kKill;
  std::string member = {};  // empty where the action has none
  std::string other = {};   // of two
  size_t count = 0;         // of kJoin and kScaleOut

  std::string text() const;  // "kill a"
};

// Whether members must be such as a request can end.
bool has_poison(const std::vector<ChaosStep>& plan);

// Whether hosts are parted: then they need a network of their own (network.h).
bool needs_network(const std::vector<ChaosStep>& plan);

// "TIME ACTION [NAME [NAME]]" separated by ';' or line ends; '#' begins a comment. kInvalid
// names the step and what it lacks. The steps come out in the order of time.
Result<std::vector<ChaosStep>> parse_plan(std::string_view text);

struct SeededChaos {
  uint64_t seed = 1;
  std::vector<std::string> members;
  // Of these, the members that are never ended: stopped and drained only, so that one life is as
  // long as the run.
  std::vector<std::string> spared = {};
  Duration duration{};
  Duration pause = std::chrono::seconds(5);  // between the end of a fault and the next one
  // Drains, reloads and rolling restarts too.
  bool is_varied = false;
  bool has_network = false;  // restarts apart too
};
// Kills, stops and restarts, one at a time.
std::vector<ChaosStep> plan_by_seed(const SeededChaos& options);

}  // namespace understudy::loadtest
