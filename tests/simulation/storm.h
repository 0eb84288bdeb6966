// SPDX-License-Identifier: Apache-2.0
// Storm: decides which faults come when: either one at a time, each after the cluster is whole
// again, or overlapping. Some lie in ambush for a frame of some type, and strike who sends or
// receives it. It keeps the schedule of what it did, and can follow one instead of the dice.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulation/profile.h"
#include "tests/simulation/strike.h"

namespace understudy::sim {

class Storm final {
 public:
  struct Options {
    const Profile& profile;
    uint64_t seed = 1;
    bool one_at_a_time = false;
    TimePoint end;
    std::optional<Schedule> schedule = {};  // follow it
  };
  Storm(VirtualNetwork& network, std::vector<std::unique_ptr<SimMember>>& members, Striker& striker,
        const Options& options, std::function<void(const std::string&)> trace)
      : network_(network),
        members_(members),
        striker_(striker),
        options_(options),
        random_(options.seed),
        fidgets_(options.seed + 1),
        trace_(std::move(trace)) {}

  void start();
  void stop() { is_over_ = true; }
  void on_frame(MemberId from, MemberId to, FrameType type);
  // From when on the cluster has time to become whole.
  void wait_from(TimePoint when) { waiting_since_ = when; }
  // All members run, and each is in each one's view.
  bool is_one_cluster() const;
  bool has_quorum() const;  // every member sees one
  bool is_whole() const;
  const Schedule& done() const { return done_; }
  // When the last strike came, or the beginning of time.
  TimePoint last_strike() const { return last_strike_; }
  // When the network was cut or lied last, or is still.
  TimePoint last_cut() const;
  // A fault came, and the cluster did not become whole again in time (L2).
  bool has_stalled() const { return stalled_; }

 private:
  // Waits for a frame.
  struct Ambush {
    FrameType type = FrameType::kAck;
    bool is_for_sender = false;
    Strike strike;
  };
  void next();
  void strike();
  void strike_now(Strike strike);
  void follow(const Schedule& schedule);
  void fidget();
  Strike choose();
  void choose_pair(Strike& strike);
  bool sees_all(const SimMember& member) const;
  bool is_whole(const SimMember& member) const;
  SimMember* running_member();
  bool may_strike() const;

  VirtualNetwork& network_;
  std::vector<std::unique_ptr<SimMember>>& members_;
  Striker& striker_;
  const Options options_;
  SeededRandom random_;
  SeededRandom fidgets_;  // its own, so that a schedule that is followed meets the same ones
  std::function<void(const std::string&)> trace_;
  TimePoint began_{};
  Schedule done_;
  std::optional<Ambush> ambush_;
  TimePoint last_strike_{};
  TimePoint cut_until_{};
  TimePoint waiting_since_{};
  bool stalled_ = false;
  bool is_over_ = false;
};

}  // namespace understudy::sim
