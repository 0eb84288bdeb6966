// SPDX-License-Identifier: Apache-2.0
// Members that speak AJP and fail: what cannot be understood, what breaks off, and CPing, which
// finds out before.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/downstream/ajp_site.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_literals;

// ---- What goes wrong.

TEST(AjpMember, WhatCannotBeUnderstoodIs502) {
  const struct {
    std::string bytes;
    std::string why;
  } kCases[] = {
      {"HTTP/1.1 400 Bad Request\r\n\r\n", "no AJP packet"},
      {ajp::chunk("x"), "without headers"},
      {ajp::end(), "without headers"},
      {ajp::packet("\7"), "of a kind that is not known"},
      {ajp::head(200, {{"A\r\nB", "c"}}), "without a name"},
      {ajp::head(200, {{"A", "b\r\nSet-Cookie: c"}}), "a control byte"},
      {ajp::head(200, {{"Content-Length", "1"}, {"Content-Length", "2"}}), "Content-Length"},
      {ajp::head(101), "101"},
      {ajp::head(200, {{"Content-Length", "3"}}) + ajp::chunk("long"), "longer"},
      {ajp::head(200, {{"Content-Length", "3"}}) + ajp::chunk("s") + ajp::end(), "shorter"},
      {ajp::head(204) + "junk", "no AJP packet"},
      {ajp::ask() + ajp::ask() + ajp::ask(), "without headers"},
  };
  for (const auto& each : kCases) {
    SCOPED_TRACE(testing::PrintToString(each.bytes));
    AjpSite site;
    Peer& client = site.get();
    site.next_request();
    site.say(each.bytes);
    if (each.bytes == ajp::ask() + ajp::ask() + ajp::ask()) site.say(ajp::end());
    ASSERT_TRUE(site.run_until_answered(client));
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 502 ")) << client.received();
  }
}

TEST(AjpMember, TwoQuestionsForTheBodyAtOnceCannotBeAnswered) {
  AjpSite site;
  Peer& client = site.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
  site.next_request();
  site.say(ajp::ask());
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 502 ")) << client.received();
}

TEST(AjpMember, ABodyThatBreaksOffBreaksTheClientsOff) {
  const std::string begun = ajp::head(200, {{"Content-Length", "9"}}) + ajp::chunk("abc");
  for (const std::string& rest :
       {""s, ajp::end(), ajp::head(200), ajp::chunk("1234567"), ajp::packet("\3\0\5hi"s)}) {
    SCOPED_TRACE(testing::PrintToString(rest));
    AjpSite site;
    Peer& client = site.get();
    site.next_request();
    site.say(begun);
    ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("abc"); }));
    if (rest.empty()) {
      site.proxy.member().connection().close();
    } else {
      site.say(rest);
    }
    ASSERT_TRUE(site.proxy.run_until([&] { return client.is_closed(); }));
    EXPECT_TRUE(client.received().ends_with("abc"));
  }
}

TEST(AjpMember, AConnectionThatTheMemberHasClosedIsNotUsedAgain) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::answer("one"));
  ASSERT_TRUE(site.run_until_answered(client));
  client.take();
  site.proxy.member().connection().close();
  site.proxy.run_a_little();
  client.send("POST /two HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(site.proxy.run_until([&] { return site.proxy.member().accepted() == 2; }));
  EXPECT_EQ(site.next_request().uri, "/two");
}

TEST(AjpMember, APostThatTheMemberMayHaveBegunIsNotSentTwice) {
  AjpSite site;
  Peer& client = site.send("POST /two HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(site.next_request().uri, "/two");
  site.proxy.member().connection().close();
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 502 "));
  EXPECT_EQ(site.proxy.member().accepted(), 1u);
}

TEST(AjpMember, AReadThatBrokeIsAskedOfAnotherMember) {
  AjpSite site({.members = 2});
  Peer& client = site.get();
  ASSERT_TRUE(site.proxy.run_until(
      [&] { return site.proxy.member(0).accepted() + site.proxy.member(1).accepted() == 1; }));
  const std::size_t first = site.proxy.member(0).accepted() == 1 ? 0 : 1;
  site.next_request(first);
  site.proxy.member(first).kill();
  EXPECT_EQ(site.next_request(1 - first).uri, "/x");
  site.say(ajp::answer("x"), 1 - first);
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().ends_with("x"));
}

TEST(AjpMember, ARequestThatFillsMoreThanAPacketIs431) {
  AjpSite site({.limits = {8190, 100, 8190}});
  std::string more;
  for (int i = 0; i < 9; ++i)
    more += "X-" + std::to_string(i) + ": " + std::string(950, 'x') + "\r\n";
  Peer& client = site.get(more);
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 431 "));

  AjpSite larger({.ajp = {.packet_bytes_max = 65536}});
  larger.get(more);
  EXPECT_EQ(larger.next_request().field("X-8"), std::string(950, 'x'));
}

TEST(AjpMember, TheSecretIsTold) {
  AjpSite site({.ajp = {.secret = "open sesame"}});
  Peer& client = site.get();
  EXPECT_EQ(site.next_request().attribute("12"), "open sesame");
  // What Tomcat says to a wrong one goes to the client as it is.
  site.say(ajp::head(403, {{"Content-Length", "0"}}, "403") + ajp::end(false));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 403 "));
}

// ---- CPing.

TEST(AjpMember, WithPingTheRequestWaitsForPong) {
  AjpSite site({.ajp = {.ping = seconds(5)}});
  Peer& client = site.proxy.connect();
  for (int i = 0; i < 2; ++i) {
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
    std::string packet;
    ASSERT_TRUE(site.next(packet));
    EXPECT_EQ(packet, "\x0a");
    EXPECT_FALSE(site.has_packet());
    site.say(ajp::pong());
    EXPECT_EQ(site.next_request().method, 4u);
    ASSERT_TRUE(site.next(packet));
    EXPECT_EQ(payload_of(packet), "hi");
    site.say(ajp::answer("done"));
    ASSERT_TRUE(site.run_until_answered(client));
    EXPECT_TRUE(client.take().ends_with("done"));
  }
  EXPECT_EQ(site.proxy.member().accepted(), 1u);
}

TEST(AjpMember, WithoutPongARequestGoesToAnotherMemberWhateverItsMethod) {
  AjpSite site({.members = 2, .ajp = {.ping = milliseconds(50)}});
  Peer& client = site.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  ASSERT_TRUE(site.proxy.run_until(
      [&] { return site.proxy.member(0).accepted() + site.proxy.member(1).accepted() == 1; }));
  const std::size_t first = site.proxy.member(0).accepted() == 1 ? 0 : 1;
  std::string packet;
  ASSERT_TRUE(site.next(packet, first));
  EXPECT_EQ(packet, "\x0a");
  ASSERT_TRUE(site.next(packet, 1 - first));
  EXPECT_EQ(packet, "\x0a");
  site.say(ajp::pong(), 1 - first);
  EXPECT_EQ(site.next_request(1 - first).method, 4u);
  site.say(ajp::answer("done"), 1 - first);
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().ends_with("done"));
}

// Nothing of the request has left, so it may be asked again, of the same member too.
TEST(AjpMember, WhatComesInPlaceOfPongIsNoAnswer) {
  AjpSite site({.ajp = {.ping = seconds(5)}});
  Peer& client = site.get();
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  site.say(ajp::answer("for another client"));
  ASSERT_TRUE(site.proxy.run_until([&] { return site.proxy.member().accepted() == 2; }));
  ASSERT_TRUE(site.next(packet));
  site.say(ajp::pong());
  EXPECT_EQ(site.next_request().uri, "/x");
  site.say(ajp::answer("mine"));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().ends_with("mine"));
}

}  // namespace
}  // namespace understudy::test
