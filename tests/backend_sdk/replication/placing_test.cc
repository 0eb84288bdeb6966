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
  PlacingTest() {
    MemberView view;
    for (const MemberId mid : {kSelf, MemberId{2}, MemberId{3}}) {
      Member member;
      member.mid = mid;
      member.name = "m" + std::to_string(mid);
      member.machine = member.name;
      member.is_confirmed = true;
      view.members.push_back(member);
    }
    placing_.on_view(view, kNow);
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

}  // namespace
}  // namespace understudy
