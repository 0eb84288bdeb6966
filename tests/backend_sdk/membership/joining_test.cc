// SPDX-License-Identifier: Apache-2.0
// Who is asked, who starts a group, what is passed on for others.
#include "backend_sdk/membership/joining.h"

#include <gtest/gtest.h>

#include "backend_sdk/membership/relay.h"

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

Joining joining_that_founds_alone(const Address& self) {
  return Joining({.self = self,
                  .seeds = {kA, kB},
                  .retry = milliseconds(50),
                  .found_after = milliseconds(200),
                  .silence_patience = milliseconds(1000),
                  .found_alone = true},
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
    EXPECT_EQ(joiner.should_found(at(199)), item.should_found && !item.fresh.empty());
    EXPECT_EQ(joiner.should_found(at(200)), item.should_found);
  }
}

TEST(Joining, WithAnotherFreshOneItTakesHalfTheTime) {
  Joining joiner = joining(kA);
  ask(joiner, 50, {kC}, {kB});
  EXPECT_FALSE(joiner.should_found(at(99)));
  EXPECT_TRUE(joiner.should_found(at(100)));
}

TEST(Joining, AProcessThatIsNoneOfOursHindersForAsLongAsItAnswers) {
  for (const LinkDown why :
       {LinkDown::kOtherKey, LinkDown::kOtherCluster, LinkDown::kOtherProtocol}) {
    Joining joiner = joining(kA);
    ask(joiner, 150, {kC}, {});
    joiner.on_link_down({kNobody, kB}, why);
    EXPECT_TRUE(joiner.foreign(at(199)).empty()) << "the others may answer yet";
    EXPECT_FALSE(joiner.should_found(at(200)));
    ASSERT_EQ(joiner.foreign(at(200)).size(), 1u);
    EXPECT_EQ(joiner.foreign(at(200))[0].address, kB);
    EXPECT_EQ(joiner.foreign(at(200))[0].why, why);

    ask(joiner, 5000, {kC}, {});
    EXPECT_FALSE(joiner.should_found(at(5000))) << "no patience ends that";
    joiner.on_link_down({kNobody, kB}, LinkDown::kRefused);
    EXPECT_TRUE(joiner.foreign(at(5000)).empty());
    EXPECT_TRUE(joiner.should_found(at(5000))) << "it is gone";
  }
}

TEST(Joining, AForeignProcessThatFallsSilentHindersAsSilenceDoes) {
  Joining joiner = joining(kA);
  ask(joiner, 500, {kC}, {});
  joiner.on_link_down({kNobody, kB}, LinkDown::kOtherKey);
  ask(joiner, 950, {kC}, {});
  joiner.on_link_down({kNobody, kB}, LinkDown::kReset);
  EXPECT_FALSE(joiner.should_found(at(999)));
  EXPECT_TRUE(joiner.should_found(at(1000)));
}

TEST(Joining, WhereAMemberAnswersAForeignProcessHindersNoMore) {
  Joining joiner = joining(kA);
  ask(joiner, 150, {}, {kC});
  joiner.on_link_down({kNobody, kB}, LinkDown::kOtherProtocol);
  EXPECT_TRUE(joiner.foreign(at(200)).empty());
  EXPECT_TRUE(joiner.should_found(at(200)));
}

TEST(Joining, FoundAloneLetsForeignProcessesHinderNothing) {
  Joining joiner = joining_that_founds_alone(kA);
  ask(joiner, 150, {}, {});
  EXPECT_FALSE(joiner.should_found(at(200))) << "b is silent";
  joiner.on_link_down({kNobody, kB}, LinkDown::kOtherKey);
  EXPECT_FALSE(joiner.should_found(at(199)));
  EXPECT_TRUE(joiner.should_found(at(200)));
  joiner.on_refused(at(200));
  EXPECT_TRUE(joiner.is_refused(at(399)));
  EXPECT_FALSE(joiner.should_found(at(399))) << "there is a group";
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
