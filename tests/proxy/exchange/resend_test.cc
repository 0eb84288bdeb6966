// SPDX-License-Identifier: Apache-2.0
// The re-send table over real sockets: at which moment a member fails, by which method, under which
// policy, and what the client and the other member get to see.
#include <gtest/gtest.h>

#include <string>

#include "tests/cookies/test_keys.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using config::Resend;

enum class Moment {
  kRefusesConnections,
  kResetsBeforeAByte,
  kClosesBeforeAByte,
  kResetsWithinTheHead,
  kAnswersNonsense,
  kStaysSilent,
  kAnswers503,
};

struct Policy {
  const char* name;
  bool idempotent = true;
  Resend knobs = Resend::kIdempotent;
  bool session_replay = false;
};

constexpr Policy kDefault{.name = "default"};
constexpr Policy kOff{.name = "Idempotent Off", .idempotent = false};
constexpr Policy kAll{.name = "ALL", .knobs = Resend::kAll};
constexpr Policy kNone{.name = "NONE", .knobs = Resend::kNone};
constexpr Policy kReplay{.name = "SessionReplay On", .session_replay = true};

struct Row {
  Moment moment;
  const char* method;
  Policy policy;
  unsigned status;  // that the client gets; 200 means: the other member answered
};

constexpr Row kTable[] = {
    {Moment::kRefusesConnections, "GET", kDefault, 200},
    {Moment::kRefusesConnections, "POST", kDefault, 200},
    {Moment::kRefusesConnections, "POST", kOff, 200},
    {Moment::kRefusesConnections, "POST", kNone, 200},
    {Moment::kResetsBeforeAByte, "GET", kDefault, 200},
    {Moment::kResetsBeforeAByte, "GET", kOff, 502},
    {Moment::kResetsBeforeAByte, "GET", kNone, 502},
    {Moment::kResetsBeforeAByte, "PUT", kDefault, 200},
    {Moment::kResetsBeforeAByte, "POST", kDefault, 502},
    {Moment::kResetsBeforeAByte, "POST", kAll, 200},
    {Moment::kResetsBeforeAByte, "POST", kReplay, 200},
    {Moment::kResetsBeforeAByte, "PATCH", kDefault, 502},
    {Moment::kClosesBeforeAByte, "GET", kDefault, 200},
    {Moment::kClosesBeforeAByte, "POST", kDefault, 502},
    {Moment::kClosesBeforeAByte, "POST", kReplay, 200},
    {Moment::kResetsWithinTheHead, "GET", kDefault, 200},
    {Moment::kResetsWithinTheHead, "POST", kDefault, 502},
    {Moment::kResetsWithinTheHead, "POST", kReplay, 200},
    {Moment::kAnswersNonsense, "GET", kDefault, 502},
    {Moment::kAnswersNonsense, "POST", kDefault, 502},
    {Moment::kStaysSilent, "GET", kDefault, 200},
    {Moment::kStaysSilent, "GET", kOff, 504},
    {Moment::kStaysSilent, "POST", kDefault, 504},
    {Moment::kStaysSilent, "POST", kReplay, 200},
    {Moment::kAnswers503, "GET", kDefault, 200},
    {Moment::kAnswers503, "GET", kNone, 503},
    {Moment::kAnswers503, "POST", kDefault, 503},
    {Moment::kAnswers503, "POST", kAll, 200},
    {Moment::kAnswers503, "POST", kReplay, 200},
};

std::string request(const std::string& method) {
  const std::string head = method + " /r HTTP/1.1\r\nHost: a\r\n";
  return method == "GET" ? head + "\r\n" : head + "Content-Length: 4\r\n\r\nbody";
}

TestProxy::Options options_for(const Policy& policy) {
  TestProxy::Options options{.members = 2};
  options.failover.idempotent = policy.idempotent;
  options.failover.on_timeout = options.failover.on_dropped = options.failover.on_503 =
      policy.knobs;
  options.failover.session_replay = policy.session_replay;
  return options;
}

void fail_at(TestProxy& proxy, Moment moment) {
  Member& first = proxy.member(0);
  if (moment == Moment::kRefusesConnections) return;
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
  switch (moment) {
    case Moment::kRefusesConnections:
    case Moment::kStaysSilent:
      return;
    case Moment::kResetsBeforeAByte:
      return first.connection().reset();
    case Moment::kClosesBeforeAByte:
      return first.connection().close();
    case Moment::kResetsWithinTheHead:
      first.connection().send("HTTP/1.1 200 OK\r\nContent-");
      proxy.run_a_little();
      return first.connection().reset();
    case Moment::kAnswersNonsense:
      return first.connection().send("HTTP/1.1 200 OK\nbare: line feed\r\n\r\n");
    case Moment::kAnswers503:
      return first.connection().send(
          "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 3\r\n\r\nbad");
  }
}

TEST(Resend, GoesByTheTable) {
  for (const Row& row : kTable) {
    SCOPED_TRACE(std::string(row.method) + " under " + row.policy.name + " at moment " +
                 std::to_string(static_cast<int>(row.moment)));
    TestProxy::Options options = options_for(row.policy);
    if (row.moment == Moment::kStaysSilent) {
      options.failover.io_timeout = std::chrono::milliseconds(30);
    }
    TestProxy proxy(options);
    // Round robin begins with the first member.
    proxy.member(1).answer = [](std::string_view) { return ok("second"); };
    if (row.moment == Moment::kRefusesConnections) proxy.member(0).kill();
    Peer& client = proxy.connect();
    client.send(request(row.method));
    fail_at(proxy, row.moment);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.received().substr(9, 3), std::to_string(row.status));
    EXPECT_EQ(proxy.member(1).requests, row.status == 200 ? 1u : 0u);
    ASSERT_EQ(proxy.log().lines.size(), 1u);
    EXPECT_EQ(proxy.log().lines[0].status, row.status);
    EXPECT_EQ(proxy.log().lines[0].failure.empty(), row.status == 200);
  }
}

TEST(Resend, RepeatsTheRequestByteForByte) {
  TestProxy proxy(options_for(kReplay));
  const std::string body = "a=1&b=" + std::string(5000, 'x');
  Peer& client = proxy.connect();
  client.send("POST /cart?x=%20 HTTP/1.1\r\nHost: shop\r\nX-Thing: one\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n" + body);
  Member& first = proxy.member(0);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
  const std::string sent_first = first.received();
  first.connection().reset();
  Member& second = proxy.member(1);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(second.received()) != 0; }));
  EXPECT_EQ(second.received(), sent_first);
  second.connection().send(ok("done"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
}

// The member that runs it next is warned, with a session or without: it may have ended the first.
TEST(Resend, SaysThatATryOfItBrokeOff) {
  TestProxy::Options options = options_for(kDefault);
  options.dialect = Dialect::kNative;
  options.keyring = ring();
  TestProxy proxy(options);
  Peer& client = proxy.connect();
  client.send("GET /die HTTP/1.1\r\nHost: a\r\n\r\n");
  Member& first = proxy.member(0);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
  EXPECT_EQ(first.received().find("Understudy-Failover"), std::string::npos);
  first.connection().reset();
  Member& second = proxy.member(1);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(second.received()) != 0; }));
  EXPECT_NE(second.received().find("Understudy-Failover: reset\r\n"), std::string::npos)
      << second.received();
  second.connection().send(ok("done"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
}

TEST(Resend, RepeatsAChunkedBodyThatCameInPieces) {
  TestProxy proxy(options_for(kReplay));
  Peer& client = proxy.connect();
  client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  Member& first = proxy.member(0);
  ASSERT_TRUE(proxy.run_until([&] { return first.received().ends_with("hel"); }));
  client.send("lo\r\n0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
  first.connection().reset();
  Member& second = proxy.member(1);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(second.received()) != 0; }));
  EXPECT_TRUE(second.received().ends_with("\r\n\r\n5\r\nhello\r\n0\r\n\r\n"));
}

TEST(Resend, GoesOnWithABodyThatIsStillComing) {
  TestProxy proxy(options_for(kReplay));
  Peer& client = proxy.connect();
  client.send("POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  Member& first = proxy.member(0);
  ASSERT_TRUE(proxy.run_until([&] { return first.received().ends_with("01234"); }));
  first.connection().reset();
  Member& second = proxy.member(1);
  ASSERT_TRUE(proxy.run_until([&] { return second.received().ends_with("01234"); }));
  client.send("56789");
  ASSERT_TRUE(proxy.run_until([&] { return second.received().ends_with("0123456789"); }));
}

// A POST of `bytes` to a member that takes all of it and then breaks off; the status the client
// gets.
std::string status_after_upload(const TestProxy::Options& options, std::size_t bytes) {
  TestProxy proxy(options);
  std::size_t repeated = 0;
  proxy.member(1).answer = [&](std::string_view request) {
    repeated = request.size();
    return ok("second");
  };
  const std::string request =
      "POST /c HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(bytes) + "\r\n\r\n" +
      std::string(bytes, 'b');
  Peer& client = proxy.connect();
  std::size_t at = 0;
  Member& first = proxy.member(0);
  EXPECT_TRUE(proxy.run_until([&] {
    at += client.send_some(std::string_view(request).substr(at));
    return message_bytes(first.received()) != 0;
  }));
  first.connection().reset();
  EXPECT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  const std::string status = client.received().substr(9, 3);
  if (status == "200") {
    EXPECT_GT(repeated, bytes);
  }
  return status;
}

TEST(Resend, ABodyAboveTheReplayBufferIsSentOnceOnly) {
  for (const std::size_t limit : {std::size_t{100}, std::size_t{48} * 1024, std::size_t{1} << 20}) {
    SCOPED_TRACE(limit);
    TestProxy::Options options = options_for(kReplay);
    options.failover.replay_buffer_bytes_max = limit;
    EXPECT_EQ(status_after_upload(options, limit), "200");
    EXPECT_EQ(status_after_upload(options, limit + 1), "502");
  }
}

TEST(Resend, ABodyIsSentOnceOnlyWhenAllReplayMemoryIsInUse) {
  TestProxy::Options options = options_for(kReplay);
  options.failover.replay_buffer_bytes_max = 1 << 20;
  options.replay_memory_bytes_max = 256 * 1024;
  EXPECT_EQ(status_after_upload(options, 200'000), "200");
  EXPECT_EQ(status_after_upload(options, 600'000), "502");
}

TEST(Resend, AHalfOpenConnectionIsReplacedAndTheMemberNotBlamed) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("one"); };
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.take()) != 0; }));
  // The member closes while the next request is on its way: it reads the request and closes.
  proxy.member().answer = nullptr;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(proxy.member().received()) != 0; }));
  proxy.member().connection().take();
  proxy.member().answer = [](std::string_view) { return ok("two"); };
  proxy.member().connection().close();
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("two"));
  EXPECT_EQ(proxy.member().accepted(), 2u);
  EXPECT_EQ(proxy.cluster().routing().table().members()[0]->counters.resets, 0u);
}

TEST(Resend, AnIdleConnectionThatTheMemberClosesIsNotUsedAgain) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view) { return ok("one"); };
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.take()) != 0; }));
  proxy.member().connection().close();
  proxy.run_a_little();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.received().substr(9, 3), "200");
  EXPECT_EQ(proxy.member().accepted(), 2u);
}

TEST(Resend, NothingIsRepeatedOnceTheResponseHasBegun) {
  TestProxy proxy(options_for(kReplay));
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Member& first = proxy.member(0);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(first.received()) != 0; }));
  first.connection().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("01234"); }));
  first.connection().reset();
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_TRUE(proxy.member(1).received().empty());
  EXPECT_TRUE(proxy.log().lines.at(0).aborted);
}

TEST(Resend, TheLast503IsGivenToTheClientAsItIs) {
  TestProxy proxy({.members = 2});
  for (std::size_t i = 0; i < 2; ++i) {
    proxy.member(i).answer = [i](std::string_view) {
      return "HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nContent-Length: 1\r\n\r\n" + std::to_string(i);
    };
  }
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n"));
  EXPECT_TRUE(client.received().ends_with("1"));
}

TEST(Resend, AllMembersDownIs503AfterTheConfiguredTimeAndRecoversByItself) {
  TestProxy proxy({.members = 2});
  proxy.member(0).kill();
  proxy.member(1).kill();
  Peer& client = proxy.connect();
  const TimePoint begin = SystemClock().now();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_GE(SystemClock().now() - begin, std::chrono::milliseconds(120));
  EXPECT_EQ(client.take().substr(9, 3), "503");
  EXPECT_EQ(proxy.log().lines.at(0).failure, "timed out");
  proxy.member(0).restart();
  proxy.member(0).answer = [](std::string_view) { return ok("back"); };
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("back"));
}

TEST(Resend, AMemberThatComesBackInTimeIsStillAsked) {
  TestProxy::Options options;
  options.failover.connect_timeout = std::chrono::seconds(8);
  TestProxy proxy(options);
  proxy.member().kill();
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  proxy.run_a_little();
  proxy.member().restart();
  proxy.member().answer = [](std::string_view) { return ok("back"); };
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("back"));
}

// Long before ConnectRetrySecs: in a rolling restart the next member is there in milliseconds.
TEST(Resend, AMemberThatIsBackInAMomentIsAskedThen) {
  TestProxy::Options options;
  options.failover.connect_retry = std::chrono::hours(1);
  options.failover.connect_timeout = std::chrono::hours(2);
  TestProxy proxy(options);
  proxy.member().answer = [](std::string_view) { return ok("back"); };
  proxy.member().kill();
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  proxy.run_a_little();
  proxy.member().restart();
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("back"));
}

TEST(Resend, TheThreeCausesAreToldApartInTheLog) {
  struct Case {
    Policy policy;
    const char* failure;
  };
  for (const Case& each :
       {Case{kOff, "Idempotent is Off"}, Case{kDefault, "method not idempotent"}}) {
    TestProxy proxy(options_for(each.policy));
    Peer& client = proxy.connect();
    client.send(request("POST"));
    fail_at(proxy, Moment::kResetsBeforeAByte);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(proxy.log().lines.at(0).failure, each.failure);
    EXPECT_NE(client.received().find(each.failure), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy::test
