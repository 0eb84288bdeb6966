// SPDX-License-Identifier: Apache-2.0
// That the checks of the simulator can fail: frames as they must never be sent, one by one.
#include "tests/simulation/checker.h"

#include <gtest/gtest.h>

namespace understudy::sim {
namespace {

constexpr MemberId kA = 1;
constexpr MemberId kB = 2;
constexpr MemberId kW = 3;
constexpr MemberId kLater = 4;
constexpr ChannelId kChannel = uint64_t{kA} << 32 | 7;

struct Sent {
  MemberId from;
  Frame frame;
};

Frame frame_of(FrameType type) {
  return {.type = type, .channel = kChannel, .payload = {}};
}
Sent open(MemberId witness = kW) {
  Frame frame = frame_of(FrameType::kOpen);
  OpenPayload payload;
  payload.parties = {kChannel, kA, kB, witness};
  payload.lease = std::chrono::milliseconds(600);
  encode(payload, frame.payload);
  return {kA, frame};
}
Sent claim(MemberId claimant, MemberId witness = kW) {
  Frame frame = frame_of(FrameType::kClaim);
  const ClaimGrounds grounds = claimant == kA ? ClaimGrounds::kPrimary : ClaimGrounds::kGraceOver;
  encode(ClaimPayload{{kChannel, kA, kB, witness}, claimant, grounds}, frame.payload);
  return {claimant, frame};
}
Sent member(MemberId from, FrameType type, MemberId named) {
  Frame frame = frame_of(type);
  encode_member(named, frame.payload);
  return {from, frame};
}
Sent vote(MemberId from, MemberId winner) {
  return member(from, FrameType::kVote, winner);
}
Sent stale() {
  return member(kB, FrameType::kStale, kB);
}
Sent plain(MemberId from, FrameType type) {
  return {from, frame_of(type)};
}

TEST(VoteWatch, NobodyVotesTwiceOrAcknowledgesAfterItsVote) {
  const Sent ack = plain(kB, FrameType::kAck);
  const Sent grant = plain(kA, FrameType::kGrant);
  struct {
    const char* name;
    std::vector<Sent> sent;
    const char* wrong;  // of the last frame
  } table[] = {
      {"acknowledged", {open(), ack}, ""},
      {"acknowledged after its claim", {open(), claim(kB), ack}, "S7"},
      {"acknowledged after it agreed", {open(), claim(kA), vote(kB, kA), ack}, "S7"},
      {"acknowledged after it won", {open(), stale(), ack}, "S7"},
      {"opened after its vote", {open(), vote(kB, kA), plain(kB, FrameType::kOpenOk)}, "S7"},
      {"says it again", {claim(kB), vote(kW, kB), vote(kW, kB)}, ""},
      {"gives way", {claim(kB), claim(kA), vote(kB, kA)}, ""},
      {"gives way after it won", {claim(kB), stale(), vote(kB, kA)}, "S8"},
      {"wins after it gave way", {claim(kA), vote(kB, kA), stale()}, "S8"},
      {"claims after it gave way", {claim(kA), vote(kB, kA), claim(kB)}, "S8"},
      {"a witness for both", {claim(kA), vote(kW, kA), vote(kW, kB)}, "S8"},
      {"a later life of the witness", {claim(kA), vote(kLater, kA)}, "S8"},
      {"a primary that grants and claims", {open(), grant, claim(kA)}, ""},
      {"without a witness", {open(kNobody), grant, claim(kA, kNobody)}, "S8"},
      {"a primary that claims and grants", {open(), claim(kA), grant}, "S8"},
      {"a vote for the witness", {claim(kA), vote(kW, kW)}, "S8"},
  };
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    VoteWatch watch;
    std::string last;
    for (const Sent& sent : row.sent) {
      EXPECT_EQ(last, "") << "only the last frame is wrong";
      last = watch.on_sent(sent.from, sent.frame);
    }
    EXPECT_EQ(last.substr(0, 2), row.wrong);
  }
}

class Deaf final : public SimMember::Observer {
  void on_life(SimMember&, MemberId) override {}
  void on_lost(SimMember&, const SessionId&) override {}
  void on_conflict(SimMember&, const SessionId&) override {}
};

SessionId id(uint8_t byte) {
  SessionId sid;
  sid.bytes.fill(byte);
  return sid;
}

// Two members have written it in a cut. It gets a new id by a login that was committed unseen: only
// the cookie of the answer to the repeated request tells of it.
TEST(Conflicts, AreSaidOfASessionByAnyOfItsIds) {
  for (const bool is_said : {true, false}) {
    VirtualNetwork network(1, {});
    Deaf observer;
    NodeCoreOptions options;
    options.membership.self.name = "member";
    SimMember one(network, 0, options, 1, observer);
    SimMember other(network, 1, options, 2, observer);
    one.boot();
    other.boot();
    Checker checker(true);
    checker.set_may_double([] { return true; });
    BeginOutcome begun;
    begun.sid = id(1);
    begun.position = {1, 1};
    for (SimMember* member : {&one, &other}) {
      checker.on_begun(network.now(), *member, begun, {});
      checker.on_written_alone(member->mid(), id(1), {1, 1}, {1, 2});
    }
    // The session was not known as doubled before.
    checker.on_written_alone(one.mid(), id(1), {1, 2}, {1, 3});
    if (is_said) checker.on_conflict(network.now(), one, id(1));
    checker.on_renamed(id(1), id(2));
    EXPECT_TRUE(checker.is_clean());
    checker.expect_conflicts_told(network.now(), TimePoint{});
    EXPECT_EQ(checker.is_clean(), is_said);
  }
}

// One member after the other wrote it alone, and the later one went on from what the earlier one
// had written: nothing is lost, and there is nothing to say (simulator, available --overlapping
// 70173).
TEST(Conflicts, ASessionThatIsPassedOnIsWrittenByOneAfterTheOther) {
  struct {
    const char* name;
    Position sent;
    Position begun;  // by the later one
    bool is_conflict;
  } table[] = {{"all of it went over", {2, 3}, {3, 3}, false},
               {"the last change did not", {2, 2}, {3, 3}, true},
               {"it was not what the later one went on from", {2, 3}, {3, 2}, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    VirtualNetwork network(1, {});
    Deaf observer;
    NodeCoreOptions options;
    options.membership.self.name = "member";
    SimMember one(network, 0, options, 1, observer);
    one.boot();
    Checker checker(true);
    checker.set_may_double([] { return true; });
    BeginOutcome begun;
    begun.sid = id(1);
    for (const Position position : {Position{1, 2}, Position{1, 1}}) {
      begun.position = position;  // doubled: it goes back
      checker.on_begun(network.now(), one, begun, {});
    }
    checker.on_written_alone(kA, id(1), {1, 2}, {1, 3});
    Frame frame = frame_of(FrameType::kFull);
    FullPayload copy{.sid = id(1), .image = {}};
    copy.image.position = row.sent;
    encode(copy, frame.payload);
    checker.on_sent(network.now(), kA, kB, frame);
    checker.on_written_alone(kB, id(1), row.begun, {3, 4});
    EXPECT_TRUE(checker.is_clean());
    checker.expect_conflicts_told(network.now(), TimePoint{});
    EXPECT_EQ(checker.is_clean(), !row.is_conflict);
  }
}

// A cut that leaves several members on each side is more than one failure, and its lesser part may
// have been all that knew of a logout. One failure after the other is not (simulator, founding
// --one-at-a-time 201002).
TEST(Ends, AreForgottenOnlyWithBothMembersThatKnew) {
  struct {
    const char* name;
    bool one_fault_at_a_time;
    std::vector<MemberId> taken_by_split;
    bool is_forgotten;
  } table[] = {{"several faults", false, {}, true},
               {"one after the other", true, {}, false},
               {"one of them by a split", true, {kA}, false},
               {"a split", true, {kA, kB}, true}};
  for (const auto& row : table) {
    SCOPED_TRACE(row.name);
    Checker checker(row.one_fault_at_a_time);
    checker.on_end_known(id(1), kA, kB);
    for (const MemberId mid : row.taken_by_split) checker.on_taken_by_split(mid);
    EXPECT_EQ(checker.is_end_forgotten(id(1), {}), row.is_forgotten);
    EXPECT_FALSE(checker.is_end_forgotten(id(2), {}));
  }
}

}  // namespace
}  // namespace understudy::sim
