// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/lookups.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using Kind = Lookups::Verdict::Kind;

constexpr MemberId kSelf = 1;
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));
constexpr TimePoint kDeadline = kNow + milliseconds(500);

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

class LookupsTest : public testing::Test, public Lookups::Members {
 protected:
  Fate fate_of(MemberId member) const override {
    return dead_ == member ? dead_fate_ : Fate::kUsable;
  }
  MemberId self() const override { return kSelf; }

  void ask() { lookups_.start(5, sid_of(1), 77, {2, 3, 4}, kDeadline); }
  void answer(MemberId from, FoundRole role, MemberId owner = kNobody, Position position = {}) {
    lookups_.on_found(from, {5, sid_of(1), role, owner, position});
  }
  std::optional<Lookups::Verdict> verdict(TimePoint at = kNow) {
    const auto finished = lookups_.take_finished(at);
    if (finished.empty()) return std::nullopt;
    EXPECT_EQ(finished[0].waiting, std::vector<PendingId>{77});
    return finished[0].verdict;
  }

  MemberId dead_ = kNobody;
  Fate dead_fate_ = Fate::kDead;
  Lookups lookups_{*this};
};

TEST_F(LookupsTest, TheOwnerNeedNotBeWaitedFor) {
  ask();
  answer(2, FoundRole::kNone);
  EXPECT_FALSE(verdict());
  answer(3, FoundRole::kOwner, 3, {1, 1});
  const auto decided = verdict();
  ASSERT_TRUE(decided);
  EXPECT_EQ(decided->route, 3u);
}

TEST_F(LookupsTest, NowhereOnlyWhenEverybodyHasSaidSo) {
  ask();
  answer(2, FoundRole::kNone);
  answer(3, FoundRole::kNone);
  EXPECT_FALSE(verdict());
  answer(4, FoundRole::kNone);
  EXPECT_EQ(verdict()->kind, Kind::kNowhere);
}

TEST_F(LookupsTest, SilenceIsNotAnAnswer) {
  ask();
  answer(2, FoundRole::kNone);
  answer(3, FoundRole::kNone);
  EXPECT_EQ(verdict(kDeadline)->kind, Kind::kUnknown);
}

TEST_F(LookupsTest, WhoeverDiesMeanwhileIsNotWaitedFor) {
  ask();
  answer(2, FoundRole::kNone);
  answer(3, FoundRole::kNone);
  dead_ = 4;
  EXPECT_EQ(verdict()->kind, Kind::kNowhere);
}

TEST_F(LookupsTest, ACopyCountsUnlessItsPrimaryKnowsNothing) {
  for (const bool primary_answers : {false, true}) {
    SCOPED_TRACE(primary_answers);
    ask();
    answer(2, FoundRole::kCopy, 4, {1, 1});
    answer(3, FoundRole::kNone);
    if (primary_answers) answer(4, FoundRole::kNone);
    const auto decided = verdict(kDeadline);
    ASSERT_TRUE(decided);
    EXPECT_EQ(decided->kind, primary_answers ? Kind::kNowhere : Kind::kRoute);
  }
}

TEST_F(LookupsTest, TheNewestCopyWins) {
  ask();
  answer(2, FoundRole::kCopy, 9, {1, 7});
  answer(3, FoundRole::kCopy, 8, {2, 1});
  answer(4, FoundRole::kPointer, 3);
  EXPECT_EQ(verdict()->route, 3u);
}

TEST_F(LookupsTest, APointerIsFollowedUnlessItsOwnerKnowsNothing) {
  ask();
  answer(2, FoundRole::kPointer, 9);
  answer(3, FoundRole::kPointer, 4);
  answer(4, FoundRole::kNone);
  EXPECT_EQ(verdict()->route, 9u);
}

TEST_F(LookupsTest, AnEndedSessionIsNotLost) {
  ask();
  answer(2, FoundRole::kNone);
  answer(3, FoundRole::kEnded);
  answer(4, FoundRole::kNone);
  EXPECT_EQ(verdict()->kind, Kind::kEnded);
}

TEST_F(LookupsTest, AnAnswerToAnotherQuestionIsIgnored) {
  ask();
  lookups_.on_found(3, {6, sid_of(1), FoundRole::kOwner, 3, {}});
  lookups_.on_found(9, {5, sid_of(1), FoundRole::kOwner, 9, {}});
  EXPECT_FALSE(verdict());
}

TEST_F(LookupsTest, RequestsForOneIdShareAQuestion) {
  ask();
  EXPECT_TRUE(lookups_.join(sid_of(1), 78));
  EXPECT_FALSE(lookups_.join(sid_of(2), 79));
  answer(3, FoundRole::kOwner, 3);
  EXPECT_EQ(lookups_.take_finished(kNow).at(0).waiting, (std::vector<PendingId>{77, 78}));
}

// Asked by whoever has the passed-over copy (2, 5) of the dead member 9.
TEST_F(LookupsTest, AClaimNeedsEverybodysAnswerOrAProof) {
  struct {
    const char* name;
    std::optional<FoundRole> third;
    Position position;
    Fate fate;
    Kind kind;
    bool is_certain;
  } table[] = {{"nothing", FoundRole::kNone, {}, Fate::kUsable, Kind::kNowhere, true},
               {"silent", {}, {}, Fate::kUsable, Kind::kUnknown, false},
               {"believed dead", {}, {}, Fate::kDead, Kind::kUnknown, false},
               {"proven dead", {}, {}, Fate::kProven, Kind::kNowhere, true},
               {"ended", FoundRole::kEnded, {}, Fate::kUsable, Kind::kEnded, true},
               {"a copy", FoundRole::kCopy, {3, 1}, Fate::kUsable, Kind::kRoute, true},
               {"older", FoundRole::kPassedOver, {1, 9}, Fate::kUsable, Kind::kNowhere, true},
               {"newer", FoundRole::kPassedOver, {2, 6}, Fate::kUsable, Kind::kRoute, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    dead_ = row.fate == Fate::kUsable ? kNobody : 4;
    dead_fate_ = row.fate;
    lookups_.start(5, sid_of(1), 0, {2, 4}, kDeadline, {.instead_of = 9, .position = {2, 5}});
    answer(2, FoundRole::kNone);
    if (row.third) answer(4, *row.third, 9, row.position);
    const auto finished = lookups_.take_finished(kDeadline);
    ASSERT_EQ(finished.size(), 1u);
    EXPECT_TRUE(finished[0].waiting.empty());
    EXPECT_EQ(finished[0].instead_of, 9u);
    EXPECT_EQ(finished[0].verdict.kind, row.kind);
    EXPECT_EQ(finished[0].is_certain, row.is_certain);
  }
}

TEST_F(LookupsTest, APassedOverCopyIsWorthAskingBeforeAnythingIsReportedLost) {
  ask();
  answer(2, FoundRole::kNone);
  answer(3, FoundRole::kPassedOver, 9, {1, 1});
  answer(4, FoundRole::kNone);
  EXPECT_EQ(verdict()->route, 3u);
}

TEST_F(LookupsTest, WithNobodyToAskItIsDecidedAtOnce) {
  lookups_.start(5, sid_of(1), 77, {}, kDeadline);
  EXPECT_EQ(verdict()->kind, Kind::kNowhere);
}

}  // namespace
}  // namespace understudy
