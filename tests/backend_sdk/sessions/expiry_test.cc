// SPDX-License-Identifier: Apache-2.0
// When a session's life counts from, and what keeps it alive.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::seconds;
using CommitKind = CommitOutcome::Kind;

class Expiry : public Stage {};

TEST_F(Expiry, AShorterLifeCountsFromTheChange) {
  boot(3);
  const SessionToken token = new_session();
  Change change;
  change.ttl = seconds(5);
  commit(member(0), begin(member(0), token).handle, change);
  run_for(seconds(7));
  EXPECT_EQ(member(0).core().statistics().sessions.expired, 1u);
}

TEST_F(Expiry, ASessionDoesNotExpireUnderARequest) {
  options_.sessions.timeout = seconds(10);
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome slow = begin(member(0), token);
  run_for(seconds(15));
  EXPECT_FALSE(begin(member(0), token).is_new);
  EXPECT_EQ(commit(member(0), slow.handle, set("a", "2")).kind, CommitKind::kReleased);
  EXPECT_EQ(value(begin(member(0), token), "a"), "2");
}

}  // namespace
}  // namespace understudy::sim
