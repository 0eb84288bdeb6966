// SPDX-License-Identifier: Apache-2.0
// Requests over HTTP/2, end to end: what the member sees and what the client gets.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

TEST(Http2, AGetTravelsThroughAndBack) {
  Http2Site site;
  std::string seen;
  site.member().answer = [&](std::string_view request) {
    seen = request;
    return ok("hello", "Content-Type: text/plain\r\nX-Odd-Name: v\r\nKeep-Alive: timeout=5\r\n");
  };
  site.send(headers(1, get("/x?y=1", {{"user-agent", "t"}})));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(seen,
            "GET /x?y=1 HTTP/1.1\r\nhost: a\r\nuser-agent: t\r\nX-Forwarded-For: 192.0.2.7\r\n"
            "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\nX-Forwarded-Port: 8080\r\n\r\n");
  const auto& response = site.response(1);
  EXPECT_EQ(response.status, "200");
  EXPECT_EQ(response.body, "hello");
  const Fields expected = {
      {"content-length", "5"}, {"content-type", "text/plain"}, {"x-odd-name", "v"}};
  EXPECT_EQ(response.fields, expected);
  EXPECT_EQ(site.client.data_frames(), 1u);
}

TEST(Http2, ManyRequestsShareAConnection) {
  Http2Site site;
  site.member().answer = [](std::string_view request) {
    return ok(request.substr(4, request.find(' ', 4) - 4));
  };
  std::string bytes;
  for (uint32_t stream = 1; stream < 100; stream += 2) {
    bytes += headers(stream, get("/" + std::to_string(stream)));
  }
  site.send(bytes);
  for (uint32_t stream = 1; stream < 100; stream += 2) {
    ASSERT_TRUE(site.run_until_ended(stream));
    EXPECT_EQ(site.response(stream).body, "/" + std::to_string(stream));
  }
  EXPECT_EQ(site.proxy.log().lines.size(), 50u);
}

TEST(Http2, TheLogSaysWhatWasAsked) {
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, get("/a?b")));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_EQ(site.proxy.log().lines.size(), 1u);
  const auto& line = site.proxy.log().lines.front();
  EXPECT_EQ(line.method, "GET");
  EXPECT_EQ(line.target, "/a?b");
  EXPECT_EQ(line.version, "HTTP/2.0");
}

TEST(Http2, CookieCrumbsAreOneCookieForMembers) {
  Http2Site site({.members = 2});
  std::string seen;
  const auto answer = [&](std::string_view request) {
    seen = request;
    return ok("x");
  };
  site.proxy.member(0).answer = site.proxy.member(1).answer = answer;
  site.send(
      headers(1, get("/", {{"cookie", "a=1"}, {"accept", "*/*"}, {"cookie", "JSESSIONID=x.m1"}})));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_NE(seen.find("cookie: a=1; JSESSIONID=x.m1\r\n"), std::string::npos);
  EXPECT_EQ(count_of(seen, "cookie:"), 1u);
  EXPECT_EQ(site.proxy.member(1).requests, 1u);
}

TEST(Http2, ABodyOfKnownLengthIsForwardedAsItIs) {
  Http2Site site;
  std::string seen;
  site.member().answer = [&](std::string_view request) {
    seen = request;
    return ok("");
  };
  site.send(headers(1, post("/", {{"content-length", "6"}}), 0) + data(1, "abc") +
            data(1, "def", kEndStream));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(count_of(seen, "Transfer-Encoding"), 0u);
  EXPECT_NE(seen.find("content-length: 6\r\n"), std::string::npos);
  EXPECT_TRUE(seen.ends_with("\r\n\r\nabcdef"));
}

TEST(Http2, ABodyOfUnknownLengthIsSentInChunksWithItsTrailers) {
  Http2Site site;
  site.send(headers(1, post("/", {{"te", "trailers"}}), 0) + data(1, "abc"));
  ASSERT_TRUE(site.run_until([&] { return site.member().received().ends_with("3\r\nabc\r\n"); }));
  const std::string head = site.member().received();
  EXPECT_NE(head.find("transfer-encoding: chunked\r\n"), std::string::npos);
  EXPECT_NE(head.find("TE: trailers\r\n"), std::string::npos);
  site.send(data(1, "0123456789abcdef") + headers(1, {{"x-sum", "7"}}));
  ASSERT_TRUE(site.run_until([&] {
    return site.member().received().ends_with("10\r\n0123456789abcdef\r\n0\r\nx-sum: 7\r\n\r\n");
  }));
  site.member().connection().send(ok("done"));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, "done");
  // The connection to the member serves again.
  site.member().answer = [](std::string_view) { return ok("again"); };
  site.member().connection().take();
  site.send(headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.member().accepted(), 1u);
}

TEST(Http2, ChunksAndTrailersOfAMemberBecomeDataAndHeaders) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  Peer& member = site.member().connection();
  member.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n3\r\nab");
  ASSERT_TRUE(site.run_until([&] { return site.response(1).body == "ab"; }));
  EXPECT_EQ(site.response(1).field("transfer-encoding"), "(none)");
  member.send("c\r\n4;x=y\r\ndefg\r\n0\r\nX-Sum: 7\r\nX-Other:  8 \r\n\r\n");
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, "abcdefg");
  const Fields expected = {{"x-sum", "7"}, {"x-other", "8"}};
  EXPECT_EQ(site.response(1).trailers, expected);
}

TEST(Http2, AChunkedBodyWithoutTrailersEndsInData) {
  Http2Site site;
  site.member().answer = [](std::string_view) {
    return std::string(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
  };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, "abc");
  EXPECT_TRUE(site.response(1).trailers.empty());
}

TEST(Http2, ABodyThatEndsWithTheMembersConnectionIsWhole) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  site.member().connection().send("HTTP/1.0 200 OK\r\n\r\nold");
  site.member().connection().close();
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, "old");
}

TEST(Http2, InterimResponsesAreForwarded) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  site.member().connection().send("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ok("x"));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).interims, std::vector<std::string>{"103"});
  EXPECT_EQ(site.response(1).status, "200");
}

TEST(Http2, ExpectIsAnsweredByTheMember) {
  Http2Site site;
  site.send(headers(1, post("/", {{"expect", "100-continue"}, {"content-length", "2"}}), 0));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  EXPECT_NE(site.member().received().find("expect: 100-continue\r\n"), std::string::npos);
  site.member().connection().send("HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(site.run_until([&] { return !site.response(1).interims.empty(); }));
  site.send(data(1, "ab", kEndStream));
  ASSERT_TRUE(site.run_until([&] { return site.member().received().ends_with("ab"); }));
}

TEST(Http2, HeadAnd304HaveNoBody) {
  Http2Site site;
  site.member().answer = [](std::string_view request) {
    return request.starts_with("HEAD")
               ? std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
               : std::string("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
  };
  Fields head = get("/");
  head[0].second = "HEAD";
  site.send(headers(1, head) + headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.response(1).field("content-length"), "5");
  EXPECT_EQ(site.response(3).status, "304");
  EXPECT_EQ(site.client.data_frames(), 0u);
}

TEST(Http2, AnEarlyAnswerStopsTheRequestsBody) {
  Http2Site site;
  site.send(headers(1, post("/", {{"content-length", "1000"}}), 0) + data(1, "abc"));
  ASSERT_TRUE(site.run_until([&] { return site.member().received().ends_with("abc"); }));
  site.member().connection().send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
  ASSERT_TRUE(site.run_until_reset(1));
  EXPECT_EQ(site.response(1).status, "403");
  EXPECT_EQ(site.response(1).body, "no");
  EXPECT_EQ(site.response(1).reset, 0);
  // What it had sent already hurts nobody.
  site.send(data(1, "def"));
  site.member().answer = [](std::string_view) { return ok("next"); };
  site.send(headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.member().accepted(), 2u);
}

TEST(Http2, OurOwnAnswersAreResponsesToo) {
  Http2Site site;
  site.member().kill();
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).status, "503");
  EXPECT_EQ(site.response(1).field("retry-after"), "1");
  EXPECT_NE(site.response(1).body.find("<h1>503 Service Unavailable</h1>"), std::string::npos);
  EXPECT_EQ(site.response(1).field("content-length"), std::to_string(site.response(1).body.size()));
}

TEST(Http2, AResponseThatBreaksOffIsReset) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  site.member().connection().send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
  ASSERT_TRUE(site.run_until([&] { return site.response(1).body == "abc"; }));
  site.member().connection().close();
  ASSERT_TRUE(site.run_until_reset(1));
  EXPECT_EQ(site.response(1).reset, 2);
  EXPECT_FALSE(site.response(1).ended);
  EXPECT_EQ(site.client.goaway_error(), -1);
}

TEST(Http2, ARequestIsSentAgainWithItsBody) {
  TestProxy::Options options{.members = 2};
  Http2Site site(options);
  for (std::size_t i = 0; i < 2; ++i) {
    site.proxy.member(i).answer = [](std::string_view request) {
      return request.find("second") == std::string_view::npos ? std::string() : ok("x");
    };
  }
  site.proxy.member(0).kill();
  site.proxy.member(1).answer = [](std::string_view request) {
    return ok(request.substr(request.find("\r\n\r\n") + 4));
  };
  site.send(headers(1, post("/", {{"content-length", "4"}}), 0) + data(1, "body", kEndStream));
  site.send(headers(3, post("/", {{"content-length", "4"}}), 0) + data(3, "body", kEndStream));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.response(1).body, "body");
  EXPECT_EQ(site.response(3).body, "body");
}

// Whoever asks while no member accepts is answered and logged with that status.
TEST(Http2, StreamsWhoseMemberRefusesAreLoggedWithTheirStatus) {
  Http2Site site;
  site.member().kill();
  std::string bytes;
  for (uint32_t stream = 1; stream < 60; stream += 2) bytes += headers(stream, get("/"));
  site.send(bytes);
  for (uint32_t stream = 1; stream < 60; stream += 2) {
    ASSERT_TRUE(site.run_until_ended(stream));
    EXPECT_EQ(site.response(stream).status, "503");
  }
  ASSERT_EQ(site.proxy.log().lines.size(), 30u);
  for (const auto& line : site.proxy.log().lines) EXPECT_EQ(line.status, 503u);
}

// And who does not wait for that, with one that says so.
TEST(Http2, WhoGoesAwayWhileNoMemberIsFoundIsLoggedAsGone) {
  TestProxy::Options options;
  options.failover.connect_timeout = std::chrono::hours(1);
  Http2Site site(options);
  site.member().kill();
  site.send(headers(1, get("/")) + reset(1) + headers(3, get("/")));
  site.run_a_little();
  site.send(reset(3));
  ASSERT_TRUE(site.run_until([&] { return site.proxy.log().lines.size() == 2; }));
  for (const auto& line : site.proxy.log().lines) {
    EXPECT_EQ(line.status, 499u);
    EXPECT_EQ(line.failure, "client gone");
    EXPECT_TRUE(line.aborted);
  }
}

TEST(Http2, ConnectIsRefusedForItsStreamOnly) {
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, {{":method", "CONNECT"}, {":authority", "a:1"}}, 0) + headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.response(1).status, "405");
  EXPECT_EQ(site.response(3).status, "200");
}

TEST(Http2, WithoutConsentThePrefaceIsNoRequest) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(Http2Client::greeting());
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 505 "));
}

TEST(Http2, Http1IsSpokenOnTheSameListener) {
  TestProxy proxy({.http2 = true});
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  Peer& client = proxy.connect();
  client.send("P");
  proxy.run_a_little();
  client.send("ROPFIND / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST(Http2, ThePrefaceMayComeByteByByte) {
  TestProxy proxy({.http2 = true});
  proxy.member().answer = [](std::string_view) { return ok("hello"); };
  Peer& peer = proxy.connect();
  Http2Client client;
  for (const char byte : Http2Client::greeting() + headers(1, get("/"))) {
    peer.send({&byte, 1});
    proxy.loop().run_once(Duration::zero());
  }
  ASSERT_TRUE(proxy.run_until([&] {
    peer.send(client.read(peer.take()));
    return client.response(1).ended;
  }));
  EXPECT_EQ(client.response(1).body, "hello");
}

}  // namespace
}  // namespace understudy::test
