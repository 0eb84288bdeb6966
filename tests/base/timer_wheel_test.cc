// SPDX-License-Identifier: Apache-2.0
#include "base/timer_wheel.h"

#include <gtest/gtest.h>

#include <list>
#include <map>
#include <vector>

#include "base/random.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart{seconds(1000)};

struct Probe {
  Probe(TimerWheel& wheel, TimePoint& now)
      : now(now), timer(Timer::of<&Probe::on_due>(wheel, *this)) {}
  void on_due() { fired.push_back(now); }
  TimePoint& now;
  std::vector<TimePoint> fired;
  Timer timer;
};

struct Fixture {
  TimePoint now = kStart;
  TimerWheel wheel{kStart};
  void run_until(TimePoint end) {
    while (wheel.next_due() <= end) {
      now = std::max(now, wheel.next_due());
      wheel.advance(now);
    }
    now = end;
    wheel.advance(now);
  }
};

TEST(TimerWheel, FiresWithinOneTickAndNeverEarly) {
  Fixture f;
  Probe probe(f.wheel, f.now);
  probe.timer.start_at(kStart + milliseconds(10));
  f.run_until(kStart + seconds(1));
  ASSERT_EQ(probe.fired.size(), 1u);
  EXPECT_GE(probe.fired[0], kStart + milliseconds(10));
  EXPECT_LE(probe.fired[0], kStart + milliseconds(10) + TimerWheel::kTick);
  EXPECT_FALSE(probe.timer.is_running());
}

TEST(TimerWheel, MovedLaterFiresOnlyAtTheNewDeadline) {
  Fixture f;
  Probe probe(f.wheel, f.now);
  probe.timer.start_at(kStart + milliseconds(10));
  probe.timer.start_at(kStart + milliseconds(500));
  f.run_until(kStart + seconds(1));
  ASSERT_EQ(probe.fired.size(), 1u);
  EXPECT_GE(probe.fired[0], kStart + milliseconds(500));
}

TEST(TimerWheel, MovedEarlierFiresAtTheNewDeadline) {
  Fixture f;
  Probe probe(f.wheel, f.now);
  probe.timer.start_at(kStart + milliseconds(500));
  probe.timer.start_at(kStart + milliseconds(20));
  f.run_until(kStart + seconds(1));
  ASSERT_EQ(probe.fired.size(), 1u);
  EXPECT_LE(probe.fired[0], kStart + milliseconds(24));
}

TEST(TimerWheel, StoppedAndDestroyedTimersStaySilent) {
  Fixture f;
  Probe stopped(f.wheel, f.now);
  stopped.timer.start_at(kStart + milliseconds(10));
  stopped.timer.stop();
  {
    Probe destroyed(f.wheel, f.now);
    destroyed.timer.start_at(kStart + milliseconds(10));
  }
  f.run_until(kStart + seconds(1));
  EXPECT_TRUE(stopped.fired.empty());
  EXPECT_EQ(f.wheel.next_due(), TimePoint::max());
}

TEST(TimerWheel, DeadlinesBeyondOneRoundGoRoundAgain) {
  Fixture f;
  Probe probe(f.wheel, f.now);
  probe.timer.start_at(kStart + seconds(3600));
  f.run_until(kStart + seconds(3599));
  EXPECT_TRUE(probe.fired.empty());
  f.run_until(kStart + seconds(3601));
  EXPECT_EQ(probe.fired.size(), 1u);
}

TEST(TimerWheel, ALongPauseFiresEverythingThatIsDueOnce) {
  Fixture f;
  Probe soon(f.wheel, f.now);
  Probe late(f.wheel, f.now);
  soon.timer.start_at(kStart + milliseconds(5));
  late.timer.start_at(kStart + seconds(30));
  f.now = kStart + seconds(3600);
  f.wheel.advance(f.now);
  while (f.wheel.next_due() <= f.now) f.wheel.advance(f.now);
  EXPECT_EQ(soon.fired.size(), 1u);
  f.run_until(f.now + seconds(5));
  EXPECT_EQ(late.fired.size(), 1u);
}

TEST(TimerWheel, AgreesWithAListOfDeadlinesUnderRandomUse) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    SeededRandom random(seed);
    Fixture f;
    std::list<Probe> probes;
    for (int i = 0; i < 50; ++i) probes.emplace_back(f.wheel, f.now);
    std::map<Probe*, TimePoint> expected;
    for (int step = 0; step < 500; ++step) {
      auto& probe = *std::next(probes.begin(), static_cast<long>(random.below(50)));
      if (random.below(5) == 0) {
        probe.timer.stop();
        expected.erase(&probe);
      } else {
        const TimePoint deadline = f.now + milliseconds(1 + random.below(9000));
        probe.timer.start_at(deadline);
        expected[&probe] = deadline;
      }
      f.run_until(f.now + milliseconds(random.below(60)));
      for (auto it = expected.begin(); it != expected.end();) {
        Probe& seen = *it->first;
        if (seen.fired.empty()) {
          EXPECT_GT(it->second + TimerWheel::kTick, f.now) << "overdue";
          ++it;
          continue;
        }
        EXPECT_EQ(seen.fired.size(), 1u);
        EXPECT_GE(seen.fired[0], it->second);
        EXPECT_LE(seen.fired[0], it->second + TimerWheel::kTick);
        seen.fired.clear();
        it = expected.erase(it);
      }
    }
  }
}

TEST(TimerWheel, ACallbackMayDestroyOtherTimersOfItsSlot) {
  Fixture f;
  std::vector<std::unique_ptr<Timer>> timers;
  for (int i = 0; i < 3; ++i) {
    timers.push_back(std::make_unique<Timer>(
        f.wheel, [](void* all) { static_cast<std::vector<std::unique_ptr<Timer>>*>(all)->clear(); },
        &timers));
    timers.back()->start_at(kStart + milliseconds(10));
  }
  f.run_until(kStart + seconds(1));
  EXPECT_TRUE(timers.empty());
}

}  // namespace
}  // namespace understudy
