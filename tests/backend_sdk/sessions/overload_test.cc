// SPDX-License-Identifier: Apache-2.0
// A secondary without room for the new copy keeps the old one, which is what is acknowledged.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::seconds;
using Kind = BeginOutcome::Kind;

class OverloadTest : public Stage {
 protected:
  size_t copies() const {
    size_t sum = 0;
    for (const auto& member : members_) {
      if (!member->is_up()) continue;
      const NodeCoreStatistics now = member->core().statistics();
      sum += now.sessions_secondary + now.sessions_passed_over;
    }
    return sum;
  }
};

// Row 8.
TEST_F(OverloadTest, TheAcknowledgedCopyStaysUntilANewerOneStands) {
  options_.replication.replica_bytes_max = 2000;
  boot(3);
  const std::string before(1000, 'x');
  const SessionToken token = write(member(0), std::nullopt, "a", before);
  ASSERT_EQ(copies(), 1u);
  const BeginOutcome begun = begin(member(0), token);
  const WaitingCommit done =
      commit_later(member(0), begun.handle, set("b", std::string(1500, 'y')));
  const auto none = [&] { return copies() == 0; };
  EXPECT_FALSE(network_.run_until(none, seconds(1)));
  member(0).crash();
  run_for(seconds(2));
  const BeginOutcome after = begin(member(1), token, {.failover = true});
  ASSERT_EQ(after.kind, Kind::kProceed);
  EXPECT_FALSE(after.is_new);
  EXPECT_EQ(value(after, "a"), before);
}

// Its logout needs no room.
TEST_F(OverloadTest, ASessionThatEndsLeavesNoCopyBehind) {
  options_.replication.replica_bytes_max = 2000;
  boot(3);
  const SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  const BeginOutcome wide = begin(member(0), token);
  const BeginOutcome last = begin(member(0), token);
  const WaitingCommit written =
      commit_later(member(0), wide.handle, set("b", std::string(1500, 'y')));
  Change logout;
  logout.invalidate = true;
  const WaitingCommit ended = commit_later(member(0), last.handle, logout);
  ASSERT_TRUE(network_.run_until([&] { return ended->has_value(); }, seconds(5)));
  run_for(seconds(1));
  EXPECT_EQ(copies(), 0u);
}

// A secondary's memory does not grow with what it refuses, however often it is asked.
TEST_F(OverloadTest, WhatIsRefusedAgainAndAgainCostsNothing) {
  options_.replication.replica_bytes_max = 1500;
  boot(2);
  SessionToken token = write(member(0), std::nullopt, "a", std::string(1000, 'x'));
  const uint64_t bytes = member(1).core().statistics().replica_bytes;
  for (int i = 0; i < 5; ++i) {
    token = write(member(0), token, "b", std::string(3000, 'y'));
    run_for(seconds(1));
    EXPECT_EQ(member(1).core().statistics().replica_bytes, bytes);
    EXPECT_EQ(member(1).core().statistics().sessions_passed_over, 1u);
  }
  token = write(member(0), token, "b", "");
  run_for(seconds(5));
  EXPECT_EQ(member(1).core().statistics().sessions_passed_over, 0u) << "held again";
  EXPECT_EQ(member(1).core().statistics().sessions_secondary, 1u);
}

}  // namespace
}  // namespace understudy::sim
