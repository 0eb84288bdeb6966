// SPDX-License-Identifier: Apache-2.0
// Channels without a witness: when one of the two goes on alone, and what other members make of
// that (PROTOCOL 2.4, 2.9 P15, 3.7 P20).
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Alone : public Stage {
 protected:
  // Two of three members are left, and a session of member 0 that member 1 holds.
  void boot_and_lose_one() {
    options_.replication.no_witness = NoWitnessPolicy::kRefuse;
    options_.membership.one_goes_on_alone = false;
    boot(3);
    member(2).power_off();
    run_for(seconds(3));
    token_ = new_session();
    ASSERT_EQ(token_.secondary, member(1).mid());
    for (const auto& channel : member(0).core().facts().channels) {
      const bool is_open = std::string(channel.state) == "open";
      ASSERT_TRUE(!is_open || channel.witness == kNobody);
    }
  }
  CommitOutcome write_at(SimMember& member, const std::string& value, bool failover = false) {
    const BeginOutcome begun = begin(member, token_, {.failover = failover});
    if (begun.kind != BeginKind::kProceed) return {};
    return commit(member, begun.handle, set("a", value));
  }

  SessionToken token_;
};

// A firewall refused connections of the primary to its living secondary, and no third member was
// there to ask. The primary went on alone, answered solo and died; the secondary took over what it
// had, and showed less than had been shown, without a word (simulator, liars --overlapping 70026
// and 70278), or a session that had ended (70336).
TEST_F(Alone, ARefusalThatNoMemberConfirmsIsBelievedAfterASilenceOnly) {
  boot_and_lose_one();
  network_.refuse(member(0).address(), member(1).address());
  const CommitOutcome refused = write_at(member(0), "2");
  EXPECT_NE(refused.kind, CommitKind::kReleased) << "member 1 lives, and has not got it";
  network_.heal();
  run_for(seconds(3));
  const BeginOutcome shown = begin(member(0), token_);
  ASSERT_EQ(shown.kind, BeginKind::kProceed);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Alone, ARefusalAndASilenceTogetherAreBelieved) {
  boot_and_lose_one();
  member(1).crash();
  const TimePoint crashed = network_.now();
  EXPECT_EQ(write_at(member(0), "2").kind, CommitKind::kReleased);
  EXPECT_LT(network_.now() - crashed, milliseconds(1000)) << "3 1/4 T and a probe";
}

// A firewall refuses in the name of the secondary, and nothing that it says arrives: the primary
// goes on alone, and dies.
TEST_F(Alone, WhatAPrimaryDidAloneIsNotPassedOverInSilence) {
  boot_and_lose_one();
  const SessionToken before = token_;
  network_.refuse(member(0).address(), member(1).address());
  run_for(milliseconds(3));
  network_.cut_one_way(member(1).address(), member(0).address());
  const CommitOutcome solo = write_at(member(0), "2");
  ASSERT_EQ(solo.kind, CommitKind::kReleased);
  ASSERT_TRUE(solo.solo);
  ASSERT_TRUE(solo.cookie);
  member(0).crash();
  network_.heal();
  run_for(seconds(1));
  member(2).boot();
  run_for(seconds(20));
  const BeginOutcome seen_more = begin(member(1), *solo.cookie, {.failover = true});
  ASSERT_EQ(seen_more.kind, BeginKind::kProceed);
  EXPECT_TRUE(seen_more.lost) << "this client has seen what is gone";
  const BeginOutcome seen_less = begin(member(1), before, {.failover = true});
  ASSERT_EQ(seen_less.kind, BeginKind::kProceed);
  EXPECT_TRUE(seen_less.recovered);
  EXPECT_EQ(value(seen_less, "a"), "1");
}

// The same from the other side: the secondary goes on alone and dies, and the primary, whose lease
// was over for long, learns of it.
TEST_F(Alone, WhatASecondaryDidAloneIsNotPassedOverInSilence) {
  boot_and_lose_one();
  token_ = write(member(1), std::nullopt, "a", "1");
  ASSERT_EQ(token_.secondary, member(0).mid());
  const SessionToken before = token_;
  network_.refuse(member(0).address(), member(1).address());
  run_for(milliseconds(3));
  network_.cut_one_way(member(1).address(), member(0).address());
  run_for(seconds(2));
  const CommitOutcome solo = write_at(member(0), "2", true);
  ASSERT_EQ(solo.kind, CommitKind::kReleased);
  ASSERT_TRUE(solo.solo);
  ASSERT_TRUE(solo.cookie);
  member(0).crash();
  network_.heal();
  run_for(seconds(1));
  member(0).boot();
  member(2).boot();
  run_for(seconds(20));
  const BeginOutcome seen_less = begin(member(1), before);
  ASSERT_EQ(seen_less.kind, BeginKind::kProceed);
  EXPECT_TRUE(seen_less.recovered);
  EXPECT_EQ(value(seen_less, "a"), "1");
  const BeginOutcome seen_more = begin(member(1), *solo.cookie, {.failover = true});
  ASSERT_EQ(seen_more.kind, BeginKind::kProceed);
  EXPECT_TRUE(seen_more.lost) << "this client has seen what is gone";
}

// What died under the lease had not begun to claim: nothing is lost, and nothing is asked for.
TEST_F(Alone, ASecondaryThatDiesUnderTheLeaseLeavesThePrimaryWhatItHas) {
  boot_and_lose_one();
  member(1).crash();
  run_for(seconds(3));
  const BeginOutcome shown = begin(member(0), token_);
  ASSERT_EQ(shown.kind, BeginKind::kProceed);
  EXPECT_FALSE(shown.recovered);
}

// NoWitness available: a firewall's RST was taken for a death by the only one to see it, which
// expelled a living member, and both had written.
TEST_F(Alone, OneOfTwoDoesNotGoOnAloneBecauseOfOneRefusal) {
  boot(2);
  token_ = new_session();
  const MemberId other = member(1).mid();
  network_.refuse(member(0).address(), member(1).address());
  run_for(milliseconds(700));
  network_.heal();
  run_for(seconds(1));
  const SessionToken written = write(member(0), token_, "a", "2");
  EXPECT_EQ(member(1).mid(), other) << "it lives on";
  EXPECT_EQ(written.secondary, other) << "and holds a copy";
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Alone, OneOfTwoGoesOnABeatAfterTheOthersDeath) {
  boot(2);
  token_ = new_session();
  const TimePoint crashed = network_.now();
  member(0).crash();
  const BeginOutcome shown = begin(member(1), token_, {.failover = true});
  ASSERT_EQ(shown.kind, BeginKind::kProceed);
  EXPECT_EQ(value(shown, "a"), "1");
  EXPECT_LT(network_.now() - crashed, milliseconds(350)) << "1 1/4 T and a probe; T is 200 ms";
}

// A member had written sessions alone, gave them to another one, and was overtaken by that one
// before it had heard that its channel stood. What the heir offered it then had come from itself,
// and was called a conflict (simulator, liars --overlapping 70017).
TEST_F(Alone, TheHeirOfAMembersOwnChannelIsNoOtherOwner) {
  options_.sessions.quiet_before_bulk = seconds(60);
  boot(2);
  std::vector<SessionToken> tokens;
  for (int count = 0; count < 12; ++count) tokens.push_back(new_session());
  member(0).crash();
  run_for(seconds(2));
  for (SessionToken& token : tokens) token = write(member(1), token, "a", "alone");
  member(0).boot();
  add_member();
  run_for(seconds(3));
  SimMember* heir = nullptr;
  size_t offered = 0;
  network_.set_watch([&](MemberId from, MemberId to, const Frame& frame) {
    if (frame.type == FrameType::kOpen && heir == nullptr) {
      heir = &member_of(to);
      network_.refuse(heir->address(), member(1).address());
    }
    const bool is_offer = frame.type == FrameType::kFull && to == member(1).mid();
    offered += is_offer && from == heir->mid();
  });
  std::vector<WaitingCommit> under_way;
  for (const SessionToken& token : tokens) {
    const BeginOutcome begun = begin(member(1), token);
    ASSERT_EQ(begun.kind, BeginKind::kProceed);
    under_way.push_back(commit_later(member(1), begun.handle, set("a", "given")));
  }
  ASSERT_NE(heir, nullptr);
  run_for(milliseconds(650));
  network_.heal();
  for (const SessionToken& token : tokens) {
    const BeginOutcome begun = begin(*heir, token, {.failover = true});
    if (begun.kind == BeginKind::kProceed) commit(*heir, begun.handle, set("a", "heir"));
  }
  run_for(seconds(5));
  EXPECT_GT(offered, 0u) << "the heir has taken over, and member 1 is to hold copies";
  EXPECT_TRUE(conflicts_.empty());
}

}  // namespace
}  // namespace understudy::sim
