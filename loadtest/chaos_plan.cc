// SPDX-License-Identifier: Apache-2.0
#include "loadtest/chaos_plan.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/check.h"
#include "base/random.h"
#include "conf/values.h"

namespace understudy::loadtest {
namespace {

struct ActionName {
  ChaosAction action;
  std::string_view text;
  size_t names_min;
  size_t names_max;
  std::string_view names;  // in words
};
constexpr std::array kActions = {
    ActionName{ChaosAction::kKill, "kill", 1, 1, "one member"},
    ActionName{ChaosAction::kStop, "stop", 1, 1, "one member"},
    ActionName{ChaosAction::kContinue, "continue", 1, 1, "one member"},
    ActionName{ChaosAction::kStart, "start", 1, 1, "one member"},
    ActionName{ChaosAction::kRestart, "restart", 1, 1, "one member"},
    ActionName{ChaosAction::kRestartApart, "restart-apart", 1, 1, "one member"},
    ActionName{ChaosAction::kRollingRestart, "rolling-restart", 0, 0, "no member"},
    ActionName{ChaosAction::kDrain, "drain", 1, 1, "one member"},
    ActionName{ChaosAction::kEnable, "enable", 1, 1, "one member"},
    ActionName{ChaosAction::kReload, "reload", 0, 0, "no member"},
    ActionName{ChaosAction::kPartition, "partition", 1, 2, "one or two members or proxies"},
    ActionName{ChaosAction::kHeal, "heal", 0, 2, "at most two members or proxies"},
    ActionName{ChaosAction::kJoin, "join", 1, 1, "how many new members, from 1 to 100"},
    ActionName{ChaosAction::kScaleOut, "scale-out", 1, 1, "how many new members, from 1 to 100"},
    ActionName{ChaosAction::kPoison, "poison", 0, 0, "no member"},
};
constexpr size_t kJoinMax = 100;
// A member that hears nothing of its seeds founds a group after 30 beats (of 200 ms), and is then
// given as long again to meet the others.
constexpr Duration kFoundingTime = std::chrono::seconds(12);
constexpr std::string_view kBlank = " \t\r";

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> words;
  for (size_t begin = text.find_first_not_of(kBlank); begin != std::string_view::npos;) {
    const size_t end = std::min(text.find_first_of(kBlank, begin), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = text.find_first_not_of(kBlank, end);
  }
  return words;
}

Error invalid(std::string_view step, std::string_view why) {
  return {.code = ErrorCode::kInvalid, .detail = fmt::format("plan, step '{}': {}", step, why)};
}

Result<ChaosStep> parse_step(std::string_view text) {
  const std::vector<std::string_view> words = words_of(text);
  ChaosStep step;
  const auto at = conf::parse_duration(words[0], conf::TimeUnit::kSeconds);
  if (!at) return invalid(text, "it begins with a time, as in '5s kill a'");
  step.at = *at;
  const auto known =
      words.size() < 2
          ? kActions.end()
          : std::find_if(kActions.begin(), kActions.end(),
                         [&](const ActionName& name) { return name.text == words[1]; });
  if (known == kActions.end()) {
    std::string all;
    for (const ActionName& name : kActions)
      all += fmt::format("{}{}", all.empty() ? "" : ", ", name.text);
    return invalid(text, "the action is one of " + all);
  }
  step.action = known->action;
  const size_t names = words.size() - 2;
  const bool is_join =
      known->action == ChaosAction::kJoin || known->action == ChaosAction::kScaleOut;
  if (is_join && names == 1) {
    std::from_chars(words[2].data(), words[2].data() + words[2].size(), step.count);
  }
  const bool is_join_right = !is_join || (step.count >= 1 && step.count <= kJoinMax &&
                                          std::to_string(step.count) == words.back());
  if (names < known->names_min || names > known->names_max || !is_join_right) {
    return invalid(text, fmt::format("{} names {}", known->text, known->names));
  }
  if (is_join) return step;
  if (names > 0) step.member = words[2];
  if (names > 1) step.other = words[3];
  if (names > 1 && step.member == step.other) return invalid(text, "these are the same");
  return step;
}

}  // namespace

std::string_view to_text(ChaosAction action) {
  for (const ActionName& name : kActions) {
    if (name.action == action) return name.text;
  }
  CHECK(false, "an action without a name");
  return {};
}

std::string ChaosStep::text() const {
  std::string text(to_text(action));
  if (!member.empty()) text += " " + member;
  if (!other.empty()) text += " " + other;
  if (count > 0) text += " " + std::to_string(count);
  return text;
}

bool has_poison(const std::vector<ChaosStep>& plan) {
  return std::any_of(plan.begin(), plan.end(),
                     [](const ChaosStep& step) { return step.action == ChaosAction::kPoison; });
}

bool needs_network(const std::vector<ChaosStep>& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const ChaosStep& step) {
    return step.action == ChaosAction::kPartition || step.action == ChaosAction::kRestartApart;
  });
}

Result<std::vector<ChaosStep>> parse_plan(std::string_view text) {
  std::vector<ChaosStep> steps;
  for (size_t begin = 0; begin < text.size();) {
    const size_t line_end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, line_end - begin);
    begin = line_end + 1;
    line = line.substr(0, line.find('#'));
    for (size_t from = 0; from <= line.size();) {
      const size_t end = std::min(line.find(';', from), line.size());
      const std::string_view part = line.substr(from, end - from);
      from = end + 1;
      if (part.find_first_not_of(kBlank) == std::string_view::npos) continue;
      Result<ChaosStep> step = parse_step(part);
      if (!step) return std::move(step).error();
      steps.push_back(*std::move(step));
    }
  }
  std::stable_sort(steps.begin(), steps.end(),
                   [](const ChaosStep& a, const ChaosStep& b) { return a.at < b.at; });
  return steps;
}

std::vector<ChaosStep> plan_by_seed(const SeededChaos& options) {
  std::vector<std::string> mortal;
  for (const std::string& member : options.members) {
    const auto& spared = options.spared;
    if (std::find(spared.begin(), spared.end(), member) == spared.end()) mortal.push_back(member);
  }
  CHECK(!mortal.empty());
  SeededRandom random(options.seed);
  std::vector<ChaosStep> steps;
  const auto add = [&steps](Duration at, ChaosAction action, const std::string& member) {
    steps.push_back({.at = at, .action = action, .member = member});
  };
  // One of these, each as likely as it stands here.
  std::vector<ChaosAction> faults = {ChaosAction::kKill, ChaosAction::kStop, ChaosAction::kRestart};
  if (options.is_varied) {
    faults.insert(faults.end(), faults.begin(), faults.begin() + 3);
    faults.insert(faults.end(), {ChaosAction::kDrain, ChaosAction::kReload});
    faults.push_back(ChaosAction::kRollingRestart);
  }
  if (options.has_network) faults.insert(faults.end(), 2, ChaosAction::kRestartApart);
  for (Duration at = options.pause; at + options.pause < options.duration;) {
    const Duration outage = std::chrono::milliseconds(200 + random.below(3000));
    const std::string& victim = mortal[random.below(mortal.size())];
    const std::string& anyone = options.members[random.below(options.members.size())];
    const ChaosAction action = faults[random.below(faults.size())];
    switch (action) {
      case ChaosAction::kKill:
        add(at, action, victim);
        add(at + outage, ChaosAction::kStart, victim);
        break;
      case ChaosAction::kStop:
        add(at, action, anyone);
        add(at + outage, ChaosAction::kContinue, anyone);
        break;
      case ChaosAction::kDrain:
        add(at, action, anyone);
        add(at + outage, ChaosAction::kEnable, anyone);
        break;
      case ChaosAction::kReload:
        add(at, action, "");
        break;
      case ChaosAction::kRollingRestart:
        // Each waits for the one before.
        for (const std::string& member : mortal) add(at, ChaosAction::kRestart, member);
        break;
      default:
        add(at, action, victim);
        break;
    }
    at += outage + options.pause;
    if (action == ChaosAction::kRestartApart) at += kFoundingTime;
  }
  return steps;
}

}  // namespace understudy::loadtest
