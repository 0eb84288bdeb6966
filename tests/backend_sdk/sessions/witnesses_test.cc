// SPDX-License-Identifier: Apache-2.0
// Channels whose witness comes, dies and is replaced, and its vote.
#include <algorithm>

#include "backend_sdk/replication/payloads.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Witnesses : public Stage {
 protected:
  bool has_witnesses() {
    bool any = false;
    for (const auto& member : members_) {
      if (!member->is_up()) continue;
      for (const auto& channel : member->core().facts().channels) {
        if (std::string(channel.state) != "open" || channel.primary != member->mid()) continue;
        if (channel.witness == kNobody) return false;
        any = true;
      }
    }
    return any;
  }
};

TEST_F(Witnesses, OfTwoTheSurvivorGoesOnAndAThirdBecomesWitnessWithoutAGap) {
  boot(2);
  const SessionToken token = new_session();
  EXPECT_FALSE(has_witnesses());
  NodeCoreOptions options = options_;
  options.membership.self.name = "late";
  options.membership.self.machine = "elsewhere";
  members_.push_back(std::make_unique<SimMember>(network_, 2, options, 300, *this));
  member(2).boot();
  bool gap = false;
  EXPECT_TRUE(network_.run_until(
      [&] {
        gap = gap || member(0).core().statistics().sessions_solo > 0;
        return has_witnesses();
      },
      seconds(10)));
  EXPECT_FALSE(gap) << "the copies stayed where they were";
  const BeginOutcome begun = begin(member(0), token);
  EXPECT_EQ(begun.position.epoch, token.floor.epoch + 1);
  EXPECT_EQ(commit(member(0), begun.handle, set("a", "2")).kind, CommitKind::kReleased);
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  EXPECT_EQ(value(begin(secondary, token, {.failover = true}), "a"), "2");
}

TEST_F(Witnesses, WhileChannelsGetTheirWitnessNoRequestWaits) {
  boot(2);
  SessionToken token = new_session();
  NodeCoreOptions options = options_;
  options.membership.self.name = "late";
  options.membership.self.machine = "elsewhere";
  members_.push_back(std::make_unique<SimMember>(network_, 2, options, 300, *this));
  member(2).boot();
  Duration longest{};
  for (int count = 0; count < 2000 && !has_witnesses(); ++count) {
    const TimePoint asked_at = network_.now();
    const BeginOutcome begun = begin(member(0), token);
    ASSERT_EQ(begun.kind, BeginKind::kProceed);
    const CommitOutcome done = commit(member(0), begun.handle, set("a", std::to_string(count)));
    ASSERT_EQ(done.kind, CommitKind::kReleased);
    EXPECT_FALSE(done.solo);
    if (done.cookie) token = *done.cookie;
    longest = std::max(longest, network_.now() - asked_at);
    run_for(milliseconds(1));
  }
  EXPECT_TRUE(has_witnesses());
  EXPECT_LT(longest, milliseconds(10)) << "one round trip more";
}

TEST_F(Witnesses, AWitnessThatDiesIsReplaced) {
  boot(4);
  const SessionToken token = new_session();
  MemberId witness = kNobody;
  for (const auto& channel : member(0).core().facts().channels) {
    if (channel.secondary == token.secondary) witness = channel.witness;
  }
  member_of(witness).crash();
  run_for(seconds(5));
  EXPECT_TRUE(has_witnesses());
  EXPECT_EQ(value(begin(member(0), token), "a"), "1");
}

// A cut ends while the others elect a leader, who will hold the old one for dead. What the old one
// would win now would go with its life, and its clients could not be told what they had seen (V7).
TEST_F(Witnesses, WhoHasVotedForAnotherLeaderGivesTheOldOneNoVoteInItsChannels) {
  boot(3);
  SimMember& leader = member_of(member(0).view().leader()->mid);
  const SessionToken token = write(leader, std::nullopt, "a", "1");
  const MemberId old_leader = leader.mid();
  MemberId voter = kNobody;
  MemberId candidate = kNobody;
  int votes = 0;
  network_.set_watch([&](MemberId from, MemberId to, const Frame& frame) {
    if (frame.type == FrameType::kElectOk && voter == kNobody) {
      voter = from;
      candidate = to;
    }
    votes += frame.type == FrameType::kVote && from == voter && to == old_leader &&
             decode_member(frame.payload) == old_leader;
  });
  for (const auto& other : members_) {
    if (other->mid() != old_leader) network_.cut(leader.address(), other->address());
  }
  ASSERT_TRUE(network_.run_until([&] { return voter != kNobody; }, seconds(3)));
  network_.cut(member_of(candidate).address(), member_of(voter).address());
  network_.heal(leader.address(), member_of(voter).address());
  run_for(milliseconds(100));
  EXPECT_EQ(votes, 0);
  network_.heal();
  run_for(seconds(3));
  EXPECT_EQ(value(begin(member_of(token.secondary), token, {.failover = true}), "a"), "1");
  EXPECT_TRUE(lost_.empty());
}

// Claims that a cut has held back arrive when it ends, before the member that sent them has heard
// whether it was buried meanwhile (V7; simulator, classic --one-at-a-time 201275).
TEST_F(Witnesses, AClaimOfASuspectGetsNoVoteBeforeItIsAliveAgain) {
  boot(4);
  SimMember& cut_off = member(member(0).mid() == member(0).view().leader()->mid ? 1 : 0);
  write(cut_off, std::nullopt, "a", "1");
  const auto is_suspect_at = [&](const auto& other) {
    if (other.get() == &cut_off) return true;
    const Member* seen = other->view().find(cut_off.mid());
    return seen != nullptr && seen->liveness == Liveness::kSuspect;
  };
  const auto is_suspect = [&] { return std::ranges::all_of(members_, is_suspect_at); };
  int claims = 0;
  int votes = 0;
  int votes_for_a_suspect = 0;
  network_.set_watch([&](MemberId from, MemberId to, const Frame& frame) {
    claims += frame.type == FrameType::kClaim && from == cut_off.mid();
    const bool is_vote = frame.type == FrameType::kVote && to == cut_off.mid();
    votes += is_vote;
    votes_for_a_suspect += is_vote && is_suspect();
  });
  for (const auto& other : members_) {
    if (other.get() != &cut_off) network_.cut(cut_off.address(), other->address());
  }
  ASSERT_TRUE(network_.run_until([&] { return claims > 0 && is_suspect(); }, seconds(1)));
  const SimMember& leader = member_of(cut_off.view().leader()->mid);
  for (const auto& other : members_) {
    if (other.get() != &leader) network_.heal(cut_off.address(), other->address());
  }
  run_for(milliseconds(90));
  network_.heal();
  run_for(seconds(1));
  EXPECT_EQ(votes_for_a_suspect, 0);
  EXPECT_GT(votes, 0) << "it is alive, and asks again";
}

}  // namespace
}  // namespace understudy::sim
