// SPDX-License-Identifier: Apache-2.0
// Heads that arrive in pieces: the result is that of the whole, and the work stays linear.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

constexpr std::string_view kRequests[] = {
    kBrowserRequest,
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    "\r\nGET / HTTP/1.0\r\n\r\n",
    "POST http://a:80/x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: a\r\nA:\r\nB: \t \r\n\r\n",
    "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
    "GET /a?b\\c HTTP/1.1\r\nHost: [::1]:80\r\nX_Forwarded_For: x\r\n1-2: y\tz\r\n\r\n",
};

constexpr std::string_view kResponses[] = {
    kPlainResponse,
    "HTTP/1.1 200\r\n\r\n",
    "HTTP/1.1 204 \r\n\r\n",
    "HTTP/1.0 200 OK\r\nA:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n",
};

void expect_same(const RequestHead& a, const RequestHead& b) {
  EXPECT_EQ(a.bytes, b.bytes);
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.method_text, b.method_text);
  EXPECT_EQ(a.target, b.target);
  EXPECT_EQ(a.path, b.path);
  EXPECT_EQ(a.query, b.query);
  EXPECT_EQ(a.authority, b.authority);
  EXPECT_EQ(a.host, b.host);
  EXPECT_EQ(a.port, b.port);
  EXPECT_EQ(a.body.kind, b.body.kind);
  EXPECT_EQ(a.body.length, b.body.length);
  EXPECT_EQ(a.keep_alive, b.keep_alive);
  EXPECT_EQ(a.expect_continue, b.expect_continue);
}

void expect_same(const FieldList& a, const FieldList& b) {
  ASSERT_EQ(a.size(), b.size());
  EXPECT_EQ(a.present(), b.present());
  for (size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].name, b[i].name);
    EXPECT_EQ(a[i].value, b[i].value);
    EXPECT_EQ(a[i].id, b[i].id);
  }
}

// A copy of exactly `size` bytes on the heap, so that a sanitizer sees one byte read too many.
struct Exact {
  explicit Exact(std::string_view text) : block(new char[text.size()]), size(text.size()) {
    std::memcpy(block.get(), text.data(), size);
  }
  std::string_view view() const { return {block.get(), size}; }
  std::unique_ptr<char[]> block;
  size_t size;
};

TEST(HeadProgress, RequestCutAtAnyByteIsReadAsTheWhole) {
  for (std::string_view text : kRequests) {
    const ParsedRequest whole{std::string(text)};
    ASSERT_TRUE(whole.complete()) << text;
    for (size_t cut = 0; cut < text.size(); ++cut) {
      SCOPED_TRACE(cut);
      std::array<Field, 32> fields;
      const HeadLimits limits;
      const HeadOptions options{.limits = limits, .fields = fields};
      HeadProgress progress;
      RequestHead head;
      const Exact part(text.substr(0, cut));
      const HeadResult first = parse_request_head(part.view(), options, progress, head);
      ASSERT_EQ(first.progress, Progress::kIncomplete);
      const Exact all(text);
      const HeadResult second = parse_request_head(all.view(), options, progress, head);
      ASSERT_EQ(second.progress, Progress::kComplete);
      EXPECT_EQ(second.head_bytes, whole.result.head_bytes);
      expect_same(head, whole.head);
      expect_same(head.fields, whole.head.fields);
    }
  }
}

TEST(HeadProgress, RequestByteByByteIsReadAsTheWhole) {
  for (std::string_view text : kRequests) {
    std::array<Field, 32> fields;
    const HeadLimits limits;
    HeadProgress progress;
    RequestHead head;
    const std::string followed = std::string(text) + "GET /next";
    HeadResult result;
    size_t size = 0;
    while (result.progress == Progress::kIncomplete && size <= text.size()) {
      result = parse_request_head(std::string_view(followed).substr(0, size++),
                                  {.limits = limits, .fields = fields}, progress, head);
    }
    ASSERT_EQ(result.progress, Progress::kComplete) << text;
    EXPECT_EQ(size, text.size() + 1);
    EXPECT_EQ(result.head_bytes, text.size());
  }
}

TEST(HeadProgress, ResponseCutAtAnyByteIsReadAsTheWhole) {
  for (std::string_view text : kResponses) {
    const ParsedResponse whole{std::string(text)};
    ASSERT_TRUE(whole.complete()) << text;
    for (size_t cut = 0; cut < text.size(); ++cut) {
      SCOPED_TRACE(cut);
      std::array<Field, 32> fields;
      const HeadLimits limits;
      const HeadOptions options{.limits = limits, .fields = fields};
      HeadProgress progress;
      ResponseHead head;
      const Exact part(text.substr(0, cut));
      const HeadResult first =
          parse_response_head(part.view(), Method::kGet, options, progress, head);
      ASSERT_EQ(first.progress, Progress::kIncomplete);
      const Exact all(text);
      ASSERT_EQ(parse_response_head(all.view(), Method::kGet, options, progress, head).progress,
                Progress::kComplete);
      EXPECT_EQ(head.status, whole.head.status);
      EXPECT_EQ(head.reason, whole.head.reason);
      EXPECT_EQ(head.body.kind, whole.head.body.kind);
      expect_same(head.fields, whole.head.fields);
    }
  }
}

TEST(HeadProgress, WhatFollowsTheHeadIsNotRead) {
  const ParsedRequest request(get_with("") + std::string("\0\n\r: x", 6));
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.result.head_bytes, 27u);
}

// The parser runs again only when an empty line came or the bytes have doubled.
TEST(HeadProgress, HeadByteByByteIsParsedLogarithmicallyOften) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 90; ++i) text += "A: " + std::string(600, 'x') + "\r\n";
  std::array<Field, 128> fields;
  const HeadLimits limits;
  HeadProgress progress;
  RequestHead head;
  uint32_t tries = 0;
  for (size_t size = 1; size <= text.size(); ++size) {
    const uint32_t before = progress.retry_at;
    const HeadResult result =
        parse_request_head(std::string_view(text).substr(0, size),
                           {.limits = limits, .fields = fields}, progress, head);
    ASSERT_EQ(result.progress, Progress::kIncomplete);
    EXPECT_EQ(progress.searched, size);
    tries += progress.retry_at != before ? 1 : 0;
  }
  EXPECT_LE(tries, 17u);
}

TEST(HeadProgress, BadHeadInPiecesIsRefusedBeforeItsEnd) {
  std::array<Field, 128> fields;
  const HeadLimits limits;
  HeadProgress progress;
  RequestHead head;
  std::string text = "GET / HTTP/1.1\r\n";
  const HeadOptions options{.limits = limits, .fields = fields};
  ASSERT_EQ(parse_request_head(text, options, progress, head).progress, Progress::kIncomplete);
  text += "Bad Name: x\r\nA: " + std::string(100, 'x');
  EXPECT_EQ(parse_request_head(text, options, progress, head).refusal, Refusal::kInvalidFieldName);
}

// Who sends it may be waiting for the answer, so the last bytes are judged like all others.
TEST(HeadProgress, WhatIsWrongInTheLastBytesIsRefusedAtOnce) {
  for (const char* end :
       {"\n", "A\r\n", "A\n", ":", "A:\n", "A: b\n", "A: b\rx", "A :", "A: \x01"}) {
    SCOPED_TRACE(end);
    EXPECT_NE(refusal_of_request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(end)),
              Refusal::kNone);
  }
  for (const char* end : {"\r", "A", "A:", "A: ", "A: b\r", "A: b\r\n", "A: b\r\n\r", "A:\r\n"}) {
    SCOPED_TRACE(end);
    const ParsedRequest request("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(end));
    EXPECT_EQ(request.result.progress, Progress::kIncomplete);
  }
  EXPECT_EQ(refusal_of_request("GET / x\r\n\r\n"), Refusal::kInvalidVersion);
  EXPECT_EQ(refusal_of_response("OK\r\n"), Refusal::kInvalidStatusLine);
}

}  // namespace
}  // namespace understudy::http
