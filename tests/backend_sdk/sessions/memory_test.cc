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
