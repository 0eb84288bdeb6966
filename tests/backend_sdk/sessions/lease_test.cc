// SPDX-License-Identifier: Apache-2.0
// A primary that slept for longer than its lease: another member may have the channel (R1), so it
// shows nothing before the secondary has granted a new one, and asks for that at once.
#include "tests/backend_sdk/sessions/stage.h"

namespace understudy::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using BeginKind = BeginOutcome::Kind;
using CommitKind = CommitOutcome::Kind;

class LeaseTest : public Stage {
 protected:
  LeaseTest() {
    network_.set_watch([this](MemberId from, MemberId, const Frame& frame) {
      if (frame.type == FrameType::kRenew && from == member(0).mid()) ++renewals_;
    });
  }
  // The lease is 600 ms; 650 ms after its last beat, which has just been, it would be dead.
  void sleep_beyond_the_lease() {
    run_for(milliseconds(20));
    member(0).pause();
    run_for(milliseconds(610));
    member(0).resume();
    renewals_ = 0;
  }
  int renewals_ = 0;
};

TEST_F(LeaseTest, AReadThatOutlivesItIsAnsweredOnlyUnderANewOne) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  sleep_beyond_the_lease();
  const WaitingCommit done = commit_later(member(0), begun.handle);
  EXPECT_FALSE(done->has_value());
  EXPECT_EQ(renewals_, 1) << "not when the next beat is due";
  run_for(milliseconds(10));
  ASSERT_TRUE(done->has_value());
  EXPECT_EQ((*done)->kind, CommitKind::kReleased);
}

TEST_F(LeaseTest, AReadThatOutlivesItIsNotAnsweredWithoutTheSecondary) {
  boot(3);
  const SessionToken token = new_session();
  const BeginOutcome begun = begin(member(0), token);
  sleep_beyond_the_lease();
  network_.isolate(Address::loopback(7100));
  const WaitingCommit done = commit_later(member(0), begun.handle);
  run_for(milliseconds(200));
  EXPECT_FALSE(done->has_value());
}

TEST_F(LeaseTest, ARequestThatComesWithoutItWaitsForANewOne) {
  boot(3);
  const SessionToken token = new_session();
  sleep_beyond_the_lease();
  const Waiting begun = begin_later(member(0), token, {});
  EXPECT_FALSE(begun->has_value());
  EXPECT_EQ(renewals_, 1);
  run_for(milliseconds(10));
  ASSERT_TRUE(begun->has_value());
  EXPECT_EQ((*begun)->kind, BeginKind::kProceed);
}

TEST_F(LeaseTest, NoMoreRequestsWaitForItThanTheLimit) {
  options_.sessions.parked_max = 1;
  boot(3);
  const SessionToken token = new_session();
  sleep_beyond_the_lease();
  const Waiting first = begin_later(member(0), token, {});
  const Waiting second = begin_later(member(0), token, {});
  EXPECT_FALSE(first->has_value());
  ASSERT_TRUE(second->has_value());
  EXPECT_EQ((*second)->reason, Unavailable::kQueueFull);
}

}  // namespace
}  // namespace understudy::sim
