// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/campaign.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>

#include "tests/simulation/shorten.h"

namespace understudy::sim {

namespace {

// Each is one run: a failure is shown after this many, however long its schedule is by then.
constexpr size_t kTriesMax = 60;

using Numbers = std::vector<size_t>;  // of strikes in the schedule of the seed

Schedule chosen(const Schedule& schedule, const Numbers& numbers) {
  Schedule strikes;
  for (const size_t number : numbers) {
    if (number < schedule.size()) strikes.push_back(schedule[number]);
  }
  return strikes;
}

std::string joined(const Numbers& numbers) {
  std::string text;
  for (const size_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

Numbers numbers_from(const std::string& text) {
  Numbers numbers;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find(',', at), text.size());
    numbers.push_back(std::strtoull(text.substr(at, end - at).c_str(), nullptr, 10));
    at = end + 1;
  }
  return numbers;
}

std::string explain(const WorldOptions& options, const WorldResult& failed) {
  WorldOptions again = options;
  WorldResult shortest = failed;
  const auto fails = [&](const Numbers& numbers) {
    again.schedule = chosen(failed.schedule, numbers);
    WorldResult result = simulate(again);
    if (result.violations.empty()) return false;
    shortest = std::move(result);
    return true;
  };
  Numbers numbers(failed.schedule.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  numbers = shorten<size_t>(numbers, fails, kTriesMax);
  std::string text =
      fmt::format("profile {}, {}, seed {}: {}\n", options.profile->name,
                  mode_name(options.one_fault_at_a_time), options.seed, failed.violations.front());
  text += fmt::format("  {} of {} strikes are enough: {}\n", numbers.size(), failed.schedule.size(),
                      shortest.violations.front());
  for (const Strike& strike : chosen(failed.schedule, numbers)) {
    text += fmt::format("    {}\n", to_text(strike));
  }
  text +=
      fmt::format("  its history: tests/simulation/soak --profile {} --{} --seed {} --strikes {}\n",
                  options.profile->name, mode_name(options.one_fault_at_a_time), options.seed,
                  numbers.empty() ? "none" : joined(numbers));
  return text;
}

}  // namespace

void Totals::add(const WorldResult& result) {
  ++seeds;
  responses += result.responses;
  writes += result.writes;
  faults += result.faults_done;
  promotions += result.promotions;
  replayed += result.replayed;
  solo += result.solo;
  recovered += result.recovered;
  lost += result.lost;
  doubled += result.doubled;
  given_up += result.given_up;
  sent_back += result.sent_back;
  longest_wait_ms =
      std::max<int64_t>(longest_wait_ms, result.longest_wait / std::chrono::milliseconds(1));
}

void Totals::add(const Totals& other) {
  seeds += other.seeds;
  responses += other.responses;
  writes += other.writes;
  faults += other.faults;
  promotions += other.promotions;
  replayed += other.replayed;
  solo += other.solo;
  recovered += other.recovered;
  lost += other.lost;
  doubled += other.doubled;
  given_up += other.given_up;
  sent_back += other.sent_back;
  longest_wait_ms = std::max(longest_wait_ms, other.longest_wait_ms);
}

std::string Totals::text() const {
  return fmt::format(
      "{} seeds, {} responses, {} writes, {} faults, {} promotions, {} replayed, {} solo, "
      "{} recovered, {} lost, {} doubled, {} given up, {} sent back, longest wait {} ms",
      seeds, responses, writes, faults, promotions, replayed, solo, recovered, lost, doubled,
      given_up, sent_back, longest_wait_ms);
}

const char* mode_name(bool one_fault_at_a_time) {
  return one_fault_at_a_time ? "one-at-a-time" : "overlapping";
}

std::optional<std::string> name_failure(const WorldOptions& options, Totals& totals) {
  const WorldResult result = simulate(options);
  totals.add(result);
  if (result.violations.empty()) return std::nullopt;
  return fmt::format("{} {} seed {}: {}\n", options.profile->name,
                     mode_name(options.one_fault_at_a_time), options.seed,
                     result.violations.front());
}

std::optional<std::string> run_seed(const WorldOptions& options, Totals& totals) {
  const WorldResult result = simulate(options);
  totals.add(result);
  if (result.violations.empty()) return std::nullopt;
  return explain(options, result);
}

std::string run_traced(WorldOptions options, const std::optional<std::string>& strikes) {
  if (strikes) {
    const Schedule all = simulate(options).schedule;
    options.schedule = chosen(all, numbers_from(*strikes == "none" ? "" : *strikes));
  }
  options.trace = true;
  const WorldResult result = simulate(options);
  std::string text;
  for (const std::string& violation : result.violations) text += violation + "\n";
  return text;
}

}  // namespace understudy::sim
