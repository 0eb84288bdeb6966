// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

TEST(StatusLine, IsReadInItsParts) {
  const ParsedResponse response{std::string(kPlainResponse)};
  ASSERT_TRUE(response.complete());
  EXPECT_EQ(response.head.status, 200);
  EXPECT_EQ(response.head.reason, "OK");
  EXPECT_EQ(response.head.fields.size(), 6u);
  EXPECT_EQ(response.head.fields.value(FieldId::kUnderstudyView), "0123456789abcdef");
  EXPECT_EQ(response.head.body.kind, Framing::kLength);
  EXPECT_EQ(response.head.body.length, 1024u);
  EXPECT_TRUE(response.head.keep_alive);
  EXPECT_EQ(response.result.head_bytes, response.bytes.size());
}

// RFC 9112 4.
TEST(StatusLine, IsAcceptedOrRefusedForAPreciseReason) {
  using enum Refusal;
  const struct {
    const char* line;
    Refusal refusal;
  } cases[] = {
      {"HTTP/1.1 200 OK", kNone},
      {"HTTP/1.1 200 ", kNone},
      {"HTTP/1.1 200", kNone},
      {"HTTP/1.0 200 OK", kNone},
      {"HTTP/1.1 599 \xc3\xa4 \t!", kNone},
      {"HTTP/1.1  200 OK", kInvalidStatusLine},
      {"HTTP/1.1 20 OK ok", kInvalidStatusLine},
      {"HTTP/1.1 2000 OK", kInvalidStatusLine},
      {"HTTP/1.1 099 OK", kInvalidStatusLine},
      {"HTTP/1.1 600 OK", kInvalidStatusLine},
      {"HTTP/1.1 2x0 OK", kInvalidStatusLine},
      {"HTTP/1.1 -20 OK", kInvalidStatusLine},
      {"HTTP/1.1\t200 OK", kInvalidStatusLine},
      {"HTTP/2.0 200 OK", kUnsupportedVersion},
      {"HTTP/2 200 OK ok", kInvalidVersion},
      {"ICY 200 OK, go on", kInvalidVersion},
      {"http/1.1 200 OK", kInvalidVersion},
      {" HTTP/1.1 200 OK", kInvalidVersion},
      {"\r\nHTTP/1.1 200 OK", kInvalidVersion},
      {"HTTP/1.1 200 O\x01K", kControlByte},
      {"HTTP/1.1 200 O\nK", kBareLf},
      {"HTTP/1.1 200 O\rK", kBareCr},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(refusal_of_response(std::string(c.line) + "\r\nA: b\r\n\r\n"), c.refusal);
  }
}

// RFC 9112 6.3.
TEST(ResponseFraming, FollowsFromMethodStatusAndFields) {
  const struct {
    Method method;
    const char* status;
    const char* lines;
    Framing kind;
    bool keep_alive;
  } cases[] = {
      {Method::kGet, "200", "Content-Length: 5\r\n", Framing::kLength, true},
      {Method::kGet, "200", "Transfer-Encoding: chunked\r\n", Framing::kChunked, true},
      {Method::kGet, "200", "", Framing::kUntilClose, false},
      {Method::kGet, "200", "Connection: keep-alive\r\n", Framing::kUntilClose, false},
      {Method::kGet, "200", "Content-Length: 5\r\nConnection: close\r\n", Framing::kLength, false},
      {Method::kHead, "200", "Content-Length: 5\r\n", Framing::kNone, true},
      {Method::kHead, "200", "Transfer-Encoding: chunked\r\n", Framing::kNone, true},
      {Method::kHead, "200", "", Framing::kNone, true},
      {Method::kGet, "304", "Content-Length: 5\r\n", Framing::kNone, true},
      {Method::kGet, "304", "", Framing::kNone, true},
      {Method::kGet, "204", "", Framing::kNone, true},
      {Method::kGet, "204", "Content-Length: 0\r\n", Framing::kNone, true},
      // RFC 9112 6.3: no body, whatever is announced; but what comes then is not waited for.
      {Method::kGet, "204", "Content-Length: 5\r\n", Framing::kNone, false},
      {Method::kGet, "204", "Transfer-Encoding: chunked\r\n", Framing::kNone, false},
      {Method::kGet, "304", "Transfer-Encoding: chunked\r\n", Framing::kNone, true},
      {Method::kGet, "103", "Content-Length: 5\r\n", Framing::kNone, true},
      {Method::kGet, "100", "", Framing::kNone, true},
      {Method::kGet, "103", "Link: </a>\r\n", Framing::kNone, true},
      {Method::kGet, "101", "Upgrade: x\r\nConnection: upgrade\r\n", Framing::kNone, false},
      {Method::kConnect, "200", "Content-Length: 5\r\n", Framing::kNone, true},
      {Method::kConnect, "403", "Content-Length: 5\r\n", Framing::kLength, true},
      {Method::kGet, "205", "Content-Length: 0\r\n", Framing::kLength, true},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.status) + " " + c.lines);
    const ParsedResponse response("HTTP/1.1 " + std::string(c.status) + " x\r\n" + c.lines + "\r\n",
                                  c.method);
    ASSERT_TRUE(response.complete());
    EXPECT_EQ(response.head.body.kind, c.kind);
    EXPECT_EQ(response.head.keep_alive, c.keep_alive);
  }
}

TEST(ResponseFraming, Http10PersistsOnlyWhenItSaysSo) {
  EXPECT_FALSE(ParsedResponse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n").head.keep_alive);
  EXPECT_TRUE(
      ParsedResponse("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: keep-alive\r\n\r\n")
          .head.keep_alive);
}

TEST(ResponseFraming, AmbiguousBodiesOfBackendsAreRefused) {
  using enum Refusal;
  const struct {
    const char* head;
    Refusal refusal;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", kLengthAndCoding},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n", kDuplicateContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n", kInvalidContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n", kInvalidContentLength},
      {"HTTP/1.1 200 OK\r\nContent-Length:\r\n", kInvalidContentLength},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n", kInvalidTransferEncoding},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n", kUnsupportedTransferEncoding},
      {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n", kTransferEncodingOnHttp10},
      {"HTTP/1.1 101 x\r\nTransfer-Encoding: chunked\r\n", kBodyNotAllowed},
      {"HTTP/1.1 200 OK\r\n: x\r\n", kEmptyFieldName},
      {"HTTP/1.1 200 OK\r\nA: b\r\n c\r\n", kFoldedLine},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.head);
    EXPECT_EQ(refusal_of_response(std::string(c.head) + "\r\n"), c.refusal);
    EXPECT_EQ(refusal_of_response(std::string(c.head) + "\r\n", Method::kHead), c.refusal);
  }
}

TEST(ResponseHead, InterimIsEvery1xxButSwitchingProtocols) {
  EXPECT_TRUE(ParsedResponse("HTTP/1.1 100 x\r\n\r\n").head.is_interim());
  EXPECT_TRUE(ParsedResponse("HTTP/1.1 103 x\r\n\r\n").head.is_interim());
  EXPECT_FALSE(ParsedResponse("HTTP/1.1 101 x\r\n\r\n").head.is_interim());
  EXPECT_FALSE(ParsedResponse("HTTP/1.1 200 x\r\n\r\n").head.is_interim());
}

}  // namespace
}  // namespace understudy::http
