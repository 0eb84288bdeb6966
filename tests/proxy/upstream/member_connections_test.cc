// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/member_connections.h"

#include <gtest/gtest.h>

#include "tests/proxy/upstream/asking.h"

namespace understudy {
namespace {

using std::chrono::milliseconds;

TEST_F(Connections, OneThatServedIsKeptAndHoldsNoBuffer) {
  open();
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
  EXPECT_EQ(blocks.in_use(), 0u);
}

TEST_F(Connections, TheOneUsedLastIsUsedFirst) {
  open();
  Asker first(*scratch);
  Asker second(*scratch);
  first.upstream = *connections->connect(first);
  second.upstream = *connections->connect(second);
  ASSERT_TRUE(
      run_until([&] { return accepted_fds.size() == 2 && first.connected && second.connected; }));
  Upstream* const last = second.upstream;
  say(0, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !first.upstream; }));
  say(1, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !second.upstream; }));
  Asker next(*scratch);
  Upstream* const taken = connections->take_idle(next);
  EXPECT_EQ(taken, last);
  EXPECT_TRUE(taken->was_reused());
  taken->release();
}

TEST_F(Connections, OneThatTheMemberClosesGoesAtOnce) {
  open();
  serve_one(0);
  accepted_fds.clear();
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, OneOnWhichTheMemberSpeaksUnaskedGoesAtOnce) {
  open();
  serve_one(0);
  say(0, "HTTP/1.1 200 OK\r\n");
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, OneThatIsIdleForTooLongIsClosed) {
  open({.idle_max = milliseconds(20)});
  serve_one(0);
  EXPECT_EQ(connections->idle_count(), 1u);
  EXPECT_TRUE(run_until([&] { return connections->open_count() == 0; }));
}

TEST_F(Connections, NoMoreAreKeptIdleThanTheLimit) {
  open({.idle_count_max = 1});
  serve_one(0);
  Asker busy(*scratch);
  Upstream* const taken = connections->take_idle(busy);
  ASSERT_NE(taken, nullptr);
  serve_one(1);
  EXPECT_EQ(connections->idle_count(), 1u);
  taken->release();
  EXPECT_EQ(connections->idle_count(), 1u);
}

TEST_F(Connections, NoMoreAreOpenedThanTheLimit) {
  open({.open_max = 2});
  Asker asker(*scratch);
  auto first = connections->connect(asker);
  auto second = connections->connect(asker);
  auto third = connections->connect(asker);
  ASSERT_TRUE(first.has_value() && second.has_value());
  ASSERT_FALSE(third.has_value());
  EXPECT_EQ(third.error().code, ErrorCode::kUnavailable);
  (*first)->release();
  auto fourth = connections->connect(asker);
  ASSERT_TRUE(fourth.has_value());
  (*second)->release();
  (*fourth)->release();
}

TEST_F(Connections, KeepAliveOffKeepsNone) {
  open({.keep_alive = false});
  serve_one(0);
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, AMemberThatSaysCloseIsNotKept) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() == 1; }));
  say(0, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(run_until([&] { return !asker.upstream; }));
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, OneThatIsReleasedInTheMiddleIsClosed) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected; }));
  asker.release();
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, ARetiredMemberKeepsNone) {
  open();
  serve_one(0);
  connections->retire();
  EXPECT_EQ(connections->open_count(), 0u);
  serve_one(1);
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(Connections, TheMembersSilenceAndEndAreTold) {
  open();
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() == 1; }));
  accepted_fds.clear();
  ASSERT_TRUE(run_until([&] { return asker.failed.has_value(); }));
  EXPECT_TRUE(asker.failed == ErrorCode::kClosed || asker.failed == ErrorCode::kReset);
}

}  // namespace
}  // namespace understudy
