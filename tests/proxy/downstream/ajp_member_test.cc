// SPDX-License-Identifier: Apache-2.0
// Members that speak AJP 1.3, end to end: what they are asked and what the client gets.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/support/ajp.h"
#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using namespace std::string_literals;

constexpr std::size_t kPacketPayload = 8186;

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// The payload of a packet of a request's body; empty of the packet that ends it.
std::string payload_of(const std::string& packet) {
  if (packet.empty()) return {};
  EXPECT_EQ(packet.substr(0, 2), ajp::number(packet.size() - 2));
  return packet.substr(2);
}

class AjpSite {
 public:
  explicit AjpSite(TestProxy::Options options = {}) : proxy(with_ajp(std::move(options))) {}

  Peer& send(std::string_view request) {
    Peer& client = proxy.connect();
    client.send(request);
    return client;
  }
  Peer& get(std::string_view more = {}) {
    return send("GET /x?y=1 HTTP/1.1\r\nHost: a\r\n" + std::string(more) + "\r\n");
  }
  void say(std::string_view text, std::size_t member = 0) {
    proxy.member(member).connection().send(text);
  }
  // The next packet that the member has got on its newest connection.
  bool next(std::string& packet, std::size_t member = 0) {
    const bool came = proxy.run_until([&] {
      if (proxy.member(member).connections().empty()) return false;
      bytes_ += proxy.member(member).connection().take();
      EXPECT_TRUE(ajp::take_packets(bytes_, packets_)) << testing::PrintToString(bytes_);
      return !packets_.empty();
    });
    if (!came) return false;
    packet = packets_.front();
    packets_.erase(packets_.begin());
    return true;
  }
  bool has_packet() {
    proxy.run_a_little();
    for (auto& connection : proxy.member().connections()) bytes_ += connection->take();
    EXPECT_TRUE(ajp::take_packets(bytes_, packets_));
    return !packets_.empty();
  }
  ajp::Request next_request(std::size_t member = 0) {
    std::string packet;
    EXPECT_TRUE(next(packet, member)) << "no request has come";
    ajp::Request request = ajp::RequestReader(packet).read();
    EXPECT_TRUE(request.is_whole);
    return request;
  }
  bool run_until_answered(Peer& client) {
    return proxy.run_until([&] { return message_bytes(client.received()) != 0; });
  }

  TestProxy proxy;

 private:
  static TestProxy::Options with_ajp(TestProxy::Options options) {
    options.protocol = config::MemberProtocol::kAjp;
    options.adjust = [before = options.adjust](auto& host, auto& location) {
      location.forwarding.x_forwarded = false;
      if (before) before(host, location);
    };
    return options;
  }

  std::string bytes_;
  std::vector<std::string> packets_;
};

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
    // A servlet may write what nobody gets.
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

// ---- A request's body.

TEST(AjpMember, OfABodyTheFirstPacketGoesUnaskedAndEachOtherWhenAsked) {
  AjpSite site;
  const std::string body = pattern(20'000);
  Peer& client = site.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + body);
  EXPECT_EQ(site.next_request().field("A008"), "20000");
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  std::string got = payload_of(packet);
  EXPECT_LE(got.size(), kPacketPayload);
  EXPECT_FALSE(site.has_packet()) << "a packet that was not asked for";
  while (got.size() < body.size()) {
    site.say(ajp::ask(1000));
    ASSERT_TRUE(site.next(packet));
    EXPECT_LE(payload_of(packet).size(), 1000u);
    ASSERT_FALSE(payload_of(packet).empty());
    got += payload_of(packet);
  }
  EXPECT_EQ(got, body);
  // Who reads on is told that this was all.
  site.say(ajp::ask());
  ASSERT_TRUE(site.next(packet));
  EXPECT_EQ(packet, "");
  site.say(ajp::answer("done"));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().ends_with("done"));
}

TEST(AjpMember, OfAChunkedBodyNothingGoesUnasked) {
  AjpSite site;
  Peer& client = site.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  const ajp::Request asked = site.next_request();
  EXPECT_EQ(asked.field("A008"), "(none)");
  client.send("5\r\nhello\r\n6;a=b\r\n");
  EXPECT_FALSE(site.has_packet());
  site.say(ajp::ask());
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  EXPECT_EQ(payload_of(packet), "hello");
  client.send(" world\r\n0\r\nX-Trailer: t\r\n\r\n");
  EXPECT_FALSE(site.has_packet());
  site.say(ajp::ask());
  ASSERT_TRUE(site.next(packet));
  EXPECT_EQ(payload_of(packet), " world");
  site.say(ajp::ask());
  ASSERT_TRUE(site.next(packet));
  EXPECT_EQ(packet, "");
  site.say(ajp::answer("done"));
  ASSERT_TRUE(site.run_until_answered(client));
}

TEST(AjpMember, WhoReadsABodyThatIsNotThereIsToldSo) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::ask());
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  EXPECT_EQ(packet, "");
  site.say(ajp::answer("x"));
  ASSERT_TRUE(site.run_until_answered(client));
}

TEST(AjpMember, AClientThatWaitsToBeToldIsToldToGoOn) {
  for (const std::string framing : {"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
    SCOPED_TRACE(framing);
    AjpSite site;
    Peer& client =
        site.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n" + framing + "\r\n");
    EXPECT_EQ(site.next_request().field("Expect"), "(none)");
    const bool is_chunked = framing.starts_with("T");
    if (is_chunked) {
      site.proxy.run_a_little();
      EXPECT_EQ(client.received(), "") << "the member has not asked for it";
      site.say(ajp::ask());
    }
    ASSERT_TRUE(site.proxy.run_until([&] { return client.received().ends_with("\r\n\r\n"); }));
    EXPECT_EQ(client.take(), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send(is_chunked ? "2\r\nhi\r\n0\r\n\r\n" : "hi");
    std::string packet;
    ASSERT_TRUE(site.next(packet));
    EXPECT_EQ(payload_of(packet), "hi");
    site.say(ajp::answer("done"));
    ASSERT_TRUE(site.run_until_answered(client));
    EXPECT_TRUE(client.take().ends_with("done"));
  }
}

TEST(AjpMember, AnAnswerBeforeTheBodyIsReadKeepsTheConnectionOnlyWhereNothingIsOwed) {
  for (const bool owes : {false, true}) {
    SCOPED_TRACE(owes);
    AjpSite site;
    Peer& client =
        site.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n" + pattern(9000));
    site.next_request();
    std::string packet;
    ASSERT_TRUE(site.next(packet));
    // What is asked for first takes all that the client has sent.
    if (owes) site.say(ajp::ask() + ajp::ask(8186).substr(0, 0));
    if (owes) {
      ASSERT_TRUE(site.next(packet));
      site.say(ajp::ask());
      EXPECT_FALSE(site.has_packet());
    }
    site.say(ajp::head(401, {{"Content-Length", "2"}}) + ajp::chunk("no") + ajp::end());
    ASSERT_TRUE(site.run_until_answered(client));
    site.proxy.run_a_little();
    site.get();
    ASSERT_TRUE(site.proxy.run_until(
        [&] { return owes ? site.proxy.member().accepted() == 2 : site.has_packet(); }));
    EXPECT_EQ(site.proxy.member().accepted(), owes ? 2u : 1u);
  }
}

// ---- Megabytes, and who is slow.

TEST(AjpMember, ALargeBodyGoesUpWhileTheMemberTakesItAndNoMoreIsHeld) {
  AjpSite site;
  const std::string body = pattern(5'000'000);
  const std::string request =
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
      body;
  Peer& client = site.proxy.connect();
  std::size_t at = client.send_some(request);
  site.next_request();
  // The member asks for nothing: the client's socket fills up.
  for (int i = 0; i < 100; ++i) {
    site.proxy.run_a_little();
    at += client.send_some(std::string_view(request).substr(at));
  }
  EXPECT_LT(at, request.size());
  EXPECT_LE(site.proxy.blocks().in_use(), 4u);
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  std::string got = payload_of(packet);
  while (got.size() < body.size()) {
    site.say(ajp::ask());
    at += client.send_some(std::string_view(request).substr(at));
    ASSERT_TRUE(site.next(packet));
    got += payload_of(packet);
  }
  EXPECT_TRUE(got == body) << "the bytes differ";
  site.say(ajp::answer("done"));
  ASSERT_TRUE(site.run_until_answered(client));
  site.proxy.run_a_little();
  EXPECT_EQ(site.proxy.blocks().in_use(), 0u);
}

TEST(AjpMember, ASlowClientHoldsUpTheMemberAndGetsEveryByte) {
  for (const bool has_length : {true, false}) {
    SCOPED_TRACE(has_length);
    AjpSite site;
    const std::string body = pattern(5'000'000);
    ajp::Fields fields;
    if (has_length) fields.emplace_back("Content-Length", std::to_string(body.size()));
    const std::string response = ajp::head(200, fields) + ajp::body(body) + ajp::end();
    Peer& client = site.get();
    client.reads_by_itself = false;
    site.next_request();
    Peer& member = site.proxy.member().connection();
    std::size_t at = 0;
    for (int i = 0; i < 200; ++i) {
      at += member.send_some(std::string_view(response).substr(at));
      site.proxy.loop().run_once(Duration::zero());
    }
    EXPECT_LE(site.proxy.blocks().in_use(), 4u);
    ASSERT_TRUE(site.proxy.run_until([&] {
      at += member.send_some(std::string_view(response).substr(at));
      client.pump(300'000);
      return message_bytes(client.received()) != 0;
    }));
    const std::string got = client.take();
    if (has_length) {
      EXPECT_TRUE(got.ends_with("\r\n\r\n" + body)) << "the bytes differ";
    } else {
      http::ChunkScanner scanner;
      std::string_view rest = std::string_view(got).substr(got.find("\r\n\r\n") + 4);
      std::string payload;
      while (!rest.empty() && !scanner.is_complete()) {
        const auto piece = scanner.next(rest);
        payload += piece.payload;
        rest.remove_prefix(piece.consumed);
      }
      EXPECT_TRUE(payload == body) << "the bytes differ";
    }
    site.proxy.run_a_little();
    EXPECT_EQ(site.proxy.blocks().in_use(), 0u);
  }
}

TEST(AjpMember, BothBodiesMayTravelAtOnce) {
  AjpSite site;
  Peer& client = site.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nab");
  site.next_request();
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  std::string got = payload_of(packet);
  site.say(ajp::head(200) + ajp::chunk(got) + ajp::ask());
  for (const std::string more : {"cd", "ef"}) {
    client.send(more);
    ASSERT_TRUE(site.next(packet));
    EXPECT_EQ(payload_of(packet), more);
    site.say(ajp::chunk(more));
    if (more == "cd") site.say(ajp::ask());
  }
  site.say(ajp::end());
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().ends_with("2\r\nab\r\n2\r\ncd\r\n2\r\nef\r\n0\r\n\r\n"));
}

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
  for (const std::string rest :
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

TEST(AjpMember, AConnectionThatWasClosedMeanwhileCostsNoAnswer) {
  AjpSite site;
  Peer& client = site.get();
  site.next_request();
  site.say(ajp::answer("one"));
  ASSERT_TRUE(site.run_until_answered(client));
  client.take();
  client.send("POST /two HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi");
  EXPECT_EQ(site.next_request().uri, "/two");
  site.proxy.member().connection().close();
  // Begun and not idempotent: the member may have done it.
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 502 "));
  Peer& other = site.get();
  ASSERT_TRUE(site.proxy.run_until([&] { return site.proxy.member().accepted() == 2; }));
  site.next_request();
  site.say(ajp::answer("three"));
  ASSERT_TRUE(site.run_until_answered(other));
  EXPECT_TRUE(other.take().ends_with("three"));
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

TEST(AjpMember, WhatComesInPlaceOfPongIsNoAnswer) {
  AjpSite site({.ajp = {.ping = seconds(5)}});
  Peer& client = site.get();
  std::string packet;
  ASSERT_TRUE(site.next(packet));
  site.say(ajp::answer("for somebody else"));
  ASSERT_TRUE(site.run_until_answered(client));
  EXPECT_TRUE(client.take().starts_with("HTTP/1.1 502 "));
}

}  // namespace
}  // namespace understudy::test
