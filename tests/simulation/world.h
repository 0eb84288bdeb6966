// SPDX-License-Identifier: Apache-2.0
// World: one run of the simulator: members, proxies, clients who click, and a storm of faults, all
// from one seed. simulate() runs it and returns what the Checker found.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "backend_sdk/replication/options.h"
#include "base/clock.h"
#include "tests/simulation/profile.h"
#include "tests/simulation/strike.h"

namespace understudy::sim {

// A client that has no answer after this long gives up.
inline constexpr Duration kGiveUp = std::chrono::seconds(25);

struct WorldOptions {
  const Profile* profile = &profiles().front();
  uint64_t seed = 1;
  // One fault after the other, each only when all sessions have copies again: then nothing may be
  // lost, ever. Otherwise faults overlap, and a loss is allowed, but never in silence.
  bool one_fault_at_a_time = false;
  std::optional<Schedule> schedule = {};  // these strikes instead of those of the seed
  ReplicationOptions::Faults faults = {};
  bool uses_keys_too_early = false;  // before they are installed: a fault to be found
  bool trace = false;
};

struct WorldResult {
  std::vector<std::string> violations;
  Schedule schedule;  // what struck
  uint64_t responses = 0;
  uint64_t writes = 0;
  uint64_t given_up = 0;
  uint64_t sent_back = 0;
  uint64_t lost = 0;
  uint64_t solo = 0;
  uint64_t recovered = 0;  // responses flagged so
  uint64_t replayed = 0;
  uint64_t promotions = 0;
  uint64_t doubled = 0;  // sessions, where that is permitted
  uint64_t faults_done = 0;
  Duration longest_wait{};
};

WorldResult simulate(const WorldOptions& options);

}  // namespace understudy::sim
