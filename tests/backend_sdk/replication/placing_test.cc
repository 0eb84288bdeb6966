// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/placing.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));
constexpr MemberId kSelf = 1;
using Members = std::vector<MemberId>;

class PlacingTest : public testing::Test {
 protected:
  PlacingTest() { see({kSelf, 2, 3}, kNow); }
  // Lives of the members m1, m2 and m3, in this order.
  void see(const Members& lives, TimePoint now) {
    MemberView view;
    for (const MemberId mid : lives) {
      Member member;
      member.mid = mid;
      member.name = "m" + std::to_string(view.members.size() + 1);
      member.machine = member.name;
      member.is_confirmed = true;
      view.members.push_back(member);
    }
    placing_.on_view(view, now);
  }
  // How long after so many failures, one a second, member 2 is no target.
  Duration avoided_after(size_t failures) {
    TimePoint now = kNow;
    for (size_t count = 0; count < failures; ++count) {
      now += std::chrono::seconds(1);
      placing_.note_failure(2, now);
    }
    EXPECT_EQ(placing_.targets(false), Members{3});
    EXPECT_EQ(placing_.targets(true), Members{3}) << "there is a better one";
    const TimePoint end = placing_.wake_at();
    placing_.advance(end);
    EXPECT_EQ(placing_.targets(false).size(), 2u);
    return end - now;
  }
  ReplicationOptions options_;
  Placing placing_{options_, kSelf};
};

TEST_F(PlacingTest, AMemberThatFailedIsAvoidedForAMoment) {
  EXPECT_EQ(placing_.targets(false).size(), 2u);
  EXPECT_EQ(avoided_after(1), options_.avoid_after_failure);
}

TEST_F(PlacingTest, AsManyFailuresAsAreAllowedAreNoFlapping) {
  EXPECT_EQ(avoided_after(options_.flaps_max), options_.avoid_after_failure);
}

TEST_F(PlacingTest, OneMoreIsAvoidedForLong) {
  EXPECT_EQ(avoided_after(options_.flaps_max + 1), options_.flap_window);
}

TEST_F(PlacingTest, WhereAllHaveFailedTheyAreTheLastResort) {
  placing_.note_failure(2, kNow);
  placing_.note_failure(3, kNow);
  EXPECT_TRUE(placing_.targets(false).empty());
  EXPECT_EQ(placing_.targets(true).size(), 2u);
  EXPECT_TRUE(placing_.is_target(2));
}

// Two members were killed and started again one after the other: sessions must not stay without a
// copy, for the third kill may be next.
TEST_F(PlacingTest, WhereAllHaveFailedANewLifeIsATargetAtOnce) {
  placing_.note_failure(2, kNow);
  see({kSelf, 12, 3}, kNow);
  EXPECT_EQ(placing_.targets(false), Members{3}) << "the other one has not failed";
  placing_.note_failure(3, kNow);
  EXPECT_EQ(placing_.targets(false), Members{12});
  see({kSelf, 12, 13}, kNow);
  EXPECT_EQ(placing_.targets(false).size(), 2u);
}

}  // namespace
}  // namespace understudy
