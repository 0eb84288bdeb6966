// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/witnessing.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace understudy {
namespace {

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr MemberId kW = 3;
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

ClaimPayload claim(MemberId claimant, ClaimGrounds grounds, uint32_t number = 1) {
  return {.parties = {uint64_t{kA} << 32 | number, kA, kB, kW},
          .claimant = claimant,
          .grounds = grounds};
}

class WitnessingTest : public testing::Test, public Links {
 protected:
  Fate fate(MemberId member) const override {
    const auto found = fates_.find(member);
    return found == fates_.end() ? Fate::kUsable : found->second;
  }
  void probe(MemberId member) override { probed_.push_back(member); }
  void send(MemberId to, Frame frame) override {
    ASSERT_EQ(frame.type, FrameType::kVote);
    votes_.emplace_back(to, *decode_member(frame.payload));
  }
  const MemberView& view() const override { return view_; }
  void wake_by(TimePoint) override {}
  using Votes = std::vector<std::pair<MemberId, MemberId>>;

  ReplicationOptions options_;
  MemberView view_;
  std::map<MemberId, Fate> fates_;
  std::vector<MemberId> probed_;
  Votes votes_;
};

TEST_F(WitnessingTest, VotesOnGroundsThatItNeedNotProve) {
  struct {
    const char* name;
    MemberId claimant;
    ClaimGrounds grounds;
    Fate primary;
    bool votes;
  } table[] = {{"the primary", kA, ClaimGrounds::kPrimary, Fate::kUsable, true},
               {"grace is over", kB, ClaimGrounds::kGraceOver, Fate::kUsable, true},
               {"the primary hands over", kB, ClaimGrounds::kGranted, Fate::kUsable, true},
               {"a proof that it has too", kB, ClaimGrounds::kProof, Fate::kProven, true},
               {"a port that refuses it too", kB, ClaimGrounds::kProof, Fate::kRefused, true},
               {"a proof that it has not", kB, ClaimGrounds::kProof, Fate::kUsable, false},
               {"a death that is believed", kB, ClaimGrounds::kProof, Fate::kDead, false},
               {"a secondary without any", kB, ClaimGrounds::kPrimary, Fate::kProven, false},
               {"a primary with others", kA, ClaimGrounds::kGraceOver, Fate::kUsable, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    votes_.clear();
    fates_[kA] = row.primary;
    Witnessing witnessing(options_, *this);
    witnessing.on_claim(claim(row.claimant, row.grounds), kNow);
    EXPECT_EQ(votes_, row.votes ? Votes({{row.claimant, row.claimant}}) : Votes());
  }
}

// Row 6: one refused connection is not believed.
TEST_F(WitnessingTest, LooksForItselfBeforeItBelievesThatAPrimaryIsDead) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  EXPECT_EQ(probed_, std::vector<MemberId>{kA});
  witnessing.on_fates(kNow);
  EXPECT_TRUE(votes_.empty());
  fates_[kA] = Fate::kProven;
  witnessing.on_fates(kNow);
  EXPECT_EQ(votes_, Votes({{kB, kB}}));
  EXPECT_EQ(witnessing.held(), 0u);
}

TEST_F(WitnessingTest, APrimaryThatAnswersIsNotVotedAgainst) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  witnessing.on_alive(kA);
  fates_[kA] = Fate::kProven;
  witnessing.on_fates(kNow);
  EXPECT_TRUE(votes_.empty());
  witnessing.on_claim(claim(kA, ClaimGrounds::kPrimary), kNow);
  EXPECT_EQ(votes_, Votes({{kA, kA}}));
}

TEST_F(WitnessingTest, WhileItHoldsAClaimItIsFreeToVote) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  witnessing.on_claim(claim(kA, ClaimGrounds::kPrimary), kNow);
  fates_[kA] = Fate::kProven;
  witnessing.on_fates(kNow);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  EXPECT_EQ(votes_, Votes({{kA, kA}, {kB, kA}})) << "the first vote stands";
}

TEST_F(WitnessingTest, AVoteThatWasGivenIsToldWithoutAProof) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kGranted), kNow);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  EXPECT_EQ(votes_, Votes({{kB, kB}, {kB, kB}}));
  EXPECT_TRUE(probed_.empty());
}

TEST_F(WitnessingTest, OneProbeForAllChannelsOfAPrimary) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof, 1), kNow);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof, 1), kNow);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof, 2), kNow);
  EXPECT_EQ(probed_.size(), 1u);
  fates_[kA] = Fate::kProven;
  witnessing.on_fates(kNow);
  EXPECT_EQ(votes_.size(), 2u);
}

TEST_F(WitnessingTest, AClaimIsHeldForASecondThenItIsProbedForAgain) {
  Witnessing witnessing(options_, *this);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow);
  EXPECT_EQ(witnessing.wake_at(), kNow + options_.claim_held);
  witnessing.expire(kNow + options_.claim_held - Duration(1));
  EXPECT_EQ(witnessing.held(), 1u);
  witnessing.expire(kNow + options_.claim_held);
  EXPECT_EQ(witnessing.held(), 0u);
  witnessing.on_claim(claim(kB, ClaimGrounds::kProof), kNow + options_.claim_held);
  EXPECT_EQ(probed_.size(), 2u);
}

TEST_F(WitnessingTest, HoldsNoMoreClaimsThanItsLimit) {
  options_.claims_held_max = 2;
  Witnessing witnessing(options_, *this);
  for (uint32_t number = 1; number <= 3; ++number) {
    witnessing.on_claim(claim(kB, ClaimGrounds::kProof, number), kNow);
  }
  EXPECT_EQ(witnessing.held(), 2u);
}

}  // namespace
}  // namespace understudy
