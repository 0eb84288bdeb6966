// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

TEST(Fields, AreReadInOrderWithoutTheirBlanks) {
  const ParsedRequest request(
      get_with("Accept: \t a, b \t\r\nX-Empty:\r\nX-Blank:  \r\n1!x: \xff\r\n"));
  ASSERT_TRUE(request.complete());
  const FieldList& fields = request.head.fields;
  ASSERT_EQ(fields.size(), 5u);
  EXPECT_EQ(fields[0].id, FieldId::kHost);
  EXPECT_EQ(fields[1].id, FieldId::kAccept);
  EXPECT_EQ(fields[1].name, "Accept");
  EXPECT_EQ(fields[1].value, "a, b");
  EXPECT_EQ(fields[2].value, "");
  EXPECT_EQ(fields[3].value, "");
  EXPECT_EQ(fields[4].name, "1!x");
  EXPECT_EQ(fields[4].value, "\xff");
  EXPECT_EQ(fields[4].id, FieldId::kOther);
}

TEST(Fields, AreFoundByTheirId) {
  const ParsedRequest request(get_with("Cookie: a=b\r\nX: y\r\nCookie: c=d\r\n"));
  const FieldList& fields = request.head.fields;
  EXPECT_EQ(fields.value(FieldId::kCookie), "a=b");
  EXPECT_EQ(fields.count(FieldId::kCookie), 2u);
  EXPECT_EQ(fields.find(FieldId::kCookie), &fields[1]);
  EXPECT_EQ(fields.find(FieldId::kSetCookie), nullptr);
  EXPECT_EQ(fields.value(FieldId::kSetCookie), "");
  EXPECT_EQ(fields.count(FieldId::kSetCookie), 0u);
}

TEST(Fields, BrowsersRequestIsReadWhole) {
  const ParsedRequest request{std::string(kBrowserRequest)};
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.fields.size(), 12u);
  EXPECT_EQ(request.head.fields.value(FieldId::kCacheControl), "max-age=0");
  EXPECT_TRUE(request.head.keep_alive);
  EXPECT_FALSE(request.head.body.has_bytes());
}

struct LinesCase {
  std::string_view lines;
  Refusal refusal;
};

// RFC 9110 5.1, 5.5; RFC 9112 2.2, 5, 5.1, 5.2.
TEST(Fields, AreRefusedForAPreciseReason) {
  using enum Refusal;
  using namespace std::string_view_literals;
  const LinesCase cases[] = {
      {"A: b\r\n", kNone},
      {"A:b\r\n", kNone},
      {"A: b\tc\r\n", kNone},
      {": b\r\n", kEmptyFieldName},
      {":\r\n", kEmptyFieldName},
      {"A : b\r\n", kBlankBeforeColon},
      {"A\t: b\r\n", kBlankBeforeColon},
      {"Content-Length : 5\r\n", kBlankBeforeColon},
      {"A b: c\r\n", kInvalidFieldName},
      {"A\r\n", kMissingColon},
      {"A \r\n", kInvalidFieldName},
      {"A: b\r\n c\r\n", kFoldedLine},
      {"A: b\r\n\tc\r\n", kFoldedLine},
      {" A: b\r\n", kFoldedLine},
      {"A(b): c\r\n", kInvalidFieldName},
      {"A\"b\": c\r\n", kInvalidFieldName},
      {"\xc3\xa4: c\r\n", kInvalidFieldName},
      {"A\0b: c\r\n"sv, kControlByte},
      {"A\x01: c\r\n", kControlByte},
      {"A: b\0c\r\n"sv, kControlByte},
      {"A: \x01\r\n", kControlByte},
      {"A: b\x7f\r\n", kControlByte},
      {"A: b\vc\r\n", kControlByte},
      {"A: b\nB: c\r\n", kBareLf},
      {"A: b\rB: c\r\n", kBareCr},
      {"A: b\r\r\n", kBareCr},
      {"A\r: b\r\n", kBareCr},
      {"A\n: b\r\n", kBareLf},
      {"\nA: b\r\n", kBareLf},
      {"\rA: b\r\n", kBareCr},
  };
  for (const LinesCase& c : cases) {
    SCOPED_TRACE(std::string(c.lines));
    EXPECT_EQ(refusal_of_request(get_with(c.lines)), c.refusal);
    EXPECT_EQ(refusal_of_response(ok_with(c.lines)), c.refusal);
  }
}

TEST(Fields, EmptyLineMustEndInCrLf) {
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.1\r\nHost: a\r\n\n"), Refusal::kBareLf);
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.1\r\nHost: a\r\n\rx"), Refusal::kBareCr);
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.1\r\nHost: a\n\n"), Refusal::kBareLf);
}

struct FramingCase {
  const char* lines;
  Refusal refusal;
  Framing kind;
  uint64_t length;
};

// RFC 9112 6.1 to 6.3, RFC 9110 8.6.
TEST(RequestFraming, FollowsFromOneFieldOrNone) {
  using enum Refusal;
  constexpr auto kNoBody = Framing::kNone;
  const FramingCase cases[] = {
      {"", kNone, Framing::kNone, 0},
      {"Content-Length: 0\r\n", kNone, Framing::kLength, 0},
      {"Content-Length: 5\r\n", kNone, Framing::kLength, 5},
      {"CONTENT-LENGTH:005\r\n", kNone, Framing::kLength, 5},
      {"Content-Length: 9223372036854775807\r\n", kNone, Framing::kLength, INT64_MAX},
      {"Content-Length: 9223372036854775808\r\n", kContentLengthTooLarge, kNoBody, 0},
      {"Content-Length: 18446744073709551621\r\n", kContentLengthTooLarge, kNoBody, 0},
      {"Content-Length: 99999999999999999999999999\r\n", kContentLengthTooLarge, kNoBody, 0},
      {"Content-Length:\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: ,\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5,\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: ,5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5, 5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: +5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: -5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 0x5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5 5\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5;\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: \"5\"\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5.0\r\n", kInvalidContentLength, kNoBody, 0},
      {"Content-Length: 5\r\nContent-Length: 5\r\n", kDuplicateContentLength, kNoBody, 0},
      {"Content-Length: 5\r\ncontent-length: 6\r\n", kDuplicateContentLength, kNoBody, 0},
      {"Transfer-Encoding: chunked\r\n", kNone, Framing::kChunked, 0},
      {"transfer-encoding: Chunked\r\n", kNone, Framing::kChunked, 0},
      {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", kLengthAndCoding, kNoBody, 0},
      {"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n", kLengthAndCoding, kNoBody, 0},
      {"Transfer-Encoding: identity\r\nContent-Length: 5\r\n", kLengthAndCoding, kNoBody, 0},
      {"Transfer-Encoding:\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: identity\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: gzip\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: gzip, chunked\r\n", kUnsupportedTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked, gzip\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked, chunked\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked, identity\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: ,chunked\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked,\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: xchunked\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunkedx\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked;q=1\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: \"chunked\"\r\n", kInvalidTransferEncoding, kNoBody, 0},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", kInvalidTransferEncoding,
       kNoBody, 0},
      {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", kInvalidTransferEncoding,
       kNoBody, 0},
  };
  for (const FramingCase& c : cases) {
    SCOPED_TRACE(c.lines);
    const ParsedRequest request(get_with(c.lines));
    EXPECT_EQ(request.result.refusal, c.refusal);
    if (!request.complete()) continue;
    EXPECT_EQ(request.head.body.kind, c.kind);
    EXPECT_EQ(request.head.body.length, c.length);
  }
}

TEST(RequestFraming, TransferEncodingOnHttp10IsRefused) {
  EXPECT_EQ(refusal_of_request("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
            Refusal::kTransferEncodingOnHttp10);
}

// RFC 9112 9.3.
TEST(KeepAlive, FollowsFromVersionAndConnection) {
  const struct {
    const char* version;
    const char* lines;
    bool keep_alive;
  } cases[] = {
      {"1.1", "", true},
      {"1.1", "Connection: keep-alive\r\n", true},
      {"1.1", "Connection: close\r\n", false},
      {"1.1", "Connection: Close\r\n", false},
      {"1.1", "Connection: keep-alive, close\r\n", false},
      {"1.1", "Connection: x\r\nConnection: ,close,\r\n", false},
      {"1.1", "Proxy-Connection: close\r\n", true},
      {"1.0", "", false},
      {"1.0", "Connection: keep-alive\r\n", true},
      {"1.0", "Connection: Keep-Alive, x\r\n", true},
      {"1.0", "Connection: keep-alive\r\nConnection: close\r\n", false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.version) + " " + c.lines);
    const ParsedRequest request("GET / HTTP/" + std::string(c.version) + "\r\nHost: a\r\n" +
                                c.lines + "\r\n");
    ASSERT_TRUE(request.complete());
    EXPECT_EQ(request.head.keep_alive, c.keep_alive);
  }
}

TEST(Connection, CountsWhatItNominatesAndRefusesWhatIsNoToken) {
  const ParsedRequest request(
      get_with("Connection: close, TE, ,x\r\nConnection: keep-alive, y\r\n"));
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.connection.nominated, 3);
  EXPECT_EQ(refusal_of_request(get_with("Connection: a b\r\n")), Refusal::kInvalidConnection);
  EXPECT_EQ(refusal_of_request(get_with("Connection: \"a\"\r\n")), Refusal::kInvalidConnection);
}

TEST(Connection, UpgradeNeedsBothFieldsAndHttp11) {
  EXPECT_TRUE(
      ParsedRequest(get_with("Connection: Upgrade\r\nUpgrade: websocket\r\n")).head.wants_upgrade);
  EXPECT_FALSE(ParsedRequest(get_with("Upgrade: websocket\r\n")).head.wants_upgrade);
  EXPECT_FALSE(ParsedRequest(get_with("Connection: upgrade\r\n")).head.wants_upgrade);
  const ParsedRequest old("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n");
  ASSERT_TRUE(old.complete());
  EXPECT_FALSE(old.head.wants_upgrade);
}

// RFC 9110 10.1.1.
TEST(Expect, OnlyContinueIsUnderstoodAndOnlyOnHttp11) {
  EXPECT_TRUE(ParsedRequest(get_with("Expect: 100-Continue\r\n")).head.expect_continue);
  EXPECT_EQ(refusal_of_request(get_with("Expect: tea\r\n")), Refusal::kUnknownExpectation);
  EXPECT_EQ(refusal_of_request(get_with("Expect: 100-continue, tea\r\n")),
            Refusal::kUnknownExpectation);
  EXPECT_EQ(status_of(Refusal::kUnknownExpectation), 417u);
  const ParsedRequest old("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(old.complete());
  EXPECT_FALSE(old.head.expect_continue);
}

TEST(Te, TrailersAreAcceptedWhenListed) {
  EXPECT_TRUE(ParsedRequest(get_with("TE: trailers\r\n")).head.accepts_trailers);
  EXPECT_TRUE(ParsedRequest(get_with("TE: gzip;q=0.5, Trailers\r\n")).head.accepts_trailers);
  EXPECT_FALSE(ParsedRequest(get_with("TE: gzip\r\n")).head.accepts_trailers);
}

TEST(Refusals, EachHasAStatusAndASentence) {
  for (int i = 1; i <= static_cast<int>(Refusal::kTrailerTooLarge); ++i) {
    const auto refusal = static_cast<Refusal>(i);
    SCOPED_TRACE(i);
    EXPECT_FALSE(to_text(refusal).empty());
    EXPECT_NE(to_text(refusal), "an unknown reason");
    const unsigned status = status_of(refusal);
    EXPECT_TRUE(status == 400 || status == 413 || status == 414 || status == 417 || status == 431 ||
                status == 501 || status == 505);
  }
}

}  // namespace
}  // namespace understudy::http
