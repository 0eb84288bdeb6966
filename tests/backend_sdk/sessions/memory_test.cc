// SPDX-License-Identifier: Apache-2.0
// A committed request is remembered as long as a proxy may send it again (S11).
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class Memory : public Stage {
 protected:
  // Appends its id to the log, as an exclusive request does.
  static Change append(const BeginOutcome& begun, RequestId id) {
    const auto log = begun.attributes->find("log");
    const std::string before = log == begun.attributes->end() ? std::string() : *log->second;
    return set("log", before + std::to_string(id) + " ");
  }
  void run(SimMember& member, const SessionToken& token, RequestId id, How how) {
    how.request = id;
    how.exclusive = true;
    const BeginOutcome begun = begin(member, token, how);
    ASSERT_EQ(begun.kind, BeginKind::kProceed);
    Change change;
    if (!begun.replayed) change = append(begun, id);
    ASSERT_EQ(commit(member, begun.handle, std::move(change)).kind, CommitKind::kReleased);
  }
  // As many as the session remembers, each committed and none told to be answered.
  void fill(const SessionToken& token) {
    for (RequestId id = 1; id <= options_.sessions.requests_remembered; ++id) {
      run(member(0), token, id, {});
    }
  }
};

// Row 3 of issue 9: a ring of eight let the first four of these run twice.
TEST_F(Memory, TwelveCommitsWhoseAnswersDieWithThePrimaryRunOnce) {
  boot(3);
  const SessionToken token = new_session();
  std::string expected;
  for (RequestId id = 101; id <= 112; ++id) {
    run(member(0), token, id, {});
    expected += std::to_string(id) + " ";
  }
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  for (RequestId id = 101; id <= 112; ++id) run(secondary, token, id, {.failover = true});
  EXPECT_EQ(value(begin(secondary, token, {.failover = true}), "log"), expected);
}

TEST_F(Memory, AFullOneMakesRequestsWaitInTheirOrderUntilAnAnswerHasArrived) {
  options_.sessions.requests_remembered = 4;
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  std::vector<Waiting> waiting;
  for (RequestId id = 11; id <= 13; ++id) {
    waiting.push_back(begin_later(member(0), token, {.request = id}));
  }
  run_for(milliseconds(50));
  for (const Waiting& one : waiting) EXPECT_FALSE(one->has_value());
  // Told with any request to this member, of any session.
  begin(member(0), std::nullopt, {.answered = {2, 999}});
  run_for(milliseconds(1));
  ASSERT_TRUE(waiting[0]->has_value());
  EXPECT_EQ((*waiting[0])->kind, BeginKind::kProceed);
  EXPECT_FALSE(waiting[1]->has_value());
  // One that changes nothing gives its place back.
  commit(member(0), (*waiting[0])->handle);
  run_for(milliseconds(1));
  ASSERT_TRUE(waiting[1]->has_value());
  EXPECT_FALSE(waiting[2]->has_value());
}

TEST_F(Memory, ALaterRequestDoesNotPassThoseThatWait) {
  options_.sessions.requests_remembered = 2;
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  const Waiting first = begin_later(member(0), token, {.request = 11});
  const Waiting second = begin_later(member(0), token, {.request = 12, .answered = {1}});
  run_for(milliseconds(1));
  EXPECT_TRUE(first->has_value());
  EXPECT_FALSE(second->has_value());
}

TEST_F(Memory, ALaterRequestDoesNotTakeTheRoomThatTimeHasMadeForOneThatWaits) {
  options_.sessions.requests_remembered = 1;
  options_.sessions.request_memory = seconds(10);
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  run_for(milliseconds(9900));
  const Waiting first = begin_later(member(0), token, {.request = 11});
  member(0).pause();  // what is due comes late
  const Waiting second = begin_later(member(0), token, {.request = 12});
  run_for(milliseconds(200));
  member(0).resume();
  run_for(milliseconds(10));
  EXPECT_TRUE(first->has_value());
  EXPECT_FALSE(second->has_value());
}

TEST_F(Memory, WithoutRoomARequestIsRefusedAfterItsTime) {
  options_.sessions.requests_remembered = 2;
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  const BeginOutcome refused = begin(member(0), token, {.request = 11});
  EXPECT_EQ(refused.kind, BeginKind::kUnavailable);
  EXPECT_EQ(refused.reason, Unavailable::kBusy);
  EXPECT_GT(refused.retry_after, Duration::zero());
  EXPECT_EQ(begin(member(0), token).kind, BeginKind::kProceed) << "without an id nothing is kept";
}

TEST_F(Memory, TheQueueIsBounded) {
  options_.sessions.requests_remembered = 1;
  options_.sessions.session_queue_max = 2;
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  const Waiting first = begin_later(member(0), token, {.request = 11});
  const Waiting second = begin_later(member(0), token, {.request = 12});
  const BeginOutcome third = begin(member(0), token, {.request = 13});
  EXPECT_EQ(third.kind, BeginKind::kUnavailable);
  EXPECT_EQ(third.reason, Unavailable::kQueueFull);
  EXPECT_FALSE(first->has_value());
  EXPECT_FALSE(second->has_value());
}

TEST_F(Memory, ItEndsWithTheTimeInWhichAProxySendsAgain) {
  options_.sessions.requests_remembered = 2;
  options_.sessions.request_memory = seconds(10);
  boot(3);
  const SessionToken token = new_session();
  fill(token);
  run_for(seconds(8));
  const Waiting waiting = begin_later(member(0), token, {.request = 11});
  run_for(seconds(1));
  EXPECT_FALSE(waiting->has_value());
  run_for(seconds(2));
  ASSERT_TRUE(waiting->has_value());
  EXPECT_EQ((*waiting)->kind, BeginKind::kProceed);
}

TEST_F(Memory, ARequestThatIsOlderIsNotRun) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome old =
      begin(member(0), token, {.request = 7, .waited = options_.sessions.request_memory});
  EXPECT_EQ(old.kind, BeginKind::kUnavailable);
  EXPECT_EQ(old.reason, Unavailable::kWaitedOut);
  const BeginOutcome younger =
      begin(member(0), token, {.request = 8, .waited = options_.sessions.request_memory / 2});
  EXPECT_EQ(younger.kind, BeginKind::kProceed);
}

TEST_F(Memory, ARepetitionInTheQueueIsAnsweredWithTheFirstAndNotInItsTurn) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token, {.exclusive = true});
  const Waiting first = begin_later(member(0), token, {.request = 7, .exclusive = true});
  const Waiting other = begin_later(member(0), token, {.request = 8, .exclusive = true});
  const Waiting again = begin_later(member(0), token, {.request = 7, .exclusive = true});
  member(0).run([&](NodeCore& core) { core.abandon(running.handle); });
  run_for(milliseconds(10));
  ASSERT_TRUE(first->has_value());
  Change change = set("a", "2");
  change.response = std::make_shared<const std::string>("once");
  commit(member(0), (*first)->handle, std::move(change));
  run_for(milliseconds(10));
  EXPECT_TRUE(other->has_value()) << "which goes on running";
  ASSERT_TRUE(again->has_value());
  EXPECT_EQ((*again)->kind, BeginKind::kAnswer);
}

// The handler was told `replayed`, and may have answered for it already.
TEST_F(Memory, ARepetitionChangesNothingAlsoWhenItsRequestIsForgottenMeanwhile) {
  boot(3);
  const SessionToken token = new_session();
  write(member(0), token, "a", "2", 7);
  const BeginOutcome again = begin(member(0), token, {.request = 7});
  ASSERT_TRUE(again.replayed);
  begin(member(0), std::nullopt, {.answered = {7}});
  const CommitOutcome done = commit(member(0), again.handle, set("a", "3"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.replayed);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

TEST_F(Memory, ARepetitionEndsNoSession) {
  boot(3);
  const SessionToken token = new_session();
  write(member(0), token, "a", "2", 7);
  const BeginOutcome again = begin(member(0), token, {.request = 7});
  ASSERT_TRUE(again.replayed);
  Change logout;
  logout.invalidate = true;
  EXPECT_FALSE(commit(member(0), again.handle, logout).clear_cookie);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

TEST_F(Memory, ARepetitionThatWaitsIsNotRunWhenItsRequestIsForgottenMeanwhile) {
  boot(3);
  const SessionToken token = new_session();
  write(member(0), token, "a", "2", 7);
  run_for(milliseconds(20));  // a beat has just been
  member(0).pause();
  run_for(milliseconds(610));
  member(0).resume();  // without its lease: both wait for it
  const Waiting again = begin_later(member(0), token, {.request = 7});
  const Waiting other = begin_later(member(0), token, {.answered = {7}});
  ASSERT_FALSE(again->has_value());
  run_for(seconds(1));
  ASSERT_TRUE(again->has_value());
  EXPECT_EQ((*again)->kind, BeginKind::kUnavailable);
  EXPECT_EQ((*again)->reason, Unavailable::kWaitedOut);
  ASSERT_TRUE(other->has_value());
  EXPECT_EQ((*other)->kind, BeginKind::kProceed);
}

// Its time begins anew with a new owner: another proxy may send a request again that long.
TEST_F(Memory, APromotedSessionRemembersWhatItsPrimaryDid) {
  boot(3);
  const SessionToken token = write(member(0), std::nullopt, "a", "1", 7);
  member(0).crash();
  run_for(seconds(2));
  SimMember& secondary = member_of(token.secondary);
  commit(secondary, begin(secondary, token, {.request = 8, .failover = true}).handle);
  EXPECT_TRUE(begin(secondary, token, {.request = 7, .failover = true}).replayed);
}

TEST_F(Memory, WhatIsForgottenIsForgottenAtTheSecondaryToo) {
  options_.sessions.requests_remembered = 3;
  boot(3);
  const SessionToken token = new_session();
  for (RequestId id = 1; id <= 40; ++id) {
    How how;
    if (id > 1) how.answered = {id - 1};
    run(member(0), token, id, how);
  }
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  // The last one is remembered; there is room for two more.
  const BeginOutcome last = begin(secondary, token, {.request = 40, .failover = true});
  EXPECT_TRUE(last.replayed);
  for (const RequestId id : {51, 52}) {
    EXPECT_EQ(begin(secondary, token, {.request = id, .failover = true}).kind, BeginKind::kProceed);
  }
  const Waiting waits = begin_later(secondary, token, {.request = 53, .failover = true});
  run_for(milliseconds(100));
  EXPECT_FALSE(waits->has_value());
}

}  // namespace
}  // namespace understudy::sim
