// SPDX-License-Identifier: Apache-2.0
// Who is asked, who starts a group, what the leader's pen writes, what is passed on for others.
#include "backend_sdk/membership/joining.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/quorum.h"
#include "backend_sdk/membership/relay.h"
#include "backend_sdk/membership/view_writer.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

const TimePoint kStart = TimePoint(std::chrono::hours(1));
const Address kA = Address::loopback(1);
const Address kB = Address::loopback(2);
const Address kC = Address::loopback(3);

TimePoint at(int ms) {
  return kStart + milliseconds(ms);
}

Joining joining(const Address& self) {
  return Joining({.self = self,
                  .seeds = {kA, kB, kB, kC},
                  .retry = milliseconds(50),
                  .found_after = milliseconds(200),
                  .silence_patience = milliseconds(1000)},
                 kStart);
}

// A round of requests, in which these refuse and those say that they are fresh.
void ask(Joining& joiner, int ms, const std::vector<Address>& refuse,
         const std::vector<Address>& fresh) {
  ASSERT_FALSE(joiner.due_requests(at(ms)).empty());
  for (const Address& seed : refuse) joiner.on_link_down({kNobody, seed}, LinkDown::kRefused);
  for (const Address& seed : fresh) joiner.on_fresh(seed, at(ms));
}

TEST(Joining, AsksEverySeedOnceInARound) {
  Joining joining_b = joining(kB);
  EXPECT_EQ(joining_b.due_requests(kStart).size(), 2u);
  EXPECT_TRUE(joining_b.due_requests(at(49)).empty());
  EXPECT_EQ(joining_b.due_requests(at(50)).size(), 2u);
}

TEST(Joining, ALeaderThatItIsToldOfIsAskedAtOnceButNotInACircle) {
  Joining joining_b = joining(kB);
  joining_b.due_requests(kStart);
  const Peer leader{9, kC};
  joining_b.on_redirected(leader, at(10));
  EXPECT_EQ(joining_b.due(), at(10));
  EXPECT_EQ(joining_b.due_requests(at(10)).size(), 3u);
  joining_b.on_redirected(leader, at(11));
  EXPECT_TRUE(joining_b.due_requests(at(11)).empty());
}

TEST(Joining, WithoutOtherSeedsItStartsAtOnce) {
  EXPECT_TRUE(Joining({.self = kA,
                       .seeds = {kA},
                       .retry = {},
                       .found_after = milliseconds(200),
                       .silence_patience = milliseconds(1000)},
                      kStart)
                  .should_found(kStart));
}

TEST(Joining, TheLowestOfThoseThatLiveStartsTheGroup) {
  const struct {
    const char* name;
    Address self;
    std::vector<Address> refuse;
    std::vector<Address> fresh;
    bool should_found;
  } cases[] = {
      {"lowest", kA, {}, {kB, kC}, true},       {"middle", kB, {}, {kA, kC}, false},
      {"highest", kC, {}, {kA, kB}, false},     {"lowest is away", kB, {kA}, {kC}, true},
      {"all are away", kC, {kA, kB}, {}, true}, {"one is silent", kA, {kB}, {}, false},
      {"all are silent", kA, {}, {}, false},
  };
  for (const auto& item : cases) {
    SCOPED_TRACE(item.name);
    Joining joiner = joining(item.self);
    ask(joiner, 150, item.refuse, item.fresh);
    EXPECT_FALSE(joiner.should_found(at(199)));
    EXPECT_EQ(joiner.should_found(at(200)), item.should_found);
  }
}

TEST(Joining, ARefusalThatIsOldIsAskedForAnew) {
  Joining joiner = joining(kA);
  ask(joiner, 0, {kB, kC}, {});
  EXPECT_FALSE(joiner.should_found(at(200))) << "by now somebody may listen there";
  ask(joiner, 200, {kB}, {});
  EXPECT_FALSE(joiner.should_found(at(200))) << "of the two, one";
  joiner.on_link_down({kNobody, kC}, LinkDown::kRefused);
  EXPECT_TRUE(joiner.should_found(at(200)));
}

TEST(Joining, AnAnswerIsAsOldAsItsQuestion) {
  Joining joiner = joining(kA);
  ask(joiner, 0, {kC}, {});
  ask(joiner, 150, {kC}, {});
  joiner.on_fresh(kB, at(200));  // answers the first one
  EXPECT_FALSE(joiner.should_found(at(200)));
  joiner.on_fresh(kB, at(201));
  EXPECT_TRUE(joiner.should_found(at(201)));
}

TEST(Joining, ASilentSeedHindersUntilPatienceEnds) {
  for (const LinkDown why : {LinkDown::kReset, LinkDown::kOverflow}) {
    Joining joiner = joining(kA);
    ask(joiner, 0, {kC}, {});
    ask(joiner, 950, {kC}, {});
    joiner.on_link_down({kNobody, kB}, why);
    EXPECT_FALSE(joiner.should_found(at(999)));
    EXPECT_TRUE(joiner.should_found(at(1000)));
  }
}

TEST(Joining, AnAddressOfItsOwnIsNotWaitedFor) {
  Joining joiner = joining(kA);
  ask(joiner, 150, {kC}, {});
  joiner.on_link_down({kNobody, kB}, LinkDown::kOtherLife);
  EXPECT_TRUE(joiner.should_found(at(200)));
  EXPECT_EQ(joiner.due_requests(at(200)).size(), 1u) << "nor asked again";
}

TEST(Joining, NobodyStartsAGroupWhileThereIsOne) {
  Joining joiner = joining(kA);
  joiner.on_redirected({9, kC}, at(150));
  ask(joiner, 340, {kB, kC}, {});
  EXPECT_FALSE(joiner.should_found(at(349)));
  EXPECT_TRUE(joiner.should_found(at(350)));
  joiner.on_refused(at(350));
  EXPECT_FALSE(joiner.should_found(at(360)));
}

TEST(Joining, ALeaderThatItWasToldOfMustBeProvenGoneAsWell) {
  const Address leader = Address::loopback(9);
  Joining joiner = joining(kA);
  joiner.on_redirected({9, leader}, at(150));
  ask(joiner, 400, {kB, kC}, {});
  EXPECT_FALSE(joiner.should_found(at(400)));
  joiner.on_link_down({9, leader}, LinkDown::kRefused);
  EXPECT_FALSE(joiner.should_found(at(400))) << "this life is gone, perhaps there is another";
  joiner.on_link_down({kNobody, leader}, LinkDown::kRefused);
  EXPECT_TRUE(joiner.should_found(at(400)));
}

TEST(Joining, ALowerFreshSeedHindersEvenBeyondPatience) {
  Joining joiner = joining(kB);
  ask(joiner, 950, {kC}, {kA});
  EXPECT_FALSE(joiner.should_found(at(1000)));
  joiner.on_link_down({kNobody, kA}, LinkDown::kReset);
  EXPECT_TRUE(joiner.should_found(at(1000)));
}

// ---- ViewWriter

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

// ---- Relay

TEST(Relay, PassesAPongOnAndNacksWhenItIsLate) {
  SeededRandom random(1);
  Relay relay(random);
  const Peer asker{1, kA};
  const auto nonce = relay.accept({.asker = asker, .nonce = 42, .target = 3}, at(50));
  ASSERT_TRUE(nonce);
  EXPECT_EQ(relay.due(), at(50));
  EXPECT_TRUE(relay.advance(at(49)).empty());
  const auto nacks = relay.advance(at(50));
  ASSERT_EQ(nacks.size(), 1u);
  EXPECT_EQ(nacks[0].nonce, 42u);
  EXPECT_TRUE(relay.advance(at(51)).empty()) << "one nack";
  const auto answer = relay.on_pong(*nonce);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->asker.mid, 1u);
  EXPECT_FALSE(relay.on_pong(*nonce));
}

TEST(Relay, RunsABoundedNumberOfErrandsAndForgetsThem) {
  SeededRandom random(1);
  Relay relay(random);
  for (size_t i = 0; i < Relay::kErrandsMax; ++i) EXPECT_TRUE(relay.accept({}, at(1)));
  EXPECT_FALSE(relay.accept({}, at(1)));
  relay.advance(at(1));
  relay.advance(at(2000));
  EXPECT_TRUE(relay.accept({}, at(2000)));
}

}  // namespace
}  // namespace understudy
