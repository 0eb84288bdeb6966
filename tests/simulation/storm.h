// SPDX-License-Identifier: Apache-2.0
// Storm: the faults of one run: crashes with and without a word, pauses, cuts, resets, drains,
// weather. Either one at a time, each after the cluster is whole again, or overlapping.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "tests/simulation/proxy.h"
#include "tests/simulation/sim_member.h"

namespace understudy::sim {

class Storm final {
 public:
  struct Options {
    bool one_at_a_time = false;
    TimePoint end;
  };
  Storm(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members, Proxy& proxy,
        uint64_t seed, const Options& options, std::function<void(const std::string&)> trace)
      : network_(network),
        members_(members),
        proxy_(proxy),
        random_(seed),
        options_(options),
        trace_(std::move(trace)) {}

  void start();
  // Everybody runs, and nothing is cut.
  void calm();
  bool is_whole() const;
  uint64_t done() const { return done_; }
  // A fault came, and the cluster did not become whole again in time (L2).
  bool has_stalled() const { return stalled_; }

 private:
  void next();
  void strike();
  void crash(SimMember& member);
  void power_off(SimMember& member);
  void pause(SimMember& member);
  void isolate(SimMember& member);
  void cut_pair();
  void break_pair();
  void drain(SimMember& member);
  void move_away(SimMember& member);
  void over_after(Duration duration, std::function<void()> undo);
  SimMember* running_member();

  VirtualNetwork& network_;
  std::vector<std::unique_ptr<SimMember>>& members_;
  Proxy& proxy_;
  SeededRandom random_;
  const Options options_;
  std::function<void(const std::string&)> trace_;
  size_t under_way_ = 0;
  uint64_t done_ = 0;
  TimePoint waiting_since_{};
  bool stalled_ = false;
};

}  // namespace understudy::sim
