// SPDX-License-Identifier: Apache-2.0
// What the contract answers in place of the handler: 421 and 503, and what they say of the request.
#include "cookies/contract.h"
#include "tests/backend_sdk/node/contract_fixture.h"

namespace understudy {
namespace {

TEST_F(Contract, OnlyWhatIsOutdatedIsForTheClientAlone) {
  BeginOutcome refused;
  refused.kind = BeginOutcome::Kind::kUnavailable;
  refused.reason = Unavailable::kOutdated;
  const Reply outdated = contract_.reply_to({}, refused);
  EXPECT_EQ(outdated.status, 503);
  EXPECT_EQ(header_of(outdated.headers, "Understudy-Session"), "outdated");
  EXPECT_NE(header_of(outdated.headers, "Retry-After"), "");
  refused.reason = Unavailable::kSuspect;
  EXPECT_EQ(header_of(contract_.reply_to({}, refused).headers, "Understudy-Session"), "");
}

TEST_F(Contract, A503OfAMemberInNoClusterSaysThatItWasNotHandled) {
  BeginOutcome refused;
  refused.kind = BeginOutcome::Kind::kUnavailable;
  for (const Unavailable reason : {Unavailable::kNotJoined, Unavailable::kMinority}) {
    refused.reason = reason;
    EXPECT_EQ(header_of(contract_.reply_to({}, refused).headers, "Understudy-Handled"), "no");
  }
  for (const Unavailable reason : {Unavailable::kQueueFull, Unavailable::kTooMany,
                                   Unavailable::kWaitedOut, Unavailable::kSuspect}) {
    refused.reason = reason;
    EXPECT_EQ(header_of(contract_.reply_to({}, refused).headers, "Understudy-Handled"), "")
        << "sent elsewhere it may find the same: RetryBudget's";
  }
}

TEST_F(Contract, OnlyA421FromBeforeTheHandlerSaysThatItWasNotHandled) {
  BeginOutcome redirect;
  redirect.kind = BeginOutcome::Kind::kRedirect;
  redirect.route = 7;
  const Reply before = contract_.reply_to({}, redirect);
  EXPECT_EQ(before.status, 421);
  EXPECT_EQ(header_of(before.headers, "Understudy-Handled"), "no");
  CommitOutcome fenced;
  fenced.kind = CommitOutcome::Kind::kFenced;
  fenced.route = 7;
  const Release after = contract_.release({}, fenced);
  ASSERT_TRUE(after.reply);
  EXPECT_EQ(after.reply->status, 421);
  EXPECT_EQ(header_of(after.reply->headers, "Understudy-Handled"), "");
}

TEST_F(Contract, ARedirectNamesTheMemberAndWithoutOneIsTemporary) {
  BeginOutcome outcome;
  outcome.kind = BeginOutcome::Kind::kRedirect;
  outcome.route = 20;
  const Reply reply = contract_.reply_to({}, outcome);
  EXPECT_EQ(reply.status, 421);
  EXPECT_EQ(parse_mid(header_of(reply.headers, kRouteHeader)), 20u);
  CommitOutcome fenced;
  fenced.kind = CommitOutcome::Kind::kFenced;
  const Release release = contract_.release({}, fenced);
  ASSERT_TRUE(release.reply);
  EXPECT_EQ(release.reply->status, 503);
  EXPECT_EQ(header_of(release.reply->headers, "Retry-After"), "1");
}

TEST_F(Contract, UnavailableSaysWhenToComeAgain) {
  const struct {
    Duration wait;
    const char* expected;
  } kCases[] = {{Duration(0), "1"},
                {std::chrono::milliseconds(1), "1"},
                {std::chrono::milliseconds(1001), "2"},
                {std::chrono::seconds(7), "7"}};
  for (const auto& one : kCases) {
    BeginOutcome outcome;
    outcome.kind = BeginOutcome::Kind::kUnavailable;
    outcome.retry_after = one.wait;
    const Reply reply = contract_.reply_to({}, outcome);
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(header_of(reply.headers, "Retry-After"), one.expected);
  }
}

}  // namespace
}  // namespace understudy
