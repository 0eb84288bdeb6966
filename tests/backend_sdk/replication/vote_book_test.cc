// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/vote_book.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::hours;

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr TimePoint kNow = TimePoint(hours(100));

ClaimPayload claim(uint32_t number, MemberId claimant) {
  return {.parties = {uint64_t{kA} << 32 | number, kA, kB, 3}, .claimant = claimant};
}

TEST(VoteBook, TheFirstClaimWinsForEver) {
  VoteBook book({.votes_max = 10, .kept = hours(1)});
  EXPECT_EQ(book.vote(claim(1, kB)), kB);
  EXPECT_EQ(book.vote(claim(1, kA)), kB);
  EXPECT_EQ(book.vote(claim(1, kB)), kB);
  EXPECT_EQ(book.vote(claim(2, kA)), kA);
}

TEST(VoteBook, AVoteOutlivesBothPartiesByAnHour) {
  struct {
    const char* name;
    bool a_closed, b_closed, a_dead, b_dead;
    bool goes;
  } table[] = {{"nobody is over", false, false, false, false, false},
               {"one closed", true, false, false, false, false},
               {"one dead", false, false, false, true, false},
               {"both closed", true, true, false, false, true},
               {"one closed, one dead", true, false, false, true, true},
               {"both dead", false, false, true, true, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    VoteBook book({.votes_max = 10, .kept = hours(1)});
    const ChannelId channel = claim(1, kB).parties.id;
    book.vote(claim(1, kB));
    if (row.a_closed) book.on_closed(channel, kA, kNow);
    if (row.b_closed) book.on_closed(channel, kB, kNow);
    if (row.a_dead) book.on_dead(kA, kNow);
    if (row.b_dead) book.on_dead(kB, kNow);
    book.expire(kNow + hours(1) - Duration(1));
    EXPECT_EQ(book.vote(claim(1, kA)), kB);
    book.expire(kNow + hours(1));
    EXPECT_EQ(book.size(), row.goes ? 0u : 1u);
  }
}

TEST(VoteBook, AFullBookVotesForNobodyNew) {
  VoteBook book({.votes_max = 2, .kept = hours(1)});
  EXPECT_TRUE(book.vote(claim(1, kA)));
  EXPECT_TRUE(book.vote(claim(2, kA)));
  EXPECT_FALSE(book.vote(claim(3, kA)));
  EXPECT_EQ(book.vote(claim(2, kB)), kA);
}

TEST(VoteBook, AStrangerClosesNothing) {
  VoteBook book({.votes_max = 2, .kept = hours(1)});
  book.vote(claim(1, kA));
  book.on_closed(claim(1, kA).parties.id, 77, kNow);
  book.on_closed(claim(1, kA).parties.id, kB, kNow);
  EXPECT_EQ(book.wake_at(), TimePoint::max());
}

}  // namespace
}  // namespace understudy
