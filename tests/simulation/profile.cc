// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/profile.h"

namespace understudy::sim {

namespace {

using Kind = Strike::Kind;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::vector<Profile::Weight> kUsual = {
    {Kind::kCrash, 6},       {Kind::kPowerOff, 3},   {Kind::kPause, 6}, {Kind::kIsolate, 1},
    {Kind::kUnreachable, 1}, {Kind::kIsolateAll, 1}, {Kind::kCut, 4},   {Kind::kCutOneWay, 2},
    {Kind::kReset, 3},       {Kind::kMoveAway, 3},   {Kind::kDrain, 3}};

std::vector<Profile::Weight> usual_and(std::vector<Profile::Weight> more) {
  more.insert(more.end(), kUsual.begin(), kUsual.end());
  return more;
}

Profile classic() {
  Profile profile;
  profile.name = "classic";
  profile.what = "eight clients, crashes, pauses, cuts, drains and moves";
  profile.strikes = kUsual;
  return profile;
}

Profile deep() {
  Profile profile = classic();
  profile.name = "deep";
  profile.what = "up to 64 requests ahead in one session, several clients of it, windows of 4";
  profile.clients = 2;
  profile.slots = 64;
  profile.devices = 3;
  profile.ahead_max = 64;
  profile.think_max = seconds(2);
  profile.actions = {
      .append = 15, .answer = 10, .slot = 15, .mark = 35, .read = 25, .login = 0, .logout = 0};
  profile.window_frames = 4;
  profile.ambushes = 50;
  profile.stall_max = milliseconds(150);
  profile.length = seconds(40);
  return profile;
}

Profile memory() {
  Profile profile = classic();
  profile.name = "memory";
  profile.what = "small memory for copies, OVERLOAD, large sessions, sessions that expire";
  profile.members_max = 4;
  profile.clients = 6;
  profile.actions = {
      .append = 20, .answer = 10, .slot = 10, .blob = 25, .read = 25, .login = 5, .logout = 5};
  profile.blob_max = 4000;
  profile.replica_bytes_max = 24'000;
  profile.timeout = seconds(8);
  profile.pause_max = seconds(14);
  profile.alias_kept = seconds(3);
  profile.ambushes = 40;
  return profile;
}

Profile accounts() {
  Profile profile = classic();
  profile.name = "accounts";
  profile.what = "login and logout all the time, old ids tried after both";
  profile.slots = 5;
  profile.think_max = milliseconds(150);
  profile.actions = {.append = 15, .answer = 8, .slot = 30, .read = 12, .login = 22, .logout = 13};
  profile.ghosts = 30;
  profile.window_frames = 4;
  profile.alias_kept = seconds(3);
  profile.ambushes = 50;
  profile.stall_max = milliseconds(200);
  profile.length = seconds(40);
  return profile;
}

Profile founding() {
  Profile profile = classic();
  profile.name = "founding";
  profile.what = "members that start apart, groups that meet, clocks that are wrong";
  profile.members_min = 3;
  profile.members_max = 6;
  profile.starts_apart = true;
  profile.strikes = {{Kind::kBootApart, 5}, {Kind::kSplit, 3}, {Kind::kCrash, 2},
                     {Kind::kPowerOff, 1},  {Kind::kPause, 1}, {Kind::kCut, 1},
                     {Kind::kBootAstray, 3}};
  profile.length = seconds(60);
  return profile;
}

Profile liars() {
  Profile profile = classic();
  profile.name = "liars";
  profile.what = "a refused connection that means nothing, links cut in one direction";
  profile.tcp_one_way = true;
  profile.strikes = usual_and({{Kind::kRefuse, 14}, {Kind::kCutOneWay, 8}});
  return profile;
}

Profile slow() {
  Profile profile = classic();
  profile.name = "slow";
  profile.what = "turns of the loop of up to a second, clocks of +-1 %";
  profile.clock_error = 0.01;
  profile.turn_max = milliseconds(200);
  profile.strikes = usual_and({{Kind::kTurn, 12}});
  return profile;
}

Profile proxies() {
  Profile profile = classic();
  profile.name = "proxies";
  profile.what = "two proxies with views of different age, sessions sent to and fro";
  profile.proxies = 2;
  profile.views_age = true;
  profile.strikes = usual_and({{Kind::kMoveAway, 16}, {Kind::kUnreachable, 6}});
  return profile;
}

Profile available() {
  Profile profile = classic();
  profile.name = "available";
  profile.what =
      "NoWitness available: two or three members, one goes on alone; firewalls that refuse";
  profile.members_min = 2;
  profile.members_max = 3;
  profile.no_witness = NoWitnessPolicy::kAvailable;
  profile.strikes = usual_and({{Kind::kRefuse, 8}});
  return profile;
}

Profile keys() {
  Profile profile = classic();
  profile.name = "keys";
  profile.what = "keys are installed, used and removed while members fail";
  profile.rotates_keys = true;
  return profile;
}

}  // namespace

const std::vector<Profile>& profiles() {
  static const std::vector<Profile> all = {classic(), deep(), memory(),  accounts(),  founding(),
                                           liars(),   slow(), proxies(), available(), keys()};
  return all;
}

const Profile* find_profile(std::string_view name) {
  for (const Profile& profile : profiles()) {
    if (name == profile.name) return &profile;
  }
  return nullptr;
}

}  // namespace understudy::sim
