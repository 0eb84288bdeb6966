// SPDX-License-Identifier: Apache-2.0
// The promises of PROTOCOL section 4 under faults, many seeds of them. To look at one:
//   UNDERSTUDY_SIM_SEED=17 build/.../understudy_sim_test --gtest_filter='*Overlap*'
// prints its history. UNDERSTUDY_SIM_SEEDS=N runs N seeds of each kind instead of a hundred.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "tests/simulation/world.h"

namespace understudy::sim {
namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

void report(const WorldOptions& options, const WorldResult& result) {
  for (const std::string& violation : result.violations) {
    ADD_FAILURE() << "seed " << options.seed << ", " << violation;
  }
}

// The members' own words only in a history that somebody reads.
void set_log(bool trace) {
  const LogLevel level = trace ? LogLevel::kNotice : LogLevel::kError;
  ASSERT_TRUE(open_log("-", level, "simulator").has_value());
}

void run_seeds(bool one_fault_at_a_time) {
  WorldOptions options;
  options.one_fault_at_a_time = one_fault_at_a_time;
  if (const uint64_t seed = number_from("UNDERSTUDY_SIM_SEED", 0); seed != 0) {
    options.seed = seed;
    options.trace = true;
    set_log(true);
    report(options, simulate(options));
    return;
  }
  set_log(false);
  const uint64_t seeds = number_from("UNDERSTUDY_SIM_SEEDS", 100);
  WorldResult sum;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    options.seed = seed;
    const WorldResult result = simulate(options);
    report(options, result);
    sum.responses += result.responses;
    sum.writes += result.writes;
    sum.given_up += result.given_up;
    sum.sent_back += result.sent_back;
    sum.lost += result.lost;
    sum.solo += result.solo;
    sum.recovered += result.recovered;
    sum.replayed += result.replayed;
    sum.promotions += result.promotions;
    sum.faults_done += result.faults_done;
    sum.longest_wait = std::max(sum.longest_wait, result.longest_wait);
    if (::testing::Test::HasFailure()) break;
  }
  std::printf(
      "seeds 1..%llu: %llu responses, %llu writes, %llu faults, %llu promotions, "
      "%llu replayed, %llu solo, %llu recovered, %llu lost, %llu given up, "
      "%llu sent back, longest wait %lld ms\n",
      static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(sum.responses),
      static_cast<unsigned long long>(sum.writes), static_cast<unsigned long long>(sum.faults_done),
      static_cast<unsigned long long>(sum.promotions),
      static_cast<unsigned long long>(sum.replayed), static_cast<unsigned long long>(sum.solo),
      static_cast<unsigned long long>(sum.recovered), static_cast<unsigned long long>(sum.lost),
      static_cast<unsigned long long>(sum.given_up), static_cast<unsigned long long>(sum.sent_back),
      static_cast<long long>(sum.longest_wait / std::chrono::milliseconds(1)));
  EXPECT_GT(sum.promotions, seeds / 2) << "the storm has to hurt";
}

TEST(Simulator, NothingIsLostWhenOneThingFailsAtATime) {
  run_seeds(true);
}

TEST(Simulator, NothingGoesBackOrTwiceWhenFaultsOverlap) {
  run_seeds(false);
}

// The simulator finds what it is for: each rule, once broken, within a few seeds.
void expect_found(const ReplicationOptions::Faults& faults, const char* name,
                  const std::string& promise) {
  set_log(false);
  constexpr uint64_t kSeeds = 40;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const WorldResult result = simulate({.seed = seed, .faults = faults});
    if (result.violations.empty()) continue;
    EXPECT_NE(result.violations.front().find(promise), std::string::npos) << result.violations[0];
    std::printf("%s: found with seed %llu: %s\n", name, static_cast<unsigned long long>(seed),
                result.violations.front().c_str());
    return;
  }
  ADD_FAILURE() << name << " was not found in " << kSeeds << " seeds";
}

TEST(Simulator, FindsASecondaryThatDoesNotFence) {
  expect_found({.no_fence = true}, "no fence", "S7");
}
TEST(Simulator, FindsResponsesBeforeTheAcknowledgement) {
  expect_found({.dirty_reads = true}, "dirty reads", "");
}
TEST(Simulator, FindsASecondaryThatDoesNotWait) {
  expect_found({.no_grace = true}, "no grace", "");
}
TEST(Simulator, FindsAWitnessThatForgets) {
  expect_found({.amnesiac_witness = true}, "amnesiac witness", "S8");
}

TEST(Simulator, SameSeedSameHistory) {
  const WorldOptions options{.seed = 5, .length = std::chrono::seconds(20)};
  const WorldResult first = simulate(options);
  const WorldResult second = simulate(options);
  EXPECT_EQ(first.responses, second.responses);
  EXPECT_EQ(first.longest_wait, second.longest_wait);
}

}  // namespace
}  // namespace understudy::sim
