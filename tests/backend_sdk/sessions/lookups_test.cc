// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/lookups.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using Kind = Lookups::Result::Kind;

constexpr MemberId kSelf = 1;
constexpr uint32_t kGroup = 3;
constexpr uint64_t kVersion = 40;
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
  bool is_quorum(const std::set<MemberId>& members) const override {
    return members.size() >= quorum_;
  }
  Search::Finding found_groups() const override { return groups_; }

  static Lookups::Question question(std::vector<MemberId> asked) {
    return {.nonce = 5,
            .sid = sid_of(1),
            .waiting = 77,
            .asked = std::move(asked),
            .view = {.group = kGroup, .version = kVersion},
            .deadline = kDeadline};
  }
  void ask() { lookups_.start(question({2, 3, 4})); }
  void answer(MemberId from, FoundRole role, MemberId owner = kNobody, Position position = {}) {
    lookups_.on_found(from, {5, sid_of(1), role, owner, position, kGroup, kVersion});
  }
  std::optional<Lookups::Result> verdict(TimePoint at = kNow) {
    const auto finished = lookups_.take_finished(at);
    if (finished.empty()) return std::nullopt;
    EXPECT_EQ(finished[0].waiting, std::vector<WaitingId>{77});
    return finished[0].result;
  }

  size_t quorum_ = 0;
  Search::Finding groups_ = Search::Finding::kNoOther;
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

// One of them was overtaken and does not know it yet.
TEST_F(LookupsTest, OfTwoOwnersTheNewerOneIsBelieved) {
  ask();
  answer(2, FoundRole::kOwner, 2, {1, 9});
  answer(3, FoundRole::kOwner, 3, {2, 1});
  EXPECT_EQ(verdict()->route, 3u);
}

TEST_F(LookupsTest, NowhereOnlyWhenAllHaveSaidSo) {
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

TEST_F(LookupsTest, AMemberThatDiesMeanwhileIsNotWaitedFor) {
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
  EXPECT_TRUE(lookups_.join(sid_of(1), 78, false));
  EXPECT_FALSE(lookups_.join(sid_of(2), 79, false));
  answer(3, FoundRole::kOwner, 3);
  EXPECT_EQ(lookups_.take_finished(kNow).at(0).waiting, (std::vector<WaitingId>{77, 78}));
}

// Asked by the holder of the passed-over copy (2, 5) of the dead member 9.
TEST_F(LookupsTest, AClaimNeedsTheAnswerOfEachMemberOrAProof) {
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
    Lookups::Question claim = question({2, 4});
    claim.waiting = 0;
    claim.claim = {.instead_of = 9, .position = {2, 5}};
    lookups_.start(claim);
    answer(2, FoundRole::kNone);
    if (row.third) answer(4, *row.third, 9, row.position);
    const auto finished = lookups_.take_finished(kDeadline);
    ASSERT_EQ(finished.size(), 1u);
    EXPECT_TRUE(finished[0].waiting.empty());
    EXPECT_EQ(finished[0].instead_of, 9u);
    EXPECT_EQ(finished[0].result.kind, row.kind);
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

TEST_F(LookupsTest, WithNoMemberToAskItIsDecidedAtOnce) {
  lookups_.start(question({}));
  EXPECT_EQ(verdict()->kind, Kind::kNowhere);
}

// Issue row 2: a member that slept knows a view in which the session's new holder does not stand.
TEST_F(LookupsTest, AMinorityConcludesNothing) {
  quorum_ = 2;
  for (const bool claims : {false, true}) {
    SCOPED_TRACE(claims);
    Lookups::Question asked = question({2});
    if (claims) asked.claim = {.instead_of = 9, .position = {2, 5}};
    lookups_.start(asked);
    answer(2, FoundRole::kNone);
    EXPECT_TRUE(lookups_.take_finished(kNow).empty());
    const auto finished = lookups_.take_finished(kDeadline);
    ASSERT_EQ(finished.size(), 1u);
    EXPECT_EQ(finished[0].result.kind, Kind::kUnknown);
    EXPECT_FALSE(finished[0].is_certain);
  }
}

TEST_F(LookupsTest, AllOfNoMemberAreNotCertain) {
  quorum_ = 1;
  Lookups::Question alone = question({});
  alone.claim = {.instead_of = 9, .position = {2, 5}};
  lookups_.start(alone);
  const auto finished = lookups_.take_finished(kDeadline);
  ASSERT_EQ(finished.size(), 1u);
  EXPECT_FALSE(finished[0].is_certain);
}

TEST_F(LookupsTest, AnAnswerFromANewerViewMakesTheQuestionStale) {
  struct {
    uint32_t group;
    uint64_t version;
    FoundRole role;
    Kind kind;
  } table[] = {{kGroup, kVersion - 1, FoundRole::kNone, Kind::kNowhere},
               {kGroup, kVersion + 1, FoundRole::kNone, Kind::kStale},
               {kGroup + 1, kVersion - 1, FoundRole::kNone, Kind::kStale},
               {kGroup + 1, kVersion, FoundRole::kOwner, Kind::kRoute},
               {kGroup, kVersion + 1, FoundRole::kEnded, Kind::kEnded}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.version);
    Lookups::Question asked = question({2, 3});
    asked.claim = {.instead_of = 9, .position = {2, 5}};
    lookups_.start(asked);
    answer(2, FoundRole::kNone);
    lookups_.on_found(3, {5, sid_of(1), row.role, 3, {9, 1}, row.group, row.version});
    const auto finished = lookups_.take_finished(kNow);
    ASSERT_EQ(finished.size(), 1u);
    EXPECT_EQ(finished[0].result.kind, row.kind);
    EXPECT_EQ(finished[0].is_certain, row.kind == Kind::kNowhere);
    EXPECT_EQ(finished[0].result.route == 3u, row.kind == Kind::kStale || row.kind == Kind::kRoute);
  }
}

// Its primary is none that the view knows: it may be another group's, which this one has not met.
TEST_F(LookupsTest, NowhereWaitsUntilNoOtherGroupMayHaveIt) {
  using Finding = Search::Finding;
  struct {
    bool is_of_stranger;
    Finding groups;
    TimePoint at;
    std::optional<Kind> verdict;
  } table[] = {{false, Finding::kOther, kNow, Kind::kNowhere},
               {true, Finding::kNoOther, kNow, Kind::kNowhere},
               {true, Finding::kUnderWay, kNow, std::nullopt},
               {true, Finding::kUnderWay, kDeadline, Kind::kUnknown},
               {true, Finding::kOther, kNow, Kind::kUnknown}};
  for (const auto& row : table) {
    SCOPED_TRACE(static_cast<int>(&row - table));
    lookups_.clear();
    groups_ = row.groups;
    Lookups::Question asked = question({2, 3});
    asked.is_of_stranger = row.is_of_stranger;
    lookups_.start(asked);
    answer(2, FoundRole::kNone);
    answer(3, FoundRole::kNone);
    const auto result = verdict(row.at);
    ASSERT_EQ(result.has_value(), row.verdict.has_value());
    if (result) {
      EXPECT_EQ(result->kind, *row.verdict);
    }
  }
}

}  // namespace
}  // namespace understudy
