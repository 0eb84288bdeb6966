// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/replication/replica_store.h"

#include <gtest/gtest.h>

namespace understudy {
namespace {

using std::chrono::seconds;

constexpr ChannelId kOld = 1;
constexpr ChannelId kNew = 2;
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
  recovered.image.recovery = Recovery{.epoch = 5, .from = {1, 1}, .sure_since = later(-9)};
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

TEST_F(ReplicaStoreTest, AfterOverloadNoOldCopyIsLeftBehind) {
  ReplicaStore store({.bytes_max = 1000});
  ASSERT_FALSE(store.apply_full(kOld, full({1, 1}, 10), kNow));
  EXPECT_EQ(store.apply_full(kOld, full({1, 2}, 5000), kNow), NackCode::kOverload);
  EXPECT_EQ(store.find(sid_of(1)), nullptr);
  EXPECT_EQ(store.bytes(), 0u);
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
  EXPECT_TRUE(store_.take(kOld).empty());
  EXPECT_EQ(store_.take(kNew).size(), 1u);
  EXPECT_EQ(store_.size(), 0u);
}

TEST_F(ReplicaStoreTest, WhatIsPassedOverIsNoCopyAndGivesWayToOne) {
  const size_t one = full({1, 1}, 1000).image.bytes();
  ReplicaStore store({.bytes_max = one});
  ASSERT_FALSE(store.apply_full(kOld, full({1, 1}, 1000), kNow));
  store.pass_over(kOld, kNow + seconds(10));
  EXPECT_EQ(store.find(sid_of(1)), nullptr);
  ASSERT_NE(store.find_passed_over(sid_of(1)), nullptr);
  EXPECT_EQ(store.bytes(), one);
  FullPayload other = full({1, 1}, 1000);
  other.sid = sid_of(2);
  EXPECT_FALSE(store.apply_full(kNew, other, kNow));
  EXPECT_EQ(store.find_passed_over(sid_of(1)), nullptr);
  EXPECT_EQ(store.bytes(), one);
}

TEST_F(ReplicaStoreTest, WhatIsPassedOverGoesWithItsChannelItsTimeOrANewerCopy) {
  const auto pass_over = [this] {
    ASSERT_FALSE(store_.apply_full(kOld, full({2, 5}), kNow));
    store_.pass_over(kOld, kNow + seconds(10));
    ASSERT_EQ(store_.passed_over_in(kOld).size(), 1u);
  };
  pass_over();
  EXPECT_FALSE(store_.apply_full(kNew, full({3, 5}), kNow));
  EXPECT_EQ(store_.passed_over_count(), 0u);
  store_.take(kNew);
  pass_over();
  EXPECT_FALSE(store_.apply_full(kNew, full({1, 9}), kNow)) << "late, out of an older channel";
  EXPECT_EQ(store_.passed_over_count(), 1u);
  store_.take(kNew);
  store_.forget_passed_over(kNew);
  EXPECT_EQ(store_.passed_over_count(), 1u);
  store_.forget_passed_over(kOld);
  EXPECT_EQ(store_.passed_over_count(), 0u);
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
