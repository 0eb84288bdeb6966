// SPDX-License-Identifier: Apache-2.0
// A primary that seals a channel and dies before its sessions have another copy (PROTOCOL 2.4):
// what it passed over is served again, flagged, and nothing older than a client has seen.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Recovery : public Stage {
 protected:
  // Member 0 has a session, does not hear its secondary for a moment, and seals the channel. Then
  // it is stopped, before the session has another copy; its secondary has agreed.
  void seal_and_stop(size_t members = 3) {
    boot(members);
    token_ = new_session();
    network_.cut(secondary().address(), member(0).address());
    ASSERT_TRUE(network_.run_until([&] { return has_sealed(); }, seconds(2)));
    member(0).pause();
    network_.heal();
    ASSERT_TRUE(network_.run_until([&] { return passed_over() == 1; }, milliseconds(50)));
    ASSERT_EQ(member(0).core().statistics().sessions_primary, 1u);
  }
  bool has_sealed() {
    for (const auto& channel : member(0).core().facts().channels) {
      if (channel.is_sealed_by_us) return true;
    }
    return false;
  }
  SimMember& secondary() { return member_of(token_.secondary); }
  SimMember& witness() { return *members_[secondary().index() == 1 ? 2 : 1]; }
  uint64_t passed_over() { return secondary().core().statistics().sessions_passed_over; }
  BeginOutcome ask(SimMember& member) { return begin(member, token_, {.failover = true}); }
  // A client that is sent back asks again.
  BeginOutcome ask_again(SimMember& member) {
    EXPECT_TRUE(is_outdated(ask(member)));
    run_for(seconds(1));
    return ask(member);
  }
  static bool is_outdated(const BeginOutcome& outcome) {
    return outcome.kind == BeginKind::kUnavailable && outcome.reason == Unavailable::kOutdated;
  }

  // One that is neither `of` nor leads when member 0 is gone.
  SimMember& plain_member(SimMember& of) {
    const Member* next = nullptr;
    for (const Member& known : of.view().members) {
      if (known.mid == member(0).mid()) continue;
      if (next == nullptr || known.join_seq < next->join_seq) next = &known;
    }
    SimMember* plain = nullptr;
    for (size_t index = 1; index < members_.size(); ++index) {
      SimMember& other = member(index);
      if (other.mid() != of.mid() && other.mid() != next->mid) plain = &other;
    }
    return *plain;
  }
  // `asks` has a question under way that `silent`, which is paused, has not answered. A member
  // joins; then `silent` answers. How often the one that joined was asked.
  int asked_when_it_joins(SimMember& asks, SimMember& silent) {
    SimMember& fresh = add_member();
    const auto is_known = [&] {
      const Member* member = asks.view().find(fresh.mid());
      return member != nullptr && member->is_usable();
    };
    EXPECT_TRUE(network_.run_until(is_known, milliseconds(300)));
    int asked = 0;
    network_.set_watch([&](MemberId, MemberId to, const Frame& frame) {
      if (frame.type == FrameType::kLookup && to == fresh.mid()) ++asked;
    });
    silent.resume();
    run_for(seconds(1));
    network_.set_watch([](MemberId, MemberId, const Frame&) {});
    return asked;
  }

  SessionToken token_;
};

TEST_F(Recovery, WhatAPrimarySealedAndTookToItsGraveIsServedFromThePassedOverCopy) {
  seal_and_stop();
  member(0).crash();
  const BeginOutcome asked = ask_again(secondary());
  ASSERT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_EQ(value(asked, "a"), "1");
  EXPECT_TRUE(asked.recovered);
  EXPECT_GT(asked.position.epoch, token_.floor.epoch);
  const CommitOutcome done = commit(secondary(), asked.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.recovered);
  EXPECT_FALSE(done.solo) << "protected again, in line";
  EXPECT_EQ(secondary().core().statistics().sessions.recovered, 1u);
  ASSERT_TRUE(done.cookie);
  const BeginOutcome next = begin(secondary(), done.cookie);
  EXPECT_EQ(value(next, "a"), "2");
  EXPECT_FALSE(next.recovered) << "its client has been told";
  EXPECT_TRUE(lost_.empty());
}

// The primary answers a second request while the first is under way, and dies: the first one's
// cookie does not tell what its client has been shown meanwhile.
TEST_F(Recovery, ARequestFromBeforeTheProofIsSentBackToItsClient) {
  seal_and_stop();
  const TimePoint sent = network_.now();
  run_for(milliseconds(500));
  member(0).crash();
  EXPECT_TRUE(is_outdated(ask(secondary()))) << "what it asks itself brings the proof";
  const auto waited = [&] { return network_.now() - sent; };
  for (int i = 0; i < 3; ++i) {
    run_for(seconds(1));
    const How old{.failover = true, .waited = waited()};
    EXPECT_TRUE(is_outdated(begin(secondary(), token_, old))) << "however often it is sent again";
  }
  const BeginOutcome fresh = ask(secondary());
  EXPECT_EQ(value(fresh, "a"), "1");
  EXPECT_TRUE(fresh.recovered);
  const CommitOutcome done = commit(secondary(), fresh.handle, set("a", "2"));
  ASSERT_TRUE(done.cookie);
  const How old{.failover = true, .waited = waited()};
  EXPECT_TRUE(is_outdated(begin(secondary(), token_, old)));
  EXPECT_EQ(value(begin(secondary(), done.cookie, old), "a"), "2") << "its cookie is newer";
}

TEST_F(Recovery, WhoTakesOverARecoveredSessionSendsOldRequestsBackToo) {
  seal_and_stop();
  SimMember& holder = secondary();
  SimMember& other = witness();
  const TimePoint sent = network_.now();
  member(0).crash();
  ASSERT_TRUE(network_.run_until([&] { return other.core().statistics().sessions_secondary == 1; },
                                 seconds(10)));
  run_for(seconds(5));
  holder.crash();
  EXPECT_EQ(value(ask(other), "a"), "1") << "not sent back: it began when the copy was there";
  EXPECT_TRUE(
      is_outdated(begin(other, token_, {.failover = true, .waited = network_.now() - sent})));
}

TEST_F(Recovery, AStrangerAsksAroundAndNamesTheMemberThatHasThePassedOverCopy) {
  seal_and_stop();
  member(0).crash();
  token_.secondary = kNobody;  // as after a response that was flagged solo
  SimMember& stranger = *members_[1];
  SimMember& other = *members_[2];
  EXPECT_TRUE(network_.run_until(
      [&] {
        for (SimMember* member : {&stranger, &other}) {
          const BeginOutcome asked = ask(*member);
          EXPECT_FALSE(asked.lost);
          if (asked.kind == BeginKind::kProceed) return value(asked, "a") == "1";
        }
        return false;
      },
      seconds(5)));
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Recovery, ASessionThatNobodyAsksForHasTwoCopiesAgain) {
  seal_and_stop();
  SimMember& holder = secondary();
  SimMember& other = witness();
  member(0).crash();
  EXPECT_TRUE(network_.run_until([&] { return other.core().statistics().sessions_secondary == 1; },
                                 seconds(10)));
  EXPECT_EQ(holder.core().statistics().sessions.recovered, 1u);
  EXPECT_EQ(holder.core().statistics().sessions_passed_over, 0u);
  run_for(seconds(1));
  holder.crash();  // the flag and the floor have moved along
  SessionToken more = token_;
  ++more.floor.version;
  EXPECT_TRUE(begin(other, more, {.failover = true}).lost);
  const BeginOutcome asked = ask(other);
  EXPECT_EQ(value(asked, "a"), "1");
  EXPECT_TRUE(asked.recovered);
}

TEST_F(Recovery, WhoeverWasShownMoreIsToldThatItIsLost) {
  seal_and_stop();
  member(0).crash();
  ++token_.floor.version;
  const BeginOutcome asked = ask(secondary());
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_TRUE(asked.is_new);
  EXPECT_TRUE(asked.lost);
  EXPECT_EQ(lost_.size(), 1u);
}

// What a session does while nobody holds a copy stands in the cookie, or it could be rolled back
// without a word.
TEST_F(Recovery, ACookieFlaggedSoloSaysHowFarTheSessionHasCome) {
  boot(2);
  token_ = new_session();
  member(1).crash();
  run_for(seconds(3));
  for (const char* text : {"2", "3"}) {
    const BeginOutcome begun = begin(member(0), token_);
    const CommitOutcome done = commit(member(0), begun.handle, set("a", text));
    EXPECT_TRUE(done.solo);
    ASSERT_TRUE(done.cookie);
    EXPECT_EQ(done.cookie->floor.version, begun.position.version + 1);
    token_ = *done.cookie;
  }
}

TEST_F(Recovery, WhileThePrimaryIsOnlySilentNobodyServes) {
  seal_and_stop();
  member(0).power_off();
  const BeginOutcome silent = ask(secondary());
  EXPECT_EQ(silent.kind, BeginKind::kUnavailable);
  run_for(seconds(3));
  EXPECT_EQ(ask(secondary()).kind, BeginKind::kUnavailable);
  EXPECT_TRUE(lost_.empty());
  member(0).boot();  // the proof
  run_for(seconds(3));
  const BeginOutcome asked = ask(secondary());
  EXPECT_EQ(value(asked, "a"), "1");
  EXPECT_TRUE(asked.recovered);
}

// Isolated for a while, it comes back, wins the seal, and only then learns that it was expelled.
TEST_F(Recovery, WhatAnExpelledPrimaryHadSealedIsNotLost) {
  seal_and_stop();
  const MemberId before = member(0).mid();
  network_.isolate(member(0).address());
  member(0).resume();
  run_for(seconds(8));
  EXPECT_EQ(ask(secondary()).kind, BeginKind::kUnavailable);
  network_.heal();
  ASSERT_TRUE(network_.run_until(
      [&] { return member(0).mid() != before && member(0).core().is_admitted(); }, seconds(20)));
  run_for(seconds(1));
  const BeginOutcome asked = ask(secondary());
  EXPECT_EQ(value(asked, "a"), "1");
  EXPECT_TRUE(asked.recovered);
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_TRUE(lost_.empty());
}

// It lets go of them one by one (C4), and of one that is asked for before its turn comes.
TEST_F(Recovery, AnExpelledMemberPointsToWhereItsSessionsAre) {
  options_.sessions.slice = 1;
  boot(4);
  std::vector<SessionToken> tokens;
  for (int i = 0; i < 8; ++i) tokens.push_back(write(member(0), std::nullopt, "a", "1"));
  const MemberId before = member(0).mid();
  network_.isolate(member(0).address());
  run_for(seconds(8));
  network_.heal();
  ASSERT_TRUE(network_.run_until([&] { return member(0).mid() != before; }, seconds(20)));
  for (const SessionToken& token : {tokens[5], tokens[2]}) {
    const BeginOutcome asked = begin(member(0), token);
    EXPECT_EQ(asked.kind, BeginKind::kRedirect);
    EXPECT_EQ(asked.route, token.secondary);
  }
  run_for(seconds(3));
  for (const SessionToken& token : tokens) {
    EXPECT_EQ(begin(member(0), token).route, token.secondary);
    EXPECT_EQ(value(begin(member_of(token.secondary), token, {.failover = true}), "a"), "1");
  }
  EXPECT_TRUE(conflicts_.empty());
  EXPECT_TRUE(lost_.empty());
}

TEST_F(Recovery, ANewerCopyElsewhereWins) {
  seal_and_stop();
  SimMember& other = witness();
  member(0).resume();
  ASSERT_TRUE(network_.run_until([&] { return other.core().statistics().sessions_secondary == 1; },
                                 seconds(5)));
  member(0).crash();
  const BeginOutcome asked = ask(secondary());
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, other.mid());
  const BeginOutcome there = ask(other);
  EXPECT_EQ(value(there, "a"), "1");
  EXPECT_FALSE(there.recovered);
  EXPECT_EQ(secondary().core().statistics().sessions.recovered, 0u);
}

// The sessions of the dead may have been moved to a member that came a moment ago.
TEST_F(Recovery, WhoComesWhileItIsAskedForAPassedOverSessionIsAskedToo) {
  seal_and_stop(5);
  SimMember& asks = secondary();
  SimMember& silent = plain_member(asks);
  silent.pause();
  member(0).crash();
  ASSERT_TRUE(network_.run_until([&] { return asks.core().statistics().sessions.lookups == 1; },
                                 milliseconds(100)));
  EXPECT_GE(asked_when_it_joins(asks, silent), 1);
  EXPECT_EQ(asks.core().statistics().sessions.recovered, 1u);
}

TEST_F(Recovery, WhoComesWhileItIsAskedForALostSessionIsAskedToo) {
  boot(5);
  SimMember& silent = plain_member(member(1));
  silent.pause();
  token_.sid.bytes.fill(9);
  token_.primary = 77;
  const Waiting asked = begin_later(member(1), token_, {.failover = true});
  EXPECT_GE(asked_when_it_joins(member(1), silent), 1);
  ASSERT_TRUE(asked->has_value());
  EXPECT_TRUE((*asked)->lost);
}

TEST_F(Recovery, WithANewCopyThePassedOverOneIsForgotten) {
  seal_and_stop();
  member(0).resume();
  EXPECT_TRUE(network_.run_until([&] { return passed_over() == 0; }, seconds(5)));
  EXPECT_EQ(member(0).core().statistics().sessions_solo, 0u);
  EXPECT_EQ(value(begin(member(0), token_), "a"), "1");
}

// S6: a logout at a primary whose old copy is still somewhere is known to a third one.
TEST_F(Recovery, ALogoutIsNotUndone) {
  seal_and_stop();
  network_.cut(member(0).address(), secondary().address());
  member(0).resume();
  const BeginOutcome begun = begin(member(0), token_);
  Change logout;
  logout.invalidate = true;
  EXPECT_TRUE(commit(member(0), begun.handle, logout).clear_cookie);
  EXPECT_EQ(passed_over(), 1u);
  member(0).crash();
  network_.heal();
  const BeginOutcome asked = ask(secondary());
  EXPECT_EQ(asked.kind, BeginKind::kProceed);
  EXPECT_TRUE(asked.is_new);
  EXPECT_FALSE(asked.lost);
  EXPECT_EQ(secondary().core().statistics().sessions.recovered, 0u);
}

// S6: the login was acknowledged by a secondary that is gone as well by then. Each secondary that
// the session gets later knows which of its ids have ended.
TEST_F(Recovery, AnIdThatALoginEndedIsKnownWhereverTheSessionGoes) {
  boot(7);  // so many that the channels' witnesses are others
  token_ = new_session();
  SimMember& left_behind = secondary();
  network_.cut(left_behind.address(), member(0).address());
  ASSERT_TRUE(network_.run_until([&] { return has_sealed(); }, seconds(2)));
  SessionToken now = write(member(0), token_, "a", "2");
  const BeginOutcome begun = begin(member(0), now);
  Change login;
  login.new_id = SessionId();
  login.new_id->bytes.fill(7);
  now = commit(member(0), begun.handle, login).cookie.value();
  SimMember& acknowledged = member_of(now.secondary);
  acknowledged.crash();
  run_for(seconds(3));
  now = write(member(0), now, "a", "3");
  SimMember& last = member_of(now.secondary);
  ASSERT_TRUE(&last != &acknowledged && &last != &left_behind);
  member(0).crash();
  network_.heal();
  EXPECT_EQ(value(begin(last, now, {.failover = true}), "a"), "3");
  run_for(seconds(5));
  EXPECT_EQ(left_behind.core().statistics().sessions.recovered, 0u);
  EXPECT_EQ(left_behind.core().statistics().sessions_passed_over, 0u);
  const BeginOutcome before = begin(last, token_, {.failover = true, .waited = seconds(20)});
  EXPECT_EQ(value(before, "a"), "3") << "the old id leads what came before the login there";
  EXPECT_TRUE(ask(left_behind).is_new);
}

TEST_F(Recovery, WhatIsPassedOverIsNotKeptForEver) {
  seal_and_stop();
  member(0).power_off();
  run_for(options_.replication.passed_over_kept - seconds(10));
  EXPECT_EQ(passed_over(), 1u);
  run_for(seconds(11));
  EXPECT_EQ(passed_over(), 0u);
  EXPECT_LT(options_.replication.passed_over_kept, options_.sessions.tombstone_kept);
}

// The secondary never hears that its channel was sealed: CLAIM is lost with a link that a firewall
// resets. CLOSE tells it when the link stands again; its copy does not outlive the session, whose
// end other members know.
TEST_F(Recovery, ACopyWhoseSealWasNeverHeardGoesWithTheClose) {
  boot(4);
  token_ = new_session();
  SimMember& first = secondary();
  network_.refuse(member(0).address(), first.address());
  ASSERT_TRUE(network_.run_until([&] { return has_sealed(); }, seconds(2)));
  token_ = write(member(0), token_, "a", "2");
  ASSERT_NE(token_.secondary, first.mid());
  run_for(milliseconds(200));
  network_.heal();
  run_for(seconds(3));
  const NodeCoreStatistics held = first.core().statistics();
  EXPECT_EQ(held.sessions_passed_over, 0u);
  EXPECT_EQ(held.sessions_secondary, 0u);
}

}  // namespace
}  // namespace understudy::sim
