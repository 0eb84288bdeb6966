// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/waiting.h"

#include <gtest/gtest.h>

#include <functional>

namespace understudy {
namespace {

class Guest final : public Waiter {
 public:
  void on_room(std::uint64_t serial) override { served = serial; }
  std::uint64_t served = 0;
  void on_member_gone() override {
    ++told;
    if (when_told) when_told();
  }
  int told = 0;
  std::function<void()> when_told;
};

constexpr TimePoint at(int seconds) {
  return TimePoint(std::chrono::seconds(seconds));
}

TEST(Waiting, TheOldestIsTheOneThatJoinedFirst) {
  WaitingList list;
  Guest a;
  Guest b;
  EXPECT_EQ(list.oldest(), nullptr);
  list.join(a, at(1));
  list.join(b, at(2));
  EXPECT_EQ(list.oldest(), &a);
  a.leave();
  EXPECT_EQ(list.oldest(), &b);
  EXPECT_EQ(list.oldest()->waiting_since(), at(2));
}

TEST(Waiting, AGuestThatIsDestroyedHasLeft) {
  WaitingList list;
  {
    Guest guest;
    list.join(guest, at(1));
  }
  EXPECT_TRUE(list.is_empty());
}

TEST(Waiting, AllAreToldOnceAndHaveLeftBefore) {
  WaitingList list;
  Guest guests[3];
  for (Guest& guest : guests) {
    list.join(guest, at(1));
    guest.when_told = [&guest] { EXPECT_FALSE(guest.is_waiting()); };
  }
  EXPECT_EQ(list.dismiss_all(), 3u);
  for (const Guest& guest : guests) EXPECT_EQ(guest.told, 1);
}

TEST(Waiting, AGuestThatJoinsAgainMeanwhileStays) {
  WaitingList list;
  Guest guest;
  list.join(guest, at(1));
  guest.when_told = [&] { list.join(guest, at(2)); };
  EXPECT_EQ(list.dismiss_all(), 1u);
  EXPECT_EQ(guest.told, 1);
  EXPECT_EQ(list.oldest(), &guest);
}

TEST(Waiting, AGuestThatAnotherSendsAwayMeanwhileIsNotTold) {
  WaitingList list;
  Guest a;
  Guest b;
  list.join(a, at(1));
  list.join(b, at(1));
  a.when_told = [&] { b.leave(); };
  EXPECT_EQ(list.dismiss_all(), 1u);
  EXPECT_EQ(b.told, 0);
}

}  // namespace
}  // namespace understudy
