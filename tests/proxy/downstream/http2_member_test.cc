// SPDX-License-Identifier: Apache-2.0
// Members that speak HTTP/2, end to end: what they are asked and what the client gets.
#include <gtest/gtest.h>

#include <string>

#include "proxy/http/http2/http2_member_codec.h"
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/support/http2_member_site.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;

TEST(Http2Member, AGetTravelsThroughAndBack) {
  Http2MemberSite site;
  Peer& client = site.get("/x?y=1", "User-Agent: t\r\nKeep-Alive: 5\r\nCookie: a=b\r\n");
  ASSERT_TRUE(site.run_until_asked(1));
  const Fields expected = {{":method", "GET"},
                           {":scheme", "http"},
                           {":authority", "a"},
                           {":path", "/x?y=1"},
                           {"user-agent", "t"},
                           {"cookie", "a=b"},
                           {"x-forwarded-for", "192.0.2.7"},
                           {"x-forwarded-proto", "http"},
                           {"x-forwarded-host", "a"},
                           {"x-forwarded-port", "8080"}};
  EXPECT_EQ(site.asked(1).request, expected);
  EXPECT_TRUE(site.asked(1).ended);
  site.send(headers(1, answer("200", {{"content-length", "5"}, {"x-odd", "v"}}), 0) +
            data(1, "hello", kEndStream));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(client.take(), "HTTP/1.1 200 \r\ncontent-length: 5\r\nx-odd: v\r\n\r\nhello");
}

TEST(Http2Member, ManyRequestsShareOneConnection) {
  Http2MemberSite site;
  std::vector<Peer*> clients;
  for (int i = 0; i < 50; ++i) clients.push_back(&site.get("/" + std::to_string(i)));
  ASSERT_TRUE(site.run_until_asked(99));
  EXPECT_EQ(site.links(), 1u);
  std::string bytes;
  for (uint32_t stream = 1; stream < 100; stream += 2) {
    const std::string path = site.asked(stream).request[3].second;
    bytes += headers(stream, answer("200"), 0) + data(stream, path, kEndStream);
  }
  site.send(bytes);
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(site.run_until_answered(*clients[static_cast<std::size_t>(i)]));
    EXPECT_NE(clients[static_cast<std::size_t>(i)]->take().find("/" + std::to_string(i) + "\r\n"),
              std::string::npos);
  }
}

TEST(Http2Member, BeyondTheMembersLimitAnotherConnectionIsMade) {
  constexpr uint16_t kMaxConcurrentStreams = 3;
  Http2MemberSite site({}, {{kMaxConcurrentStreams, 2}});
  site.get("/0");
  ASSERT_TRUE(site.run_until_asked(1));
  site.run_a_little();
  site.get("/1");
  ASSERT_TRUE(site.run_until_asked(3));
  EXPECT_EQ(site.links(), 1u);
  site.get("/2");
  ASSERT_TRUE(site.run_until_asked(1, 1));
  EXPECT_EQ(site.links(), 2u);
}

TEST(Http2Member, AnAnswerWithoutLengthAndBodyHasLengthZeroForHttp1) {
  Http2MemberSite site;
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("404")));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(client.take(), "HTTP/1.1 404 \r\ncontent-length: 0\r\n\r\n");
}

TEST(Http2Member, WithoutABodyByItsStatusNoneIsAnnounced) {
  for (const std::string status : {"204", "304"}) {
    Http2MemberSite site;
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(1));
    site.send(headers(1, answer(status)));
    ASSERT_TRUE(site.run_until_answered(client));
    EXPECT_EQ(client.take(), "HTTP/1.1 " + status + " \r\n\r\n");
  }
}

TEST(Http2Member, AnswersToHeadHaveNoBody) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200", {{"content-length", "5"}})));
  ASSERT_TRUE(site.run_until([&] { return client.received().ends_with("\r\n\r\n"); }));
  EXPECT_EQ(client.take(), "HTTP/1.1 200 \r\ncontent-length: 5\r\n\r\n");
}

TEST(Http2Member, InterimResponsesTravelToo) {
  Http2MemberSite site;
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("103", {{"link", "</a>"}}), 0) + headers(1, answer("200")));
  ASSERT_TRUE(site.run_until([&] { return client.received().find(" 200 ") != std::string::npos; }));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 103 \r\nlink: </a>\r\n\r\nHTTP/1.1 200"));
}

TEST(Http2Member, ABodyWithALengthIsSentAsItIs) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  ASSERT_TRUE(site.run_until([&] { return site.links() == 1 && site.asked(1).body == "01234"; }));
  EXPECT_FALSE(site.asked(1).ended);
  client.send("56789");
  ASSERT_TRUE(site.run_until([&] { return site.asked(1).ended; }));
  EXPECT_EQ(site.asked(1).body, "0123456789");
}

TEST(Http2Member, ABodyInChunksIsSentWithoutThemAndWithItsTrailers) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send(
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\n"
      "Connection: TE\r\n\r\n3\r\nabc\r\n2\r\nde\r\n");
  ASSERT_TRUE(site.run_until([&] { return site.links() == 1 && site.asked(1).body == "abcde"; }));
  client.send("0\r\nX-Sum: 7\r\n\r\n");
  ASSERT_TRUE(site.run_until([&] { return site.asked(1).ended; }));
  EXPECT_EQ(site.asked(1).trailers, (Fields{{"x-sum", "7"}}));
  for (const auto& [name, value] : site.asked(1).request) {
    EXPECT_NE(name, "transfer-encoding");
    EXPECT_NE(name, "connection");
    if (name == "te") {
      EXPECT_EQ(value, "trailers");
    }
  }
}

TEST(Http2Member, ABodyWithoutLengthReachesHttp1ClientsInChunksWithItsTrailers) {
  Http2MemberSite site;
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200"), 0) + data(1, "abc"));
  ASSERT_TRUE(site.run_until([&] { return client.received().ends_with("3\r\nabc\r\n"); }));
  site.send(data(1, "de") + headers(1, {{"grpc-status", "0"}}));
  ASSERT_TRUE(site.run_until([&] { return client.received().ends_with("\r\n\r\n"); }));
  EXPECT_EQ(client.take(),
            "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
            "grpc-status: 0\r\n\r\n");
}

TEST(Http2Member, Http10ClientsGetABodyWithoutLengthUntilTheEnd) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200"), 0) + data(1, "abc") + data(1, "de", kEndStream));
  ASSERT_TRUE(site.run_until([&] { return client.is_closed(); }));
  EXPECT_TRUE(client.received().ends_with("\r\n\r\nabcde")) << client.received();
}

// gRPC, and every other conversation: both directions flow at once, trailers at the end of both.
TEST(Http2Member, AConversationStreamsBothWaysOverHttp2AndEndsWithTrailers) {
  TestProxy::Options options;
  options.http2 = true;
  Http2MemberSite site(options);
  Peer& peer = site.proxy.connect();
  Http2Client client;
  const auto until = [&](const std::function<bool()>& done) {
    return site.run_until([&] {
      const std::string reply = client.read(peer.take());
      if (!reply.empty()) peer.send(reply);
      return done();
    });
  };
  peer.send(Http2Client::greeting());
  peer.send(
      headers(1, post("/svc/Chat", {{"te", "trailers"}, {"content-type", "application/grpc"}}), 0));
  ASSERT_TRUE(until([&] { return site.links() == 1 && !site.asked(1).request.empty(); }));
  site.send(headers(1, answer("200", {{"content-type", "application/grpc"}}), 0));
  ASSERT_TRUE(until([&] { return client.response(1).status == "200"; }));
  std::string said;
  for (int round = 0; round < 5; ++round) {
    const std::string text = "round " + std::to_string(round);
    said += text;
    peer.send(data(1, text));
    ASSERT_TRUE(until([&] { return site.asked(1).body == said; }));
    site.send(data(1, text));
    ASSERT_TRUE(until([&] { return client.response(1).body == said; }));
  }
  peer.send(headers(1, {{"x-client", "done"}}));
  ASSERT_TRUE(until([&] { return site.asked(1).ended; }));
  EXPECT_EQ(site.asked(1).trailers, (Fields{{"x-client", "done"}}));
  site.send(headers(1, {{"grpc-status", "0"}, {"grpc-message", "ok"}}));
  ASSERT_TRUE(until([&] { return client.response(1).ended; }));
  EXPECT_EQ(client.response(1).trailers, (Fields{{"grpc-status", "0"}, {"grpc-message", "ok"}}));
}

// ---- Back-pressure.

TEST(Http2Member, ASlowClientHoldsItsOwnStreamOnly) {
  Http2MemberSite site;
  Peer& slow = site.get("/slow");
  slow.reads_by_itself = false;
  ASSERT_TRUE(site.run_until_asked(1));
  Peer& quick = site.get("/quick");
  ASSERT_TRUE(site.run_until_asked(3));
  site.send(headers(1, answer("200"), 0) + headers(3, answer("200"), 0));
  // As much as the proxy lets us: its sockets' room, and one window.
  std::size_t sent = 0;
  std::size_t window = http::kHttp2MemberWindowBytes;
  const std::string piece(16384, 'x');
  for (int idle = 0; idle < 50;) {
    const std::size_t opened = site.link().reader.stream_window_bytes(1);
    if (sent + piece.size() <= window + opened) {
      site.send_all(data(1, piece));
      sent += piece.size();
      idle = 0;
    } else {
      site.run_until([turns = 0]() mutable { return ++turns > 2; });
      ++idle;
    }
  }
  EXPECT_LT(sent, std::size_t{16} * 1024 * 1024);
  site.send(data(3, "here", kEndStream));
  ASSERT_TRUE(site.run_until_answered(quick));
  EXPECT_NE(quick.take().find("here"), std::string::npos);
  // And when it reads, all of it comes.
  slow.reads_by_itself = true;
  site.send_all(data(1, "", kEndStream));
  ASSERT_TRUE(site.run_until([&] { return slow.received().ends_with("0\r\n\r\n"); }));
  EXPECT_GT(slow.received().size(), sent);
}

TEST(Http2Member, AMemberThatReadsNothingHoldsTheClientsBody) {
  Http2MemberSite site;
  site.opens_windows = false;
  Peer& client = site.proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n");
  std::string body(1000000, 'x');
  ASSERT_TRUE(site.run_until([&] {
    body.erase(0, client.send_some(body));
    return site.links() == 1 && site.asked(1).body.size() == 65535;
  }));
  site.run_a_little();
  EXPECT_EQ(site.asked(1).body.size(), 65535u);
  site.link().reader.opens_windows = true;
  site.send(window_update(0, 65535) + window_update(1, 65535));
  ASSERT_TRUE(site.run_until([&] {
    body.erase(0, client.send_some(body));
    return site.asked(1).ended;
  }));
  EXPECT_EQ(site.asked(1).body.size(), 1000000u);
}

// The window opens between two offers: what is left of a chunk is not here at that moment.
TEST(Http2Member, AClientThatOpensItsWindowLateGetsTheRest) {
  constexpr uint16_t kInitialWindowSize = 4;
  TestProxy::Options options;
  options.http2 = true;
  Http2MemberSite site(options);
  Peer& peer = site.proxy.connect();
  Http2Client client;
  client.opens_windows = false;
  const auto until = [&](const std::function<bool()>& done) {
    return site.run_until([&] {
      const std::string reply = client.read(peer.take());
      if (!reply.empty()) peer.send(reply);
      return done();
    });
  };
  peer.send(Http2Client::greeting({{kInitialWindowSize, 10}}) + headers(1, get("/")));
  ASSERT_TRUE(until([&] { return site.links() == 1 && !site.asked(1).request.empty(); }));
  const std::string body(1000, 'x');
  site.send(headers(1, answer("200"), 0) + data(1, body) + headers(1, {{"x-sum", "1"}}));
  for (std::size_t window = 10; window < body.size(); window += 90) {
    ASSERT_TRUE(until([&] { return client.response(1).body.size() == window; }));
    peer.send(window_update(1, 90));
  }
  peer.send(window_update(1, 1));
  ASSERT_TRUE(until([&] { return client.response(1).ended; }));
  EXPECT_EQ(client.response(1).body, body);
  EXPECT_EQ(client.response(1).trailers, (Fields{{"x-sum", "1"}}));
}

// ---- When it does not go well.

TEST(Http2Member, WhatAGoawayLeavesOutIsAskedAgainElsewhere) {
  Http2MemberSite site;
  Peer& first = site.proxy.connect();
  Peer& second = site.proxy.connect();
  for (Peer* client : {&first, &second}) {
    client->send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  }
  ASSERT_TRUE(site.run_until_asked(3));
  site.send(goaway(1));
  // A POST that was sent is not idempotent: only that nobody looked at it allows a second time.
  ASSERT_TRUE(site.run_until_asked(1, 1));
  EXPECT_EQ(site.asked(1, 1).request[0].second, "POST");
  ASSERT_TRUE(site.run_until([&] { return site.asked(1, 1).ended; }));
  EXPECT_EQ(site.asked(1, 1).body, "hi");
  site.send(headers(1, answer("200", {{"x", "old"}})));
  site.send(headers(1, answer("200", {{"x", "new"}})), 1);
  ASSERT_TRUE(site.run_until_answered(first));
  ASSERT_TRUE(site.run_until_answered(second));
  const std::string both = first.take() + second.take();
  EXPECT_EQ(count_of(both, "x: old"), 1u);
  EXPECT_EQ(count_of(both, "x: new"), 1u);
  // The old connection has served.
  ASSERT_TRUE(site.run_until([&] { return site.link(0).peer->is_closed(); }));
}

TEST(Http2Member, ARefusedStreamIsAskedAgainAlthoughItWasSent) {
  constexpr uint32_t kRefusedStream = 7;
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_TRUE(site.run_until([&] { return site.links() == 1 && site.asked(1).ended; }));
  site.send(reset(1, kRefusedStream));
  ASSERT_TRUE(site.run_until([&] { return site.links() == 2 && site.asked(1, 1).ended; }));
  EXPECT_EQ(site.asked(1, 1).body, "hi");
}

TEST(Http2Member, AResetStreamIsNotAskedAgainUnlessItMayBe) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_TRUE(site.run_until([&] { return site.links() == 1 && site.asked(1).ended; }));
  site.send(reset(1, 2));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 502"));
  EXPECT_EQ(site.proxy.log().lines.back().tries, 1u);
}

TEST(Http2Member, AConnectionThatBreaksFailsAllItsStreams) {
  TestProxy::Options options;
  options.failover.idempotent = false;
  Http2MemberSite site(options);
  Peer& first = site.get("/1");
  Peer& second = site.get("/2");
  ASSERT_TRUE(site.run_until_asked(3));
  site.link().peer->reset();
  ASSERT_TRUE(site.run_until_answered(first));
  ASSERT_TRUE(site.run_until_answered(second));
  EXPECT_TRUE(first.take().starts_with("HTTP/1.1 502"));
  EXPECT_TRUE(second.take().starts_with("HTTP/1.1 502"));
}

TEST(Http2Member, ABodyThatBreaksOffIsBrokenOffForTheClient) {
  Http2MemberSite site;
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200"), 0) + data(1, "abc") + reset(1, 2));
  ASSERT_TRUE(site.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(client.received().find("\r\n0\r\n"), std::string::npos);
}

TEST(Http2Member, AClientThatHasGoneResetsItsStreamOnly) {
  Http2MemberSite site;
  Peer& first = site.get("/1");
  Peer& second = site.get("/2");
  ASSERT_TRUE(site.run_until_asked(3));
  const uint32_t stream = site.asked(1).request[3].second == "/1" ? 1 : 3;
  first.reset();
  // It is noticed when there is something to write to it.
  site.send(headers(stream, answer("200"), 0) + data(stream, "abc"));
  ASSERT_TRUE(site.run_until_reset(stream));
  site.send(headers(4 - stream, answer("200")));
  ASSERT_TRUE(site.run_until_answered(second));
  EXPECT_TRUE(second.take().starts_with("HTTP/1.1 200"));
}

TEST(Http2Member, AnEarlyAnswerIsTakenThoughTheBodyIsNotComplete) {
  Http2MemberSite site;
  Peer& client = site.proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n01234");
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("401")) + reset(1, 0));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 401"));
}

TEST(Http2Member, AnIdleConnectionIsKeptForAWhileAndThenClosed) {
  TestProxy::Options options;
  options.connections.idle_max = milliseconds(30);
  Http2MemberSite site(options);
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200")));
  ASSERT_TRUE(site.run_until_answered(client));
  client.take();
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(site.run_until_asked(3));
  site.send(headers(3, answer("200")));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(site.links(), 1u);
  ASSERT_TRUE(site.run_until([&] { return site.link().peer->is_closed(); }));
  EXPECT_EQ(site.link().reader.goaway_error(), 0);
}

}  // namespace
}  // namespace understudy::test
