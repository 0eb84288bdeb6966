// SPDX-License-Identifier: Apache-2.0
// Random histories of crashes, pauses, cuts and losses. Whatever happened, when the weather clears
// everybody who lives ends in one group under one leader (M3); on the way no term has two writers
// with a quorum (M1), and nobody is told of a proven death of a process that lives (M2).
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "base/log.h"
#include "tests/backend_sdk/membership/virtual_cluster.h"

namespace understudy {
namespace {

using std::chrono::seconds;

class Storm {
 public:
  explicit Storm(uint64_t seed)
      : cluster_(seed, {.loss = 0.02, .duplication = 0.01}), random_(seed * 7919) {
    cluster_.start_all(names_);
  }

  void rage() {
    for (int i = 0; i < 25; ++i) {
      misfortune();
      for (int step = 0; step < 20; ++step) {
        cluster_.network.run_for(Duration(random_.below(40'000'000)));
        check_writers();
        if (testing::Test::HasFailure()) return;
      }
    }
  }

  void clear_up() {
    cluster_.network.heal();
    for (const std::string& name : paused_) cluster_.resume(name);
    paused_.clear();
    for (const char letter : names_) {
      const std::string name(1, letter);
      if (!cluster_.lives(name)) cluster_.start(name);
    }
    EXPECT_TRUE(cluster_.run_until_agreed(names_, seconds(30))) << cluster_.describe();
    check_proofs();
  }

 private:
  std::string any() { return std::string(1, names_[random_.below(names_.size())]); }

  void misfortune() {
    const std::string name = any(), other = any();
    switch (random_.below(8)) {
      case 0:
        if (paused_.contains(name)) return;
        cluster_.kill(name);
        ended_[name].push_back(cluster_.network.now());
        return;
      case 1:
        if (!cluster_.lives(name)) cluster_.start(name);
        return;
      case 2:
        if (cluster_.lives(name) && paused_.insert(name).second) cluster_.pause(name);
        return;
      case 3:
        if (paused_.erase(name)) cluster_.resume(name);
        return;
      case 4:
        if (name != other) cluster_.cut(name, other);
        return;
      case 5:
        cluster_.network.isolate(cluster_.address(name));
        return;
      case 6:
        cluster_.network.heal();
        return;
      default:
        if (name != other) {
          cluster_.network.break_links(cluster_.address(name), cluster_.address(other));
        }
        return;
    }
  }

  // M1. Of two members that lose each other each goes on alone (PROTOCOL 2.4, no_witness), so that
  // without a quorum terms may be numbered alike; with one they may not.
  void check_writers() {
    for (const char letter : names_) {
      const std::string name(1, letter);
      if (!cluster_.lives(name) || !cluster_.at(name).is_leader()) continue;
      if (!cluster_.at(name).has_quorum()) continue;
      const MemberView& view = cluster_.at(name).view();
      const auto [found, is_new] =
          writers_.try_emplace({view.group, view.term}, cluster_.at(name).mid());
      ASSERT_EQ(found->second, cluster_.at(name).mid()) << cluster_.describe();
    }
  }

  // A proof names a life that has really ended: nobody alive now was ever proven dead.
  void check_proofs() {
    for (const char letter : names_) {
      for (const auto& told : cluster_.deaths_at(std::string(1, letter))) {
        if (told.is_proven) {
          EXPECT_NE(cluster_.at(told.name).mid(), told.mid);
        }
      }
    }
  }

  const std::string names_ = "abcde";
  VirtualCluster cluster_;
  SeededRandom random_;
  std::set<std::string> paused_;
  std::map<std::string, std::vector<TimePoint>> ended_;
  std::map<std::pair<GroupId, uint32_t>, MemberId> writers_;
};

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

TEST(Storm, EndsInOneGroupWhenTheWeatherClears) {
  // UNDERSTUDY_STORMS=3000 looks further, UNDERSTUDY_SEED=17 at one, UNDERSTUDY_TRACE=1 tells all.
  if (number_from("UNDERSTUDY_TRACE", 0) != 0) {
    ASSERT_TRUE(open_log("-", LogLevel::kInfo, "storm"));
  }
  const uint64_t storms = number_from("UNDERSTUDY_STORMS", 60);
  const uint64_t first = number_from("UNDERSTUDY_SEED", 1);
  const uint64_t last = first == 1 ? storms : first;
  std::cout << "seeds " << first << " to " << last << "\n";
  for (uint64_t seed = first; seed <= last && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Storm storm(seed);
    storm.rage();
    storm.clear_up();
  }
}

TEST(Storm, TheSameSeedIsTheSameHistory) {
  const auto fingerprint = [] {
    VirtualCluster cluster(77, {.loss = 0.1, .duplication = 0.1});
    cluster.start_all("abc");
    cluster.kill("b");
    cluster.network.run_for(seconds(5));
    return cluster.network.fingerprint();
  };
  EXPECT_EQ(fingerprint(), fingerprint());
}

}  // namespace
}  // namespace understudy
