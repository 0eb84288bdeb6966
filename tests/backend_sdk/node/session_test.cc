// SPDX-License-Identifier: Apache-2.0
#include "understudy/session.h"

#include <gtest/gtest.h>

#include "backend_sdk/node/session_state.h"
#include "base/event_loop.h"

namespace understudy {
namespace {

class SessionHandle : public ::testing::Test {
 protected:
  SessionHandle() { door_->close(); }

  Session make(BeginOutcome outcome = {}) {
    outcome.attributes =
        std::make_shared<const Attributes>(Attributes{{"a", bytes("1")}, {"c", bytes("3")}});
    outcome.position = {2, 5};
    auto state = std::make_unique<Session::State>(outcome, ContractFacts{},
                                                  std::make_shared<UnderWay>(door_));
    state->stored_response_max = 50;
    return Session(std::move(state));
  }
  static Bytes bytes(std::string text) {
    return std::make_shared<const std::string>(std::move(text));
  }

  std::unique_ptr<EventLoop> loop_ = *EventLoop::open();
  std::shared_ptr<NodeDoor> door_ =
      std::make_shared<NodeDoor>(*loop_, [](const NodeDoor::Work&) {});
};

TEST_F(SessionHandle, ItsOwnChangesAreSeenAtOnce) {
  Session session = make();
  EXPECT_FALSE(session.is_changed());
  session.set("b", "2");
  session.set("a", "one");
  session.remove("c");
  EXPECT_EQ(session.get("a"), "one");
  EXPECT_EQ(session.get("b"), "2");
  EXPECT_EQ(session.get("c"), std::nullopt);
  EXPECT_FALSE(session.contains("c"));
  EXPECT_EQ(session.names(), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_TRUE(session.is_changed());
  EXPECT_EQ(session.epoch(), 2u);
  EXPECT_EQ(session.version(), 5u);
}

TEST_F(SessionHandle, OnlyWhatChangedIsCommitted) {
  Session session = make();
  session.set("b", "2");
  session.remove("c");
  const Change change = session.state()->spend();
  ASSERT_EQ(change.attributes.size(), 2u);
  EXPECT_EQ(change.attributes[0].name, "b");
  EXPECT_EQ(*change.attributes[0].value, "2");
  EXPECT_EQ(change.attributes[1].name, "c");
  EXPECT_FALSE(change.attributes[1].value);
}

TEST_F(SessionHandle, AChangeAfterTheCommitIsRefusedAloud) {
  Session session = make();
  static_cast<void>(session.state()->spend());
  session.set("a", "late");
  EXPECT_EQ(session.get("a"), "1");
  EXPECT_FALSE(session.refusal().empty());
}

TEST_F(SessionHandle, NamesHaveTheirLimits) {
  Session names = make();
  names.set(std::string(kAttributeNameBytesMax, 'n'), "");
  EXPECT_TRUE(names.refusal().empty());
  names.set(std::string(kAttributeNameBytesMax + 1, 'n'), "");
  EXPECT_FALSE(names.refusal().empty());
  Session unnamed = make();
  unnamed.set("", "x");
  EXPECT_FALSE(unnamed.refusal().empty());
}

TEST_F(SessionHandle, AReplayedRequestChangesNothing) {
  BeginOutcome outcome;
  outcome.replayed = true;
  Session session = make(outcome);
  session.set("a", "again");
  session.invalidate();
  session.rotate_id();
  EXPECT_TRUE(session.replayed());
  EXPECT_EQ(session.get("a"), "1");
  EXPECT_FALSE(session.is_changed());
  EXPECT_TRUE(session.refusal().empty());
}

TEST_F(SessionHandle, AnInvalidatedSessionIsEmptyAtOnce) {
  Session session = make();
  session.set("b", "2");
  session.invalidate();
  EXPECT_EQ(session.get("a"), std::nullopt);
  EXPECT_TRUE(session.names().empty());
  const Change change = session.state()->spend();
  EXPECT_TRUE(change.invalidate);
  EXPECT_TRUE(change.attributes.empty());
}

TEST_F(SessionHandle, RotatingGivesAnotherIdAndKeepsTheContent) {
  Session session = make();
  const std::string before = session.id();
  session.rotate_id();
  EXPECT_NE(session.id(), before);
  EXPECT_EQ(session.id().size(), 22u);
  EXPECT_EQ(session.get("a"), "1");
  EXPECT_TRUE(session.state()->spend().new_id);
}

TEST_F(SessionHandle, AResponseAboveTheLimitIsNotStored) {
  const std::size_t head = 4;  // status and number of headers
  Session session = make();
  session.store_response({.status = 200, .headers = {}, .body = std::string(50 - head, 'x')});
  EXPECT_TRUE(session.state()->response);
  Session longer = make();
  longer.store_response({.status = 200, .headers = {}, .body = std::string(51 - head, 'x')});
  EXPECT_FALSE(longer.state()->response);
  EXPECT_TRUE(longer.refusal().empty());
}

TEST_F(SessionHandle, AnEmptyHandleReadsNothingAndRefusesChanges) {
  Session session;
  EXPECT_TRUE(session.is_empty());
  EXPECT_EQ(session.id(), "");
  EXPECT_EQ(session.get("a"), std::nullopt);
  EXPECT_TRUE(session.refusal().empty());
  session.set("a", "1");
  EXPECT_FALSE(session.refusal().empty());
}

TEST_F(SessionHandle, EveryHandleIsCountedUntilItGoes) {
  {
    const Session one = make();
    const Session two = make();
    EXPECT_EQ(door_->under_way(), 2u);
  }
  EXPECT_EQ(door_->under_way(), 0u);
}

}  // namespace
}  // namespace understudy
