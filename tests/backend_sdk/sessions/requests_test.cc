// SPDX-License-Identifier: Apache-2.0
// One request after the other, or at the same time, with nothing failing.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

Bytes bytes_of(const std::string& text) {
  return std::make_shared<const std::string>(text);
}

class Requests : public Stage {};

TEST_F(Requests, ANewSessionHasACopyBeforeItsResponseLeaves) {
  boot(3);
  const BeginOutcome begun = begin(member(0), std::nullopt);
  EXPECT_TRUE(begun.is_new);
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "1"));
  ASSERT_TRUE(done.cookie);
  EXPECT_FALSE(done.solo);
  EXPECT_EQ(done.cookie->sid, begun.sid);
  EXPECT_EQ(done.cookie->primary, member(0).mid());
  EXPECT_EQ(done.cookie->floor, (Position{1, 1}));
  const NodeCoreFacts facts = member_of(done.cookie->secondary).core().facts();
  ASSERT_EQ(facts.copies.size(), 1u);
  EXPECT_EQ(facts.copies[0].position, (Position{1, 1}));
}

TEST_F(Requests, ARequestThatLeavesNothingMakesNoSession) {
  boot(3);
  const BeginOutcome begun = begin(member(0), std::nullopt);
  const CommitOutcome done = commit(member(0), begun.handle);
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.cookie);
  EXPECT_EQ(member(0).core().statistics().sessions_primary, 0u);
}

TEST_F(Requests, TheCookieIsWrittenOnlyWhenItChanges) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  EXPECT_EQ(value(begun, "a"), "1");
  EXPECT_FALSE(commit(member(0), begun.handle, set("a", "2")).cookie);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

TEST_F(Requests, DisjointAttributesAreNeverLost) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome first = begin(member(0), token);
  const BeginOutcome second = begin(member(0), token);
  commit(member(0), second.handle, set("b", "2"));
  commit(member(0), first.handle, set("c", "3"));
  const BeginOutcome after = begin(member(0), token);
  EXPECT_EQ(value(after, "a"), "1");
  EXPECT_EQ(value(after, "b"), "2");
  EXPECT_EQ(value(after, "c"), "3");
}

TEST_F(Requests, AnAttributeIsTheLastWriters) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome first = begin(member(0), token);
  const BeginOutcome second = begin(member(0), token);
  commit(member(0), second.handle, set("a", "second"));
  commit(member(0), first.handle, set("a", "first"));
  EXPECT_EQ(value(begin(member(0), token), "a"), "first");
}

TEST_F(Requests, ExclusiveOnesRunInTheOrderTheyCame) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome first = begin(member(0), token, {.exclusive = true});
  const Waiting second = begin_later(member(0), token, {.exclusive = true});
  const Waiting third = begin_later(member(0), token, {.exclusive = true});
  run_for(milliseconds(100));
  EXPECT_FALSE(second->has_value());
  commit(member(0), first.handle, set("a", "first"));
  run_for(milliseconds(10));
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ(value(**second, "a"), "first");
  EXPECT_FALSE(third->has_value());
  member(0).run([&](NodeCore& core) { core.abandon((*second)->handle); });
  run_for(milliseconds(10));
  EXPECT_TRUE(third->has_value());
}

TEST_F(Requests, OthersDoNotWaitForAnExclusiveOne) {
  boot(3);
  const SessionToken token = new_session();
  begin(member(0), token, {.exclusive = true});
  EXPECT_EQ(begin(member(0), token).kind, BeginKind::kProceed);
}

TEST_F(Requests, ExclusivityIsWaitedForSoLong) {
  boot(3);
  const SessionToken token = new_session();
  begin(member(0), token, {.exclusive = true});
  const Waiting second = begin_later(member(0), token, {.exclusive = true});
  run_for(options_.sessions.exclusive_wait - milliseconds(100));
  EXPECT_FALSE(second->has_value());
  run_for(milliseconds(200));
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((*second)->reason, Unavailable::kBusy);
}

TEST_F(Requests, TheQueueForExclusivityIsBounded) {
  boot(3);
  const SessionToken token = new_session();
  begin(member(0), token, {.exclusive = true});
  std::vector<Waiting> queue;
  for (size_t index = 0; index < options_.sessions.session_queue_max; ++index) {
    queue.push_back(begin_later(member(0), token, {.exclusive = true}));
  }
  const Waiting above = begin_later(member(0), token, {.exclusive = true});
  run_for(milliseconds(10));
  EXPECT_FALSE(queue.back()->has_value());
  ASSERT_TRUE(above->has_value());
  EXPECT_EQ((*above)->reason, Unavailable::kQueueFull);
}

TEST_F(Requests, ARepeatedRequestGetsTheStoredAnswer) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token, {.request = 7});
  Change change = set("a", "2");
  change.response = bytes_of("the answer");
  commit(member(0), begun.handle, std::move(change));
  const BeginOutcome again = begin(member(0), token, {.request = 7});
  ASSERT_EQ(again.kind, BeginKind::kAnswer);
  EXPECT_EQ(*again.response, "the answer");
}

TEST_F(Requests, WithoutAStoredAnswerTheHandlerIsToldAndChangesNothing) {
  boot(3);
  const SessionToken token = new_session();
  write(member(0), token, "a", "2", 7);
  const BeginOutcome again = begin(member(0), token, {.request = 7});
  EXPECT_TRUE(again.replayed);
  const CommitOutcome done = commit(member(0), again.handle, set("a", "3"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.replayed);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

TEST_F(Requests, AnAnswerAboveTheLimitIsNotKept) {
  options_.sessions.stored_response_max = 10;
  boot(3);
  const SessionToken token = new_session();
  for (const size_t size : {10u, 11u}) {
    const BeginOutcome begun = begin(member(0), token, {.request = size});
    Change change = set("a", "2");
    change.response = bytes_of(std::string(size, 'x'));
    commit(member(0), begun.handle, std::move(change));
    const BeginOutcome again = begin(member(0), token, {.request = size});
    EXPECT_EQ(again.kind, size == 10 ? BeginKind::kAnswer : BeginKind::kProceed);
  }
}

TEST_F(Requests, TheSameRequestTwiceAtOnceRunsOnce) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome first = begin(member(0), token, {.request = 7});
  const Waiting second = begin_later(member(0), token, {.request = 7});
  run_for(milliseconds(50));
  EXPECT_FALSE(second->has_value());
  Change change = set("a", "2");
  change.response = bytes_of("once");
  commit(member(0), first.handle, std::move(change));
  run_for(milliseconds(50));
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((*second)->kind, BeginKind::kAnswer);
}

TEST_F(Requests, ARequestThatDiedBeforeItsCommitRunsWhenItIsRepeated) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome first = begin(member(0), token, {.request = 7});
  const Waiting second = begin_later(member(0), token, {.request = 7});
  member(0).run([&](NodeCore& core) { core.abandon(first.handle); });
  run_for(milliseconds(50));
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((*second)->kind, BeginKind::kProceed);
  EXPECT_FALSE((*second)->replayed);
}

TEST_F(Requests, AHandleCommitsOnce) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  commit(member(0), begun.handle, set("a", "2"));
  EXPECT_EQ(commit(member(0), begun.handle, set("a", "3")).kind, CommitKind::kReadOnly);
  EXPECT_EQ(commit(member(0), 4711, set("a", "3")).kind, CommitKind::kReadOnly);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

TEST_F(Requests, ASessionIsBounded) {
  options_.sessions.bytes_max = 10'000;
  boot(3);
  const SessionToken token = new_session();
  const size_t used = 200;  // names, and what an attribute costs beside its bytes
  const BeginOutcome fits = begin(member(0), token);
  EXPECT_EQ(commit(member(0), fits.handle, set("b", std::string(10'000 - used, 'x'))).kind,
            CommitKind::kReleased);
  const BeginOutcome above = begin(member(0), token);
  const CommitOutcome refused = commit(member(0), above.handle, set("b", std::string(10'000, 'x')));
  EXPECT_EQ(refused.kind, CommitKind::kTooLarge);
  EXPECT_NE(refused.text.find("MaxSessionBytes"), std::string::npos);
  EXPECT_EQ(value(begin(member(0), token), "b").size(), 10'000 - used);
}

TEST_F(Requests, TheLargestSessionThereMayBeIsReplicated) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  const size_t bytes = options_.sessions.bytes_max - 300;
  const CommitOutcome done = commit(member(0), begun.handle, set("b", std::string(bytes, 'x')));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_FALSE(done.solo);
}

TEST_F(Requests, NamesAreBounded) {
  boot(3);
  const SessionToken token = new_session();
  for (const size_t size : {0u, 256u, 257u}) {
    const BeginOutcome begun = begin(member(0), token);
    const CommitOutcome done = commit(member(0), begun.handle, set(std::string(size, 'n'), "v"));
    EXPECT_EQ(done.kind, size == 256 ? CommitKind::kReleased : CommitKind::kTooLarge) << size;
  }
}

TEST_F(Requests, SessionsAreCounted) {
  options_.sessions.sessions_max = 2;
  boot(3);
  new_session();
  new_session();
  const BeginOutcome third = begin(member(0), std::nullopt);
  EXPECT_EQ(third.kind, BeginKind::kUnavailable);
  EXPECT_EQ(third.reason, Unavailable::kTooMany);
}

TEST_F(Requests, RequestsUnderWayAreCounted) {
  options_.sessions.requests_max = 2;
  boot(3);
  const BeginOutcome first = begin(member(0), std::nullopt);
  begin(member(0), std::nullopt);
  EXPECT_EQ(begin(member(0), std::nullopt).reason, Unavailable::kQueueFull);
  commit(member(0), first.handle);
  EXPECT_EQ(begin(member(0), std::nullopt).kind, BeginKind::kProceed);
}

// S6.
TEST_F(Requests, AfterLogoutTheSessionIsServedNowhere) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  Change logout;
  logout.invalidate = true;
  const CommitOutcome done = commit(member(0), begun.handle, std::move(logout));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.clear_cookie);
  EXPECT_TRUE(begin(member(0), token).is_new);
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  const BeginOutcome there = begin(secondary, token, {.failover = true});
  EXPECT_TRUE(there.is_new);
  EXPECT_FALSE(there.lost);
}

TEST_F(Requests, ARequestThatEndsWhileALogoutIsUnderWayLosesItsCookieToo) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  const BeginOutcome leaving = begin(member(0), token);
  Change logout;
  logout.invalidate = true;
  const WaitingCommit left = commit_later(member(0), leaving.handle, std::move(logout));
  const WaitingCommit ran = commit_later(member(0), running.handle, set("a", "2"));
  run_for(milliseconds(100));
  for (const WaitingCommit& done : {left, ran}) {
    ASSERT_TRUE(done->has_value());
    EXPECT_EQ((*done)->kind, CommitKind::kReleased);
    EXPECT_TRUE((*done)->clear_cookie);
  }
}

TEST_F(Requests, ARequestThatRunsDuringALogoutIsReleasedWithoutACookie) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome running = begin(member(0), token);
  const BeginOutcome leaving = begin(member(0), token);
  Change logout;
  logout.invalidate = true;
  commit(member(0), leaving.handle, std::move(logout));
  const CommitOutcome done = commit(member(0), running.handle, set("a", "2"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.clear_cookie);
}

TEST_F(Requests, AtLoginTheIdChangesAndTheOldOneLeadsWhatWasUnderWay) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  Change login = set("user", "anna");
  SessionId fresh;
  fresh.bytes.fill(42);
  login.new_id = fresh;
  const CommitOutcome done = commit(member(0), begun.handle, std::move(login));
  ASSERT_TRUE(done.cookie);
  EXPECT_EQ(done.cookie->sid, fresh);
  run_for(seconds(9));
  const BeginOutcome old_id = begin(member(0), token, {.waited = seconds(10)});
  EXPECT_EQ(old_id.sid, fresh);
  EXPECT_EQ(value(old_id, "user"), "anna");
  commit(member(0), old_id.handle);
  run_for(options_.sessions.alias_kept);
  EXPECT_TRUE(begin(member(0), token, {.waited = seconds(60)}).is_new);
  EXPECT_EQ(value(begin(member(0), done.cookie), "user"), "anna");
}

TEST_F(Requests, TheSecondaryKnowsTheNewIdToo) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  Change login;
  SessionId fresh;
  fresh.bytes.fill(42);
  login.new_id = fresh;
  commit(member(0), begun.handle, std::move(login));
  SimMember& secondary = member_of(token.secondary);
  member(0).crash();
  const BeginOutcome there = begin(secondary, token, {.failover = true});
  EXPECT_EQ(there.kind, BeginKind::kProceed);
  EXPECT_EQ(there.sid, fresh);
}

TEST_F(Requests, AnUnusedSessionExpires) {
  options_.sessions.timeout = seconds(10);
  boot(3);
  const SessionToken token = new_session();
  run_for(seconds(9));
  commit(member(0), begin(member(0), token).handle);
  run_for(seconds(9));
  EXPECT_FALSE(begin(member(0), token).is_new) << "it was used in between";
  const SessionToken other = new_session();
  run_for(seconds(11));
  const BeginOutcome after = begin(member(0), other);
  EXPECT_TRUE(after.is_new);
  EXPECT_FALSE(after.lost);
  EXPECT_EQ(member(0).core().statistics().sessions.expired, 1u);
}

TEST_F(Requests, ALonelyMemberServesAndSaysSo) {
  boot(1);
  const BeginOutcome begun = begin(member(0), std::nullopt);
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "1"));
  EXPECT_EQ(done.kind, CommitKind::kReleased);
  EXPECT_TRUE(done.solo);
  EXPECT_EQ(done.cookie->secondary, kNobody);
}

TEST_F(Requests, ALonelyMemberThatMustNotAnswers503) {
  options_.replication.solo = SoloPolicy::kDeny;
  boot(1);
  const BeginOutcome begun = begin(member(0), std::nullopt);
  const CommitOutcome done = commit(member(0), begun.handle, set("a", "1"));
  EXPECT_EQ(done.kind, CommitKind::kUnavailable);
  EXPECT_EQ(done.reason, Unavailable::kUnprotected);
}

TEST_F(Requests, BeforeItIsAdmittedAMemberServesNobody) {
  boot(3);
  const SessionToken token = new_session();
  member(2).crash();
  member(2).boot();
  const BeginOutcome early = begin(member(2), token);
  EXPECT_EQ(early.reason, Unavailable::kNotJoined);
}

}  // namespace
}  // namespace understudy::sim
