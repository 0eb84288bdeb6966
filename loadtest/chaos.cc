// SPDX-License-Identifier: Apache-2.0
#include "loadtest/chaos.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>

#include "base/check.h"
#include "cookies/contract.h"
#include "loadtest/partition.h"
#include "loadtest/timeline.h"

namespace understudy::loadtest {

Chaos::Chaos(Installation& installation, std::vector<ChaosStep> plan,
             std::function<void(const std::string&)> on_event)
    : installation_(installation),
      plan_(std::move(plan)),
      on_event_(std::move(on_event)),
      timer_(Timer::of<&Chaos::on_time>(installation.loop().timers(), *this)) {}

Chaos::~Chaos() = default;

void Chaos::start() {
  begin_ = SystemClock().now();
  on_time();
}

void Chaos::stop() {
  timer_.stop();
}

bool Chaos::is_over() const {
  return next_ == plan_.size() && restarts_.empty() && joining_.empty() && waiting_.empty() &&
         !poison_;
}

void Chaos::on_time() {
  const Duration passed = SystemClock().now() - begin_;
  while (next_ < plan_.size() && plan_[next_].at <= passed) carry_out(plan_[next_++]);
  continue_restarts();
  continue_joins();
  std::erase_if(commands_, [](const auto& command) { return !command->is_running(); });
  look_for_crashes();
  end_poison();
  timer_.start_at(installation_.loop().now() + kLook);
}

void Chaos::look_for_crashes() {
  const auto look = [this](const std::string& name, Process& process) {
    if (down_.contains(name) || process.is_running()) return;
    down_.insert(name);
    if (poison_) return poisoned_.push_back(name);
    ++crashes_;
    on_event_(fmt::format("{} ended by itself with status {}", name, process.wait_exit({})));
  };
  for (const std::string& name : installation_.member_names()) {
    if (installation_.is_started(name)) look(name, installation_.member(name));
  }
  for (size_t index = 0; index < installation_.proxy_count(); ++index) {
    look("proxy " + std::to_string(index + 1), installation_.proxy(index));
  }
}

void Chaos::carry_out(const ChaosStep& step) {
  switch (step.action) {
    case ChaosAction::kKill:
      down_.insert(step.member);
      if (!installation_.kill(step.member)) return on_event_(step.text() + " had no effect");
      break;
    case ChaosAction::kStop:
      installation_.member(step.member).signal(SIGSTOP);
      break;
    case ChaosAction::kContinue:
      installation_.member(step.member).signal(SIGCONT);
      break;
    case ChaosAction::kStart:
      if (!installation_.has_member(step.member)) installation_.add_member(step.member);
      installation_.start(step.member);
      down_.erase(step.member);
      break;
    case ChaosAction::kRestart:
    case ChaosAction::kRestartApart:
      restarts_.push_back(
          {.member = step.member, .apart = step.action == ChaosAction::kRestartApart});
      return;  // told when it begins
    case ChaosAction::kRollingRestart:
      for (const std::string& name : installation_.member_names()) {
        if (installation_.is_started(name) && !down_.contains(name)) {
          restarts_.push_back({.member = name});
        }
      }
      break;
    case ChaosAction::kDrain:
      tell_operator("drain", step.member);
      break;
    case ChaosAction::kEnable:
      tell_operator("enable", step.member);
      break;
    case ChaosAction::kReload:
      for (size_t index = 0; index < installation_.proxy_count(); ++index) {
        installation_.proxy(index).signal(SIGHUP);
      }
      break;
    case ChaosAction::kPartition:
    case ChaosAction::kHeal:
      CHECK(installation_.network());
      for (auto& command : part_or_heal(*installation_.network(), step)) {
        commands_.push_back(std::move(command));
      }
      break;
    case ChaosAction::kPoison:
      poison();
      break;
    case ChaosAction::kJoin:
    case ChaosAction::kScaleOut:
      join(step.count, step.action == ChaosAction::kScaleOut);
      break;
  }
  on_event_(step.text());
}

void Chaos::poison() {
  const Address address = installation_.proxy_address();
  poison_ = std::make_unique<HttpClient>(installation_.loop(), address);
  poison_->send(make_request({.target = "/die"}, address), [this](const ClientResponse& answer) {
    poison_answer_ = answer.status;
    poison_answered_ = SystemClock().now();
  });
}

// Whom it has ended is started again when it is answered; the proxy is not to try a third one.
void Chaos::end_poison() {
  // The proxy hears of a death before its process can be reaped.
  if (!poison_answer_ || SystemClock().now() - poison_answered_ < kReaping) return;
  on_event_(fmt::format("poison was answered {} and has ended {}", *poison_answer_,
                        fmt::join(poisoned_, ", ")));
  if (poisoned_.size() > kPoisonedMax) crashes_ += poisoned_.size() - kPoisonedMax;
  for (const std::string& member : poisoned_) {
    start_new(member);
    down_.erase(member);
  }
  poisoned_.clear();
  poison_answer_.reset();
  poison_.reset();
}

void Chaos::tell_operator(const std::string& command, const std::string& member) {
  for (size_t index = 0; index < installation_.proxy_count(); ++index) {
    commands_.push_back(std::make_unique<Process>(
        std::vector<std::string>{installation_.program("understudy"), command, member, "--admin",
                                 installation_.admin_address(index).to_string()},
        installation_.directory() + "/operator.log"));
  }
}

void Chaos::continue_restarts() {
  if (restarts_.empty()) return;
  const auto [member, apart] = restarts_.front();
  switch (restarting_) {
    case Restarting::kNo:
      on_event_((apart ? "restart-apart " : "restart ") + member);
      down_.insert(member);
      installation_.member(member).signal(SIGTERM);
      restarting_ = Restarting::kEnding;
      return;
    case Restarting::kEnding:
      if (installation_.member(member).is_running()) return;
      if (const int status = installation_.member(member).wait_exit({}); status != 0) {
        on_event_(fmt::format("{} ended with status {}", member, status));
      }
      if (apart) cut_off(member);
      restarting_ = Restarting::kCutting;
      return;
    case Restarting::kCutting:
      if (std::erase_if(cuts_, [](const auto& cut) { return !cut->is_running(); }); !cuts_.empty())
        return;
      installation_.start(member);
      down_.erase(member);
      restarting_ = apart ? Restarting::kFounding : Restarting::kJoining;
      return;
    case Restarting::kFounding:
      ask_whether_it_sees(member, {member}, [this, member = member] {
        on_event_(member + " has founded a group of its own; healed");
        auto commands = part_or_heal(*installation_.network(),
                                     {.action = ChaosAction::kHeal, .member = member});
        for (auto& command : commands) commands_.push_back(std::move(command));
        restarting_ = Restarting::kJoining;
      });
      return;
    case Restarting::kJoining:
      ask_whether_it_sees(member, running(), [this, member = member] {
        on_event_(member + " has joined again");
        restarts_.pop_front();
        restarting_ = Restarting::kNo;
      });
      return;
  }
}

// From the members; the proxies see both sides.
void Chaos::cut_off(const std::string& member) {
  CHECK(installation_.network());
  for (const std::string& other : installation_.member_names()) {
    if (other == member) continue;
    for (auto& command : installation_.network()->part(member, other)) {
      cuts_.push_back(std::move(command));
    }
  }
}

// A name that is there but was never started has been given its place beforehand.
void Chaos::join(size_t count, bool in_turn) {
  for (size_t index = 0; count > 0; ++index) {
    const std::string name = Installation::member_name(index);
    if (!installation_.has_member(name)) installation_.add_member(name);
    if (installation_.is_started(name)) continue;
    --count;
    if (in_turn) {
      waiting_.push_back(name);
    } else {
      start_new(name);
    }
  }
}

void Chaos::start_new(const std::string& member) {
  installation_.start(member);
  started_ = SystemClock().now();
  joining_.push_back(member);
}

void Chaos::continue_joins() {
  if (joining_.empty() && !waiting_.empty()) {
    start_new(waiting_.front());
    waiting_.pop_front();
  }
  const bool is_asking =
      restarting_ == Restarting::kFounding || restarting_ == Restarting::kJoining;
  if (joining_.empty() || is_asking) return;
  ask_whether_it_sees(joining_.front(), running(), [this] {
    const std::string member = joining_.front();
    joining_.pop_front();
    if (!joining_.empty()) return;
    on_event_(fmt::format("{} has joined, {:.1f} s after its start", member,
                          seconds(SystemClock().now() - started_)));
    if (!waiting_.empty()) return;
    const std::vector<std::string> names = installation_.member_names();
    const auto count = std::count_if(names.begin(), names.end(), [this](const std::string& name) {
      return installation_.is_started(name);
    });
    on_event_(fmt::format("{} members know each other", count));
  });
}

std::vector<std::string> Chaos::running() const {
  std::vector<std::string> names;
  for (const std::string& name : installation_.member_names()) {
    if (installation_.is_started(name) && installation_.member(name).is_running()) {
      names.push_back(name);
    }
  }
  return names;
}

void Chaos::ask_whether_it_sees(const std::string& member, std::vector<std::string> names,
                                std::function<void()> done) {
  if (is_asked_) return;
  const Address address = installation_.member_address(member);
  question_ = std::make_unique<HttpClient>(installation_.loop(), address);
  is_asked_ = true;
  question_->send(
      make_request({.target = kViewPath}, address),
      [this, names = std::move(names), done = std::move(done)](const ClientResponse& answer) {
        is_asked_ = false;
        if (installation_.alive_in(answer) == names) done();
      });
}

}  // namespace understudy::loadtest
