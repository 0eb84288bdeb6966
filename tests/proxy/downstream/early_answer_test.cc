// SPDX-License-Identifier: Apache-2.0
// Answers that come before the request's body has: the connection goes on only if everybody agrees
// where the next request begins.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kSmuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const std::string kRefusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";

std::string post(std::size_t bytes, std::string_view more = {}) {
  return "POST /up HTTP/1.1\r\nHost: a\r\n" + std::string(more) +
         "Content-Length: " + std::to_string(bytes) + "\r\n\r\n";
}

TEST(EarlyAnswer, TheRestOfASmallBodyIsReadAndTheConnectionGoesOn) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(kSmuggled.size()));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(kRefusal);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.take().find("Connection:"), std::string::npos);
  // The body looks like a request, and is none.
  std::string seen;
  proxy.member().answer = [&](std::string_view request) {
    seen += request;
    return ok("next");
  };
  client.send(kSmuggled);
  client.send("GET /next HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("next"));
  EXPECT_EQ(seen.find("smuggled"), std::string::npos);
  EXPECT_EQ(proxy.member().requests, 1u);
  // The member never got the body's end: its connection was not used again.
  EXPECT_EQ(proxy.member().accepted(), 2u);
}

TEST(EarlyAnswer, TheRestOfALargeBodyEndsTheConnection) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(10'000'000));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(kRefusal);
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_NE(client.received().find("Connection: close\r\n"), std::string::npos);
  // It may go on sending for a while and still sees the answer, not a reset.
  client.send(std::string(100'000, 'x'));
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_FALSE(client.was_reset());
}

TEST(EarlyAnswer, ABodyOfUnknownLengthEndsTheConnection) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(kRefusal);
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_NE(client.received().find("Connection: close\r\n"), std::string::npos);
}

TEST(EarlyAnswer, AMemberThatAnswersAndClosesIsHeard) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(1'000'000));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(kRefusal);
  proxy.member().connection().reset();
  client.send(std::string(50'000, 'x'));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
}

TEST(EarlyAnswer, ABodyStillTravelsWhileTheAnswerDoes) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(4));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Peer& member = proxy.member().connection();
  member.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n12");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("12"); }));
  client.send("abcd");
  ASSERT_TRUE(proxy.run_until([&] { return member.received().ends_with("abcd"); }));
  member.send("34");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("1234"); }));
  // Both messages were complete: both connections go on.
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  member.take();
  client.take();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(proxy.member().accepted(), 1u);
}

TEST(Expect, TheMembers100ReachesTheClientAndTheBodyTheMember) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(4, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  EXPECT_NE(proxy.member().received().find("Expect: 100-continue\r\n"), std::string::npos);
  Peer& member = proxy.member().connection();
  member.send("HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !client.received().empty(); }));
  EXPECT_EQ(client.take(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("body");
  ASSERT_TRUE(proxy.run_until([&] { return member.received().ends_with("body"); }));
  member.send(ok("done"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(client.take().find("Connection:"), std::string::npos);
}

TEST(Expect, AnEarlyFinalAnswerLeavesNobodyGuessing) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(post(4, "Expect: 100-continue\r\n"));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_NE(client.received().find("Connection: close\r\n"), std::string::npos);
  // The member's connection is not used for the next request either.
  proxy.member().answer = [](std::string_view) { return ok("x"); };
  Peer& next = proxy.connect();
  next.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(next.received()) != 0; }));
  EXPECT_EQ(proxy.member().accepted(), 2u);
}

TEST(Expect, IsNotForwardedWhenTheBodyIsHereAlready) {
  TestProxy proxy;
  proxy.member().answer = [](std::string_view request) {
    return ok(request.find("Expect") == std::string_view::npos ? "none" : "some");
  };
  Peer& client = proxy.connect();
  client.send(post(4, "Expect: 100-continue\r\n") + "body");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().ends_with("none"));
}

TEST(Interim, HintsPassAndAnHttp10ClientIsSparedThem) {
  const std::string hints = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n";
  TestProxy proxy;
  proxy.member().answer = [&](std::string_view) { return hints + ok("x"); };
  Peer& client = proxy.connect();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("x"); }));
  EXPECT_EQ(client.received(), hints + ok("x"));
  Peer& old = proxy.connect();
  old.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return old.is_closed(); }));
  EXPECT_TRUE(old.received().starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace understudy::test
