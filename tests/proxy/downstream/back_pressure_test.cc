// SPDX-License-Identifier: Apache-2.0
// Slow readers and slow writers: what is in flight is bounded by the buffers, in both directions
// and on both ways through the proxy (buffers and splice).
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/test_proxy.h"

namespace understudy::test {
namespace {

// Two blocks for a connection and direction at most.
constexpr std::size_t kBlocksMax = 4;

std::string pattern(std::size_t bytes) {
  std::string text(bytes, '\0');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + (i * 7 + i / 251) % 26);
  return text;
}

// Sends as much of `text` as fits, from `at` on.
struct Feeder {
  Peer& peer;
  std::string_view text;
  std::size_t at = 0;
  void feed() { at += peer.send_some(text.substr(at)); }
  bool is_done() const { return at == text.size(); }
};

struct Case {
  const char* name;
  std::size_t bytes;
  bool chunked;
};

std::string response_of(const Case& each, const std::string& body) {
  if (!each.chunked) return ok(body);
  std::string out = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  constexpr std::size_t kPiece = 10'000;
  for (std::size_t at = 0; at < body.size(); at += kPiece) {
    char size[http::kChunkHeaderBytesMax];
    const std::string piece = body.substr(at, kPiece);
    out.append(size, http::write_chunk_header(piece.size(), size));
    out += piece + "\r\n";
  }
  return out + "0\r\n\r\n";
}

TEST(BackPressure, ASlowReaderHoldsUpTheMemberAndGetsEveryByte) {
  for (const Case& each :
       {Case{"length, by buffers", 200'000, false}, Case{"length, by splice", 20'000'000, false},
        Case{"chunked", 3'000'000, true}}) {
    SCOPED_TRACE(each.name);
    TestProxy proxy;
    const std::string body = pattern(each.bytes);
    const std::string response = response_of(each, body);
    Peer& client = proxy.connect();
    client.reads_by_itself = false;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
    Feeder feeder{proxy.member().connection(), response};
    // Nobody reads: the sockets fill up, and then the member must wait.
    for (int i = 0; i < 200; ++i) {
      feeder.feed();
      proxy.loop().run_once(Duration::zero());
    }
    EXPECT_LE(proxy.blocks().in_use(), kBlocksMax);
    if (each.bytes > 10'000'000) {
      EXPECT_FALSE(feeder.is_done());
    }
    ASSERT_TRUE(proxy.run_until([&] {
      feeder.feed();
      client.pump(300'000);
      return client.received().size() >= response.size();
    }));
    EXPECT_TRUE(client.received() == response) << "the bytes differ";
    EXPECT_EQ(proxy.worker().counters.splices, each.bytes > 10'000'000 ? 1u : 0u);
    EXPECT_EQ(proxy.blocks().in_use(), 0u);
  }
}

TEST(BackPressure, ASlowMemberHoldsUpTheClientAndGetsEveryByte) {
  TestProxy proxy;
  const std::string body = pattern(6'000'000);
  const std::string request =
      "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
      body;
  Peer& client = proxy.connect();
  Feeder feeder{client, request};
  feeder.feed();
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().accepted() == 1; }));
  Peer& member = proxy.member().connection();
  member.reads_by_itself = false;
  for (int i = 0; i < 200; ++i) {
    feeder.feed();
    proxy.loop().run_once(Duration::zero());
  }
  EXPECT_LE(proxy.blocks().in_use(), kBlocksMax);
  ASSERT_TRUE(proxy.run_until([&] {
    feeder.feed();
    member.pump(300'000);
    return message_bytes(member.received()) != 0;
  }));
  EXPECT_TRUE(member.received().ends_with(body)) << "the bytes differ";
  member.send(ok("done"));
  ASSERT_TRUE(proxy.run_until([&] { return message_bytes(client.received()) != 0; }));
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST(BackPressure, AReaderThatStopsIsCutOffInTheEnd) {
  TestProxy::Options options;
  options.timeouts.silence = std::chrono::milliseconds(40);
  TestProxy proxy(options);
  const std::string response = ok(pattern(20'000'000));
  Peer& client = proxy.connect();
  client.reads_by_itself = false;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Feeder feeder{proxy.member().connection(), response};
  ASSERT_TRUE(proxy.run_until([&] {
    feeder.feed();
    return proxy.open_connections() == 0;
  }));
  EXPECT_TRUE(proxy.log().lines.at(0).aborted);
  EXPECT_EQ(proxy.blocks().in_use(), 0u);
}

TEST(BackPressure, OurOwnChunksSurviveShortWrites) {
  TestProxy proxy;
  const std::string body = pattern(6'000'000);
  Peer& client = proxy.connect();
  client.reads_by_itself = false;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  const std::string response = "HTTP/1.1 200 OK\r\n\r\n" + body;
  Feeder feeder{proxy.member().connection(), response};
  bool closed = false;
  ASSERT_TRUE(proxy.run_until([&] {
    feeder.feed();
    if (feeder.is_done() && !closed) {
      proxy.member().connection().close();
      closed = true;
    }
    client.pump(300'000);
    return client.received().ends_with("\r\n0\r\n\r\n");
  }));
  http::ChunkScanner scanner;
  std::string payload;
  std::string_view rest = client.received();
  rest.remove_prefix(rest.find("\r\n\r\n") + 4);
  while (!scanner.is_complete()) {
    const auto piece = scanner.next(rest);
    ASSERT_NE(piece.progress, http::Progress::kRefused);
    ASSERT_GT(piece.consumed, 0u);
    payload += piece.payload;
    rest.remove_prefix(piece.consumed);
  }
  EXPECT_TRUE(payload == body) << "the bytes differ";
}

TEST(BackPressure, AClientThatGoesAwayFreesTheMember) {
  TestProxy proxy;
  const std::string response = ok(pattern(20'000'000));
  Peer& client = proxy.connect();
  client.reads_by_itself = false;
  client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(proxy.run_until([&] { return !proxy.member().received().empty(); }));
  Feeder feeder{proxy.member().connection(), response};
  for (int i = 0; i < 20; ++i) {
    feeder.feed();
    proxy.loop().run_once(Duration::zero());
  }
  client.reset();
  ASSERT_TRUE(proxy.run_until([&] { return proxy.open_connections() == 0; }));
  ASSERT_TRUE(proxy.run_until([&] { return proxy.member().connection().is_closed(); }));
}

// Its head stays for a re-send; what the member has taken of a body too large for that does not.
// The trailer section comes in two reads, the first of which ends within a name.
TEST(BackPressure, AnUploadThatStandsStillHoldsTheBlockOfItsHeadOnly) {
  for (const bool chunked : {false, true}) {
    SCOPED_TRACE(chunked);
    TestProxy proxy;
    const std::string half = pattern(600'000);
    Peer& client = proxy.connect();
    std::string text = "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\n";
    text += chunked ? "Transfer-Encoding: chunked\r\n\r\n927c0\r\n" + half + "\r\n0\r\nX-Su"
                    : "Content-Length: 1200000\r\n\r\n" + half;
    Feeder feeder{client, text};
    const auto member_has = [&](std::size_t bytes) {
      return proxy.run_until([&] {
        feeder.feed();
        return feeder.is_done() && proxy.member().accepted() != 0 &&
               proxy.member().connection().received().size() >= bytes;
      });
    };
    ASSERT_TRUE(member_has(half.size()));
    ASSERT_TRUE(proxy.run_until([&] { return proxy.blocks().in_use() <= 1; }));
    const std::string rest = chunked ? "m: 7\r\n\r\n" : half;
    text += rest;
    feeder.text = text;
    ASSERT_TRUE(member_has(half.size() + rest.size()));
    ASSERT_TRUE(proxy.run_until([&] {
      return proxy.member().connection().received().ends_with(rest);
    }));
    EXPECT_NE(proxy.member().connection().received().find(half.substr(0, 500'000)),
              std::string::npos);
    proxy.member().connection().send(ok("done"));
    ASSERT_TRUE(proxy.run_until([&] { return client.received().ends_with("done"); }));
    EXPECT_EQ(proxy.blocks().in_use(), 0u);
  }
}

}  // namespace
}  // namespace understudy::test
