// SPDX-License-Identifier: Apache-2.0
// PeerChaos: carries a plan out against a PeerSite while load runs, and tells what it did when:
// kill, stop, continue, start, restart, rolling-restart, partition, heal, scale-out. Never blocks
// the loop. Loop thread only; the site outlives it.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "base/timer_wheel.h"
#include "loadtest/chaos_plan.h"
#include "loadtest/peer_site.h"

namespace understudy::loadtest {

class PeerChaos final {
 public:
  // Every step names whom the site has, and is one of those above.
  PeerChaos(PeerSite& site, EventLoop& loop, std::vector<ChaosStep> plan,
            std::function<void(const std::string&)> on_event);
  void start();
  // Nothing is left to do, and nothing is under way.
  bool is_over() const;

 private:
  void on_time();
  void carry_out(const ChaosStep& step);
  void continue_restarts();
  void continue_scale_out();
  // `on_ready`: when it answers; asked again otherwise.
  void ask_whether_ready(const std::string& member, std::function<void()> on_ready);

  PeerSite& site_;
  EventLoop& loop_;
  const std::vector<ChaosStep> plan_;
  const std::function<void(const std::string&)> on_event_;
  Timer timer_;
  TimePoint begin_{};
  size_t next_ = 0;
  std::deque<std::string> restarts_;  // the first is under way
  enum class Restarting : uint8_t { kNo, kEnding, kStarting } restarting_ = Restarting::kNo;
  std::deque<std::string> newcomers_;  // the first is started next, or is starting
  bool is_newcomer_starting_ = false;
  TimePoint started_{};  // that one
  bool is_asked_ = false;
  Network::Commands commands_;  // that part and heal
};

}  // namespace understudy::loadtest
