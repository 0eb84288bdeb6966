// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/http2/http2_head.h"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

namespace understudy::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Written {
  explicit Written(const Fields& given, bool has_body = false, const HeadLimits& limits = {}) {
    for (const auto& [name, value] : given) head.add(name, value, limits);
    head.finish(has_body, limits);
  }
  RequestHead view() { return head.view(fields); }
  Http2Head head;
  std::array<Field, kFieldsMax> fields;
};

Fields with(Fields more, std::string path = "/", std::string method = "GET") {
  Fields all = {{":method", std::move(method)},
                {":scheme", "https"},
                {":authority", "a.example:81"},
                {":path", std::move(path)}};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(Http2Head, IsWrittenAsLines) {
  Written written(
      with({{"accept", "*/*"}, {"cookie", "a=1"}, {"x", ""}, {"cookie", "b=2"}}, "/p?q"));
  ASSERT_EQ(written.head.refusal(), Refusal::kNone);
  EXPECT_EQ(written.head.text(),
            "GET /p?q HTTP/2.0\r\nhost: a.example:81\r\naccept: */*\r\nx: \r\n"
            "cookie: a=1; b=2\r\n\r\n");
  const RequestHead head = written.view();
  EXPECT_EQ(head.path, "/p");
  EXPECT_EQ(head.query, "?q");
  EXPECT_EQ(head.host, "a.example");
  EXPECT_EQ(head.port, 81);
  EXPECT_EQ(head.fields.value(FieldId::kCookie), "a=1; b=2");
  EXPECT_FALSE(head.body.has_bytes());
}

TEST(Http2Head, ABodyOfUnknownLengthIsChunked) {
  Written written(with({}), true);
  EXPECT_EQ(written.view().body.kind, Framing::kChunked);
  EXPECT_NE(written.head.text().find("transfer-encoding: chunked\r\n"), std::string_view::npos);
  Written known(with({{"content-length", "7"}}), true);
  EXPECT_EQ(known.view().body.length, 7u);
  EXPECT_FALSE(known.view().fields.has(FieldId::kTransferEncoding));
}

TEST(Http2Head, RefusesWhatHttp1CouldReadOtherwise) {
  const struct {
    Fields fields;
    Refusal refusal;
  } rows[] = {
      {with({{"host", "a.example:81"}}), Refusal::kNone},
      {with({{"host", "b.example"}}), Refusal::kHostMismatch},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}}, Refusal::kNone},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}, {"host", "a"}, {"host", "b"}},
       Refusal::kDuplicateHost},
      {{{":method", "GET"}, {":scheme", "http"}, {":path", "/"}}, Refusal::kMissingHost},
      {{{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}},
       Refusal::kInvalidTarget},
      {{{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}},
       Refusal::kUserinfo},
      {with({}, "/a b"), Refusal::kInvalidTarget},
      {with({}, "/a\r\nx: y"), Refusal::kControlByte},
      {with({}, "/a\\b"), Refusal::kInvalidTarget},
      {with({}, "/a?\\b"), Refusal::kNone},
      {with({}, "http://b/"), Refusal::kTargetForm},
      {with({}, "*"), Refusal::kTargetForm},
      {with({}, "*", "OPTIONS"), Refusal::kNone},
      {with({}, "/", "G T"), Refusal::kInvalidMethod},
      {with({{"connection", "close"}}), Refusal::kInvalidConnection},
      {with({{"transfer-encoding", "chunked"}}), Refusal::kInvalidConnection},
      {with({{"upgrade", "x"}}), Refusal::kInvalidConnection},
      {with({{"a b", "x"}}), Refusal::kInvalidFieldName},
      {with({{"a", "x\ny"}}), Refusal::kControlByte},
      {with({{"content-length", "1"}, {"content-length", "1"}}), Refusal::kDuplicateContentLength},
      {with({{"content-length", "+1"}}), Refusal::kInvalidContentLength},
      {with({{"content-length", "1"}}), Refusal::kInvalidContentLength},  // and no body
      {with({{"expect", "x"}}), Refusal::kUnknownExpectation},
  };
  for (const auto& row : rows) {
    Written written(row.fields);
    EXPECT_EQ(written.head.refusal(), row.refusal)
        << written.head.text() << to_text(written.head.refusal());
  }
}

TEST(Http2Head, TheListIsBoundedWithItsOverhead) {
  // Four pseudo fields and one more.
  const Fields base = with({});
  size_t bytes = 0;
  for (const auto& [name, value] : base) bytes += name.size() + value.size() + 32;
  const HeadLimits limits{.field_bytes_max = kHeadBytesMax};
  for (const size_t more : {0u, 1u}) {
    Written written(with({{"x", std::string(kHeadBytesMax - bytes - 33 + more, 'v')}}), false,
                    limits);
    EXPECT_EQ(written.head.refusal(), more == 0 ? Refusal::kNone : Refusal::kHeadTooLarge);
  }
}

TEST(Http2Head, ServesAgainAfterClear) {
  Written written(with({{"connection", "close"}}));
  written.head.clear();
  for (const auto& [name, value] : with({}, "/again")) written.head.add(name, value, {});
  written.head.finish(false, {});
  EXPECT_EQ(written.head.refusal(), Refusal::kNone);
  EXPECT_EQ(written.view().path, "/again");
}

}  // namespace
}  // namespace understudy::http
