// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replica_store.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace understudy {
namespace {

using std::chrono::seconds;

constexpr ChannelId kOld = uint64_t{5} << 32 | 1;
constexpr ChannelId kNew = uint64_t{6} << 32 | 2;
constexpr TimePoint kNow = TimePoint(std::chrono::hours(1));

SessionId sid_of(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

FullPayload full(Position position, size_t bytes = 10) {
  FullPayload payload;
  payload.sid = sid_of(1);
  payload.image.position = position;
  payload.image.ttl = seconds(100);
  payload.image.attributes = std::make_shared<const Attributes>(
      Attributes{{"a", std::make_shared<const std::string>(bytes, 'x')}});
  return payload;
}

ReplPayload repl(uint32_t epoch, uint64_t base, RequestId request = 0) {
  ReplPayload payload;
  payload.sid = sid_of(1);
  payload.delta.position = {epoch, base + 1};
  payload.delta.base = base;
  payload.delta.request_id = request;
  payload.delta.ttl = seconds(100);
  return payload;
}

class ReplicaStoreTest : public testing::Test {
 protected:
  ReplicaStore store_{{.bytes_max = 10'000}};
};

TEST_F(ReplicaStoreTest, AnOldIdMakesRoomForTheNewOneOrIsPassedOver) {
  for (const size_t bytes : {6'000u, 12'000u}) {
    ReplicaStore store({.bytes_max = 10'000});
    ASSERT_FALSE(store.apply_full(kOld, full({2, 5}, 6'000), kNow));
    FullPayload renamed = full({2, 6}, bytes);
    renamed.sid = sid_of(2);
    renamed.former_ids.push_back({sid_of(1), seconds(30)});
    const bool has_room = bytes < 10'000;
    EXPECT_EQ(store.apply_full(kOld, renamed, kNow).has_value(), !has_room);
    EXPECT_EQ(store.find(sid_of(1)) != nullptr, has_room) << "the caller drops it";
    EXPECT_EQ(store.find_passed_over(sid_of(1)).has_value(), !has_room);
  }
}

// R3, the fence: a copy at (2, 5) in channel kOld, and what comes next.
TEST_F(ReplicaStoreTest, ADeltaIsAppliedOnlyIfItFitsExactly) {
  struct {
    const char* name;
    ChannelId channel;
    ReplPayload next;
    std::optional<NackCode> refusal;
  } table[] = {{"fits", kOld, repl(2, 5), std::nullopt},
               {"is behind", kOld, repl(2, 4), NackCode::kNeedFull},
               {"leaves a gap", kOld, repl(2, 6), NackCode::kNeedFull},
               {"of an older epoch", kOld, repl(1, 5), NackCode::kNeedFull},
               {"of a newer epoch", kOld, repl(3, 5), NackCode::kNeedFull},
               {"of another channel, older", kNew, repl(1, 5), NackCode::kStale},
               {"of another channel, same epoch", kNew, repl(2, 5), NackCode::kNeedFull},
               {"a request that was applied", kOld, repl(2, 5, 77), NackCode::kNeedFull}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    ReplicaStore store({.bytes_max = 10'000});
    FullPayload before = full({2, 5});
    before.image.requests.add({77, 5, nullptr});
    ASSERT_FALSE(store.apply_full(kOld, before, kNow));
    EXPECT_EQ(store.apply_repl(row.channel, row.next, kNow), row.refusal);
    const Position expected = row.refusal ? Position{2, 5} : Position{2, 6};
    EXPECT_EQ(store.find(sid_of(1))->image.position, expected);
  }
}

TEST_F(ReplicaStoreTest, AWholeSessionReplacesOnlyWhatIsOlder) {
  struct {
    const char* name;
    ChannelId channel;
    Position offered;
    bool applied;
  } table[] = {{"the same again", kOld, {2, 5}, true},
               {"later", kOld, {2, 6}, true},
               {"earlier", kOld, {2, 4}, false},
               {"elsewhere, higher epoch", kNew, {3, 5}, true},
               {"elsewhere, same epoch", kNew, {2, 9}, false},
               {"elsewhere, lower epoch", kNew, {1, 9}, false}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    ReplicaStore store({.bytes_max = 10'000});
    ASSERT_FALSE(store.apply_full(kOld, full({2, 5}), kNow));
    EXPECT_EQ(store.apply_full(row.channel, full(row.offered), kNow).has_value(), !row.applied);
    EXPECT_EQ(store.find(sid_of(1))->channel, row.applied ? row.channel : kOld);
    EXPECT_EQ(store.size(), 1u);
  }
}

// A client that was shown more was shown it before this copy came, whenever it comes again.
TEST_F(ReplicaStoreTest, ARecoveredSessionIsSureSinceItsFirstCopy) {
  const auto later = [](int seconds) { return kNow + std::chrono::seconds(seconds); };
  FullPayload recovered = full({5, 1});
  recovered.image.recovery = Recovered{.epoch = 5, .from = {1, 1}, .sure_since = later(-9)};
  ASSERT_FALSE(store_.apply_full(kOld, recovered, kNow));
  EXPECT_EQ(store_.find(recovered.sid)->image.recovery->sure_since, kNow);
  recovered.image.position.version = 2;
  ASSERT_FALSE(store_.apply_full(kOld, recovered, later(5)));
  EXPECT_EQ(store_.find(recovered.sid)->image.recovery->sure_since, kNow);
  recovered.image.position.epoch = 9;
  recovered.image.recovery->epoch = 9;
  ASSERT_FALSE(store_.apply_full(kOld, recovered, later(7)));
  EXPECT_EQ(store_.find(recovered.sid)->image.recovery->sure_since, later(7));
}

TEST_F(ReplicaStoreTest, WithoutACopyADeltaNeedsTheWhole) {
  EXPECT_EQ(store_.apply_repl(kOld, repl(1, 0), kNow), NackCode::kNeedFull);
}

TEST_F(ReplicaStoreTest, TheMemoryCapIsExact) {
  const size_t one = full({1, 1}, 1000).image.bytes();
  ReplicaStore exact({.bytes_max = one});
  EXPECT_FALSE(exact.apply_full(kOld, full({1, 1}, 1000), kNow));
  EXPECT_EQ(exact.bytes(), one);
  ReplicaStore tight({.bytes_max = one - 1});
  EXPECT_EQ(tight.apply_full(kOld, full({1, 1}, 1000), kNow), NackCode::kOverload);
  EXPECT_EQ(tight.size(), 0u);
}

// Row 8: what was acknowledged stays until something newer stands.
TEST_F(ReplicaStoreTest, WhatDoesNotFitLeavesTheAcknowledgedCopyPassedOver) {
  struct {
    const char* name;
    std::function<std::optional<NackCode>(ReplicaStore&)> offer;
  } table[] = {{"a whole one",
                [](auto& store) {
                  return store.apply_full(kOld, full({2, 6}, 5000), kNow);
                }},
               {"of a later epoch",
                [](auto& store) {
                  return store.apply_full(kOld, full({3, 5}, 5000), kNow);
                }},
               {"a delta", [](auto& store) {
                  ReplPayload delta = repl(2, 5);
                  delta.delta.changes = {{"b", std::make_shared<const std::string>(5000, 'y')}};
                  return store.apply_repl(kOld, delta, kNow);
                }}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    ReplicaStore store({.bytes_max = 1000});
    ASSERT_FALSE(store.apply_full(kOld, full({2, 5}), kNow));
    const uint64_t bytes = store.bytes();
    for (int again = 0; again < 3; ++again) {
      const auto refusal = row.offer(store);
      EXPECT_EQ(refusal, again > 0 && row.name == std::string("a delta") ? NackCode::kNeedFull
                                                                         : NackCode::kOverload);
      EXPECT_EQ(store.find(sid_of(1)), nullptr);
      const auto kept = store.find_passed_over(sid_of(1));
      ASSERT_TRUE(kept);
      EXPECT_EQ(kept->image->position, (Position{2, 5}));
      EXPECT_EQ(kept->channel, kOld);
      EXPECT_EQ(kept->owner, primary_of(kOld));
      EXPECT_EQ(store.bytes(), bytes);
      EXPECT_EQ(store.passed_over_count(), 1u);
    }
    EXPECT_FALSE(store.apply_full(kOld, full({4, 9}, 100), kNow)) << "room again";
    EXPECT_FALSE(store.find_passed_over(sid_of(1)));
    EXPECT_EQ(store.bytes(), full({4, 9}, 100).image.bytes());
  }
}

TEST_F(ReplicaStoreTest, ADeltaFitsExactly) {
  ReplPayload delta = repl(1, 1);
  delta.delta.changes = {{"b", std::make_shared<const std::string>(100, 'y')}};
  SessionImage after = full({1, 1}).image;
  after.apply(delta.delta, kNow);
  for (const size_t more : {0u, 1u}) {
    ReplicaStore store({.bytes_max = after.bytes() - more});
    ASSERT_FALSE(store.apply_full(kOld, full({1, 1}), kNow));
    EXPECT_EQ(store.apply_repl(kOld, delta, kNow).has_value(), more == 1);
  }
}

TEST_F(ReplicaStoreTest, ACopyOutlivesItsSessionByAMinute) {
  ASSERT_FALSE(store_.apply_full(kOld, full({1, 1}), kNow));
  store_.touch(kOld, sid_of(1), kNow + seconds(50));
  const TimePoint end = kNow + seconds(50 + 100 + 60);
  store_.expire(end - Duration(1));
  EXPECT_EQ(store_.size(), 1u);
  store_.expire(end);
  EXPECT_EQ(store_.size(), 0u);
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(ReplicaStoreTest, ASuccessorAdoptsCopiesOneEpochUp) {
  ASSERT_FALSE(store_.apply_full(kOld, full({1, 3}), kNow));
  store_.adopt(kOld, kNew);
  EXPECT_EQ(store_.find(sid_of(1))->channel, kNew);
  EXPECT_EQ(store_.find(sid_of(1))->image.position, (Position{2, 3}));
  EXPECT_FALSE(store_.apply_repl(kNew, repl(2, 3), kNow));
  store_.adopt(kNew, kNew + 1);
  EXPECT_EQ(store_.find(sid_of(1))->image.position, (Position{3, 4}));
}

TEST_F(ReplicaStoreTest, ASuccessorAdoptsWhatIsPassedOverAsItIs) {
  ReplicaStore store({.bytes_max = 1000});
  ASSERT_FALSE(store.apply_full(kOld, full({1, 3}), kNow));
  ASSERT_TRUE(store.apply_full(kOld, full({1, 4}, 5000), kNow));
  store.adopt(kOld, kNew);
  store.forget_passed_over(kOld);
  ASSERT_TRUE(store.find_passed_over(sid_of(1)));
  EXPECT_EQ(store.find_passed_over(sid_of(1))->channel, kNew);
  EXPECT_EQ(store.find_passed_over(sid_of(1))->image->position, (Position{1, 3}));
}

TEST_F(ReplicaStoreTest, WhatIsPromotedStaysUntilItIsTaken) {
  for (uint8_t byte = 1; byte <= 5; ++byte) {
    FullPayload copy = full({1, byte});
    copy.sid = sid_of(byte);
    ASSERT_FALSE(store_.apply_full(kOld, copy, kNow));
  }
  EXPECT_FALSE(store_.take_promoted(sid_of(3))) << "not before";
  store_.promote(kOld, kNow);
  EXPECT_TRUE(store_.find(sid_of(3))->is_promoted);
  EXPECT_EQ(store_.take_promoted(sid_of(3))->position, (Position{1, 3}));
  EXPECT_FALSE(store_.take_promoted(sid_of(3)));
  EXPECT_EQ(store_.take_promoted(kOld, 3).size(), 3u);
  EXPECT_TRUE(store_.has_promoted(kOld));
  EXPECT_EQ(store_.take_promoted(kOld, 3).size(), 1u);
  EXPECT_FALSE(store_.has_promoted(kOld));
  EXPECT_EQ(store_.size(), 0u);
  EXPECT_EQ(store_.bytes(), 0u);
}

// The session layer takes it first; if it has not, nothing replaces what is ours.
TEST_F(ReplicaStoreTest, WhatIsPromotedIsNotReplacedOrEnded) {
  ASSERT_FALSE(store_.apply_full(kOld, full({1, 3}), kNow));
  store_.promote(kOld, kNow);
  EXPECT_EQ(store_.apply_full(kNew, full({9, 9}), kNow), NackCode::kStale);
  EXPECT_EQ(store_.apply_repl(kNew, repl(1, 3), kNow), NackCode::kStale);
  store_.erase(kOld, sid_of(1));
  store_.expire(kNow + std::chrono::hours(1));
  EXPECT_EQ(store_.find(sid_of(1))->image.position, (Position{1, 3}));
}

TEST_F(ReplicaStoreTest, WhatIsPassedOverIsNoCopyAndGivesWayToNoOther) {
  const size_t one = full({1, 1}, 1000).image.bytes();
  ReplicaStore store({.bytes_max = one});
  ASSERT_FALSE(store.apply_full(kOld, full({1, 1}, 1000), kNow));
  store.pass_over(kOld, kNow + seconds(10));
  EXPECT_EQ(store.find(sid_of(1)), nullptr);
  ASSERT_TRUE(store.find_passed_over(sid_of(1)));
  EXPECT_EQ(store.bytes(), one);
  FullPayload other = full({1, 1}, 1000);
  other.sid = sid_of(2);
  EXPECT_EQ(store.apply_full(kNew, other, kNow), NackCode::kOverload);
  EXPECT_TRUE(store.find_passed_over(sid_of(1)));
  EXPECT_FALSE(store.apply_full(kNew, full({2, 1}, 1000), kNow)) << "but to its own successor";
  EXPECT_EQ(store.bytes(), one);
}

// Of one session there may be two, out of two channels.
TEST_F(ReplicaStoreTest, OfTwoThatArePassedOverTheNewerIsKept) {
  for (const bool newer_first : {false, true}) {
    SCOPED_TRACE(newer_first);
    ReplicaStore store({.bytes_max = 10'000});
    const Position older{2, 5}, newer{2, 7};
    const ChannelId first = kOld, second = kNew;
    ASSERT_FALSE(store.apply_full(first, full(newer_first ? newer : older), kNow));
    store.pass_over(first, kNow + seconds(10));
    ASSERT_FALSE(store.apply_full(second, full(newer_first ? older : newer), kNow));
    store.pass_over(second, kNow + seconds(10));
    EXPECT_EQ(store.find_passed_over(sid_of(1))->image->position, newer);
    EXPECT_EQ(store.take_passed_over(sid_of(1))->position, newer);
    EXPECT_FALSE(store.find_passed_over(sid_of(1))) << "both are gone";
    EXPECT_EQ(store.bytes(), 0u);
    EXPECT_EQ(store.passed_over_count(), 0u);
  }
}

// As above, with copies that were set aside one by one.
TEST_F(ReplicaStoreTest, WhatIsSetAsideDoesNotReplaceWhatIsNewer) {
  for (const Position acknowledged : {Position{2, 5}, Position{2, 9}}) {
    ReplicaStore store({.bytes_max = 1000});
    const SessionImage served = full({2, 7}).image;
    ASSERT_TRUE(store.pass_over({kNew, 77, &served}, sid_of(1), kNow + seconds(10)));
    ASSERT_FALSE(store.apply_full(kOld, full(acknowledged), kNow));
    ASSERT_EQ(store.apply_full(kOld, full({2, 10}, 5000), kNow), NackCode::kOverload);
    const Position newer = std::max(acknowledged, served.position);
    EXPECT_EQ(store.find_passed_over(sid_of(1))->image->position, newer);
    EXPECT_EQ(store.passed_over_count(), 1u);
  }
}

TEST_F(ReplicaStoreTest, WhatThisMemberServedIsKeptUnderItsNewOwner) {
  const SessionImage image = full({2, 5}).image;
  const ReplicaStore::PassedOver copy{kOld, 77, &image};
  EXPECT_TRUE(store_.pass_over(copy, sid_of(1), kNow + seconds(10)));
  EXPECT_EQ(store_.find_passed_over(sid_of(1))->owner, 77u);
  EXPECT_EQ(store_.passed_over_owner(kOld), 77u);
  EXPECT_EQ(store_.passed_over_channels(), std::vector<ChannelId>{kOld});
  const SessionImage older = full({1, 9}).image;
  EXPECT_FALSE(store_.pass_over({kNew, 78, &older}, sid_of(1), kNow)) << "there is a newer one";
  ReplicaStore tight({.bytes_max = image.bytes() - 1});
  EXPECT_FALSE(tight.pass_over(copy, sid_of(1), kNow + seconds(10)));
  EXPECT_EQ(tight.bytes(), 0u);
}

// What a channel holds is forgotten at once, and given back in slices.
TEST_F(ReplicaStoreTest, ManyCopiesEndInSlices) {
  ReplicaStore store({.bytes_max = 1'000'000, .slice = 10});
  for (uint8_t byte = 1; byte <= 25; ++byte) {
    FullPayload copy = full({1, 1});
    copy.sid = sid_of(byte);
    ASSERT_FALSE(store.apply_full(kOld, copy, kNow));
  }
  store.pass_over(kOld, kNow + seconds(10));
  store.forget_passed_over(kOld);
  EXPECT_EQ(store.passed_over_count(), 0u);
  EXPECT_EQ(store.bytes(), 0u);
  EXPECT_FALSE(store.find_passed_over(sid_of(7)));
  EXPECT_FALSE(store.apply_full(kNew, full({1, 1}), kNow)) << "nothing is in the way";
  int slices = 0;
  for (; store.wake_at() == TimePoint{}; ++slices) store.expire(kNow);
  EXPECT_EQ(slices, 3);
  EXPECT_EQ(store.size(), 1u);
  EXPECT_NE(store.find(sid_of(1)), nullptr);
}

TEST_F(ReplicaStoreTest, WhatIsPassedOverGoesWithItsChannelItsTimeOrANewerCopy) {
  const auto pass_over = [this] {
    ASSERT_FALSE(store_.apply_full(kOld, full({2, 5}), kNow));
    store_.pass_over(kOld, kNow + seconds(10));
    ASSERT_EQ(store_.passed_over_owner(kOld), primary_of(kOld));
  };
  pass_over();
  EXPECT_FALSE(store_.apply_full(kNew, full({3, 5}), kNow));
  EXPECT_EQ(store_.passed_over_count(), 0u);
  store_.erase(kNew, sid_of(1));
  pass_over();
  EXPECT_FALSE(store_.apply_full(kNew, full({1, 9}), kNow)) << "late, out of an older channel";
  EXPECT_EQ(store_.passed_over_count(), 1u);
  store_.erase(kNew, sid_of(1));
  store_.forget_passed_over(kNew);
  EXPECT_EQ(store_.passed_over_count(), 1u);
  store_.forget_passed_over(kOld);
  EXPECT_EQ(store_.passed_over_count(), 0u);
  store_.expire(kNow);
  pass_over();
  EXPECT_EQ(store_.wake_at(), kNow + seconds(10));
  store_.expire(kNow + seconds(10) - Duration(1));
  EXPECT_EQ(store_.passed_over_count(), 1u);
  store_.expire(kNow + seconds(10));
  EXPECT_EQ(store_.passed_over_count(), 0u);
  EXPECT_EQ(store_.bytes(), 0u);
}

TEST_F(ReplicaStoreTest, AnotherChannelErasesNothing) {
  ASSERT_FALSE(store_.apply_full(kOld, full({1, 3}), kNow));
  store_.erase(kNew, sid_of(1));
  EXPECT_EQ(store_.size(), 1u);
  store_.erase(kOld, sid_of(1));
  EXPECT_EQ(store_.size(), 0u);
}

// Else each FULL of a session would leave an entry behind for as long as the session lives.
TEST_F(ReplicaStoreTest, ACopyThatIsReplacedEndsOnce) {
  const Duration kept = seconds(100 + 60);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(store_.apply_full(kOld, full({2, 5}), kNow + seconds(i)), std::nullopt);
  }
  EXPECT_EQ(store_.wake_at(), kNow + seconds(2) + kept);
  store_.touch(kOld, sid_of(1), kNow + seconds(50));
  store_.expire(kNow + seconds(2) + kept);
  EXPECT_EQ(store_.size(), 1u);
  EXPECT_EQ(store_.wake_at(), kNow + seconds(50) + kept);
  store_.erase(kOld, sid_of(1));
  EXPECT_EQ(store_.wake_at(), TimePoint::max());
}

}  // namespace
}  // namespace understudy
