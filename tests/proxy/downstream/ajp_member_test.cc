// SPDX-License-Identifier: Apache-2.0
// Members that speak AJP 1.3, end to end: what they are asked and what the client gets.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/downstream/ajp_site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

TEST(AjpMember, AGetTravelsThroughAndBack) {
  AjpSite site;
  Peer& client = site.get("User-Agent: t\r\nKeep-Alive: 5\r\n");
  const ajp::Request asked = site.next_request();
  EXPECT_EQ(asked.method, 2u);
  EXPECT_EQ(asked.uri, "/x");
  EXPECT_EQ(asked.attribute("5"), "y=1");
  EXPECT_EQ(asked.remote_address, "192.0.2.7");
  EXPECT_EQ(asked.attribute("AJP_REMOTE_PORT"), "40000");
  EXPECT_EQ(asked.fields, (ajp::Fields{{"A00E", "t"}, {"A00B", "a"}}));
  site.say(ajp::head(200, {{"Content-Length", "5"}, {"X-Odd", "v"}}) + ajp::chunk("hello") +
           ajp::end());
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(client.take(), "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Odd: v\r\n\r\nhello");
}

TEST(AjpMember, OneConnectionServesOneRequestAfterTheOther) {
  AjpSite site;
  Peer& client = site.proxy.connect();
  for (int i = 0; i < 5; ++i) {
    client.send("GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n");
    const std::string path = site.next_request().uri;
    site.say(ajp::answer(path));
    ASSERT_TRUE(site.run_until_answered(client));
    EXPECT_TRUE(client.take().ends_with("/" + std::to_string(i)));
  }
  EXPECT_EQ(site.proxy.member().accepted(), 1u);
}

TEST(AjpMember, AConnectionThatTheMemberEndsIsNotUsedAgain) {
  AjpSite site;
  for (int i = 0; i < 2; ++i) {
    Peer& client = site.get();
    site.next_request();
    site.say(ajp::head(200) + ajp::chunk("x") + ajp::end(false));
    ASSERT_TRUE(site.run_until_answered(client));
    site.proxy.run_a_little();
  }
  EXPECT_EQ(site.proxy.member().accepted(), 2u);
}

TEST(AjpMember, AnAnswerThatIsHereAsAWholeSaysItsLength) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::head(404) + ajp::chunk("not ") + ajp::chunk("here") + ajp::end());
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(client.take(), "HTTP/1.1 404 OK\r\ncontent-length: 8\r\n\r\nnot here");
}

TEST(AjpMember, AnAnswerOfUnknownLengthGoesInChunks) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::head(200) + ajp::chunk("one"));
  ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("one\r\n"); }));
  site.say(ajp::chunk("") + ajp::chunk("two") + ajp::end());
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_EQ(
      client.take(),
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");
}

TEST(AjpMember, ToAClientWithoutChunksTheEndOfTheConnectionIsTheEnd) {
  AjpSite site;
  Peer& client = site.send("GET / HTTP/1.0\r\nHost: a\r\n\r\n");
  site.next_request();
  site.say(ajp::head(200) + ajp::chunk("one"));
  ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("one"); }));
  site.say(ajp::chunk("two") + ajp::end());
  ASSERT_TRUE(site.proxy.run_until([&] { return client.is_closed(); }));
  EXPECT_TRUE(client.take().ends_with("\r\n\r\nonetwo"));
}

TEST(AjpMember, WhatHasNoBodyEndsWithItsPacketAndTheConnectionGoesOn) {
  const struct {
    const char* method;
    unsigned status;
    ajp::Fields fields;
  } kCases[] = {{"HEAD", 200, {{"Content-Length", "5"}}},
                {"HEAD", 200, {}},
                {"GET", 204, {}},
                {"GET", 304, {{"ETag", "\"a\""}}},
                {"GET", 200, {{"Content-Length", "0"}}}};
  AjpSite site;
  Peer& client = site.proxy.connect();
  for (const auto& each : kCases) {
    SCOPED_TRACE(each.method + std::to_string(each.status));
    client.send(std::string(each.method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    site.next_request();
    site.say(ajp::head(each.status, each.fields));
    site.proxy.run_a_little();
    // A servlet may write a body that no client gets.
    if (each.status != 200 || each.method == "HEAD"s) site.say(ajp::chunk("stray"));
    site.say(ajp::end());
    ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("\r\n\r\n"); }));
    site.proxy.run_a_little();
    EXPECT_EQ(client.take().find("stray"), std::string::npos);
  }
  EXPECT_EQ(site.proxy.member().accepted(), 1u);
}

TEST(AjpMember, EarlyHintsPassBeforeTheAnswer) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::head(103, {{"Link", "</a.css>"}}, "Early Hints") + ajp::answer("x"));
  ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("\r\n\r\nx"); }));
  EXPECT_EQ(client.take(),
            "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx");
}

}  // namespace
}  // namespace understudy::test
