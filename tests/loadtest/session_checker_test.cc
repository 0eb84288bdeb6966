// SPDX-License-Identifier: Apache-2.0
#include "loadtest/session_checker.h"

#include <gtest/gtest.h>

namespace understudy::loadtest {
namespace {

// One session that has been answered `counts`, one after the other.
struct Story {
  SessionChecker checker{1};
  void answer(uint64_t count, const char* id = "s") {
    checker.on_answer(checker.on_sent(0), id, count);
  }
};

TEST(SessionChecker, ACounterThatOnlyRisesHasNoFault) {
  Story story;
  for (uint64_t i = 1; i <= 5; ++i) story.answer(i);
  story.checker.on_final(0, "s", 5);
  EXPECT_EQ(story.checker.faults().total(), 0u);
  EXPECT_EQ(story.checker.acknowledged(), 5u);
}

TEST(SessionChecker, SeesACounterGoBack) {
  Story story;
  story.answer(1);
  story.answer(2);
  story.answer(2);
  EXPECT_EQ(story.checker.faults().went_back, 1u);
}

TEST(SessionChecker, SeesTwoRequestsInFlightWithOneAnswer) {
  Story story;
  const auto first = story.checker.on_sent(0);
  const auto second = story.checker.on_sent(0);
  story.checker.on_answer(first, "s", 1);
  story.checker.on_answer(second, "s", 1);
  EXPECT_EQ(story.checker.faults().twice, 1u);
}

TEST(SessionChecker, SeesASessionRestart) {
  Story story;
  story.answer(1);
  story.answer(1, "t");
  EXPECT_EQ(story.checker.faults().restarted, 1u);
}

TEST(SessionChecker, SeesAnAcknowledgedCountLost) {
  Story story;
  story.answer(1);
  story.answer(2);
  story.checker.on_final(0, "s", 1);
  EXPECT_EQ(story.checker.faults().lost, 1u);
}

TEST(SessionChecker, SeesMoreCountedThanWasSent) {
  Story story;
  story.answer(1);
  story.checker.on_unknown(story.checker.on_sent(0));
  story.checker.on_final(0, "s", 2);
  EXPECT_EQ(story.checker.faults().total(), 0u) << "an undecided request may have counted";
  story.checker.on_final(0, "s", 3);
  EXPECT_EQ(story.checker.faults().twice, 1u);
}

TEST(SessionChecker, KeepsABoundedNumberOfFindings) {
  Story story;
  for (size_t i = 0; i < 3 * SessionChecker::kFindingsMax; ++i) story.answer(1);
  EXPECT_EQ(story.checker.findings().size(), SessionChecker::kFindingsMax);
}

}  // namespace
}  // namespace understudy::loadtest
