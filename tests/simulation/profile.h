// SPDX-License-Identifier: Apache-2.0
// Profile: what one kind of run is made of: how many members and clients, what the clients do, how
// small the limits are, which faults come. Named sets of knobs; README.md says what each is for.
// Values, constant.
#pragma once

#include <string_view>
#include <vector>

#include "backend_sdk/replication/options.h"
#include "base/clock.h"
#include "tests/simulation/strike.h"

namespace understudy::sim {

struct Profile {
  // How often of the sum of all.
  struct Actions {
    uint64_t append = 30;  // exclusive: appends its request id to the log
    uint64_t answer = 20;  // the same, and keeps the answer for a repeated request
    uint64_t slot = 18;    // not exclusive: raises its own slot
    uint64_t mark = 0;     // not exclusive: raises one that no other under way does
    uint64_t blob = 0;     // makes the session large or small
    uint64_t read = 27;
    uint64_t login = 3;  // the session gets a new id
    uint64_t logout = 2;
  };
  struct Weight {
    Strike::Kind kind;
    uint64_t weight;
  };

  const char* name = "";
  const char* what = "";
  Duration length = std::chrono::seconds(50);

  size_t members_min = 3;
  size_t members_max = 5;
  double clock_error = 0.0045;
  bool starts_apart = false;  // two groups, behind a cut that ends
  bool rotates_keys = false;
  bool tcp_one_way = false;  // what a cut in one direction does to links, see Weather
  NoWitnessPolicy no_witness = NoWitnessPolicy::kRefuse;

  // Clients.
  size_t clients = 8;
  size_t slots = 3;        // requests of one client at the same time
  size_t devices = 1;      // that share one session, each with its own cookie
  uint64_t ahead_max = 6;  // of the oldest request without an answer
  Duration think_max = std::chrono::milliseconds(400);
  Duration pause_max = std::chrono::seconds(6);  // now and then
  Actions actions = {};
  size_t blob_max = 0;
  uint64_t ghosts = 25;  // of 100 clicks that could use an old id, how many do

  // Limits.
  size_t window_frames = 1024;
  uint64_t replica_bytes_max = 1u << 30;
  Duration timeout = std::chrono::minutes(30);
  Duration alias_kept = std::chrono::seconds(30);

  // Proxies.
  size_t proxies = 1;
  bool views_age = false;  // a proxy learns of a new life from the answers that it gets

  // Faults.
  std::vector<Weight> strikes = {};
  uint64_t ambushes = 0;  // of 100 strikes that kill, how many wait for a frame of some type
  Duration stall_max{};   // short stalls all the time; zero: none
  Duration turn_max{};    // long turns of the loop all the time; zero: none
  Duration turn_strike_max = std::chrono::seconds(1);
};

const std::vector<Profile>& profiles();
// Null: there is none of that name.
const Profile* find_profile(std::string_view name);

}  // namespace understudy::sim
