// SPDX-License-Identifier: Apache-2.0
// World: one run of the simulator: members, a proxy, clients who click, and a storm of faults, all
// from one seed. simulate() runs it and returns what the Checker found.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "backend_sdk/replication/options.h"
#include "base/clock.h"

namespace understudy::sim {

struct WorldOptions {
  uint64_t seed = 1;
  // One fault after the other, each only when all sessions have copies again: then nothing may be
  // lost, ever. Otherwise faults overlap, and a loss is allowed, but never in silence.
  bool one_fault_at_a_time = false;
  Duration length = std::chrono::seconds(90);
  ReplicationOptions::Faults faults = {};
  bool trace = false;
};

struct WorldResult {
  std::vector<std::string> violations;
  uint64_t responses = 0;
  uint64_t writes = 0;
  uint64_t given_up = 0;
  uint64_t sent_back = 0;
  uint64_t lost = 0;
  uint64_t solo = 0;
  uint64_t recovered = 0;  // responses flagged so
  uint64_t replayed = 0;
  uint64_t promotions = 0;
  uint64_t faults_done = 0;
  Duration longest_wait{};
};

WorldResult simulate(const WorldOptions& options);

}  // namespace understudy::sim
