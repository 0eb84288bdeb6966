// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/id_history.h"

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

class IdHistoryTest : public testing::Test {
 protected:
  SessionOptions options_;
  IdHistory history_{options_};
};

TEST_F(IdHistoryTest, ATombstoneIsKeptForFiveMinutesOrTwoGracePeriods) {
  for (const Duration grace2 : {Duration(seconds(10)), Duration(seconds(1000))}) {
    IdHistory history(options_);
    history.end(sid_of(1), grace2, kNow);
    const TimePoint end = kNow + std::max<Duration>(grace2, options_.tombstone_kept);
    history.expire(end - Duration(1), 1000);
    EXPECT_TRUE(history.is_ended(sid_of(1)));
    history.expire(end, 1000);
    EXPECT_FALSE(history.is_ended(sid_of(1)));
  }
}

TEST_F(IdHistoryTest, AnOldIdLeadsARequestOfBeforeToTheNewOneForThirtySeconds) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  history_.rename(sid_of(2), sid_of(3), {.alias = options_.alias_kept}, kNow);
  const auto at = [](TimePoint now) { return IdHistory::Request{.came = kNow, .now = now}; };
  EXPECT_EQ(history_.resolve(sid_of(1), at(kNow)), sid_of(3));
  const TimePoint later = kNow + options_.alias_kept;
  EXPECT_EQ(history_.resolve(sid_of(1), at(later - Duration(1))), sid_of(3));
  EXPECT_EQ(history_.resolve(sid_of(1), at(later)), sid_of(1));
  EXPECT_TRUE(history_.is_ended(sid_of(1)));
}

TEST_F(IdHistoryTest, AnOldIdLeadsNoRequestThatComesAfterTheLogin) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  const TimePoint first = kNow + options_.alias_in_flight;
  const auto leads = [&](TimePoint came) {
    return history_.resolve(sid_of(1), {.came = came, .now = kNow + seconds(5)}) == sid_of(2);
  };
  EXPECT_TRUE(leads(first - Duration(1))) << "it may have been in flight";
  EXPECT_FALSE(leads(first));
}

// Each login has its own time: what came between two of them follows the second alone.
TEST_F(IdHistoryTest, InAChainEachLoginEndsTheIdOfBefore) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  history_.rename(sid_of(2), sid_of(3), {.alias = options_.alias_kept}, kNow + seconds(10));
  const IdHistory::Request between{.came = kNow + seconds(5), .now = kNow + seconds(12)};
  EXPECT_EQ(history_.resolve(sid_of(1), between), sid_of(1));
  EXPECT_EQ(history_.resolve(sid_of(2), between), sid_of(3));
}

// FULL says how much is left, and so how long ago the login was.
TEST_F(IdHistoryTest, ALoginThatIsHeardOfLateIsAsOldAsItIs) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept - seconds(10)}, kNow);
  const auto leads = [&](TimePoint came) {
    return history_.resolve(sid_of(1), {.came = came, .now = kNow}) == sid_of(2);
  };
  EXPECT_TRUE(leads(kNow - seconds(10)));
  EXPECT_FALSE(leads(kNow - seconds(9)));
  EXPECT_FALSE(leads(kNow));
}

TEST_F(IdHistoryTest, TheIdsOfBeforeAreRememberedAsLongAsTheirTombstones) {
  const auto rename = [&](uint8_t from, uint8_t to, TimePoint now) {
    history_.rename(sid_of(from), sid_of(to), {.alias = options_.alias_kept}, now);
  };
  using Ids = std::vector<SessionId>;
  rename(1, 3, kNow);
  rename(2, 3, kNow);
  rename(3, 4, kNow + seconds(60));
  EXPECT_EQ(history_.former(sid_of(4), 8), (Ids{sid_of(3), sid_of(2), sid_of(1)}));
  EXPECT_EQ(history_.former(sid_of(4), 2), (Ids{sid_of(3), sid_of(2)}));
  EXPECT_EQ(history_.former(sid_of(1), 8), Ids{});
  history_.take_back(sid_of(2), 7, kNow);
  EXPECT_EQ(history_.former(sid_of(4), 8), (Ids{sid_of(3), sid_of(1)}));
  history_.expire(kNow + options_.tombstone_kept, 1000);
  EXPECT_EQ(history_.former(sid_of(4), 8), Ids{sid_of(3)});
  history_.end(sid_of(3), {}, kNow);
  EXPECT_EQ(history_.former(sid_of(4), 8), Ids{});
}

TEST_F(IdHistoryTest, ARenamingIsTakenBackAndAnEndIsNot) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  history_.take_back(sid_of(1), 7, kNow);
  EXPECT_EQ(history_.resolve(sid_of(1), {.came = kNow, .now = kNow}), sid_of(1));
  EXPECT_FALSE(history_.is_ended(sid_of(1)));
  EXPECT_EQ(history_.owner(sid_of(1)), 7u);
  history_.end(sid_of(3), {}, kNow);
  history_.take_back(sid_of(3), 7, kNow);
  EXPECT_TRUE(history_.is_ended(sid_of(3)));
  history_.rename(sid_of(4), sid_of(5), {.alias = options_.alias_kept}, kNow);
  history_.end(sid_of(4), {}, kNow);
  history_.take_back(sid_of(4), 7, kNow);
  EXPECT_TRUE(history_.is_ended(sid_of(4))) << "the session was logged out under all of its ids";
}

TEST_F(IdHistoryTest, TheNewestIdIsFoundWhenTheOldOneHasEnded) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  history_.rename(sid_of(2), sid_of(3), {.alias = options_.alias_kept}, kNow);
  EXPECT_EQ(history_.newest(sid_of(1)), sid_of(3));
  EXPECT_EQ(history_.newest(sid_of(3)), sid_of(3));
}

TEST_F(IdHistoryTest, ARingOfAliasesEnds) {
  history_.rename(sid_of(1), sid_of(2), {.alias = options_.alias_kept}, kNow);
  history_.rename(sid_of(2), sid_of(1), {.alias = options_.alias_kept}, kNow);
  (void)history_.resolve(sid_of(1), {.came = kNow, .now = kNow});
}

TEST_F(IdHistoryTest, NothingRevivesAnEndedId) {
  history_.end(sid_of(1), {}, kNow);
  history_.move(sid_of(1), 7, kNow);
  EXPECT_TRUE(history_.is_ended(sid_of(1)));
  history_.forget_move(sid_of(1));
  EXPECT_TRUE(history_.is_ended(sid_of(1)));
}

TEST_F(IdHistoryTest, APointerIsForgottenWhenTheSessionIsBack) {
  history_.move(sid_of(1), 7, kNow);
  EXPECT_EQ(history_.owner(sid_of(1)), 7u);
  history_.forget_move(sid_of(1));
  EXPECT_EQ(history_.owner(sid_of(1)), kNobody);
}

TEST_F(IdHistoryTest, TheOldestGoesWhenItIsFull) {
  options_.tombstones_max = 2;
  options_.pointers_max = 1;
  for (uint8_t byte = 1; byte <= 3; ++byte) history_.end(sid_of(byte), {}, kNow + seconds(byte));
  EXPECT_EQ(history_.size(), 3u);
  EXPECT_TRUE(history_.is_ended(sid_of(1)));
  history_.end(sid_of(4), {}, kNow + seconds(4));
  EXPECT_EQ(history_.size(), 3u);
  EXPECT_FALSE(history_.is_ended(sid_of(1)));
  EXPECT_TRUE(history_.is_ended(sid_of(4)));
}

}  // namespace
}  // namespace understudy
