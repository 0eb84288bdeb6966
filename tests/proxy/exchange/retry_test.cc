// SPDX-License-Identifier: Apache-2.0
#include "proxy/exchange/retry.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy {
namespace {

using config::Failover;
using config::Resend;
using enum TryFailure;
using enum NextStep;

constexpr TryFailure kAllFailures[] = {
    kConnectRefused, kConnectTimeout, kConnectFailed, kNoConnection, kDropped,    kUnreachable,
    kBadResponse,    kTimeout,        kMemberGone,    kUnavailable,  kMisdirected};

Failover policy(Resend all) {
  return {.idempotent = true, .on_timeout = all, .on_dropped = all, .on_503 = all};
}

FailedTry sent(TryFailure failure, bool idempotent) {
  return {.failure = failure, .sent = true, .is_idempotent = idempotent};
}

TEST(Retry, WhatWasNeverSentGoesToTheNextMemberWhateverTheMethodAndThePolicy) {
  for (const TryFailure failure : kAllFailures) {
    for (const bool idempotent : {false, true}) {
      for (const bool replayable : {false, true}) {
        SCOPED_TRACE(std::string(to_text(failure)));
        Failover strict = policy(Resend::kNone);
        strict.idempotent = false;
        const FailedTry failed{
            .failure = failure, .is_idempotent = idempotent, .replayable = replayable};
        EXPECT_EQ(decide(failed, strict).step, kNextMember);
      }
    }
  }
}

struct Row {
  TryFailure failure;
  bool idempotent;
  Resend knob;
  NextStep step;
  Reason reason;
};

// A byte of the request has left, on a fresh connection, and everything is still here.
constexpr Row kSentTable[] = {
    {kDropped, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kDropped, true, Resend::kAll, kNextMember, Reason::kNone},
    {kDropped, true, Resend::kNone, kGiveUp, Reason::kPolicyNone},
    {kDropped, false, Resend::kIdempotent, kGiveUp, Reason::kMethodNotIdempotent},
    {kDropped, false, Resend::kAll, kNextMember, Reason::kNone},
    {kDropped, false, Resend::kNone, kGiveUp, Reason::kPolicyNone},
    {kUnreachable, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kUnreachable, false, Resend::kIdempotent, kGiveUp, Reason::kMethodNotIdempotent},
    {kUnreachable, true, Resend::kNone, kGiveUp, Reason::kPolicyNone},
    {kBadResponse, true, Resend::kIdempotent, kGiveUp, Reason::kNotUnderstood},
    {kBadResponse, false, Resend::kAll, kGiveUp, Reason::kNotUnderstood},
    {kTimeout, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kTimeout, false, Resend::kIdempotent, kGiveUp, Reason::kMethodNotIdempotent},
    {kTimeout, true, Resend::kNone, kGiveUp, Reason::kPolicyNone},
    {kMemberGone, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kMemberGone, false, Resend::kIdempotent, kGiveUp, Reason::kMethodNotIdempotent},
    {kUnavailable, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kUnavailable, false, Resend::kIdempotent, kPassOn, Reason::kMethodNotIdempotent},
    {kUnavailable, false, Resend::kAll, kNextMember, Reason::kNone},
    {kUnavailable, true, Resend::kNone, kPassOn, Reason::kPolicyNone},
    {kMisdirected, true, Resend::kIdempotent, kNextMember, Reason::kNone},
    {kMisdirected, false, Resend::kIdempotent, kGiveUp, Reason::kMethodNotIdempotent},
    {kMisdirected, false, Resend::kAll, kNextMember, Reason::kNone},
};

TEST(Retry, WhatWasSentGoesByTheMethodAndTheKnob) {
  for (const Row& row : kSentTable) {
    SCOPED_TRACE(std::string(to_text(row.failure)) + (row.idempotent ? ", idempotent" : ", not"));
    const RetryDecision decision = decide(sent(row.failure, row.idempotent), policy(row.knob));
    EXPECT_EQ(decision.step, row.step);
    EXPECT_EQ(decision.reason, row.reason);
  }
}

TEST(Retry, EachFailureHasItsOwnKnob) {
  Failover failover = policy(Resend::kNone);
  failover.on_timeout = Resend::kIdempotent;
  EXPECT_EQ(decide(sent(kTimeout, true), failover).step, kNextMember);
  EXPECT_EQ(decide(sent(kDropped, true), failover).step, kGiveUp);
  EXPECT_EQ(decide(sent(kUnavailable, true), failover).step, kPassOn);
}

TEST(Retry, IdempotentOffHoldsBackEverythingThatWasSent) {
  Failover off = policy(Resend::kAll);
  off.idempotent = false;
  for (const TryFailure failure : kAllFailures) {
    SCOPED_TRACE(std::string(to_text(failure)));
    const RetryDecision decision = decide(sent(failure, true), off);
    EXPECT_EQ(decision.step, failure == kUnavailable ? kPassOn : kGiveUp);
    EXPECT_EQ(decision.reason,
              failure == kBadResponse ? Reason::kNotUnderstood : Reason::kIdempotentOff);
  }
}

TEST(Retry, SessionReplaySendsEverythingAgainThatIsStillHere) {
  Failover replay = policy(Resend::kNone);
  replay.idempotent = false;
  replay.session_replay = true;
  for (const TryFailure failure : kAllFailures) {
    SCOPED_TRACE(std::string(to_text(failure)));
    EXPECT_EQ(decide(sent(failure, false), replay).step,
              failure == kBadResponse ? kGiveUp : kNextMember);
  }
}

// RFC 9113 8.7: the member says that it has not looked at the request, on a fresh connection too.
TEST(Retry, ARefusedRequestIsNoBreakWhateverItsMethod) {
  const FailedTry failed{.failure = kDropped, .refused = true, .tried_fresh = true};
  EXPECT_FALSE(is_break(failed));
  EXPECT_EQ(decide(failed, policy(Resend::kNone)).step, kNextMember);
}

TEST(Retry, ABodyThatIsGoneIsNotSentAgainByAnyPolicy) {
  Failover replay = policy(Resend::kAll);
  replay.session_replay = true;
  FailedTry failed = sent(kDropped, true);
  failed.replayable = false;
  EXPECT_EQ(decide(failed, replay).step, kGiveUp);
  EXPECT_EQ(decide(failed, replay).reason, Reason::kBodyNotKept);
}

TEST(Retry, AHalfOpenConnectionIsTriedOnceMoreAtTheSameMember) {
  FailedTry failed = sent(kDropped, true);
  failed.connection_was_reused = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kSameMember);
  failed.tried_fresh = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
  failed.tried_fresh = false;
  failed.received = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
}

TEST(Retry, ARequestOnWhichTheConnectionBrokeIsSentAgainSoOftenAndNoMore) {
  for (const unsigned limit : {0U, 1U, 3U}) {
    for (const bool session_replay : {false, true}) {
      Failover failover = policy(Resend::kAll);
      failover.resend_limit = limit;
      failover.session_replay = session_replay;
      for (const TryFailure failure : {kDropped, kUnreachable, kMemberGone}) {
        SCOPED_TRACE(std::string(to_text(failure)) + ", limit " + std::to_string(limit));
        FailedTry failed = sent(failure, true);
        for (failed.breaks = 0; failed.breaks < limit; ++failed.breaks) {
          EXPECT_EQ(decide(failed, failover).step, kNextMember);
        }
        EXPECT_EQ(decide(failed, failover).step, kGiveUp);
        EXPECT_EQ(decide(failed, failover).reason, Reason::kResendLimit);
      }
    }
  }
}

TEST(Retry, ARequestOnWhichTwoMembersBrokeOffIsNeverSentAgain) {
  Failover failover = policy(Resend::kAll);
  failover.resend_limit = 100;
  failover.session_replay = true;
  FailedTry failed = sent(kDropped, true);
  failed.breaks = 1;
  EXPECT_EQ(decide(failed, failover).step, kNextMember) << "the same member once more";
  failed.broke_elsewhere = true;
  EXPECT_EQ(decide(failed, failover).step, kGiveUp);
  EXPECT_EQ(decide(failed, failover).reason, Reason::kSuspect);
  failed.over_budget = true;
  EXPECT_EQ(decide(failed, failover).reason, Reason::kSuspect) << "that says more";
  // A kept connection is no excuse any more.
  failed.connection_was_reused = true;
  EXPECT_EQ(decide(failed, failover).step, kGiveUp);
}

// It was the request that ended the member which had kept the connection.
TEST(Retry, AFreshConnectionThatIsRefusedBehindAKeptOneIsABreak) {
  for (const TryFailure failure : {kConnectRefused, kConnectTimeout, kConnectFailed}) {
    SCOPED_TRACE(std::string(to_text(failure)));
    FailedTry failed{.failure = failure, .tried_fresh = true, .is_idempotent = true};
    EXPECT_TRUE(is_break(failed));
    EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
    failed.breaks = 1;
    failed.broke_elsewhere = true;
    EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).reason, Reason::kSuspect);
    failed.tried_fresh = false;
    EXPECT_FALSE(is_break(failed)) << "no byte has left";
    EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
  }
}

TEST(Retry, OnlyWhatMayHaveBeenExecutedIsABreak) {
  for (const TryFailure failure : kAllFailures) {
    SCOPED_TRACE(std::string(to_text(failure)));
    const bool broke = failure == kDropped || failure == kUnreachable || failure == kMemberGone;
    EXPECT_EQ(is_break(sent(failure, true)), broke);
    EXPECT_FALSE(is_break({.failure = failure}));
  }
  FailedTry half_open = sent(kDropped, true);
  half_open.connection_was_reused = true;
  EXPECT_FALSE(is_break(half_open)) << "the fresh connection behind it will tell";
}

TEST(Retry, AMemberThatCannotBeReachedIsNotTriedOnAFreshConnection) {
  FailedTry failed = sent(kUnreachable, true);
  failed.connection_was_reused = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
}

TEST(Retry, AHalfOpenConnectionDoesNotExcuseASecondPost) {
  FailedTry failed = sent(kDropped, false);
  failed.connection_was_reused = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kGiveUp);
  failed.sent = false;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kSameMember);
}

TEST(Retry, A421ThatNamesAMemberIsFollowed) {
  FailedTry failed = sent(kMisdirected, true);
  failed.names_route = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kFollowRoute);
}

TEST(Retry, A421ThatNoHandlerHasSeenIsSentOnWhateverTheMethodAndThePolicy) {
  for (const Resend knob : {Resend::kNone, Resend::kIdempotent, Resend::kAll}) {
    for (const bool idempotent : {false, true}) {
      for (const bool session_replay : {false, true}) {
        Failover failover = policy(knob);
        failover.idempotent = false;
        failover.session_replay = session_replay;
        FailedTry failed = sent(kMisdirected, idempotent);
        failed.not_handled = true;
        EXPECT_EQ(decide(failed, failover).step, kNextMember);
        failed.names_route = true;
        EXPECT_EQ(decide(failed, failover).step, kFollowRoute);
        failed.replayable = false;
        EXPECT_EQ(decide(failed, failover).step, kGiveUp);
        EXPECT_EQ(decide(failed, failover).reason, Reason::kBodyNotKept);
      }
    }
  }
  for (const TryFailure failure : {kDropped, kTimeout, kMemberGone}) {
    SCOPED_TRACE(std::string(to_text(failure)));
    FailedTry failed = sent(failure, false);
    failed.not_handled = true;
    EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).reason, Reason::kMethodNotIdempotent)
        << "only a 421 and a 503 say it";
  }
}

TEST(Retry, A503ThatNoHandlerHasSeenIsSentOnWhateverTheMethodUnlessNo503IsSentOn) {
  FailedTry failed = sent(kUnavailable, false);
  failed.not_handled = true;
  EXPECT_EQ(decide(failed, policy(Resend::kIdempotent)).step, kNextMember);
  EXPECT_EQ(decide(failed, policy(Resend::kAll)).step, kNextMember);
  EXPECT_EQ(decide(failed, policy(Resend::kNone)).step, kPassOn);
  failed.replayable = false;
  EXPECT_EQ(decide(failed, policy(Resend::kAll)).step, kPassOn);
}

TEST(Retry, WhatAMemberHasNotSeenAddsNoLoadOnce) {
  FailedTry failed = sent(kUnavailable, true);
  EXPECT_TRUE(adds_load(failed, false)) << "it may be overloaded";
  failed.not_handled = true;
  EXPECT_FALSE(adds_load(failed, false));
  EXPECT_TRUE(adds_load(failed, true));
}

TEST(Retry, NobodyElseIsAskedWhenTheBudgetIsUsedUp) {
  for (const TryFailure failure : {kDropped, kTimeout}) {
    FailedTry failed = sent(failure, true);
    failed.over_budget = true;
    const RetryDecision decision = decide(failed, policy(Resend::kIdempotent));
    EXPECT_EQ(decision.step, kGiveUp);
    EXPECT_EQ(decision.reason, Reason::kOverBudget);
  }
  FailedTry unavailable = sent(kUnavailable, true);
  unavailable.over_budget = true;
  EXPECT_EQ(decide(unavailable, policy(Resend::kAll)).step, kPassOn);
  FailedTry half_open = sent(kDropped, true);
  half_open.connection_was_reused = half_open.over_budget = true;
  EXPECT_EQ(decide(half_open, policy(Resend::kIdempotent)).step, kSameMember);
  FailedTry forbidden = sent(kDropped, false);
  forbidden.over_budget = true;
  EXPECT_EQ(decide(forbidden, policy(Resend::kIdempotent)).reason, Reason::kMethodNotIdempotent);
}

TEST(Retry, EveryFailureAndReasonHasAText) {
  for (const TryFailure failure : kAllFailures) EXPECT_FALSE(to_text(failure).empty());
  EXPECT_NE(to_text(Reason::kIdempotentOff), to_text(Reason::kMethodNotIdempotent));
}

}  // namespace
}  // namespace understudy
