// SPDX-License-Identifier: Apache-2.0
// The arithmetic of suspicion and health, in T = 100 ms.
#include "backend_sdk/membership/suspicion.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/detector.h"
#include "backend_sdk/membership/health.h"
#include "backend_sdk/membership/rate_cap.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using Step = Suspicion::Step;

constexpr Duration kT = milliseconds(100);
const TimePoint kStart = TimePoint(std::chrono::hours(1));

TimePoint at(int ms) {
  return kStart + milliseconds(ms);
}

TEST(Suspicion, ASignOfLifeThatComesLateTakesNothingBack) {
  Suspicion suspicion(kStart);
  suspicion.heard(at(300));
  const TimePoint due = suspicion.due(kT);
  suspicion.heard(at(100));
  EXPECT_EQ(suspicion.due(kT), due);
}

TEST(Suspicion, GoesThroughItsStepsAtTheirTimesAndNotBefore) {
  const struct {
    int ms;
    std::vector<Step> steps;
  } expectations[] = {{224, {}},   {225, {Step::kSuspect, Step::kRound}},
                      {274, {}},   {275, {Step::kRound}},
                      {324, {}},   {325, {Step::kDead}},
                      {10'000, {}}};
  Suspicion suspicion(kStart);
  for (const auto& expected : expectations) {
    SCOPED_TRACE(expected.ms);
    EXPECT_EQ(suspicion.due(kT) <= at(expected.ms), !expected.steps.empty());
    std::vector<Step> steps;
    for (;;) {
      const Step step = suspicion.advance(at(expected.ms), kT);
      if (step == Step::kNone) break;
      steps.push_back(step);
    }
    EXPECT_EQ(steps, expected.steps);
  }
  EXPECT_TRUE(suspicion.is_dead());
}

TEST(Suspicion, AnySignOfLifeBeginsAnew) {
  for (const int heard : {100, 224, 250, 300, 324}) {
    Suspicion suspicion(kStart);
    while (suspicion.advance(at(heard), kT) != Step::kNone) {
    }
    suspicion.heard(at(heard));
    EXPECT_FALSE(suspicion.is_suspect());
    EXPECT_EQ(suspicion.due(kT), at(heard + 225));
  }
}

TEST(Suspicion, GivesBothRoundsTheirTimeHoweverLateItIsAsked) {
  Suspicion suspicion(kStart);
  EXPECT_EQ(suspicion.advance(at(5000), kT), Step::kSuspect);
  EXPECT_EQ(suspicion.advance(at(5000), kT), Step::kRound);
  EXPECT_EQ(suspicion.advance(at(5049), kT), Step::kNone);
  EXPECT_EQ(suspicion.advance(at(5050), kT), Step::kRound);
  EXPECT_EQ(suspicion.advance(at(5099), kT), Step::kNone);
  EXPECT_EQ(suspicion.advance(at(5100), kT), Step::kDead);
}

TEST(Suspicion, AnAccusedIsProbedAtOnce) {
  Suspicion suspicion = Suspicion::accused(kStart, kT);
  EXPECT_EQ(suspicion.advance(kStart, kT), Step::kSuspect);
  EXPECT_EQ(suspicion.advance(kStart, kT), Step::kRound);
  EXPECT_EQ(suspicion.advance(at(50), kT), Step::kRound);
  EXPECT_EQ(suspicion.advance(at(100), kT), Step::kDead);
}

TEST(Suspicion, SilenceWhileWeDidNotListenIsNobodys) {
  Suspicion suspicion(kStart);
  suspicion.forgive(milliseconds(60), at(200));
  EXPECT_EQ(suspicion.due(kT), at(285));
  suspicion.advance(at(285), kT);
  suspicion.advance(at(285), kT);
  suspicion.forgive(milliseconds(40), at(330));
  EXPECT_EQ(suspicion.due(kT), at(285 + 50 + 40)) << "the round has its full time";
  Suspicion fresh(at(100));
  fresh.forgive(milliseconds(60), at(110));
  EXPECT_EQ(fresh.due(kT), at(110 + 225)) << "never later than now";
}

TEST(Health, SaysHowLongItDidNotListen) {
  Health health(kT);
  EXPECT_EQ(health.on_call(at(100), TimePoint::max()), Duration::zero());
  EXPECT_EQ(health.on_call(at(100), at(100)), Duration::zero());
  EXPECT_EQ(health.on_call(at(106), at(100)), Duration::zero()) << "timers are coarse";
  EXPECT_EQ(health.on_call(at(107), at(100)), milliseconds(7));
  EXPECT_EQ(health.on_call(at(400), at(100)), milliseconds(300));
}

TEST(Health, ACallMoreThanOneIntervalLateIsAPause) {
  Health health(kT);
  health.on_call(at(100), at(0));
  EXPECT_TRUE(health.may_judge(at(100))) << "exactly one interval late";
  EXPECT_EQ(health.score(), 0);
  health.on_call(at(201), at(100));
  EXPECT_EQ(health.score(), 1);
  EXPECT_FALSE(health.may_judge(at(300)));
  EXPECT_TRUE(health.may_judge(at(301)));
}

TEST(Health, NothingWasPromisedNothingIsLate) {
  Health health(kT);
  health.on_call(at(100'000), TimePoint::max());
  EXPECT_EQ(health.score(), 0);
}

TEST(Health, StretchesTimeoutsUpToThreeTimesAndRecovers) {
  Health health(kT);
  EXPECT_EQ(health.stretched(), kT);
  for (int i = 0; i < Health::kScoreMax + 5; ++i) health.on_round_over(false, at(0));
  EXPECT_EQ(health.score(), Health::kScoreMax);
  EXPECT_EQ(health.stretched(), 3 * kT);
  health.on_round_over(true, at(0));
  EXPECT_EQ(health.score(), Health::kScoreMax);
  for (int i = 1; i <= Health::kScoreMax; ++i) health.on_call(at(1000 * i), at(1000 * i));
  EXPECT_EQ(health.score(), 0);
}

class DetectorTest : public testing::Test {
 protected:
  Health health{kT};
  SeededRandom random{1};
  Detector detector{health, random};
  const Peer peer{5, Address::loopback(5)};

  std::vector<Detector::Order> round() {
    detector.watch(peer, kStart);
    return detector.advance(at(225));
  }
};

TEST_F(DetectorTest, OrdersARoundForASuspect) {
  const auto orders = round();
  ASSERT_EQ(orders.size(), 2u);
  EXPECT_EQ(orders[0].step, Step::kSuspect);
  EXPECT_EQ(orders[1].step, Step::kRound);
  EXPECT_EQ(orders[1].peer.mid, 5u);
  EXPECT_EQ(detector.suspects(), std::set<MemberId>{5});
}

TEST_F(DetectorTest, APongOfEitherRoundProvesLife) {
  const uint64_t first = round()[1].nonce;
  const uint64_t second = detector.advance(at(275))[0].nonce;
  EXPECT_EQ(detector.on_pong(first), 5u);
  EXPECT_EQ(detector.on_pong(second), 5u);
  EXPECT_TRUE(detector.heard(5, at(280)));
  EXPECT_TRUE(detector.suspects().empty());
  EXPECT_FALSE(detector.on_pong(second)) << "the round is over";
}

TEST_F(DetectorTest, OrdersNothingWhileItsOwnProcessIsInDoubt) {
  detector.watch(peer, kStart);
  health.on_call(at(1000), at(0));
  EXPECT_TRUE(detector.advance(at(1050)).empty());
  EXPECT_EQ(detector.due(), at(1100));
  EXPECT_FALSE(detector.advance(at(1100)).empty());
}

TEST_F(DetectorTest, HelpersThatAllStaySilentCountAgainstOurselves) {
  for (const bool helper_answers : {true, false}) {
    Health own(kT);
    Detector watching(own, random);
    watching.watch(peer, kStart);
    const uint64_t nonce = watching.advance(at(225))[1].nonce;
    watching.on_helpers_asked(nonce);
    if (helper_answers) watching.on_helper_answered(nonce);
    watching.advance(at(300));
    EXPECT_EQ(own.score(), helper_answers ? 0 : 1);
  }
}

TEST_F(DetectorTest, WhoIsNoLongerWatchedIsForgotten) {
  round();
  detector.unwatch(5);
  EXPECT_TRUE(detector.suspects().empty());
  EXPECT_EQ(detector.due(), TimePoint::max());
}

TEST(RateCap, LetsABurstThroughAndThenItsRate) {
  RateCap cap(10, kStart);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(cap.take(kStart));
  EXPECT_FALSE(cap.take(kStart));
  EXPECT_EQ(cap.next(), at(100));
  EXPECT_FALSE(cap.take(at(99)));
  EXPECT_TRUE(cap.take(at(100)));
  EXPECT_FALSE(cap.take(at(100)));
}

}  // namespace
}  // namespace understudy
