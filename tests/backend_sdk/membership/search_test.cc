// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/search.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Finding = Search::Finding;

constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));
const Address kOne = Address::loopback(7101);
const Address kTwo = Address::loopback(7102);

MemberView view_of(GroupId group) {
  MemberView view;
  view.group = group;
  return view;
}

TEST(Search, IsOverWhenEachAddressHasAnsweredOrBeenSilent) {
  Search search(seconds(1));
  const MemberView view = view_of(1);
  EXPECT_EQ(search.finding(view, kNow), Finding::kNoOther);
  EXPECT_TRUE(search.begin({kOne, kTwo}, kNow));
  EXPECT_FALSE(search.begin({kOne, kTwo}, kNow + milliseconds(1)));
  search.on_answered(kOne);
  EXPECT_EQ(search.finding(view, kNow), Finding::kUnderWay);
  EXPECT_EQ(search.finding(view, kNow + milliseconds(399)), Finding::kUnderWay);
  EXPECT_EQ(search.finding(view, kNow + milliseconds(400)), Finding::kNoOther);
  search.on_answered(kTwo);
  EXPECT_EQ(search.finding(view, kNow), Finding::kNoOther);
}

TEST(Search, AnotherGroupCountsUntilItIsOursOrHasBeenApartForLong) {
  Search search(seconds(1));
  search.begin({kOne}, kNow);
  search.on_other(2, kOne, kNow);
  EXPECT_EQ(search.finding(view_of(1), kNow), Finding::kOther);
  EXPECT_EQ(search.finding(view_of(2), kNow), Finding::kNoOther) << "ours has gone over to it";
  MemberView absorbed = view_of(1);
  absorbed.absorbed.push_back({.group = 2});
  EXPECT_EQ(search.finding(absorbed, kNow), Finding::kNoOther);
  EXPECT_EQ(search.finding(view_of(1), kNow + seconds(10)), Finding::kNoOther) << "not heard again";
  search.on_other(2, kOne, kNow + seconds(15));
  EXPECT_EQ(search.finding(view_of(1), kNow + seconds(19)), Finding::kOther);
  EXPECT_EQ(search.finding(view_of(1), kNow + seconds(20)), Finding::kNoOther) << "it stays apart";
}

TEST(Search, KeepsAFewGroupsOnly) {
  Search search(seconds(1));
  for (GroupId group = 2; group < 2 + Search::kGroupsMax; ++group) {
    search.on_other(group, kOne, kNow);
  }
  const GroupId late = 100;
  search.on_other(late, kOne, kNow + seconds(19));
  EXPECT_EQ(search.finding(view_of(1), kNow + seconds(19)), Finding::kNoOther);
  search.on_other(late, kOne, kNow + seconds(20));
  EXPECT_EQ(search.finding(view_of(1), kNow + seconds(20)), Finding::kOther);
}

}  // namespace
}  // namespace understudy
