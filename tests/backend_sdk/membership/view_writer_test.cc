// SPDX-License-Identifier: Apache-2.0
// What the leader's pen writes.
#include "backend_sdk/membership/view_writer.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/quorum.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));
const Address kC = Address::loopback(3);

TimePoint at(int ms) {
  return kStart + milliseconds(ms);
}

Member member(MemberId mid) {
  Member member;
  member.mid = mid;
  member.name = "m" + std::to_string(mid);
  member.cluster_address = Address::loopback(static_cast<uint16_t>(mid));
  return member;
}

class ViewWriterTest : public testing::Test {
 protected:
  ViewWriter writer{
      ViewWriter::founded(member(1), 1),
      1,
      {.members_max = 3, .tombstones_max = 2, .tombstone_age = std::chrono::minutes(10)},
      kStart};
  // A quorum has reported the last version.
  void confirm_all() {
    writer.publish(kStart, true);
    writer.confirm([](uint64_t) { return true; }, [](MemberId, uint64_t) { return true; });
    writer.publish(kStart, true);
  }
  void settle() {
    confirm_all();
    writer.tend(at(1), {}, true);
    confirm_all();
  }
  bool admits(const Member& joiner) {
    const auto admission = writer.admit(joiner, kStart);
    return std::holds_alternative<ViewWriter::Admission>(admission);
  }
};

TEST_F(ViewWriterTest, NumbersMembersAtAdmission) {
  EXPECT_TRUE(admits(member(9)));
  EXPECT_TRUE(admits(member(5)));
  const auto view = writer.publish(kStart, false);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->find(9)->join_seq, 2u);
  EXPECT_EQ(view->find(5)->join_seq, 3u);
  EXPECT_EQ(view->leader()->mid, 1u);
}

TEST_F(ViewWriterTest, RefusesTakenNamesTakenIdsAndOneTooMany) {
  EXPECT_TRUE(admits(member(2)));
  Member namesake = member(3);
  namesake.name = "m2";
  EXPECT_FALSE(admits(namesake));
  Member same_mid = member(2);
  same_mid.cluster_address = kC;
  EXPECT_FALSE(admits(same_mid));
  EXPECT_TRUE(admits(member(2))) << "the same one asks again";
  EXPECT_TRUE(admits(member(3)));
  EXPECT_FALSE(admits(member(4)));
  writer.mark(2, Liveness::kDead, Evidence::kSilence, kStart);
  EXPECT_TRUE(admits(namesake =
                         [] {
                           Member again = member(4);
                           again.name = "m2";
                           return again;
                         }()))
      << "a dead one's name is free";
}

TEST_F(ViewWriterTest, KeepsABoundedNumberOfTombstonesForABoundedTime) {
  admits(member(2));
  admits(member(3));
  writer.mark(2, Liveness::kDead, Evidence::kProof, at(1));
  writer.mark(3, Liveness::kLeft, Evidence::kProof, at(2));
  writer.tend(at(3), milliseconds(1), true);
  EXPECT_EQ(writer.draft().members.size(), 3u);
  admits(member(4));
  writer.mark(4, Liveness::kDead, Evidence::kSilence, at(4));
  writer.tend(at(5), milliseconds(1), true);
  EXPECT_EQ(writer.draft().find(2), nullptr) << "the oldest goes first";
  EXPECT_NE(writer.draft().find(3), nullptr);
  writer.tend(at(4) + std::chrono::minutes(10), milliseconds(1), true);
  EXPECT_EQ(writer.draft().members.size(), 1u);
}

TEST_F(ViewWriterTest, ATombstoneMayGainItsProofAndNothingElse) {
  admits(member(2));
  writer.mark(2, Liveness::kDead, Evidence::kSilence, kStart);
  writer.publish(kStart, true);
  writer.mark(2, Liveness::kLeft, Evidence::kSilence, kStart);
  EXPECT_FALSE(writer.is_changed());
  writer.mark(2, Liveness::kDead, Evidence::kProof, kStart);
  EXPECT_TRUE(writer.is_changed());
  EXPECT_TRUE(writer.draft().find(2)->is_proven);
}

TEST_F(ViewWriterTest, PublishesAtMostTenChangesInASecond) {
  int published = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    writer.touch();
    published += writer.publish(at(ms), false).has_value();
  }
  EXPECT_EQ(published, 19) << "a burst of ten, then one in 100 ms";
  writer.touch();
  EXPECT_TRUE(writer.publish(at(1000), true)) << "urgent ones do not wait";
}

TEST_F(ViewWriterTest, AQuietViewBecomesTheMeasureOfQuorums) {
  admits(member(2));
  writer.publish(kStart, false);
  EXPECT_FALSE(writer.draft().find(2)->is_counted);
  writer.tend(at(99), milliseconds(100), true);
  writer.tend(at(100), milliseconds(100), false);
  EXPECT_FALSE(writer.draft().find(2)->is_counted);
  confirm_all();
  writer.tend(at(200), milliseconds(100), true);
  EXPECT_TRUE(writer.draft().find(2)->is_next);
  EXPECT_FALSE(writer.draft().find(2)->is_counted) << "a quorum does not know yet";
  confirm_all();
  EXPECT_TRUE(writer.draft().find(2)->is_counted);
}

TEST_F(ViewWriterTest, AProvenDeathTakesItsVoteAlongAndALateProofDoesNot) {
  admits(member(2));
  admits(member(3));
  settle();
  ASSERT_TRUE(writer.draft().find(3)->is_counted);
  writer.mark(2, Liveness::kDead, Evidence::kProof, at(2));
  EXPECT_FALSE(writer.draft().find(2)->is_counted);
  writer.mark(3, Liveness::kDead, Evidence::kSilence, at(2));
  writer.mark(3, Liveness::kDead, Evidence::kProof, at(3));
  EXPECT_TRUE(writer.draft().find(3)->is_proven);
  EXPECT_TRUE(writer.draft().find(3)->is_counted);
}

TEST_F(ViewWriterTest, WhoFallsSilentSoonAfterItJoinedHasAVoteOnTheOtherSide) {
  admits(member(2));
  settle();
  admits(member(3));
  ASSERT_FALSE(writer.draft().find(3)->is_counted);
  writer.mark(2, Liveness::kDead, Evidence::kSilence, at(2));
  EXPECT_TRUE(is_quorate(writer.draft())) << "half, with the oldest";
  writer.mark(3, Liveness::kDead, Evidence::kSilence, at(2));
  EXPECT_FALSE(is_quorate(writer.draft())) << "one of three";
}

}  // namespace
}  // namespace understudy
