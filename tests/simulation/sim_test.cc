// SPDX-License-Identifier: Apache-2.0
// That the simulator finds what it is for, and that a seed is a history. The seeds themselves are
// run by understudy_sim_soak, a profile a test (README.md).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>

#include "base/log.h"
#include "tests/simulation/campaign.h"

namespace understudy::sim {
namespace {

class Simulator : public testing::Test {
 protected:
  Simulator() { EXPECT_TRUE(open_log("-", LogLevel::kError, "simulator").has_value()); }

  // A rule, once broken, is noticed within a few seeds.
  static void expect_found(WorldOptions options, const char* name, const std::string& promise) {
    constexpr uint64_t kSeeds = 40;
    for (options.seed = 1; options.seed <= kSeeds; ++options.seed) {
      const WorldResult result = simulate(options);
      const auto found = std::ranges::find_if(result.violations, [&](const std::string& violation) {
        return violation.find(promise) != std::string::npos;
      });
      if (found == result.violations.end()) continue;
      std::printf("%s: found with seed %llu: %s\n", name,
                  static_cast<unsigned long long>(options.seed), found->c_str());
      return;
    }
    ADD_FAILURE() << name << " was not found in " << kSeeds << " seeds";
  }
};

TEST_F(Simulator, FindsASecondaryThatDoesNotFence) {
  expect_found({.faults = {.no_fence = true}}, "no fence", "S7");
}
TEST_F(Simulator, FindsResponsesBeforeTheAcknowledgement) {
  expect_found({.faults = {.dirty_reads = true}}, "dirty reads", "");
}
TEST_F(Simulator, FindsASecondaryThatDoesNotWait) {
  expect_found({.faults = {.no_grace = true}}, "no grace", "");
}
TEST_F(Simulator, FindsAWitnessThatForgets) {
  expect_found({.faults = {.amnesiac_witness = true}}, "amnesiac witness", "S8");
}
TEST_F(Simulator, FindsAKeyThatIsUsedBeforeItIsInstalled) {
  expect_found(
      {.profile = find_profile("keys"), .one_fault_at_a_time = true, .uses_keys_too_early = true},
      "hasty keys", "");
}

TEST_F(Simulator, SameSeedSameHistory) {
  const WorldOptions options{.profile = find_profile("deep"), .seed = 5};
  const WorldResult first = simulate(options);
  const WorldResult second = simulate(options);
  EXPECT_EQ(first.responses, second.responses);
  EXPECT_EQ(first.longest_wait, second.longest_wait);
  EXPECT_EQ(first.schedule, second.schedule);
}

// As many proxies, members, clients and strikes; only the lots differ.
TEST_F(Simulator, ASeedIsAnotherHistoryInEachProfile) {
  std::set<uint64_t> responses;
  for (const Profile& profile : profiles()) {
    responses.insert(simulate({.profile = &profile, .seed = 7}).responses);
  }
  EXPECT_EQ(responses.size(), profiles().size());
}

// What shortening rests on.
TEST_F(Simulator, TheSameStrikesMakeTheSameHistory) {
  for (const Profile& profile : profiles()) {
    SCOPED_TRACE(profile.name);
    WorldOptions options{.profile = &profile, .seed = 4};
    const WorldResult first = simulate(options);
    options.schedule = first.schedule;
    const WorldResult again = simulate(options);
    EXPECT_EQ(again.schedule, first.schedule);
    EXPECT_EQ(again.responses, first.responses);
  }
}

}  // namespace
}  // namespace understudy::sim
