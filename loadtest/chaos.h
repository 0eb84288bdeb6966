// SPDX-License-Identifier: Apache-2.0
// Chaos: carries a plan out against an installation while load runs, and tells what it did when.
// Never blocks the loop: what takes time (a member that ends, one that joins) is looked at again
// and again. Loop thread only; the installation outlives it.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/timer_wheel.h"
#include "loadtest/chaos_plan.h"
#include "loadtest/installation.h"

namespace understudy::loadtest {

class Chaos final {
 public:
  // `on_event`: once for each thing done, when it was done ("kill a", "a has joined again").
  Chaos(Installation& installation, std::vector<ChaosStep> plan,
        std::function<void(const std::string&)> on_event);
  ~Chaos();

  void start();  // the plan's time begins now
  void stop();   // nothing more is done or watched
  // Nothing is left to do, and nothing is under way.
  bool is_over() const;
  // Processes that ended without being told to.
  size_t crashes() const { return crashes_; }

 private:
  // A request that two members have died of is not sent to a third one.
  static constexpr size_t kPoisonedMax = 2;
  static constexpr Duration kReaping = std::chrono::milliseconds(200);
  static constexpr Duration kLook = std::chrono::milliseconds(20);

  void on_time();
  void look_for_crashes();
  void carry_out(const ChaosStep& step);
  void tell_operator(const std::string& command, const std::string& member);
  void poison();
  void end_poison();
  void join(size_t count, bool in_turn);
  void start_new(const std::string& member);
  void continue_restarts();
  void cut_off(const std::string& member);
  void continue_joins();
  // `done` when it sees exactly these alive.
  void ask_whether_it_sees(const std::string& member, std::vector<std::string> names,
                           std::function<void()> done);
  std::vector<std::string> running() const;

  Installation& installation_;
  const std::vector<ChaosStep> plan_;
  const std::function<void(const std::string&)> on_event_;

  Timer timer_;
  TimePoint begin_{};
  size_t next_ = 0;
  // A restart is: told to end, ended and started again, joined. Apart: when it has ended it is cut
  // off, and has started when it has founded a group.
  struct Restart {
    std::string member;
    bool apart = false;
  };
  std::deque<Restart> restarts_;  // the first is under way
  enum class Restarting : uint8_t { kNo, kEnding, kCutting, kFounding, kJoining };
  Restarting restarting_ = Restarting::kNo;
  Network::Commands cuts_;
  std::deque<std::string> joining_;       // new members that do not know all others yet
  std::deque<std::string> waiting_;       // for those to have joined
  TimePoint started_{};                   // the last of them
  std::unique_ptr<HttpClient> question_;  // to a member that is joining
  bool is_asked_ = false;
  std::unique_ptr<HttpClient> poison_;  // while it is under way
  std::optional<int> poison_answer_;
  TimePoint poison_answered_{};
  std::vector<std::string> poisoned_;               // have ended since
  std::vector<std::unique_ptr<Process>> commands_;  // of the operator, and of the network
  std::set<std::string> down_;  // members that are meant to be, and those already told of
  size_t crashes_ = 0;
};

}  // namespace understudy::loadtest
