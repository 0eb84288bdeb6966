// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/session_store.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using Session = SessionStore::Session;

using std::chrono::seconds;

constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class SessionStoreTest : public testing::Test {
 protected:
  Session& make(uint8_t byte, TimePoint used = kNow) {
    SessionImage image;
    image.ttl = seconds(60);
    return store_.create(sid_of(byte), std::move(image), used);
  }
  SessionStore store_;
};

TEST_F(SessionStoreTest, EveryIndexFollowsARename) {
  Session& session = make(1);
  const uint64_t stay = session.generation;
  store_.attach(session, 7);
  store_.rename(session, sid_of(2));
  EXPECT_EQ(store_.find(sid_of(1)), nullptr);
  EXPECT_EQ(store_.find(sid_of(2)), &session);
  EXPECT_EQ(store_.find_stay(stay), &session);
  EXPECT_EQ(store_.in_channel(7), std::vector<Session*>{&session});
}

TEST_F(SessionStoreTest, AStayEndsWithTheSession) {
  Session& session = make(1);
  const uint64_t stay = session.generation;
  store_.erase(session);
  EXPECT_EQ(store_.find_stay(stay), nullptr);
  EXPECT_NE(make(1).generation, stay);
}

TEST_F(SessionStoreTest, NothingWaitsForTheExpiryOfASessionThatIsGone) {
  Session& session = make(1);
  store_.watch_expiry(session, kNow + seconds(30));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(30)), &session);
  EXPECT_EQ(store_.expiry_wake_at(), TimePoint::max()) << "the later time was replaced";
  store_.watch_expiry(session, kNow + seconds(90));
  store_.erase(session);
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
  Session& session = make(1);
  EXPECT_EQ(store_.unprotected_count(), 1u);
  store_.attach(session, 7);
  EXPECT_EQ(store_.unprotected_count(), 0u);
  EXPECT_EQ(store_.count_in(7), 1u);
  session.acked = 5;
  store_.detach(session);
  EXPECT_EQ(store_.unprotected_count(), 1u);
  EXPECT_EQ(store_.count_in(7), 0u);
  EXPECT_FALSE(session.acked) << "what another channel held is worth nothing";
}

TEST_F(SessionStoreTest, ASuccessorTakesAllSessions) {
  store_.attach(make(1), 7);
  store_.attach(make(2), 7);
  store_.attach(make(3), 8);
  store_.move_all(7, 8);
  EXPECT_EQ(store_.count_in(7), 0u);
  EXPECT_EQ(store_.count_in(8), 3u);
  EXPECT_EQ(store_.find(sid_of(1))->channel, 8u);
}

TEST_F(SessionStoreTest, ExpiryIsReportedWhenItIsDue) {
  make(1);
  EXPECT_EQ(store_.next_expiring(kNow + seconds(59)), nullptr);
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60))->sid, sid_of(1));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60)), nullptr);
}

TEST_F(SessionStoreTest, AnEarlierStayExpiresNothing) {
  Session& session = make(1);
  store_.erase(session);
  make(1, kNow + seconds(30));
  EXPECT_EQ(store_.next_expiring(kNow + seconds(60)), nullptr);
}

}  // namespace
}  // namespace understudy
