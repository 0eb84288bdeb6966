// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/membership/fates.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));
constexpr MemberId kSelf = 1, kOther = 2, kThird = 3;

TimePoint at(int s) {
  return kStart + seconds(s);
}

class FatesTest : public testing::Test {
 protected:
  FatesTest() {
    for (const MemberId mid : {kSelf, kOther, kThird}) {
      Member member;
      member.mid = mid;
      view.members.push_back(member);
    }
    fates.on_view(view);
  }
  MemberView view;
  Fates fates{kSelf, seconds(1), kStart};
};

TEST_F(FatesTest, TheViewsWordHoldsWithoutAProof) {
  EXPECT_EQ(fates.fate(kOther), Fate::kUsable);
  EXPECT_EQ(fates.fate(77), Fate::kDead) << "nobody has heard of it";
  view.members[1].liveness = Liveness::kDead;
  view.members[2].liveness = Liveness::kLeft;
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kOther), Fate::kDead);
  EXPECT_EQ(fates.fate(kThird), Fate::kProven);
  view.members[1].is_proven = true;
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kOther), Fate::kProven);
}

// Where this process listens no other one does.
TEST_F(FatesTest, AnEarlierLifeAtItsOwnAddressIsProvenDead) {
  view.members[0].cluster_address = view.members[1].cluster_address = Address::loopback(7100);
  view.members[2].cluster_address = Address::loopback(7101);
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kOther), Fate::kProven);
  EXPECT_EQ(fates.fate(kThird), Fate::kUsable);
}

TEST_F(FatesTest, ASignOfLifeWithdrawsARefusal) {
  EXPECT_TRUE(fates.on_refused(kOther, at(1)));
  EXPECT_EQ(fates.fate(kOther), Fate::kRefused);
  EXPECT_EQ(fates.last_proof(), at(1));
  EXPECT_TRUE(fates.on_life(kOther, at(2)));
  EXPECT_EQ(fates.fate(kOther), Fate::kUsable);
  EXPECT_FALSE(fates.on_life(kOther, at(2))) << "nothing is left to withdraw";
}

TEST_F(FatesTest, AnotherLifeAndALeaveAreFinal) {
  fates.on_refused(kOther, at(1));
  fates.on_gone(kOther, at(2));
  EXPECT_FALSE(fates.on_life(kOther, at(3)));
  EXPECT_EQ(fates.fate(kOther), Fate::kProven);
  EXPECT_EQ(fates.last_proof(), at(1)) << "it was dead already";
}

TEST_F(FatesTest, APortThatRefusesAndSpeaksIsBelievedAfterASilence) {
  for (int i = 0; i < Fates::kWithdrawalsMax; ++i) {
    EXPECT_TRUE(fates.on_refused(kOther, at(1)));
    EXPECT_TRUE(fates.on_life(kOther, at(1)));
  }
  EXPECT_FALSE(fates.on_refused(kOther, at(3)));
  EXPECT_EQ(fates.fate(kOther), Fate::kUsable);
  EXPECT_TRUE(fates.on_refused(kOther, at(4)));
  EXPECT_EQ(fates.fate(kOther), Fate::kRefused);
}

// P20: where no other member can be asked, a beat that is missing between two refusals says enough.
TEST_F(FatesTest, ASecondRefusalCountsABeatAndItsAllowanceAfterTheFirst) {
  EXPECT_EQ(fates.second_refusal_at(kOther), TimePoint::max());
  fates.on_refused(kOther, at(1));
  const TimePoint second = at(1) + milliseconds(1250);
  EXPECT_EQ(fates.second_refusal_at(kOther), second);
  fates.on_refused(kOther, second - milliseconds(1));
  EXPECT_FALSE(fates.is_refused_again(kOther));
  fates.on_refused(kOther, second);
  EXPECT_TRUE(fates.is_refused_again(kOther));
  fates.on_life(kOther, at(3));
  EXPECT_FALSE(fates.is_refused_again(kOther));
  fates.on_refused(kOther, at(4));
  EXPECT_FALSE(fates.is_refused_again(kOther)) << "the first one of a new silence";
}

TEST_F(FatesTest, ARefusalProvesADeathWhenTheViewSaysSoToo) {
  EXPECT_TRUE(fates.on_refused(kOther, at(1)));
  view.members[1].liveness = Liveness::kDead;
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kOther), Fate::kDeadAndRefused) << "dead by silence, for the leader";
  view.members[1].is_proven = true;
  fates.on_view(view);
  EXPECT_EQ(fates.fate(kOther), Fate::kProven);
}

TEST_F(FatesTest, NobodyIsProvenDeadToItself) {
  EXPECT_FALSE(fates.on_refused(kSelf, at(1)));
  fates.on_gone(kSelf, at(1));
  EXPECT_EQ(fates.fate(kSelf), Fate::kUsable);
}

TEST_F(FatesTest, AnAccusationIsForgottenAtASignOfLife) {
  fates.on_accused(kOther, kThird);
  EXPECT_TRUE(fates.has_accuser(kOther));
  EXPECT_EQ(fates.fate(kOther), Fate::kUsable) << "it is another member's word";
  fates.on_life(kOther, at(1));
  EXPECT_FALSE(fates.has_accuser(kOther));
  fates.on_accused(kOther, kOther);
  EXPECT_FALSE(fates.has_accuser(kOther));
}

TEST_F(FatesTest, RemembersABoundedNumberOfProofs) {
  for (MemberId mid = 10; mid < 10 + Fates::kProofsMax; ++mid) fates.on_gone(mid, at(1));
  EXPECT_EQ(fates.proof(10), Fates::Proof::kFinal);
  fates.on_gone(9, at(1));
  EXPECT_EQ(fates.proof(10), Fates::Proof::kNone) << "the oldest goes first";
  EXPECT_EQ(fates.proof(11), Fates::Proof::kFinal);
}

}  // namespace
}  // namespace understudy
