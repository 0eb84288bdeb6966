// SPDX-License-Identifier: Apache-2.0
#include "loadtest/chaos_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace understudy::loadtest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ChaosPlan, StepsAreReadInTheOrderOfTime) {
  const auto plan =
      parse_plan("8s start a; 5s kill a # the leader\n\n 500ms reload\n9s rolling-restart");
  ASSERT_TRUE(plan) << plan.error().detail;
  ASSERT_EQ(plan->size(), 4u);
  EXPECT_EQ((*plan)[0].text(), "reload");
  EXPECT_EQ((*plan)[0].at, Duration(milliseconds(500)));
  EXPECT_EQ((*plan)[1].text(), "kill a");
  EXPECT_EQ((*plan)[2].text(), "start a");
  EXPECT_EQ((*plan)[3].action, ChaosAction::kRollingRestart);
}

TEST(ChaosPlan, PartitionsNameWhomAndNeedANetwork) {
  const auto plan = parse_plan("1s partition a proxy; 2s partition b; 3s heal a proxy; 4s heal");
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_TRUE(needs_network(*plan));
  EXPECT_EQ((*plan)[0].member, "a");
  EXPECT_EQ((*plan)[0].other, "proxy");
  EXPECT_EQ((*plan)[0].text(), "partition a proxy");
  EXPECT_EQ((*plan)[1].text(), "partition b");
  EXPECT_EQ((*plan)[3].text(), "heal");
  EXPECT_FALSE(needs_network(*parse_plan("1s kill a; 2s heal")));
  EXPECT_TRUE(needs_network(*parse_plan("1s restart-apart a")));
}

TEST(ChaosPlan, SoManyJoinAtOnce) {
  const auto plan = parse_plan("1s join 1; 2s join 100");
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_EQ((*plan)[0].count, 1u);
  EXPECT_EQ((*plan)[1].count, 100u);
  EXPECT_EQ((*plan)[1].text(), "join 100");
}

TEST(ChaosPlan, SoManyJoinOneAfterTheOther) {
  const auto plan = parse_plan("1s scale-out 7");
  ASSERT_TRUE(plan) << plan.error().detail;
  EXPECT_EQ((*plan)[0].action, ChaosAction::kScaleOut);
  EXPECT_EQ((*plan)[0].count, 7u);
  EXPECT_EQ((*plan)[0].text(), "scale-out 7");
}

TEST(ChaosPlan, PoisonWantsMembersThatCanDieOfIt) {
  EXPECT_TRUE(has_poison(*parse_plan("1s kill a; 2s poison")));
  EXPECT_FALSE(has_poison(*parse_plan("1s kill a")));
}

TEST(ChaosPlan, AnEmptyPlanHasNoSteps) {
  EXPECT_TRUE(parse_plan("")->empty());
  EXPECT_TRUE(parse_plan(" ;\n# nothing\n")->empty());
}

TEST(ChaosPlan, WhatIsWrongIsSaid) {
  struct Case {
    const char* text;
    const char* says;
  };
  const Case cases[] = {
      {"kill a", "begins with a time"},
      {"5s", "the action is one of kill"},
      {"5s hit a", "the action is one of"},
      {"5s kill", "names one member"},
      {"5s kill a b", "names one member"},
      {"5s restart-apart", "names one member"},
      {"5s restart-apart a b", "names one member"},
      {"5s reload a", "names no member"},
      {"5s poison a", "names no member"},
      {"5s partition", "one or two"},
      {"5s partition a b c", "one or two"},
      {"5s partition a a", "the same"},
      {"5s heal a b c", "at most two"},
      {"5s join", "how many"},
      {"5s join a", "how many"},
      {"5s join 0", "how many"},
      {"5s join 101", "how many"},
      {"5s join 7x", "how many"},
      {"5s join 07", "how many"},
      {"5s scale-out", "how many"},
      {"5s scale-out a", "how many"},
      {"5s scale-out 101", "how many"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.text);
    const auto plan = parse_plan(c.text);
    ASSERT_FALSE(plan);
    EXPECT_NE(plan.error().detail.find(c.says), std::string::npos) << plan.error().detail;
  }
}

TEST(ChaosPlan, ASeedIsAPlanWhoseFaultsEndBeforeTheNextOnesBegin) {
  const SeededChaos options{.seed = 3, .members = {"a", "b", "c"}, .duration = seconds(120)};
  const auto plan = plan_by_seed(options);
  const auto again = plan_by_seed(options);
  ASSERT_EQ(plan.size(), again.size());
  ASSERT_GE(plan.size(), 10u);
  std::string open;  // whoever has been hit and is not back
  for (size_t i = 0; i < plan.size(); ++i) {
    EXPECT_EQ(plan[i].text(), again[i].text());
    EXPECT_EQ(plan[i].at, again[i].at);
    EXPECT_LT(plan[i].at, options.duration);
    if (i > 0) {
      EXPECT_LE(plan[i - 1].at, plan[i].at);
    }
    switch (plan[i].action) {
      case ChaosAction::kKill:
      case ChaosAction::kStop:
        EXPECT_EQ(open, "");
        open = plan[i].member;
        break;
      case ChaosAction::kStart:
      case ChaosAction::kContinue:
        EXPECT_EQ(open, plan[i].member);
        open.clear();
        break;
      default:
        EXPECT_EQ(open, "");
    }
  }
  EXPECT_EQ(open, "");
}

TEST(ChaosPlan, WhoeverIsSparedIsNeverEnded) {
  const auto plan = plan_by_seed({.seed = 5,
                                  .members = {"a", "b", "c"},
                                  .spared = {"c"},
                                  .duration = seconds(3600),
                                  .is_varied = true});
  size_t seen = 0;
  for (const ChaosStep& step : plan) {
    if (step.member != "c") continue;
    SCOPED_TRACE(step.text());
    ++seen;
    EXPECT_NE(step.action, ChaosAction::kKill);
    EXPECT_NE(step.action, ChaosAction::kStart);
    EXPECT_NE(step.action, ChaosAction::kRestart);
  }
  EXPECT_GT(seen, 0u);
}

TEST(ChaosPlan, AVariedPlanHasEveryKindOfFault) {
  const auto plan = plan_by_seed(
      {.seed = 5, .members = {"a", "b"}, .duration = seconds(3600), .is_varied = true});
  for (const ChaosAction action :
       {ChaosAction::kKill, ChaosAction::kStop, ChaosAction::kRestart, ChaosAction::kDrain,
        ChaosAction::kEnable, ChaosAction::kReload}) {
    SCOPED_TRACE(to_text(action));
    EXPECT_TRUE(std::any_of(plan.begin(), plan.end(),
                            [&](const ChaosStep& step) { return step.action == action; }));
  }
}

TEST(ChaosPlan, OnlyANetworkLetsMembersStartApart) {
  SeededChaos options{.seed = 5,
                      .members = {"a", "b", "c"},
                      .spared = {"c"},
                      .duration = seconds(3600),
                      .is_varied = true};
  const auto count_apart = [&options] {
    const auto plan = plan_by_seed(options);
    return std::count_if(plan.begin(), plan.end(), [](const ChaosStep& step) {
      EXPECT_TRUE(step.action != ChaosAction::kRestartApart || step.member != "c");
      return step.action == ChaosAction::kRestartApart;
    });
  };
  EXPECT_EQ(count_apart(), 0);
  options.has_network = true;
  EXPECT_GE(count_apart(), 5);
}

}  // namespace
}  // namespace understudy::loadtest
