// SPDX-License-Identifier: Apache-2.0
// Sessions of members that know nothing of us: which of several values of their name decides, and
// who is asked, or not asked, when the member that has one cannot answer.
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

class BoundSession : public testing::Test {
 protected:
  void open(const TestProxy::Options& options) {
    proxy = std::make_unique<TestProxy>(options);
    for (std::size_t i = 0; i < options.members; ++i) {
      proxy->member(i).answer = [this, i](std::string_view) {
        served += std::to_string(i);
        return ok("hello");
      };
    }
  }
  // The status.
  std::string get(const std::string& target, const std::string& lines) {
    Peer& client = proxy->connect();
    client.send("GET " + target + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n");
    EXPECT_TRUE(proxy->run_until([&] { return message_bytes(client.received()) != 0; }));
    return client.take().substr(9, 3);
  }
  void answer_503(std::size_t member) {
    proxy->member(member).answer = [this, member](std::string_view) {
      served += std::to_string(member);
      return std::string("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
    };
  }

  std::unique_ptr<TestProxy> proxy;
  std::string served;
};

TEST_F(BoundSession, OfSeveralValuesTheFirstWhoseMemberIsThereDecides) {
  open({.members = 3});
  const struct {
    std::string target, lines;
    char member;
  } rows[] = {
      {"/", "Cookie: JSESSIONID=stale.gone; JSESSIONID=live.m2\r\n", '2'},
      {"/", "Cookie: JSESSIONID=stale; JSESSIONID=live.m2\r\n", '2'},
      {"/", "Cookie: JSESSIONID=stale.gone\r\nCookie: a=b; JSESSIONID=live.m1\r\n", '1'},
      {"/", "Cookie: JSESSIONID=\"stale.gone\"; JSESSIONID=\"live.m1\"\r\n", '1'},
      {"/", "Cookie: JSESSIONID=one.m2; JSESSIONID=two.m1\r\n", '2'},
      {"/x;jsessionid=live.m2", "Cookie: JSESSIONID=no-route\r\n", '2'},
      {"/x;jsessionid=stale.gone/y;jsessionid=live.m1", "", '1'},
      {"/x;jsessionid=live.m1", "Cookie: JSESSIONID=live.m2\r\n", '2'},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.target + " " + row.lines);
    served.clear();
    for (int i = 0; i < 3; ++i) EXPECT_EQ(get(row.target, row.lines), "200");
    EXPECT_EQ(served, std::string(3, row.member));
  }
}

TEST_F(BoundSession, IsNotTakenToAStrangerByItsMembers503) {
  open({.members = 2});
  answer_503(1);
  EXPECT_EQ(get("/", "Cookie: JSESSIONID=s.m1\r\n"), "503");
  EXPECT_EQ(served, "1");
  served.clear();
  EXPECT_EQ(get("/", ""), "200") << "a client without a session goes to another member";
}

TEST_F(BoundSession, IsTakenThereWhereServerInitiatedFailoverIsSaid) {
  TestProxy::Options options{.members = 2};
  options.failover.on_503_is_said = true;
  open(options);
  answer_503(1);
  EXPECT_EQ(get("/", "Cookie: JSESSIONID=s.m1\r\n"), "200");
  EXPECT_EQ(served, "10");
}

TEST_F(BoundSession, StaysWithOneSubstitute) {
  open({.members = 4});
  proxy->member(1).kill();
  for (const std::string session : {"S1", "S2", "S3"}) {
    served.clear();
    for (int i = 0; i < 5; ++i) {
      EXPECT_EQ(get("/", "Cookie: JSESSIONID=" + session + ".m1\r\n"), "200");
      EXPECT_EQ(get("/", ""), "200");
    }
    ASSERT_EQ(served.size(), 10u);
    for (int i = 0; i < 5; ++i) EXPECT_EQ(served[2 * i], served[0]) << served;
  }
}

TEST_F(BoundSession, WithStickyOnlyGoesNowhereElse) {
  TestProxy::Options options{.members = 2};
  options.failover.sticky_only = true;
  open(options);
  proxy->member(1).kill();
  EXPECT_EQ(get("/", "Cookie: JSESSIONID=s.m1\r\n"), "503");
  EXPECT_EQ(get("/", "Cookie: JSESSIONID=s.m0\r\n"), "200");
  EXPECT_EQ(get("/", ""), "200");
  EXPECT_EQ(served, "00");
}

// Nothing but another order can change that.
TEST_F(BoundSession, WaitsForNobodyWhereAllMembersAreTakenOut) {
  TestProxy::Options options{.members = 2};
  options.failover.connect_timeout = std::chrono::hours(1);
  options.failover.connect_retry = std::chrono::hours(1);
  open(options);
  for (const auto& member : proxy->cluster().routing().table().members()) {
    member->operator_state = OperatorState::kDisabled;
  }
  EXPECT_EQ(get("/", ""), "503");
  EXPECT_EQ(served, "");
  EXPECT_EQ(proxy->log().lines.back().failure, "all members are taken out");
}

}  // namespace
}  // namespace understudy::test
