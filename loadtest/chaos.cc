// SPDX-License-Identifier: Apache-2.0
#include "loadtest/chaos.h"

#include <fmt/core.h>
#include <signal.h>

#include <algorithm>

#include "base/check.h"
#include "cookies/contract.h"

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
  return next_ == plan_.size() && restarts_.empty() && joining_.empty();
}

void Chaos::on_time() {
  const Duration passed = SystemClock().now() - begin_;
  while (next_ < plan_.size() && plan_[next_].at <= passed) carry_out(plan_[next_++]);
  continue_restarts();
  continue_joins();
  std::erase_if(commands_, [](const auto& command) { return !command->is_running(); });
  look_for_crashes();
  timer_.start_at(installation_.loop().now() + kLook);
}

void Chaos::look_for_crashes() {
  const auto look = [this](const std::string& name, Process& process) {
    if (down_.contains(name) || process.is_running()) return;
    down_.insert(name);
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
      restarts_.push_back(step.member);
      return;  // told when it begins
    case ChaosAction::kRollingRestart:
      for (const std::string& name : installation_.member_names()) {
        if (!down_.contains(name)) restarts_.push_back(name);
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
      part_or_heal(step);
      break;
    case ChaosAction::kJoin:
      join(step.count);
      break;
  }
  on_event_(step.text());
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
  const std::string member = restarts_.front();
  switch (restarting_) {
    case Restarting::kNo:
      on_event_("restart " + member);
      down_.insert(member);
      installation_.member(member).signal(SIGTERM);
      restarting_ = Restarting::kEnding;
      return;
    case Restarting::kEnding:
      if (installation_.member(member).is_running()) return;
      if (const int status = installation_.member(member).wait_exit({}); status != 0) {
        on_event_(fmt::format("{} ended with status {}", member, status));
      }
      installation_.start(member);
      down_.erase(member);
      restarting_ = Restarting::kJoining;
      return;
    case Restarting::kJoining:
      ask_whether_joined(member, [this, member] {
        on_event_(member + " has joined again");
        restarts_.pop_front();
        restarting_ = Restarting::kNo;
      });
      return;
  }
}

void Chaos::part_or_heal(const ChaosStep& step) {
  Network* network = installation_.network();
  CHECK(network);
  const std::vector<std::string> hosts = network->host_names();
  const auto is_meant = [&step](const std::string& one, const std::string& other) {
    if (step.member.empty()) return true;
    if (step.other.empty()) return one == step.member || other == step.member;
    return (one == step.member && other == step.other) ||
           (one == step.other && other == step.member);
  };
  for (size_t one = 0; one < hosts.size(); ++one) {
    for (size_t other = one + 1; other < hosts.size(); ++other) {
      if (!is_meant(hosts[one], hosts[other])) continue;
      Network::Commands commands = step.action == ChaosAction::kPartition
                                       ? network->part(hosts[one], hosts[other])
                                       : network->heal(hosts[one], hosts[other]);
      for (auto& command : commands) commands_.push_back(std::move(command));
    }
  }
}

void Chaos::join(size_t count) {
  for (size_t index = 0; count > 0; ++index) {
    const std::string name = Installation::member_name(index);
    if (installation_.has_member(name)) continue;
    installation_.add_member(name);
    installation_.start(name);
    joining_.push_back(name);
    --count;
  }
}

void Chaos::continue_joins() {
  if (joining_.empty() || restarting_ == Restarting::kJoining) return;
  ask_whether_joined(joining_.front(), [this] {
    joining_.pop_front();
    if (joining_.empty()) {
      on_event_(fmt::format("{} members know each other", installation_.member_names().size()));
    }
  });
}

// It has joined when it knows everybody who runs.
void Chaos::ask_whether_joined(const std::string& member, std::function<void()> on_joined) {
  if (is_asked_) return;
  const Address address = installation_.member_address(member);
  question_ = std::make_unique<HttpClient>(installation_.loop(), address);
  is_asked_ = true;
  question_->send(make_request({.target = kViewPath}, address), [this, done = std::move(on_joined)](
                                                                    const ClientResponse& answer) {
    is_asked_ = false;
    std::vector<std::string> running;
    for (const std::string& name : installation_.member_names()) {
      if (installation_.is_started(name) && installation_.member(name).is_running()) {
        running.push_back(name);
      }
    }
    if (installation_.alive_in(answer) == running) done();
  });
}

}  // namespace understudy::loadtest
