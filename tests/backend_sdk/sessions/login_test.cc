// SPDX-License-Identifier: Apache-2.0
// Ids change at login and end at logout, whatever has been sent of it (S6).
#include "backend_sdk/replication/payloads.h"
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Login : public Stage {
 protected:
  // The secondary is late for less than AckTimeout, and the window is full: what `changes` do
  // waits.
  std::vector<CommitOutcome> while_the_window_is_full(const SessionToken& token,
                                                      std::vector<Change> changes) {
    SimMember& secondary = member_of(token.secondary);
    run_for(milliseconds(50));
    secondary.pause();
    std::vector<Change> all;
    for (size_t index = 0; index < options_.replication.window_frames; ++index) {
      all.push_back(set("x", std::to_string(index)));
    }
    for (Change& change : changes) all.push_back(std::move(change));
    std::vector<WaitingCommit> done;
    SessionToken now = token;
    for (Change& change : all) {
      const RequestHandle handle = begin(member(0), now).handle;
      now.sid = change.new_id.value_or(now.sid);
      done.push_back(commit_later(member(0), handle, std::move(change)));
    }
    run_for(milliseconds(100));
    secondary.resume();
    run_for(seconds(3));
    std::vector<CommitOutcome> outcomes;
    for (const WaitingCommit& one : done) outcomes.push_back(one->value_or(CommitOutcome()));
    return outcomes;
  }
};

// Row 5 of issue 9: the queue held the old id, so nothing of the session was ever sent again.
TEST_F(Login, ASessionThatWaitsForRoomIsSentUnderItsNewId) {
  options_.replication.window_frames = 2;
  boot(3);
  SessionToken token = new_session();
  std::vector<Change> changes;
  changes.push_back(set("y", "1"));
  changes.push_back(login(7));
  for (const CommitOutcome& outcome : while_the_window_is_full(token, std::move(changes))) {
    EXPECT_EQ(outcome.kind, CommitKind::kReleased);
  }
  token.sid = fresh(7);
  const BeginOutcome begun = begin(member(0), token);
  ASSERT_EQ(begun.kind, BeginKind::kProceed);
  EXPECT_EQ(commit(member(0), begun.handle, set("z", "1")).kind, CommitKind::kReleased);
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  EXPECT_EQ(value(begin(secondary, token, {.failover = true}), "z"), "1");
}

TEST_F(Login, AChannelWhoseSessionWasRenamedWhileItWaitedDrains) {
  options_.replication.window_frames = 2;
  boot(3);
  const SessionToken token = new_session();
  std::vector<Change> changes;
  changes.push_back(set("y", "1"));
  changes.push_back(login(7));
  while_the_window_is_full(token, std::move(changes));
  member(0).drain();
  ASSERT_TRUE(network_.run_until([&] { return member(0).is_drained(); }, seconds(10)));
  SessionToken now = token;
  now.sid = fresh(7);
  EXPECT_EQ(value(begin(member_of(token.secondary), now, {.failover = true}), "y"), "1");
}

// Row 4 of issue 9: INVALIDATE named the new id alone, of which the secondary had never heard.
TEST_F(Login, ALogoutBehindALoginThatWasNotSentEndsTheOldIdToo) {
  options_.replication.window_frames = 2;
  boot(3);
  const SessionToken token = new_session();
  std::vector<Change> changes;
  changes.push_back(login(7));
  changes.push_back(logout());
  const auto outcomes = while_the_window_is_full(token, std::move(changes));
  EXPECT_TRUE(outcomes.back().clear_cookie);
  SimMember& secondary = member_of(token.secondary);
  EXPECT_TRUE(secondary.core().facts().copies.empty());
  member(0).crash();
  run_for(seconds(1));
  for (const SessionId& sid : {token.sid, fresh(7)}) {
    SessionToken ghost = token;
    ghost.sid = sid;
    const BeginOutcome after = begin(secondary, ghost, {.failover = true});
    EXPECT_EQ(after.kind, BeginKind::kProceed);
    EXPECT_TRUE(after.is_new);
    EXPECT_FALSE(after.lost) << "it ended, it was not lost";
  }
}

TEST_F(Login, EveryIdOfARowOfLoginsEndsWithTheLogout) {
  options_.replication.window_frames = 2;
  boot(3);
  const SessionToken token = new_session();
  std::vector<Change> changes;
  for (const uint8_t id : {7, 8, 9}) changes.push_back(login(id));
  changes.push_back(logout());
  while_the_window_is_full(token, std::move(changes));
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  run_for(seconds(1));
  for (const uint8_t id : {7, 8, 9}) {
    SessionToken ghost = token;
    ghost.sid = fresh(id);
    EXPECT_TRUE(begin(secondary, ghost, {.failover = true}).is_new);
  }
  EXPECT_TRUE(begin(secondary, token, {.failover = true}).is_new);
}

// The old id leads to the new one for AliasKept after the login, at whichever member, however late
// that member hears of it.
TEST_F(Login, AnOldIdEndsAtTheSecondaryWhenItEndsAtThePrimary) {
  options_.sessions.alias_kept = seconds(10);
  boot(3);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  SimMember& third = *members_[secondary.index() == 1 ? 2 : 1];
  secondary.crash();
  third.pause();
  const BeginOutcome begun = begin(member(0), token);
  const WaitingCommit done = commit_later(member(0), begun.handle, login(7));
  run_for(seconds(8));
  third.resume();
  ASSERT_TRUE(network_.run_until([&] { return third.core().statistics().sessions_secondary == 1; },
                                 seconds(5)));
  run_for(seconds(3));
  member(0).crash();
  run_for(seconds(3));
  SessionToken now = token;
  now.sid = fresh(7);
  EXPECT_EQ(value(begin(third, now, {.failover = true}), "a"), "1");
  EXPECT_TRUE(begin(third, token, {.failover = true}).is_new);
}

TEST_F(Login, NothingIsWrittenToASessionWhoseEndIsUnderWay) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  const BeginOutcome leaving = begin(member(0), token);
  const WaitingCommit ended = commit_later(member(0), leaving.handle, logout());
  const uint64_t commits = member(0).core().statistics().sessions.commits;
  const WaitingCommit written = commit_later(member(0), running.handle, set("a", "2"));
  ASSERT_FALSE(ended->has_value()) << "the secondary has not answered yet";
  EXPECT_EQ(member(0).core().statistics().sessions.commits, commits);
  run_for(milliseconds(50));
  ASSERT_TRUE(ended->has_value() && written->has_value());
  EXPECT_EQ((*written)->kind, CommitKind::kReleased) << "it has read what was there before";
}

// Its answer would say that there is no session, and the secondary could still bring it back.
TEST_F(Login, NoAnswerShowsAnEndThatTheSecondaryHasNotHeardOf) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome leaving = begin(member(0), token, {.request = 8});
  member_of(token.secondary).pause();
  const WaitingCommit ended = commit_later(member(0), leaving.handle, logout());
  const Waiting again = begin_later(member(0), token, {.request = 8});
  const Waiting other = begin_later(member(0), token, {.request = 9});
  run_for(milliseconds(100));
  EXPECT_FALSE(again->has_value() || other->has_value());
  member_of(token.secondary).resume();
  run_for(milliseconds(100));
  ASSERT_TRUE(ended->has_value());
  EXPECT_TRUE((*ended)->clear_cookie);
  for (const Waiting& begun : {again, other}) {
    ASSERT_TRUE(begun->has_value());
    EXPECT_TRUE((*begun)->is_new);
    EXPECT_FALSE((*begun)->lost);
  }
}

// Its primary dies before the secondary has heard of the end: the logout is sent again, there.
TEST_F(Login, ALogoutThatDiesWithItsPrimaryIsDoneByTheNextOne) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome leaving = begin(member(0), token, {.request = 8});
  network_.cut(member(0).address(), member_of(token.secondary).address());
  const WaitingCommit ended = commit_later(member(0), leaving.handle, logout());
  const Waiting again = begin_later(member(0), token, {.request = 8});
  run_for(milliseconds(50));
  EXPECT_FALSE(ended->has_value() || again->has_value());
  member(0).power_off();
  SimMember& next = member_of(token.secondary);
  const BeginOutcome there = begin(next, token, {.request = 8, .failover = true});
  EXPECT_EQ(value(there, "a"), "1");
  EXPECT_TRUE(commit(next, there.handle, logout()).clear_cookie);
  EXPECT_TRUE(begin(next, token).is_new);
}

// Were it found nowhere, an older copy of it could be taken for what is left.
TEST_F(Login, ASessionWhoseEndIsUnderWayIsFoundWhereItEnds) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& secondary = member_of(token.secondary);
  SimMember& third = member(secondary.index() == 1 ? 2 : 1);
  const BeginOutcome leaving = begin(member(0), token);
  network_.cut(member(0).address(), secondary.address());
  const WaitingCommit ended = commit_later(member(0), leaving.handle, logout());
  SessionToken old = token;
  old.primary = 1;
  old.secondary = kNobody;
  const BeginOutcome asked = begin(third, old, {.failover = true});
  ASSERT_FALSE(ended->has_value());
  EXPECT_EQ(asked.kind, BeginKind::kRedirect);
  EXPECT_EQ(asked.route, member(0).mid());
  EXPECT_TRUE(lost_.empty());
}

// The witness has voted for the secondary, which this member does not reach: the session may go on
// there, and it is there that the logout is repeated.
TEST_F(Login, AnOutvotedMemberSendsAwayWhoAsksForASessionThatItHadEnded) {
  boot(3);
  const SessionToken token = new_session();
  SimMember& next = member_of(token.secondary);
  const BeginOutcome leaving = begin(member(0), token, {.request = 8});
  network_.cut(member(0).address(), next.address());
  const WaitingCommit ended = commit_later(member(0), leaving.handle, logout());
  member(0).pause();
  const BeginOutcome there = begin(next, token, {.failover = true});
  EXPECT_EQ(value(there, "a"), "1");
  member(0).resume();
  run_for(milliseconds(50));
  const BeginOutcome again = begin(member(0), token, {.request = 8});
  EXPECT_EQ(again.kind, BeginKind::kRedirect);
  EXPECT_EQ(again.route, next.mid());
}

// A request that began before the login needs nothing that the login made, and is not told the new
// id (I6); it waits all the same, as one that knows the id does.
TEST_F(Login, NoAnswerShowsANewIdThatTheSecondaryHasNotHeardOf) {
  boot(3);
  const SessionToken token = new_session();
  run_for(milliseconds(50));
  const BeginOutcome reading = begin(member(0), token);
  const BeginOutcome leaving = begin(member(0), token);
  member_of(token.secondary).pause();
  const WaitingCommit logged_in = commit_later(member(0), leaving.handle, login(7));
  const WaitingCommit read = commit_later(member(0), reading.handle);
  run_for(milliseconds(100));
  EXPECT_FALSE(read->has_value());
  member_of(token.secondary).resume();
  run_for(milliseconds(100));
  for (const WaitingCommit& done : {logged_in, read}) {
    ASSERT_TRUE(done->has_value());
    EXPECT_EQ((*done)->kind, CommitKind::kReleased);
  }
  ASSERT_TRUE((*logged_in)->cookie);
  EXPECT_EQ((*logged_in)->cookie->sid, fresh(7));
  EXPECT_FALSE((*read)->cookie);
}

// A secondary that has not answered yet may know a session by each of its ids: none is dropped.
TEST_F(Login, MoreIdsThanCanBeToldAreRefused) {
  options_.replication.window_frames = 1;
  boot(3);
  const SessionToken token = new_session();
  std::vector<Change> changes;
  for (uint8_t id = 10; id < 10 + kFormerIdsMax + 1; ++id) changes.push_back(login(id));
  const auto outcomes = while_the_window_is_full(token, std::move(changes));
  EXPECT_EQ(outcomes.back().kind, CommitKind::kUnavailable);
  EXPECT_EQ(outcomes[outcomes.size() - 2].kind, CommitKind::kReleased);
}

// The login is committed at a primary that is cut off, and its secondary takes over without it: the
// session is the secondary's, under the old id.
class UnheardLogin : public Login {
 protected:
  void log_in_cut_off() {
    options_.sessions.alias_kept = milliseconds(500);
    boot(3);
    token_ = new_session();
    const BeginOutcome begun = begin(member(0), token_);
    network_.isolate(member(0).address());
    done_ = commit_later(member(0), begun.handle, login(7));
    // Until it was taken over, at the first request.
    const auto taken_over = begin(secondary(), token_, {.failover = true});
    ASSERT_EQ(taken_over.kind, BeginKind::kProceed);
    ASSERT_EQ(taken_over.sid, token_.sid);
    token_ = *commit(secondary(), taken_over.handle, set("a", "2")).cookie;
    ASSERT_EQ(token_.sid, taken_over.sid);
  }
  SimMember& secondary() { return *members_[first_ == 0 ? remember() : first_]; }

  SessionToken token_;
  WaitingCommit done_;

 private:
  size_t remember() { return first_ = member_of(token_.secondary).index(); }
  size_t first_ = 0;
};

TEST_F(UnheardLogin, TheOldIdDoesNotEndAsLongAsItsPrimaryIsUnsure) {
  log_in_cut_off();
  const Waiting asked = begin_later(member(0), token_, {});
  run_for(seconds(1));
  EXPECT_FALSE(asked->has_value()) << "a new session, for a login that did not happen";
  network_.heal();
  run_for(seconds(1));
  ASSERT_TRUE(asked->has_value());
  EXPECT_EQ((*asked)->kind, BeginKind::kRedirect);
  EXPECT_EQ((*asked)->route, secondary().mid());
}

TEST_F(UnheardLogin, TheFormerPrimaryTakesACopyUnderTheOldId) {
  log_in_cut_off();
  network_.heal();
  run_for(seconds(2));
  const BeginOutcome asked = begin(member(0), token_);
  EXPECT_NE(asked.kind, BeginKind::kProceed);
  // The other member goes: what is left to hold the copy is the former primary.
  for (const auto& other : members_) {
    if (other->index() != 0 && other.get() != &secondary()) other->crash();
  }
  run_for(seconds(5));
  const SessionToken after = write(secondary(), token_, "a", "3");
  EXPECT_EQ(after.sid, token_.sid);
  EXPECT_EQ(after.secondary, member(0).mid());
  EXPECT_TRUE(conflicts_.empty());
}

}  // namespace
}  // namespace understudy::sim
