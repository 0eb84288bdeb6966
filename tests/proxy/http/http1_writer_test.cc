// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http1/http1_writer.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

// Composes with an arena of its own; the pieces live as long as this.
struct Composed final {
  std::array<char, 4096> block;
  LineArena arena{block};
  FieldMask dropped;
  HeadSpans spans;
};

TEST(Writer, UnchangedRequestIsOnePieceOfItsBuffer) {
  const ParsedRequest request(get_with("A: b\r\n"));
  Composed c;
  ASSERT_TRUE(compose_request(request.head, {.dropped = c.dropped}, c.arena, c.spans));
  ASSERT_EQ(c.spans.pieces().size(), 1u);
  EXPECT_EQ(c.spans.pieces()[0].iov_base, request.bytes.data());
  EXPECT_EQ(text_of(c.spans), request.bytes);
  EXPECT_EQ(c.spans.bytes(), request.bytes.size());
}

TEST(Writer, BrowsersRequestIsThreePieces) {
  const ParsedRequest request{std::string(kBrowserRequest)};
  Composed c;
  drop_from_request(request.head, {}, c.dropped);
  c.arena.add_line("X-Forwarded-For", "192.0.2.1");
  ASSERT_TRUE(compose_request(request.head, {.dropped = c.dropped, .added = c.arena.text()},
                              c.arena, c.spans));
  EXPECT_EQ(c.spans.pieces().size(), 3u);
  std::string expected(kBrowserRequest.substr(0, kBrowserRequest.size() - 2));
  const std::string dropped = "Connection: keep-alive\r\n";
  expected.erase(expected.find(dropped), dropped.size());
  EXPECT_EQ(text_of(c.spans), expected + "X-Forwarded-For: 192.0.2.1\r\n\r\n");
}

TEST(Writer, RequestIsAlwaysHttp11) {
  for (const char* version : {"1.0", "1.7"}) {
    const ParsedRequest request("GET /a?b HTTP/" + std::string(version) + "\r\nHost: a\r\n\r\n");
    EXPECT_EQ(forwarded_request(request), "GET /a?b HTTP/1.1\r\nHost: a\r\n\r\n");
  }
}

TEST(Writer, AbsoluteFormBecomesOriginFormAndItsHostWins) {
  const ParsedRequest request("GET http://a?b HTTP/1.1\r\nX: y\r\nHost: A:80\r\nB: c\r\n\r\n");
  EXPECT_EQ(forwarded_request(request), "GET /?b HTTP/1.1\r\nX: y\r\nB: c\r\nHost: a\r\n\r\n");
  const ParsedRequest old("GET http://a/ HTTP/1.0\r\n\r\n");
  EXPECT_EQ(forwarded_request(old), "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
}

TEST(Writer, OptionsForTheWholeServerKeepsItsAsterisk) {
  const ParsedRequest absolute("OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(forwarded_request(absolute), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  const ParsedRequest asterisk("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(forwarded_request(asterisk), asterisk.bytes);
}

TEST(Writer, TargetAndHostMayBeReplaced) {
  const ParsedRequest request(get_with("A: b\r\n"));
  Composed c;
  ASSERT_TRUE(compose_request(request.head,
                              {.dropped = c.dropped, .target = "/x?y", .host = "backend:7001"},
                              c.arena, c.spans));
  EXPECT_EQ(text_of(c.spans), "GET /x?y HTTP/1.1\r\nA: b\r\nHost: backend:7001\r\n\r\n");
}

TEST(Writer, Http10WithoutHostGetsTheGivenOneOrAnEmptyOne) {
  const ParsedRequest request("GET / HTTP/1.0\r\n\r\n");
  Composed c;
  ASSERT_TRUE(compose_request(request.head, {.dropped = c.dropped, .host = "b"}, c.arena, c.spans));
  EXPECT_EQ(text_of(c.spans), "GET / HTTP/1.1\r\nHost: b\r\n\r\n");
  EXPECT_EQ(forwarded_request(request), "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

TEST(Writer, TrailersAreAskedForWhenTheClientTakesThem) {
  const ParsedRequest request(get_with("TE: trailers, gzip\r\nConnection: TE\r\n"));
  EXPECT_EQ(forwarded_request(request), get_with("TE: trailers\r\nConnection: TE\r\n"));
}

TEST(Writer, ConnectionLineSaysWhatIsAsked) {
  const ParsedRequest request(get_with("TE: trailers\r\nUpgrade: x\r\n"));
  Composed c;
  c.dropped.set(1);
  ASSERT_TRUE(
      compose_request(request.head, {.dropped = c.dropped, .add_upgrade = true}, c.arena, c.spans));
  EXPECT_EQ(text_of(c.spans),
            get_with("Upgrade: x\r\nTE: trailers\r\nConnection: upgrade, TE\r\n"));
  c.arena.clear();
  const ParsedRequest plain(get_with(""));
  c.dropped.clear();
  ASSERT_TRUE(
      compose_request(plain.head, {.dropped = c.dropped, .add_close = true}, c.arena, c.spans));
  EXPECT_EQ(text_of(c.spans), get_with("Connection: close\r\n"));
}

TEST(Writer, ReframedBodyIsAnnouncedOnce) {
  const ParsedRequest request(get_with("Content-Length: 5\r\nA: b\r\n"));
  EXPECT_EQ(forwarded_request(request, {.keep_framing = false}),
            get_with("A: b\r\nTransfer-Encoding: chunked\r\n"));
}

TEST(Writer, EveryOtherFieldOfTheMaximumCanBeDropped) {
  std::string lines;
  for (size_t i = 1; i < kFieldsMax; ++i)
    lines += i % 2 == 1 ? "X_Forwarded_For: 1\r\n" : "A: b\r\n";
  const HeadLimits limits{.fields_max = kFieldsMax};
  const ParsedRequest request(get_with(lines), limits);
  ASSERT_TRUE(request.complete());
  Composed c;
  drop_from_request(request.head, {}, c.dropped);
  const std::string added = "B: c\r\n";
  ASSERT_TRUE(
      compose_request(request.head, {.dropped = c.dropped, .added = added}, c.arena, c.spans));
  EXPECT_LE(c.spans.pieces().size(), kHeadSpansMax);
  std::string kept;
  for (size_t i = 1; i <= (kFieldsMax - 1) / 2; ++i) kept += "A: b\r\n";
  EXPECT_EQ(text_of(c.spans), get_with(kept + added));
}

TEST(Writer, FullArenaIsToldNotOverrun) {
  const ParsedRequest request("GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n");
  const std::string_view expected = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 0; size < expected.size(); ++size) {
    std::vector<char> block(size);
    LineArena arena(block);
    FieldMask dropped;
    HeadSpans spans;
    EXPECT_FALSE(compose_request(request.head, {.dropped = dropped}, arena, spans)) << size;
  }
  std::vector<char> block(expected.size());
  LineArena arena(block);
  FieldMask dropped;
  HeadSpans spans;
  EXPECT_TRUE(compose_request(request.head, {.dropped = dropped}, arena, spans));
  EXPECT_EQ(text_of(spans), expected);
}

TEST(Writer, HeadWithoutBytesIsWrittenFromItsFields) {
  const Field fields[] = {{"accept", "a", FieldId::kAccept}, {"cookie", "b", FieldId::kCookie}};
  RequestHead head;
  head.method_text = "GET";
  head.path = "/x";
  head.query = "?y";
  head.authority = "a";
  head.fields = FieldList(fields, {FieldId::kAccept, FieldId::kCookie});
  Composed c;
  c.dropped.set(0);
  ASSERT_TRUE(compose_request(head, {.dropped = c.dropped}, c.arena, c.spans));
  EXPECT_EQ(text_of(c.spans), "GET /x?y HTTP/1.1\r\ncookie: b\r\nHost: a\r\n\r\n");
}

TEST(Writer, ResponseIsForwardedInPlaceWithItsConnectionLine) {
  const ParsedResponse response(ok_with("Content-Length: 1\r\n"));
  const struct {
    ConnectionLine line;
    const char* text;
  } cases[] = {{ConnectionLine::kNone, ""},
               {ConnectionLine::kClose, "Connection: close\r\n"},
               {ConnectionLine::kKeepAlive, "Connection: keep-alive\r\n"},
               {ConnectionLine::kUpgrade, "Connection: upgrade\r\n"}};
  for (const auto& c : cases) {
    Composed out;
    ASSERT_TRUE(compose_response(response.head, {.dropped = out.dropped, .connection = c.line},
                                 out.arena, out.spans));
    EXPECT_EQ(text_of(out.spans), ok_with("Content-Length: 1\r\n" + std::string(c.text)));
    EXPECT_EQ(out.spans.pieces()[0].iov_base, response.bytes.data());
  }
}

TEST(Writer, ResponseIsAlwaysHttp11WithABlankBehindTheStatus) {
  const ParsedResponse old("HTTP/1.0 404 Not Found\r\nA: b\r\n\r\n");
  EXPECT_EQ(forwarded_response(old), "HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n");
  const ParsedResponse bare("HTTP/1.1 200\r\nA: b\r\n\r\n");
  EXPECT_EQ(forwarded_response(bare), "HTTP/1.1 200 \r\nA: b\r\n\r\n");
}

TEST(Writer, ResponseUntilCloseMayBeReframed) {
  const ParsedResponse response(ok_with("A: b\r\n"));
  Composed c;
  drop_from_response(response.head, {.keep_framing = false}, c.dropped);
  ASSERT_TRUE(compose_response(response.head, {.dropped = c.dropped, .add_chunked = true}, c.arena,
                               c.spans));
  EXPECT_EQ(text_of(c.spans), ok_with("A: b\r\nTransfer-Encoding: chunked\r\n"));
}

TEST(LineArena, WritesLinesAndNumbers) {
  std::array<char, 64> block;
  LineArena arena(block);
  arena.add_line("A", "b");
  arena.add_line("N", uint64_t{18446744073709551615U});
  arena.append("C: ");
  arena.append_number(0);
  EXPECT_EQ(arena.text(), "A: b\r\nN: 18446744073709551615\r\nC: 0");
  EXPECT_TRUE(arena.ok());
  arena.append(std::string(64, 'x'));
  EXPECT_FALSE(arena.ok());
  arena.append("y");
  EXPECT_FALSE(arena.ok());
  arena.clear();
  EXPECT_TRUE(arena.ok());
  EXPECT_EQ(arena.text(), "");
}

}  // namespace
}  // namespace understudy::http
