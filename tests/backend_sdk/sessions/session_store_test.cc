// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/session_store.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::seconds;

constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class SessionStoreTest : public testing::Test {
 protected:
  Stay& make(uint8_t byte, TimePoint used = kNow) {
    SessionImage image;
    image.ttl = seconds(60);
    return store_.create(sid_of(byte), std::move(image), used);
  }
  SessionStore store_;
};

TEST_F(SessionStoreTest, EveryIndexFollowsARename) {
  Stay& stay = make(1);
  const StayId id = stay.id;
  EXPECT_FALSE(store_.enter(stay, 7));
  store_.rename(stay, sid_of(2));
  EXPECT_EQ(store_.find(sid_of(1)), nullptr);
  EXPECT_EQ(store_.find(sid_of(2)), &stay);
  EXPECT_EQ(store_.find_stay(id), &stay);
  EXPECT_EQ(store_.in_channel(7, 9), std::vector<Stay*>{&stay});
}

TEST_F(SessionStoreTest, AStayEndsWithTheSession) {
  Stay& stay = make(1);
  const StayId id = stay.id;
  store_.erase(stay);
  EXPECT_EQ(store_.find_stay(id), nullptr);
  EXPECT_NE(make(1).id, id);
}

TEST_F(SessionStoreTest, NothingWaitsForTheExpiryOfASessionThatIsGone) {
  Stay& stay = make(1);
  store_.watch_expiry(stay, kNow + seconds(30));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(30)), &stay);
  EXPECT_EQ(store_.expiry_wake_at(), TimePoint::max()) << "the later time was replaced";
  store_.watch_expiry(stay, kNow + seconds(90));
  store_.erase(stay);
  EXPECT_EQ(store_.expiry_wake_at(), TimePoint::max());
}

TEST_F(SessionStoreTest, TheMostRecentlyUsedIsProtectedFirst) {
  make(1, kNow);
  make(2, kNow + seconds(2));
  make(3, kNow + seconds(1));
  EXPECT_EQ(store_.next_unprotected()->sid, sid_of(2));
  store_.put_back_last(*store_.next_unprotected());
  EXPECT_EQ(store_.next_unprotected()->sid, sid_of(3));
}

TEST_F(SessionStoreTest, AttachedAndDetachedItIsCountedRightly) {
  Stay& stay = make(1);
  EXPECT_EQ(store_.unprotected_count(), 1u);
  EXPECT_FALSE(store_.enter(stay, 7));
  EXPECT_EQ(store_.unprotected_count(), 0u);
  EXPECT_EQ(store_.count_in(7), 1u);
  store_.on_acknowledged(stay, 0);
  store_.leave(stay);
  EXPECT_EQ(store_.unprotected_count(), 1u);
  EXPECT_EQ(store_.count_in(7), 0u);
  EXPECT_FALSE(stay.placement.holds(0)) << "what another channel held is worth nothing";
  EXPECT_TRUE(store_.is_fallback(7));
}

TEST_F(SessionStoreTest, ASuccessorTakesAllSessionsAndAllThatWasPassedOver) {
  for (const uint8_t byte : {1, 2, 3}) {
    EXPECT_FALSE(store_.enter(make(byte), byte == 3 ? 8 : 7));
  }
  store_.set_fallback(make(4), 7);
  store_.follow_all(7, 8, 1);
  EXPECT_EQ(store_.count_in(7), 0u);
  EXPECT_EQ(store_.count_in(8), 3u);
  EXPECT_EQ(store_.find(sid_of(1))->placement.channel(), 8u);
  EXPECT_EQ(store_.find(sid_of(1))->image.position.epoch, 1u);
  EXPECT_EQ(store_.find(sid_of(3))->image.position.epoch, 0u);
  EXPECT_FALSE(store_.is_fallback(7));
  EXPECT_TRUE(store_.is_fallback(8));
}

TEST_F(SessionStoreTest, WhatFollowsIsSeenHoweverTheSessionIsFound) {
  Stay& stay = make(1);
  EXPECT_FALSE(store_.enter(stay, 7));
  store_.set_fallback(stay, 6);
  store_.follow_all(7, 8, 1);
  store_.follow_all(8, 9, 1);
  store_.follow_all(6, 5, 1);
  ASSERT_EQ(store_.in_channel(9, 10).size(), 1u);
  EXPECT_EQ(stay.placement.channel(), 9u);
  EXPECT_EQ(stay.placement.fallback(), 5u);
  EXPECT_EQ(stay.image.position.epoch, 2u);
  store_.follow_all(9, 10, 1);
  store_.on_acknowledged(stay, 0);
  EXPECT_EQ(stay.placement.channel(), 10u) << "nor is it looked at after what changes it";
  store_.follow_all(10, 11, 1);
  store_.leave(stay);
  EXPECT_EQ(stay.image.position.epoch, 4u);
  EXPECT_TRUE(store_.is_fallback(11));
  EXPECT_EQ(store_.count_in(11), 0u);
  EXPECT_TRUE(store_.enter(stay, 12));
  EXPECT_EQ(stay.image.position.epoch, 4u) << "the caller raises it";
  EXPECT_EQ(store_.find_stay(stay.id)->placement.channel(), 12u);
  EXPECT_EQ(store_.all().front()->placement.fallback(), 11u);
}

TEST_F(SessionStoreTest, AFallbackIsNeededUntilTheSessionIsHeldElsewhere) {
  Stay& stay = make(1);
  EXPECT_FALSE(store_.enter(stay, 7));
  store_.on_acknowledged(stay, 0);
  store_.leave(stay);
  EXPECT_TRUE(store_.enter(stay, 8)) << "it was seen in 7: the epoch rises";
  EXPECT_TRUE(store_.is_fallback(7));
  store_.on_acknowledged(stay, 0);
  EXPECT_FALSE(store_.is_fallback(7));
  store_.set_fallback(stay, 9);
  store_.erase(stay);
  EXPECT_FALSE(store_.is_fallback(9));
}

TEST_F(SessionStoreTest, BytesAreThoseOfAllImages) {
  Stay& stay = make(1);
  const uint64_t before = store_.bytes();
  stay.image.attributes = std::make_shared<const Attributes>(
      Attributes{{"a", std::make_shared<const std::string>(1000, 'x')}});
  store_.count_bytes(stay);
  EXPECT_GE(store_.bytes(), before + 1000);
  store_.erase(stay);
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(SessionStoreTest, AChannelIsWalkedInSlices) {
  for (const uint8_t byte : {1, 2, 3}) EXPECT_FALSE(store_.enter(make(byte), 7));
  EXPECT_EQ(store_.in_channel(7, 2).size(), 2u);
  EXPECT_EQ(store_.in_channel(7, 9).size(), 3u);
}

TEST_F(SessionStoreTest, ExpiryIsReportedWhenItIsDue) {
  make(1);
  EXPECT_EQ(store_.next_expiring(kNow + seconds(59)), nullptr);
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60))->sid, sid_of(1));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60)), nullptr);
}

TEST_F(SessionStoreTest, AnEarlierStayExpiresNothing) {
  Stay& stay = make(1);
  store_.erase(stay);
  make(1, kNow + seconds(30));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60)), nullptr);
}

}  // namespace
}  // namespace understudy
