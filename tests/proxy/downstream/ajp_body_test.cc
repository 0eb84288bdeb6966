// SPDX-License-Identifier: Apache-2.0
// Bodies to and from members that speak AJP: a request's goes packet by packet as the member asks,
// and what is in flight is bounded in both directions.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/proxy/downstream/ajp_site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

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
  for (const std::string& framing :
       std::vector<std::string>{"Content-Length: 2\r\n", "Transfer-Encoding: chunked\r\n"}) {
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
    if (owes) site.say(ajp::ask());
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
  for (int i = 0; i < 20; ++i) {
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
  for (const std::string& more : std::vector<std::string>{"cd", "ef"}) {
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

}  // namespace
}  // namespace understudy::test
