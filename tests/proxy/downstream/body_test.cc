// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

// The member gets `request`, answers with `response`, and then closes if it says so.
struct Conversation {
  std::string request;
  std::string response;
  bool closes = false;
};

std::string converse(TestProxy& proxy, Peer& client, const Conversation& talk,
                     const std::function<bool(const std::string&)>& is_done) {
  client.send(talk.request);
  EXPECT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  proxy.member().connection().send(talk.response);
  if (talk.closes) proxy.member().connection().close();
  EXPECT_TRUE(proxy.run_until([&] { return is_done(client.received()); }));
  return client.take();
}

bool is_complete(const std::string& text) {
  return message_bytes(text) != 0;
}

TEST(ResponseBody, ChunksPassAsTheyAreWithTrailers) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string chunks = "5;x=y\r\nhello\r\n1\r\n!\r\n0\r\nX-Sum: 7\r\n\r\n";
  const std::string got =
      converse(proxy, client,
               {.request = std::string(kGet),
                .response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks},
               [](const std::string& text) { return text.ends_with("X-Sum: 7\r\n\r\n"); });
  EXPECT_EQ(got, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks);
  // Both connections go on.
  proxy.member().connection().take();
  converse(proxy, client, {.request = std::string(kGet), .response = ok("x")}, is_complete);
  EXPECT_EQ(proxy.member().accepted(), 1u);
}

TEST(ResponseBody, AnHttp10ClientGetsThePayloadOfChunksUntilClose) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string got =
      converse(proxy, client,
               {.request = "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
                .response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"},
               [&](const std::string&) { return client.is_closed(); });
  EXPECT_EQ(got, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello world");
}

TEST(ResponseBody, OneThatEndsWithTheConnectionIsChunkedForTheClient) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string got = converse(
      proxy, client,
      {.request = std::string(kGet), .response = "HTTP/1.1 200 OK\r\n\r\nhello", .closes = true},
      is_complete);
  EXPECT_EQ(got, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  EXPECT_FALSE(client.is_closed());
}

TEST(ResponseBody, OneThatEndsWithTheConnectionMayComeInPieces) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Peer& member = proxy.member().connection();
  member.send("HTTP/1.1 200 OK\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("\r\n\r\n"); }));
  member.send("ab");
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("2\r\nab\r\n"); }));
  member.close();
  ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("0\r\n\r\n"); }));
}

struct NoBody {
  const char* method;
  const char* response;
};

TEST(ResponseBody, HeadAnd204And304HaveNone) {
  constexpr NoBody kTable[] = {
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"},
      {"HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
      {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n"},
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
  };
  for (const NoBody& row : kTable) {
    SCOPED_TRACE(row.response);
    TestProxy proxy;
    Peer& client = proxy.connect();
    const std::string request = std::string(row.method) + " / HTTP/1.1\r\nHost: a\r\n\r\n";
    const auto has_head = [](const std::string& text) { return text.ends_with("\r\n\r\n"); };
    EXPECT_EQ(converse(proxy, client, {.request = request, .response = row.response}, has_head),
              row.response);
    // Nobody waits for a body: the next exchange uses the same connections.
    proxy.member().connection().take();
    converse(proxy, client, {.request = std::string(kGet), .response = ok("x")}, is_complete);
    EXPECT_EQ(proxy.member().accepted(), 1u);
  }
}

TEST(ResponseBody, AnHttp10ClientsHeadIsNotToldOfChunks) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string got = converse(proxy, client,
                                   {.request = "HEAD / HTTP/1.0\r\n\r\n",
                                    .response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                                                "X: y\r\n\r\n"},
                                   [&](const std::string&) { return client.is_closed(); });
  EXPECT_EQ(got, "HTTP/1.1 200 OK\r\nX: y\r\nConnection: close\r\n\r\n");
}

TEST(ResponseBody, OneThatBreaksOffIsSeenToBreakOff) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  converse(proxy, client,
           {.request = std::string(kGet),
            .response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345",
            .closes = true},
           [&](const std::string&) { return client.is_closed(); });
  Peer& old = proxy.connect();
  proxy.member().connection().take();
  old.send("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().accepted() == 2; }));
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().connection().received().empty(); }));
  proxy.member().connection().send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe");
  proxy.run_a_little();
  proxy.member().connection().close();
  ASSERT_TRUE(proxy.run_until([&] { return old.is_closed(); }));
  EXPECT_TRUE(old.was_reset()) << "an orderly end would look like the body's end";
}

TEST(ResponseBody, InvalidChunksAreNotPassedOn) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string got = converse(
      proxy, client,
      {.request = std::string(kGet),
       .response = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n"},
      [&](const std::string&) { return client.is_closed(); });
  EXPECT_EQ(got.find("XX"), std::string::npos);
  EXPECT_TRUE(proxy.log().lines.at(0).aborted);
}

TEST(ResponseBody, BytesBehindAResponseEndTheMembersConnection) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  const std::string got =
      converse(proxy, client,
               {.request = std::string(kGet),
                .response = ok("x") + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"},
               is_complete);
  EXPECT_TRUE(got.ends_with("x"));
  proxy.member().answer = [](std::string_view) { return ok("good"); };
  client.send(kGet);
  ASSERT_TRUE(proxy.run_until([&] { return is_complete(client.received()); }));
  EXPECT_TRUE(client.received().ends_with("good"));
  EXPECT_EQ(proxy.member().accepted(), 2u);
}

TEST(RequestBody, AnUploadInPiecesReachesTheMemberAsItComes) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("PUT /f HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().received().ends_with("ab"); }));
  client.send("cd");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().received().ends_with("abcd"); }));
  client.send("ef");
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().received().ends_with("abcdef"); }));
}

TEST(RequestBody, WhatFollowsABodyIsTheNextRequest) {
  for (const std::string_view body :
       {"Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"}) {
    TestProxy proxy;
    std::string paths;
    proxy.member().answer = [&](std::string_view request) {
      paths += request.substr(request.find('/'), 2);
      return ok("x");
    };
    Peer& client = proxy.connect();
    client.send("POST /1 HTTP/1.1\r\nHost: a\r\n" + std::string(body) +
                "GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return count_of(client.received(), "200 OK") == 2; }));
    EXPECT_EQ(paths, "/1/2");
  }
}

TEST(RequestBody, ALargeChunkedBodyWithARequestBehindItIsTakenApart) {
  TestProxy proxy;
  std::string paths;
  std::size_t bytes = 0;
  proxy.member().answer = [&](std::string_view request) {
    paths += request.substr(request.find('/'), 2);
    bytes = std::max(bytes, request.size());
    return ok("x");
  };
  Peer& client = proxy.connect();
  std::string all = "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 30; ++i) all += "2000\r\n" + std::string(0x2000, 'x') + "\r\n";
  all += "0\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n";
  std::size_t at = 0;
  ASSERT_TRUE(proxy.run_until([&] {
    at += client.send_some(std::string_view(all).substr(at));
    return count_of(client.received(), "200 OK") == 2;
  }));
  EXPECT_EQ(paths, "/1/2");
  EXPECT_GT(bytes, 30u * 0x2000);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST(RequestBody, AboveTheLimitIs413) {
  TestProxy::Options options;
  options.body_bytes_max = 10;
  for (const std::string_view request :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "b\r\n0123456789a\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "b\r\n0123456789a\r\n0\r\n\r\n"}) {
    TestProxy proxy(options);
    Peer& client = proxy.connect();
    client.send(request);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.received().substr(9, 3), "413");
  }
  for (const std::string_view request :
       {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n0123456789",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "a\r\n0123456789\r\n0\r\n\r\n"}) {
    TestProxy proxy(options);
    proxy.member().answer = [](std::string_view) { return ok("x"); };
    Peer& client = proxy.connect();
    client.send(request);
    ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
    EXPECT_EQ(client.received().substr(9, 3), "200");
  }
}

TEST(RequestBody, InvalidChunksAreRefusedAndTheMemberSeesNoEnd) {
  TestProxy proxy;
  Peer& client = proxy.connect();
  client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_EQ(client.received().substr(9, 3), "400");
  proxy.run_a_little();
  EXPECT_EQ(proxy.member().received().find("XX"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
