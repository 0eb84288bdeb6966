// SPDX-License-Identifier: Apache-2.0
#include "backend_sdk/sessions/placement.h"

#include <gtest/gtest.h>

#include "backend_sdk/replication/payloads.h"

namespace understudy {
namespace {

using State = Placement::State;

enum class Event {
  kEnter,        // channel 7, or 8 after it
  kAck,          // version 5 of 5
  kAckOlder,     // version 4 of 5
  kFullNeeded,
  kLeave,
  kNotSent,
  kSent,
  kEnd,
};

void play(Placement& placement, Event event, ChannelId& next) {
  switch (event) {
    case Event::kEnter:
      static_cast<void>(placement.enter(next++));
      return;
    case Event::kAck:
      return placement.on_acknowledged(5, 5);
    case Event::kAckOlder:
      return placement.on_acknowledged(4, 5);
    case Event::kFullNeeded:
      return placement.on_full_needed();
    case Event::kLeave:
      return placement.leave();
    case Event::kNotSent:
      return placement.on_not_sent();
    case Event::kSent:
      return placement.on_sent();
    case Event::kEnd:
      return placement.end();
  }
}

TEST(Placement, EachEventLeadsWhereTheTableSays) {
  using enum Event;
  struct {
    const char* name;
    std::vector<Event> events;
    State state;
    ChannelId channel;
    bool holds_five;
    ChannelId fallback;
    bool is_dirty;
  } table[] = {
      {"fresh", {}, State::kSolo, 0, false, 0, false},
      {"entered", {kEnter}, State::kMoving, 7, false, 0, false},
      {"acknowledged", {kEnter, kAck}, State::kLive, 7, true, 0, false},
      {"an older version", {kEnter, kAckOlder}, State::kLive, 7, false, 0, false},
      {"never goes back", {kEnter, kAck, kAckOlder}, State::kLive, 7, true, 0, false},
      {"a FULL is needed", {kEnter, kAck, kFullNeeded}, State::kMoving, 7, false, 0, false},
      {"left", {kEnter, kAck, kLeave}, State::kSolo, 0, false, 7, false},
      {"left, never held", {kEnter, kLeave}, State::kSolo, 0, false, 7, false},
      {"moving on", {kEnter, kAck, kLeave, kEnter}, State::kMoving, 8, false, 7, false},
      {"held elsewhere", {kEnter, kAck, kLeave, kEnter, kAck}, State::kLive, 8, true, 0, false},
      {"the second place failed, too",
       {kEnter, kAck, kLeave, kEnter, kLeave},
       State::kSolo,
       0,
       false,
       7,
       false},
      {"left twice", {kEnter, kAck, kLeave, kEnter, kAck, kLeave}, State::kSolo, 0, false, 8, false},
      {"no room", {kEnter, kNotSent}, State::kMoving, 7, false, 0, true},
      {"room again", {kEnter, kNotSent, kSent}, State::kMoving, 7, false, 0, false},
      {"left while it waited", {kEnter, kAck, kNotSent, kLeave}, State::kSolo, 0, false, 7, false},
      {"ended", {kEnter, kAck, kEnd}, State::kDead, 7, true, 0, false},
      {"ended while it waited", {kEnter, kNotSent, kEnd}, State::kDead, 7, false, 0, false},
      {"ended solo", {kEnd}, State::kDead, 0, false, 0, false},
      {"ended, and told elsewhere", {kEnter, kAck, kLeave, kEnd, kEnter}, State::kDead, 8, false, 7,
       false},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    Placement placement;
    ChannelId next = 7;
    for (const Event event : row.events) play(placement, event, next);
    EXPECT_STREQ(to_string(placement.state()), to_string(row.state));
    EXPECT_EQ(placement.channel(), row.channel);
    EXPECT_EQ(placement.holds(5), row.holds_five);
    EXPECT_EQ(placement.fallback(), row.fallback);
    EXPECT_EQ(placement.is_dirty(), row.is_dirty);
  }
}

TEST(Placement, TheEpochRisesOnlyWhereTheSessionWasSeen) {
  Placement placement;
  EXPECT_FALSE(placement.enter(7)) << "no client and no member has seen it";
  placement.leave();
  EXPECT_TRUE(placement.enter(8));
  Placement shown;
  shown.show();
  EXPECT_TRUE(shown.enter(7)) << "its client was answered solo";
}

TEST(Placement, FormerIdsAreKeptUntilTheSecondaryKnowsTheNewestVersion) {
  SessionId former;
  former.bytes.fill(1);
  Placement placement;
  static_cast<void>(placement.enter(7));
  placement.rename(former, 5);
  placement.on_acknowledged(4, 5);
  EXPECT_FALSE(placement.holds(4)) << "a cookie would show the new id";
  EXPECT_EQ(placement.former_ids(), std::vector{former}) << "the rename is version 5";
  placement.leave();
  static_cast<void>(placement.enter(8));
  EXPECT_EQ(placement.former_ids(), std::vector{former}) << "the new secondary may know it, too";
  placement.on_acknowledged(5, 5);
  EXPECT_TRUE(placement.former_ids().empty());
}

TEST(Placement, TheSecondaryKnowsASessionByTheIdOfBeforeTheFirstLoginThatItHasNotHeardOf) {
  const auto id = [](uint8_t byte) {
    SessionId sid;
    sid.bytes.fill(byte);
    return sid;
  };
  Placement placement;
  static_cast<void>(placement.enter(7));
  placement.rename(id(1), 5);
  placement.rename(id(2), 7);
  EXPECT_EQ(placement.held_as(), std::nullopt) << "it has acknowledged nothing";
  placement.on_acknowledged(4, 8);
  EXPECT_EQ(placement.held_as(), id(1));
  placement.on_acknowledged(5, 8);
  EXPECT_EQ(placement.held_as(), id(2));
  placement.on_acknowledged(7, 8);
  EXPECT_EQ(placement.held_as(), std::nullopt) << "the session's own";
  placement.on_acknowledged(8, 8);
  placement.rename(id(3), 9);
  EXPECT_EQ(placement.held_as(), id(3));
  placement.leave();
  EXPECT_EQ(placement.held_as(), std::nullopt);
}

TEST(PlacementDeath, AFormerIdIsNotForgottenForANewOne) {
  Placement placement;
  SessionId id;
  for (size_t count = 0; count < kFormerIdsMax; ++count) {
    id.bytes.fill(static_cast<uint8_t>(count));
    EXPECT_TRUE(placement.has_room_for_id());
    placement.rename(id, 1);
  }
  EXPECT_FALSE(placement.has_room_for_id());
  EXPECT_DEATH(placement.rename(id, 1), "not forgotten");
}

TEST(PlacementDeath, ASessionIsInOneChannel) {
  Placement placement;
  static_cast<void>(placement.enter(7));
  EXPECT_DEATH(static_cast<void>(placement.enter(8)), "one channel");
}

TEST(PlacementDeath, NothingIsAcknowledgedBeforeItIsWritten) {
  Placement placement;
  static_cast<void>(placement.enter(7));
  EXPECT_DEATH(placement.on_acknowledged(6, 5), "before it is written");
}

}  // namespace
}  // namespace understudy
