// SPDX-License-Identifier: Apache-2.0
// Session fixation: what is left of an id after a login, for an attacker who knows it and for the
// requests of the client that were under way (PROTOCOL I1, I5, I6, I7).
#include <algorithm>

#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Fixation : public Stage {
 protected:
  static Change login_of(const std::string& user, uint8_t id) {
    Change change = set("user", user);
    change.new_id = fresh(id);
    return change;
  }
  void log_in(uint8_t id = 7, RequestId request = 0) {
    boot(3);
    planted_ = new_session();
    const BeginOutcome begun = begin(member(0), planted_, {.request = request});
    const CommitOutcome done = commit(member(0), begun.handle, login_of("anna", id));
    ASSERT_TRUE(done.cookie);
    now_ = *done.cookie;
    ASSERT_EQ(now_.sid, fresh(id));
  }
  // A request with the old id that came `after` the login and has waited since.
  BeginOutcome attack(SimMember& at, Duration waited = {}) {
    return begin(at, planted_, {.failover = &at != &member(0), .waited = waited});
  }

  SessionToken planted_;
  SessionToken now_;
};

TEST_F(Fixation, ARequestThatComesAfterTheLoginGetsANewSession) {
  log_in();
  run_for(options_.sessions.alias_in_flight);
  const BeginOutcome begun = attack(member(0));
  EXPECT_EQ(begun.kind, BeginKind::kProceed);
  EXPECT_TRUE(begun.is_new);
  EXPECT_FALSE(begun.lost);
  EXPECT_EQ(value(begun, "user"), "(none)");
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "2"));
  ASSERT_TRUE(done.cookie);
  EXPECT_NE(done.cookie->sid, now_.sid);
  EXPECT_EQ(value(begin(member(0), now_), "a"), "1");
}

TEST_F(Fixation, AtTheSecondaryItGetsANewSessionToo) {
  log_in();
  run_for(options_.sessions.alias_in_flight);
  member(0).crash();
  EXPECT_TRUE(attack(member_of(planted_.secondary)).is_new);
  EXPECT_EQ(value(begin(member_of(planted_.secondary), now_, {.failover = true}), "user"), "anna");
}

// Understudy-Waited, less what two clocks may differ by, says that it came before.
TEST_F(Fixation, ARequestThatWasUnderWayIsServed) {
  log_in();
  run_for(seconds(10));
  EXPECT_EQ(value(attack(member(0), seconds(10)), "user"), "anna");
  EXPECT_TRUE(attack(member(0), seconds(9)).is_new) << "it may have come later by 2 %";
  member(0).crash();
  SimMember& next = member_of(planted_.secondary);
  EXPECT_EQ(value(attack(next, seconds(11)), "user"), "anna");
}

TEST_F(Fixation, ARequestThatWasInFlightIsServedAndNotToldTheId) {
  log_in();
  run_for(options_.sessions.alias_in_flight - milliseconds(100));
  const BeginOutcome begun = attack(member(0));
  EXPECT_EQ(begun.sid, now_.sid);
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.cookie);
  EXPECT_FALSE(done.clear_cookie);
  EXPECT_EQ(value(begin(member(0), now_), "a"), "2");
}

// It may be the client's own, later than most: the cookie that it has by now is not taken away.
TEST_F(Fixation, AnAnswerWithoutASessionLeavesTheCookie) {
  log_in();
  run_for(options_.sessions.alias_in_flight);
  const BeginOutcome begun = attack(member(0));
  const CommitOutcome done = commit(member(0), begun.handle);
  EXPECT_FALSE(done.clear_cookie);
  EXPECT_FALSE(done.cookie);
  run_for(options_.sessions.alias_kept);
  const BeginOutcome later = attack(member(0));
  EXPECT_TRUE(commit(member(0), later.handle).clear_cookie) << "a dead cookie";
}

TEST_F(Fixation, OneThatRanBeforeTheLoginIsNotToldTheIdEither) {
  boot(3);
  planted_ = new_session();
  const BeginOutcome running = begin(member(0), planted_);
  const BeginOutcome logging_in = begin(member(0), planted_);
  commit(member(0), logging_in.handle, login_of("anna", 7));
  const CommitOutcome done = commit(member(0), running.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.cookie);
}

// Sent again because its answer was lost, also at the next primary: the client has to learn the id.
TEST_F(Fixation, TheLoginThatIsSentAgainIsToldTheId) {
  log_in(7, 99);
  for (const bool is_dead : {false, true}) {
    if (is_dead) member(0).crash();
    SimMember& at = is_dead ? member_of(planted_.secondary) : member(0);
    const BeginOutcome again =
        begin(at, planted_, {.request = 99, .failover = is_dead, .waited = seconds(5)});
    ASSERT_EQ(again.kind, BeginKind::kProceed);
    EXPECT_TRUE(again.replayed);
    const CommitOutcome done = commit(at, again.handle);
    ASSERT_TRUE(done.cookie);
    EXPECT_EQ(done.cookie->sid, fresh(7));
  }
}

TEST_F(Fixation, TheStoredAnswerOfALoginIsToldTheIdAndThatOfAnotherRequestIsNot) {
  boot(3);
  planted_ = new_session();
  const auto stored = [&](RequestId request, Change change) {
    change.response = std::make_shared<const std::string>("stored");
    const BeginOutcome begun = begin(member(0), planted_, {.request = request});
    commit(member(0), begun.handle, std::move(change));
  };
  stored(98, set("a", "2"));
  stored(99, login_of("anna", 7));
  member(0).crash();
  SimMember& next = member_of(planted_.secondary);
  for (const RequestId request : {98, 99}) {
    const BeginOutcome again =
        begin(next, planted_, {.request = request, .failover = true, .waited = seconds(5)});
    ASSERT_EQ(again.kind, BeginKind::kAnswer);
    EXPECT_EQ(again.cookie.has_value(), request == 99);
  }
}

// Else an attacker would have a new id made by what the old one still leads to.
TEST_F(Fixation, ALoginWithAnOldIdIsASessionOfItsOwn) {
  log_in();
  const BeginOutcome begun = attack(member(0));
  ASSERT_EQ(begun.sid, now_.sid) << "in flight";
  const CommitOutcome done = commit(member(0), begun.handle, login_of("mallory", 8));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.is_apart);
  ASSERT_TRUE(done.cookie);
  EXPECT_EQ(done.cookie->sid, fresh(8));
  const BeginOutcome apart = begin(member(0), done.cookie);
  EXPECT_EQ(value(apart, "user"), "mallory");
  EXPECT_EQ(value(apart, "a"), "(none)") << "what it saw was the other session";
  EXPECT_EQ(value(begin(member(0), now_), "user"), "anna");
}

// A double click: both begin with the same id. The second has what was there before the first.
TEST_F(Fixation, TheSecondOfTwoLoginsAtATimeHasWhatWasThereBefore) {
  boot(3);
  planted_ = new_session();
  const BeginOutcome first = begin(member(0), planted_);
  const BeginOutcome second = begin(member(0), planted_);
  const CommitOutcome one = commit(member(0), first.handle, login_of("anna", 7));
  const CommitOutcome two = commit(member(0), second.handle, login_of("anna", 8));
  ASSERT_TRUE(one.cookie && two.cookie);
  EXPECT_FALSE(one.is_apart);
  EXPECT_TRUE(two.is_apart);
  for (const CommitOutcome& done : {one, two}) {
    const BeginOutcome begun = begin(member(0), done.cookie);
    EXPECT_EQ(value(begun, "a"), "1");
    EXPECT_EQ(value(begun, "user"), "anna");
  }
}

// They came before the login and run after it, as exclusive requests do.
TEST_F(Fixation, RequestsThatQueueBehindTheLoginAreServed) {
  boot(3);
  planted_ = new_session();
  const BeginOutcome logging_in = begin(member(0), planted_, {.exclusive = true});
  const Waiting queued = begin_later(member(0), planted_, {.exclusive = true});
  run_for(seconds(3));
  ASSERT_FALSE(queued->has_value());
  commit(member(0), logging_in.handle, login_of("anna", 7));
  run_for(milliseconds(50));
  ASSERT_TRUE(queued->has_value());
  EXPECT_EQ(value(**queued, "user"), "anna");
  EXPECT_FALSE(commit(member(0), (*queued)->handle, set("a", "2")).cookie);
}

TEST_F(Fixation, OfTwoCookiesTheOneWithThePresentIdCounts) {
  log_in();
  EXPECT_EQ(member(0).core().choose({planted_, now_})->sid, now_.sid);
  EXPECT_EQ(member(0).core().choose({planted_})->sid, planted_.sid);
}

// What the primary says is lost, and it hears all: copies of sessions that its secondary has taken
// over come back to it before it has heard of that (I8).
class LoginThatDidNotHappen : public Stage {
 protected:
  LoginThatDidNotHappen() : Stage({.tcp_one_way = true}) {
    options_.membership.interval = seconds(1);
  }
};

TEST_F(LoginThatDidNotHappen, ACopyUnderTheOldIdSaysSo) {
  boot(3);
  run_for(seconds(5));
  std::vector<SessionToken> tokens;
  for (int count = 0; count < 24; ++count) tokens.push_back(new_session());
  SimMember& next = member_of(tokens.front().secondary);
  std::erase_if(tokens, [&](const SessionToken& one) { return one.secondary != next.mid(); });
  for (const auto& other : members_) {
    if (other->index() != 0) network_.cut_one_way(member(0).address(), other->address());
  }
  std::vector<WaitingCommit> logins;
  for (const SessionToken& token : tokens) {
    Change login;
    login.new_id = fresh(static_cast<uint8_t>(100 + logins.size()));
    logins.push_back(commit_later(member(0), begin(member(0), token).handle, std::move(login)));
  }
  std::vector<Waiting> taken_over;
  for (const SessionToken& token : tokens) {
    taken_over.push_back(begin_later(next, token, {.failover = true}));
  }
  size_t back = 0;
  for (const Waiting& begun : taken_over) {
    ASSERT_TRUE(network_.run_until([&] { return begun->has_value(); }, seconds(5)));
    ASSERT_EQ((*begun)->kind, BeginKind::kProceed);
    commit_later(next, (*begun)->handle, set("a", "2"));
  }
  run_for(milliseconds(100));
  for (const SessionToken& token : tokens) {
    const auto copies = member(0).core().facts().copies;
    back += static_cast<size_t>(std::ranges::count(copies, token.sid, &NodeCoreFacts::Copy::sid));
    EXPECT_EQ(value(begin(next, token), "a"), "2");
  }
  EXPECT_GT(back, 0u) << "none of them came back: nothing was tried";
  EXPECT_TRUE(lost_.empty());
}

}  // namespace
}  // namespace understudy::sim
