// SPDX-License-Identifier: Apache-2.0
// loop_turns [SESSIONS [HEARTBEAT_MS]]: how long the turns of a member's loop are while many
// sessions change hands (PROTOCOL C4). Members of the production node core, each with a loop, a
// thread and sealed links on loopback of its own; one of them serves SESSIONS sessions (200,000),
// and dies, drains or lets them expire; others join. Of each member and each part: the longest turn
// in processor time of its thread and in time that passed, which on a busy machine is longer.
#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "loadtest/micro/turns_member.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

constexpr Duration kPatience = std::chrono::minutes(5);
constexpr Duration kLook = milliseconds(50);

double ms_of(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

class Cluster final {
 public:
  explicit Cluster(Duration beat) : beat_(beat) {}

  TurnsMember& start(const std::string& name) {
    const Address seed = members_.empty() ? Address() : members_.begin()->second->address();
    auto& slot = members_[name];
    slot = std::make_unique<TurnsMember>(name, seed, beat_);
    return *slot;
  }
  TurnsMember& at(const std::string& name) { return *members_.at(name); }
  void end(const std::string& name) {
    members_.at(name)->stop();
    gone_.push_back(std::move(members_.at(name)));
    members_.erase(name);
  }

  template <typename Value>
  uint64_t sum(Value value) {
    uint64_t all = 0;
    for (auto& [name, member] : members_) all += value(member->statistics());
    return all;
  }
  bool agrees() {
    return std::all_of(members_.begin(), members_.end(),
                       [&](auto& it) { return it.second->members() == members_.size(); });
  }
  // Each session here has a copy.
  bool is_protected(size_t sessions) {
    return sum([](const auto& s) { return s.sessions_primary; }) == sessions &&
           sum([](const auto& s) { return s.sessions_solo; }) == 0;
  }

  void forget_turns() {
    for (auto& [name, member] : members_) member->take_turns();
  }
  // Says what the turns were until `done`.
  Duration measure(const std::string& what, const std::function<bool()>& done) {
    const SystemClock clock;
    const TimePoint began = clock.now();
    while (!done()) {
      if (clock.now() - began > kPatience) {
        fmt::print("{}: not done in time\n", what);
        break;
      }
      std::this_thread::sleep_for(kLook);
    }
    const double seconds = std::chrono::duration<double>(clock.now() - began).count();
    for (auto& [name, member] : members_) {
      const Turns turns = member->take_turns();
      fmt::print("| {} | {} | {:.1f} s | {} | {:.1f} ms | {:.1f} ms | {} |\n", what, name, seconds,
                 turns.count, ms_of(turns.longest), ms_of(turns.longest_passing),
                 turns.over_the_limit);
      longest_ = std::max(longest_, turns.longest);
    }
    std::fflush(stdout);
    return clock.now() - began;
  }
  Duration longest() const { return longest_; }

 private:
  const Duration beat_;
  std::map<std::string, std::unique_ptr<TurnsMember>> members_;
  std::vector<std::unique_ptr<TurnsMember>> gone_;
  Duration longest_{};
};

void run(size_t sessions, Duration beat) {
  fmt::print(
      "| part | member | took | turns | longest, processor | longest, clock | over 20 ms |\n");
  fmt::print("|---|---|---|---|---|---|---|\n");
  Cluster cluster(beat);
  const auto all_agree = [&] { return cluster.agrees(); };
  const auto is_protected = [&] { return cluster.is_protected(sessions); };
  for (const char* name : {"a", "b", "c"}) cluster.start(name);
  cluster.measure("three members start", all_agree);

  cluster.at("a").serve(sessions, std::nullopt);
  const Duration filling = cluster.measure("a is given its sessions", is_protected);
  cluster.end("a");
  cluster.measure("a dies, b and c are promoted, copies are made anew", is_protected);
  cluster.start("d");
  cluster.measure("d joins", [&] { return cluster.agrees() && is_protected(); });
  cluster.end("b");
  cluster.measure("b dies", is_protected);
  cluster.end("c");
  cluster.measure("c dies, d is alone", [&] {
    return cluster.sum([](const auto& s) { return s.sessions_primary; }) == sessions;
  });
  for (const char* name : {"e", "f"}) cluster.start(name);
  cluster.measure("e and f join, all sessions get copies", is_protected);
  cluster.at("d").drain();
  cluster.measure("d drains", [&] { return cluster.at("d").is_drained(); });
  cluster.end("d");
  cluster.measure("and is gone", is_protected);

  cluster.start("g");
  cluster.measure("g joins", all_agree);
  const Duration soon = 3 * filling + std::chrono::seconds(20);
  cluster.at("g").serve(sessions, SystemClock().now() + soon);
  cluster.measure("g is given as many that end at the same time",
                  [&] { return cluster.is_protected(2 * sessions); });
  cluster.measure("they expire", [&] {
    return cluster.sum([](const auto& s) { return s.sessions_primary; }) == sessions;
  });
  Cluster other(beat);
  for (const char* name : {"x", "y", "z"}) other.start(name);
  other.measure("three more start", [&] { return other.agrees(); });
  other.at("x").serve(sessions, std::nullopt);
  other.measure("x is given its sessions", [&] { return other.is_protected(sessions); });
  other.at("x").sleep(8 * beat);
  other.measure("x sleeps, is expelled and comes back",
                [&] { return other.agrees() && other.is_protected(sessions); });
  fmt::print("\nThe longest of all: {:.1f} ms of processor time\n",
             ms_of(std::max(cluster.longest(), other.longest())));
}

}  // namespace
}  // namespace understudy

int main(int argc, char** argv) {
  const long sessions = argc > 1 ? std::atol(argv[1]) : 200'000;
  const long beat = argc > 2 ? std::atol(argv[2]) : 1000;
  if (argc > 3 || sessions < 1 || sessions > 500'000 || beat < 20 || beat > 40'000) {
    fmt::print(stderr, "loop_turns [SESSIONS [HEARTBEAT_MS]]: up to 500000 sessions\n");
    return 2;
  }
  understudy::run(static_cast<size_t>(sessions), std::chrono::milliseconds(beat));
  return 0;
}
