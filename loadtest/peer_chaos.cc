// SPDX-License-Identifier: Apache-2.0
#include "loadtest/peer_chaos.h"

#include <fmt/core.h>
#include <signal.h>

#include "base/check.h"
#include "loadtest/partition.h"
#include "loadtest/timeline.h"

namespace understudy::loadtest {
namespace {

constexpr Duration kLook = std::chrono::milliseconds(20);

}  // namespace

PeerChaos::PeerChaos(PeerSite& site, EventLoop& loop, std::vector<ChaosStep> plan,
                     std::function<void(const std::string&)> on_event)
    : site_(site),
      loop_(loop),
      plan_(std::move(plan)),
      on_event_(std::move(on_event)),
      timer_(Timer::of<&PeerChaos::on_time>(loop.timers(), *this)) {}

void PeerChaos::start() {
  begin_ = SystemClock().now();
  on_time();
}

bool PeerChaos::is_over() const {
  return next_ == plan_.size() && restarts_.empty() && newcomers_.empty() && commands_.empty();
}

void PeerChaos::on_time() {
  const Duration passed = SystemClock().now() - begin_;
  while (next_ < plan_.size() && plan_[next_].at <= passed) carry_out(plan_[next_++]);
  continue_restarts();
  continue_scale_out();
  std::erase_if(commands_, [](const auto& command) { return !command->is_running(); });
  if (!is_over()) timer_.start_at(loop_.now() + kLook);
}

void PeerChaos::carry_out(const ChaosStep& step) {
  switch (step.action) {
    case ChaosAction::kKill:
      site_.process(step.member).signal(SIGKILL);
      break;
    case ChaosAction::kStop:
      site_.process(step.member).signal(SIGSTOP);
      break;
    case ChaosAction::kContinue:
      site_.process(step.member).signal(SIGCONT);
      break;
    case ChaosAction::kStart:
      site_.start(step.member);
      break;
    case ChaosAction::kRestart:
      restarts_.push_back(step.member);
      return;
    case ChaosAction::kRollingRestart:
      for (const std::string& member : site_.members(true)) restarts_.push_back(member);
      break;
    case ChaosAction::kPartition:
    case ChaosAction::kHeal:
      CHECK(site_.network());
      for (auto& command : part_or_heal(*site_.network(), step)) {
        commands_.push_back(std::move(command));
      }
      break;
    case ChaosAction::kScaleOut: {
      const std::vector<std::string> spare = site_.members(false);
      CHECK(step.count <= spare.size(), "more than were declared");
      for (size_t index = 0; index < step.count; ++index) newcomers_.push_back(spare[index]);
      break;
    }
    default:
      CHECK(false, "a step that no peer can take part in");
  }
  on_event_(step.text());
}

void PeerChaos::ask_whether_ready(const std::string& member, std::function<void()> on_ready) {
  if (is_asked_) return;
  is_asked_ = true;
  site_.ask_whether_ready(member, [this, done = std::move(on_ready)](bool is_ready) {
    is_asked_ = false;
    if (is_ready) done();
  });
}

void PeerChaos::continue_restarts() {
  if (restarts_.empty()) return;
  const std::string member = restarts_.front();
  switch (restarting_) {
    case Restarting::kNo:
      on_event_("restart " + member);
      site_.process(member).signal(SIGTERM);
      restarting_ = Restarting::kEnding;
      return;
    case Restarting::kEnding:
      if (site_.is_running(member)) return;
      site_.start(member);
      restarting_ = Restarting::kStarting;
      return;
    case Restarting::kStarting:
      ask_whether_ready(member, [this, member] {
        on_event_(member + " answers again");
        restarts_.pop_front();
        restarting_ = Restarting::kNo;
      });
      return;
  }
}

void PeerChaos::continue_scale_out() {
  if (newcomers_.empty() || !restarts_.empty()) return;
  const std::string member = newcomers_.front();
  if (!is_newcomer_starting_) {
    site_.start(member);
    started_ = SystemClock().now();
    is_newcomer_starting_ = true;
    return;
  }
  ask_whether_ready(member, [this, member] {
    on_event_(fmt::format("{} answers, {:.1f} s after its start", member,
                          seconds(SystemClock().now() - started_)));
    newcomers_.pop_front();
    is_newcomer_starting_ = false;
  });
}

}  // namespace understudy::loadtest
