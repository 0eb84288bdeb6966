// SPDX-License-Identifier: Apache-2.0
#include "loadtest/scenarios.h"

#include <gtest/gtest.h>

#include <set>

namespace understudy::loadtest {
namespace {

std::vector<std::string> texts(const std::vector<ChaosStep>& steps) {
  std::vector<std::string> texts;
  for (const ChaosStep& step : steps) texts.push_back(step.text());
  return texts;
}

const Scenario only(const std::string& name) {
  return scenarios_of({name})->front();
}

TEST(Scenarios, EveryNameIsOneAndItsPlanEndsWithTheLoad) {
  const auto all = scenarios_of(scenario_names());
  ASSERT_TRUE(all) << all.error().detail;
  ASSERT_EQ(all->size(), scenario_names().size());
  std::set<std::string> names;
  for (const Scenario& scenario : *all) {
    SCOPED_TRACE(scenario.name);
    EXPECT_TRUE(names.insert(scenario.name).second);
    ASSERT_FALSE(scenario.plan.empty());
    EXPECT_LT(scenario.plan.back().at, scenario.duration);
  }
}

TEST(Scenarios, TheyComeInTheOrderThatIsAskedFor) {
  const auto two = scenarios_of({"stop", "kill"});
  ASSERT_TRUE(two);
  EXPECT_EQ((*two)[0].name, "stop");
  EXPECT_EQ((*two)[1].name, "kill");
}

TEST(Scenarios, ANameThatIsNoneIsToldWithThoseThatThereAre) {
  const auto wrong = scenarios_of({"kill", "earthquake"});
  ASSERT_FALSE(wrong);
  EXPECT_NE(wrong.error().detail.find("'earthquake'"), std::string::npos);
  for (const std::string& name : scenario_names()) {
    EXPECT_NE(wrong.error().detail.find(name), std::string::npos) << name;
  }
}

TEST(Scenarios, WhoeverWasPartedIsHealed) {
  for (const char* name : {"partition", "partition-proxy", "partition-members"}) {
    SCOPED_TRACE(name);
    const Scenario scenario = only(name);
    EXPECT_TRUE(needs_network(scenario.plan));
    EXPECT_EQ(scenario.plan.front().action, ChaosAction::kPartition);
    EXPECT_EQ(scenario.plan.back().text(), "heal");
  }
}

TEST(Scenarios, ScaleOutGoesFromThreeToTenAndNewClientsCome) {
  EXPECT_EQ(only("scale-out").members_at_the_end, 10u);
  EXPECT_TRUE(only("scale-out").has_newcomers);
  EXPECT_EQ(only("kill").members_at_the_end, kMembersOfScenarios);
  EXPECT_FALSE(only("kill").has_newcomers);
}

TEST(Scenarios, WithoutAStoreNothingHappensToIt) {
  EXPECT_EQ(texts(steps_for(only("partition-members"), false)),
            (std::vector<std::string>{"partition a b", "partition a c", "heal"}));
  EXPECT_EQ(
      texts(steps_for(only("partition-members"), true)),
      (std::vector<std::string>{"partition a b", "partition a c", "partition a store", "heal"}));
  EXPECT_TRUE(steps_for(only("store"), false).empty());
  EXPECT_EQ(steps_for(only("store"), true).size(), 2u);
}

}  // namespace
}  // namespace understudy::loadtest
