// SPDX-License-Identifier: Apache-2.0
// Groups that were founded apart, with sessions in them, meet and become one: no session is lost, no
// member is expelled. And what one member alone believes of another costs no session.
#include <gtest/gtest.h>

#include "backend_sdk/replication/payloads.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = BeginOutcome::Kind;

class Merge : public Stage {
 protected:
  void prepare(size_t count) {
    options_.membership.interval = options_.replication.beat = seconds(1);
    for (size_t i = 0; i < count; ++i) {
      options_.membership.seeds.push_back(Address::loopback(static_cast<uint16_t>(7100 + i)));
    }
    for (size_t i = 0; i < count; ++i) {
      NodeCoreOptions options = options_;
      options.membership.self.name = "member" + std::to_string(i);
      options.membership.self.machine = "machine" + std::to_string(i);
      members_.push_back(std::make_unique<SimMember>(network_, i, options, 100 + i, *this));
    }
  }
  // Of the members before `index` and those from it on.
  void cut_at(size_t index) {
    for (size_t a = 0; a < index; ++a) {
      for (size_t b = index; b < members_.size(); ++b) {
        network_.cut(member(a).address(), member(b).address());
      }
    }
  }
  void boot_range(size_t first, size_t end) {
    for (size_t i = first; i < end; ++i) member(i).boot();
  }
  std::vector<SessionToken> write_sessions(size_t count, size_t first, size_t end) {
    std::vector<SessionToken> tokens;
    for (size_t i = 0; i < count; ++i) {
      tokens.push_back(write(member(first + i % (end - first)), std::nullopt, "cart", "full"));
    }
    return tokens;
  }
  // Of these sessions, those that their owners still serve as they were.
  size_t kept(const std::vector<SessionToken>& tokens) {
    size_t kept = 0;
    for (const SessionToken& token : tokens) {
      SimMember* owner = &member(0);
      for (const auto& other : members_) {
        if (other->is_up() && other->mid() == token.primary) owner = other.get();
      }
      const BeginOutcome begun = begin(*owner, token);
      if (begun.kind != Kind::kProceed) continue;
      kept += !begun.is_new && value(begun, "cart") == "full";
      commit(*owner, begun.handle);
    }
    return kept;
  }
  uint64_t lives() {
    uint64_t lives = 0;
    for (const auto& other : members_) {
      if (other->is_up()) lives += other->core().statistics().lives;
    }
    return lives;
  }
  bool is_one_group() {
    for (const auto& other : members_) {
      const MemberView& view = other->core().view();
      size_t usable = 0;
      for (const Member& one : view.members) usable += one.is_usable() && one.is_confirmed;
      if (usable != members_.size() || view.group != member(0).core().view().group) return false;
    }
    return true;
  }
  void expect_all_protected() {
    for (const auto& other : members_) {
      EXPECT_EQ(other->core().statistics().sessions_solo, 0u) << "member " << other->index();
    }
  }
};

// Member 3 boots a second before the others, but its switch port comes up a minute later.
TEST_F(Merge, AnEmptyGroupThatIsOlderCostsNoSession) {
  prepare(4);
  cut_at(3);
  member(3).boot();
  run_for(seconds(1));
  boot_range(0, 3);
  run_for(seconds(30));
  const std::vector<SessionToken> tokens = write_sessions(300, 0, 3);
  run_for(seconds(30));
  network_.heal();
  EXPECT_TRUE(network_.run_until([&] { return is_one_group(); }, seconds(30)));
  EXPECT_EQ(kept(tokens), 300u);
  EXPECT_EQ(lives(), 4u);
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Merge, SessionsOfBothGroupsAreKept) {
  prepare(7);
  cut_at(3);
  boot_range(0, 7);
  run_for(seconds(30));
  std::vector<SessionToken> tokens = write_sessions(90, 0, 3);
  for (const SessionToken& token : write_sessions(120, 3, 7)) tokens.push_back(token);
  network_.heal();
  ASSERT_TRUE(network_.run_until([&] { return is_one_group(); }, seconds(30)));
  EXPECT_EQ(kept(tokens), 210u);
  run_for(seconds(30));
  EXPECT_EQ(kept(tokens), 210u);
  EXPECT_EQ(lives(), 7u);
  expect_all_protected();
  EXPECT_TRUE(lost_.empty());
  EXPECT_TRUE(conflicts_.empty());
}

// A member alone holds its sessions solo. Once it has come over, others hold copies of them.
TEST_F(Merge, SessionsOfAMemberThatWasAloneAreKeptAndProtected) {
  prepare(4);
  cut_at(1);
  boot_range(0, 4);
  run_for(seconds(30));
  const std::vector<SessionToken> tokens = write_sessions(50, 0, 1);
  EXPECT_EQ(member(0).core().statistics().sessions_solo, 50u);
  network_.heal();
  ASSERT_TRUE(network_.run_until([&] { return is_one_group(); }, seconds(30)));
  run_for(seconds(30));
  expect_all_protected();
  EXPECT_EQ(kept(tokens), 50u);
}

TEST_F(Merge, RequestsGoOnWhileGroupsMerge) {
  prepare(6);
  cut_at(2);
  boot_range(0, 6);
  run_for(seconds(30));
  std::vector<SessionToken> tokens = write_sessions(6, 0, 2);
  network_.heal();
  for (int step = 0; step < 200; ++step) {
    SessionToken& token = tokens[static_cast<size_t>(step) % tokens.size()];
    const SessionToken after =
        write(member_of(token.primary), token, "n", std::to_string(step));
    if (after.primary != kNobody) token = after;
    run_for(milliseconds(50));
  }
  EXPECT_TRUE(is_one_group());
  EXPECT_EQ(kept(tokens), 6u);
  EXPECT_EQ(lives(), 6u);
}

TEST_F(Merge, ACutBeforeTheyHaveComeOverCostsNoSession) {
  for (int halves = 0; halves < 4; ++halves) {
    SCOPED_TRACE(std::to_string(halves) + " half milliseconds after the first yield");
    members_.clear();
    options_.membership.seeds.clear();
    prepare(5);
    cut_at(2);
    boot_range(0, 5);
    run_for(seconds(30));
    const std::vector<SessionToken> tokens = write_sessions(40, 0, 2);
    network_.heal();
    const auto yields = [&] { return member(0).core().view().is_yielding(); };
    ASSERT_TRUE(network_.run_until(yields, seconds(30)));
    run_for(milliseconds(halves) / 2);
    cut_at(2);
    run_for(seconds(20));
    network_.heal();
    ASSERT_TRUE(network_.run_until([&] { return is_one_group(); }, seconds(120)));
    EXPECT_EQ(kept(tokens), 40u);
    EXPECT_EQ(lives(), 5u);
    for (const auto& other : members_) other->crash();
    run_for(seconds(1));
  }
}

// A firewall answers with RST for a member that lives.
TEST_F(Merge, ARefusedConnectionCostsNoSession) {
  boot(4);
  const std::vector<SessionToken> tokens = write_sessions(80, 0, 4);
  for (size_t from = 0; from < 4; ++from) {
    const size_t to = (from + 1) % 4;
    network_.refuse(member(from).address(), member(to).address());
    run_for(seconds(5));
    network_.heal();
    run_for(seconds(5));
  }
  EXPECT_EQ(lives(), 4u);
  EXPECT_TRUE(lost_.empty());
  EXPECT_TRUE(conflicts_.empty());
  for (const SessionToken& token : tokens) {
    size_t serving = 0;
    for (const auto& other : members_) {
      for (const ServedSession& served : other->core().facts().served) {
        serving += served.sid == token.sid && served.may_answer;
      }
    }
    EXPECT_EQ(serving, 1u);
  }
}

// What another member calls dead is asked before a question in its place is answered.
TEST_F(Merge, AQuestionInPlaceOfALivingMemberIsNotAnswered) {
  boot(3);
  size_t answers = 0;
  network_.set_watch([&](MemberId, MemberId, const Frame& frame) {
    answers += frame.type == FrameType::kFound;
  });
  const Peer asker{member(1).mid(), member(1).address()};
  const MemberId accused = member(2).mid();
  Frame question{.type = FrameType::kLookup, .payload = {}};
  encode(LookupPayload{.nonce = 1, .sid = {}, .instead_of = accused}, question.payload);
  member(0).on_frame(asker, question);
  run_for(seconds(3));
  EXPECT_EQ(answers, 0u);
  EXPECT_EQ(lives(), 3u);
  member(2).crash();
  member(0).on_frame(asker, question);
  run_for(seconds(3));
  EXPECT_EQ(answers, 1u) << "now it has a proof of its own";
}

TEST_F(Merge, ADrainingMemberDrainsInItsNextLifeToo) {
  boot(3);
  const std::vector<SessionToken> tokens = write_sessions(1, 2, 3);
  const BeginOutcome under_way = begin(member(2), tokens[0]);  // drain waits for it
  ASSERT_EQ(under_way.kind, Kind::kProceed);
  member(2).drain();
  run_for(milliseconds(500));
  const MemberId before = member(2).mid();
  member(2).pause();
  run_for(seconds(3));
  member(2).resume();
  bool was_ready = false;
  const auto look = [&] {
    for (const Member& one : member(0).core().view().members) {
      const bool is_next = one.name == "member2" && one.mid != before;
      was_ready |= is_next && one.operator_state == OperatorState::kReady;
    }
    return false;
  };
  network_.run_until(look, seconds(4));
  EXPECT_FALSE(was_ready);
}

// A proxy that reaches both groups asks a member of the other one, right after the cut between them
// and before they have met (Q2; simulator, founding --one-at-a-time 200486).
TEST_F(Merge, ASessionOfAGroupThatIsNotMetYetIsNotLost) {
  prepare(4);
  cut_at(2);
  boot_range(0, 4);
  run_for(seconds(16));
  const std::vector<SessionToken> tokens = write_sessions(2, 0, 2);
  network_.heal();
  EXPECT_EQ(begin(member(3), tokens[0], {.failover = true}).kind, Kind::kUnavailable);
  EXPECT_TRUE(network_.run_until([this] { return is_one_group(); }, seconds(20)));
  EXPECT_EQ(begin(member(2), tokens[0], {.failover = true}).kind, Kind::kRedirect);
  EXPECT_EQ(kept(tokens), tokens.size());
  EXPECT_TRUE(lost_.empty());
}

// Where each seed is a member's or refuses, no other group can be.
TEST_F(Merge, ASessionOfALifeThatTheViewHasNeverKnownIsLostAtOnce) {
  prepare(3);
  boot_range(0, 2);
  run_for(seconds(5));
  SessionToken token = write(member(0), std::nullopt, "cart", "full");
  token.sid = fresh(9);
  token.primary = token.secondary = 77;
  const TimePoint asked = network_.now();
  const BeginOutcome begun = begin(member(1), token, {.failover = true});
  EXPECT_EQ(begun.kind, Kind::kProceed);
  EXPECT_TRUE(begun.lost);
  EXPECT_LT(network_.now() - asked, milliseconds(50));
}

// A machine that is silent is waited for no longer than a lookup lasts.
TEST_F(Merge, ASilentSeedDelaysTheWordThatASessionIsLost) {
  prepare(3);
  boot_range(0, 3);
  run_for(seconds(5));
  for (const size_t other : {0u, 1u}) network_.cut(member(2).address(), member(other).address());
  run_for(seconds(10));
  SessionToken token = write(member(0), std::nullopt, "cart", "full");
  token.sid = fresh(9);
  token.primary = token.secondary = 77;
  const TimePoint asked = network_.now();
  const BeginOutcome begun = begin(member(1), token, {.failover = true});
  EXPECT_TRUE(begun.lost);
  EXPECT_GE(network_.now() - asked, milliseconds(300));
  EXPECT_LT(network_.now() - asked, milliseconds(600));
}

}  // namespace
}  // namespace understudy::sim
