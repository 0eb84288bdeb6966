// SPDX-License-Identifier: Apache-2.0
// The same for HTTP/2 (RFC 9113 8): what is legal there and would be two things, or something else,
// in HTTP/1.1, is refused for its stream; the rest is forwarded as exactly one message.
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/strictness/member_end.h"
#include "tests/proxy/strictness/site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

struct Http2Rule {
  const char* rule;
  Fields fields;
  std::string body = {};  // empty: the head ends the stream
  unsigned status = 0;    // of a refusal; kReset: the stream is reset; 0: it is forwarded
  std::string sees = {};  // what the member gets
  std::string sees_not = {};
};
constexpr unsigned kReset = 1;

Fields with(std::string_view name, const std::string& value) {
  return get("/x", {{std::string(name), value}});
}
Fields pseudo(const std::string& method, const std::string& path, const Fields& more = {}) {
  Fields fields = {{":method", method}, {":scheme", "http"}, {":authority", "a"}, {":path", path}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

class Http2Rules : public ::testing::TestWithParam<Way> {
 protected:
  void check(const std::vector<Http2Rule>& rules) {
    for (const Http2Rule& rule : rules) check(rule);
  }
  void check(const Http2Rule& rule) {
    SCOPED_TRACE(rule.rule);
    Http2Site site(options_for(GetParam()), {}, GetParam().transport == Transport::kMemory);
    MemberEnd member(site.proxy, GetParam().member);
    member.answer_with("answered");
    member.pump();
    const auto until = [&](const std::function<bool()>& done) {
      return site.run_until([&] {
        member.pump();
        return done();
      });
    };
    site.send(headers(1, rule.fields, rule.body.empty() ? kEndStream : 0) +
              (rule.body.empty() ? "" : data(1, rule.body, kEndStream)));
    ASSERT_TRUE(until([&] {
      return site.response(1).ended || site.response(1).reset >= 0 || site.peer.is_closed();
    }));
    const std::size_t forwarded = rule.status == 0 ? 1 : 0;
    ASSERT_EQ(member.requests().size(), forwarded) << member.requests().front();
    if (rule.status == 0) {
      EXPECT_EQ(site.response(1).status, "200");
      expect_unambiguous(member.requests()[0]);
      expect_seen(member.requests()[0], rule.sees, rule.sees_not);
    } else if (rule.status == kReset) {
      EXPECT_GE(site.response(1).reset, 0) << site.response(1).status;
    } else {
      EXPECT_EQ(site.response(1).status, std::to_string(rule.status));
    }
    EXPECT_FALSE(member.is_asked_whole());
    // The connection is in step: another stream is served.
    ASSERT_EQ(site.client.goaway_error(), -1);
    site.send(headers(3, get("/behind")));
    ASSERT_TRUE(until([&] { return site.response(3).ended; }));
    EXPECT_EQ(site.response(3).status, "200");
    ASSERT_EQ(member.requests().size(), forwarded + 1);
    EXPECT_TRUE(member.requests().back().starts_with("GET /behind HTTP/1.1\r\n"));
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, Http2Rules, ::testing::ValuesIn(ways_of(Speaks::kHttp2)), name_of);

TEST_P(Http2Rules, Fields) {
  check({
      {"8.2.1: LF in a value", with("x-a", "b\nc"), {}, kReset},
      {"8.2.1: CR in a value", with("x-a", "b\rc"), {}, kReset},
      {"8.2.1: CRLF and a field of its own", with("x-a", "b\r\nc: d"), {}, kReset},
      {"8.2.1: NUL in a value", with("x-a", "b\0c"s), {}, kReset},
      {"8.2.1: a blank before a value", with("x-a", " b"), {}, kReset},
      {"8.2.1: a tab behind a value", with("x-a", "b\t"), {}, kReset},
      {"8.2.1: an upper-case name", with("X-A", "b"), {}, kReset},
      {"8.2.1: a colon in a name", with("x:a", "b"), {}, kReset},
      {"8.2.1: a blank in a name", with("x a", "b"), {}, kReset},
      {"8.2.1: CRLF in a name", with("x\r\na", "b"), {}, kReset},
      {"8.2.1: an empty name (CVE-2023-25725)", with("", "b"), {}, kReset},
      {"8.2.2: connection", with("connection", "close"), {}, kReset},
      {"8.2.2: keep-alive", with("keep-alive", "timeout=5"), {}, kReset},
      {"8.2.2: proxy-connection", with("proxy-connection", "close"), {}, kReset},
      {"8.2.2: transfer-encoding", with("transfer-encoding", "chunked"), "body", kReset},
      {"8.2.2: upgrade", with("upgrade", "websocket"), {}, kReset},
      {"8.2.2: te: gzip", with("te", "gzip"), {}, kReset},
      {"8.2.2: te: trailers", with("te", "trailers"), {}, 0, "TE: trailers\r\n"},
      {"8.2.3: crumbs become one cookie",
       get("/x", {{"cookie", "a=1"}, {"cookie", "b=2"}}),
       {},
       0,
       "cookie: a=1; b=2\r\n"},
      {"a twin with an underscore",
       with("x_forwarded_for", "1.2.3.4"),
       {},
       0,
       "GET /x ",
       "1.2.3.4"},
      {"the contract with members",
       with("understudy-failover", "primary-dead"),
       {},
       0,
       "GET /x ",
       "primary-dead"},
      {"an unknown expectation", with("expect", "x"), {}, 417},
  });
}

TEST_P(Http2Rules, PseudoFields) {
  check({
      {"8.3.1: no :method", {{":scheme", "http"}, {":authority", "a"}, {":path", "/"}}, {}, kReset},
      {"8.3.1: no :path",
       {{":method", "GET"}, {":scheme", "http"}, {":authority", "a"}},
       {},
       kReset},
      {"8.3.1: no :scheme", {{":method", "GET"}, {":authority", "a"}, {":path", "/"}}, {}, kReset},
      {"8.3.1: an empty :path", pseudo("GET", ""), {}, kReset},
      {"8.3: twice", pseudo("GET", "/", {{":path", "/y"}}), {}, kReset},
      {"8.3: behind a field",
       {{":method", "GET"}, {":scheme", "http"}, {"a", "b"}, {":path", "/"}},
       {},
       kReset},
      {"8.3: an unknown one", pseudo("GET", "/", {{":x", "y"}}), {}, kReset},
      {"8.3: :status", pseudo("GET", "/", {{":status", "200"}}), {}, kReset},
      {"a blank in :method", pseudo("GET /y HTTP/1.1", "/"), {}, kReset},
      {"a blank in :path", pseudo("GET", "/x y"), {}, kReset},
      {"a line in :path", pseudo("GET", "/x HTTP/1.1\r\nHost: b\r\n\r\n"), {}, kReset},
      {"an absolute-form in :path", pseudo("GET", "http://b/"), {}, kReset},
      {"a fragment in :path", pseudo("GET", "/x#y"), {}, 400},
      {"a backslash in :path", pseudo("GET", "/x\\y"), {}, 400},
      {"* without OPTIONS", pseudo("GET", "*"), {}, kReset},
      {"OPTIONS *", pseudo("OPTIONS", "*"), {}, 0, "OPTIONS * HTTP/1.1\r\n"},
      {"an unknown scheme",
       {{":method", "GET"}, {":scheme", "ftp"}, {":authority", "a"}, {":path", "/"}},
       {},
       400},
      {"user information in :authority",
       {{":method", "GET"}, {":scheme", "http"}, {":authority", "u@a"}, {":path", "/"}},
       {},
       400},
      {"a list in :authority",
       {{":method", "GET"}, {":scheme", "http"}, {":authority", "a,b"}, {":path", "/"}},
       {},
       400},
      {"8.3.1: a host that differs", pseudo("GET", "/", {{"host", "b"}}), {}, 400},
      {"8.3.1: a host that is the same",
       pseudo("GET", "/x", {{"host", "A"}}),
       {},
       0,
       "GET /x HTTP/1.1\r\n"},
      {"8.3.1: host in place of :authority",
       {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}, {"host", "a"}},
       {},
       0,
       "host: a\r\n"},
      {"8.3.1: two hosts", pseudo("GET", "/x", {{"host", "a"}, {"host", "a"}}), {}, kReset},
      {"8.3.1: neither", {{":method", "GET"}, {":scheme", "http"}, {":path", "/x"}}, {}, kReset},
      {"8.5: CONNECT", {{":method", "CONNECT"}, {":authority", "a:443"}}, {}, 405},
      {"TRACE", pseudo("TRACE", "/"), {}, 405},
  });
}

TEST_P(Http2Rules, Framing) {
  const auto length = [](const std::string& value) {
    return post("/x", {{"content-length", value}});
  };
  check({
      {"8.1.1: the length fits", length("4"), "body", 0, "\r\n\r\nbody"},
      {"8.1.1: it is more than comes", length("5"), "body", kReset},
      {"8.1.1: it is less than comes", length("3"), "body", kReset},
      {"8.1.1: a length and no body at all", length("4"), {}, kReset},
      {"no length: chunked towards the member", post("/x"), "body", 0, "4\r\nbody\r\n0\r\n\r\n"},
      {"two lengths", post("/x", {{"content-length", "4"}, {"content-length", "4"}}), "body",
       kReset},
      {"a list of lengths", length("4, 4"), "body", kReset},
      {"a signed length", length("+4"), "body", kReset},
      {"an empty length", length(""), "body", kReset},
      {"a length of 2^64 + 4", length("18446744073709551620"), "body", kReset},
      {"a chunk in the data is data", post("/x"), "0\r\n\r\nGET /y HTTP/1.1\r\n\r\n", 0,
       "18\r\n0\r\n\r\nGET /y HTTP/1.1\r\n\r\n\r\n0\r\n\r\n"},
  });
}

TEST_P(Http2Rules, Trailers) {
  struct Row {
    const char* rule;
    Fields trailers;
    std::string sees;  // empty: the stream is reset, and the member sees no end
  };
  constexpr const char* kSum = "0\r\nx-sum: 7\r\n\r\n";
  const Row rows[] = {
      {"8.1: are forwarded", {{"x-sum", "7"}}, kSum},
      {"8.1: no pseudo-field", {{":path", "/"}}, ""},
      {"8.2.1: no line in a value", {{"x-a", "b\r\nc: d"}}, ""},
      {"8.1.1: no length", {{"content-length", "5"}}, ""},
      {"9110 6.5.1: no host", {{"host", "b"}, {"x-sum", "7"}}, kSum},
      {"no cookie", {{"cookie", "a=b"}, {"x-sum", "7"}}, kSum},
      {"nothing of the contract with members", {{"understudy-view", "x"}, {"x-sum", "7"}}, kSum},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.rule);
    Http2Site site(options_for(GetParam()), {}, GetParam().transport == Transport::kMemory);
    MemberEnd member(site.proxy, GetParam().member);
    const auto until = [&](const std::function<bool()>& done) {
      return site.run_until([&] {
        member.pump();
        return done();
      });
    };
    site.send(headers(1, post("/x"), 0) + data(1, "body"));
    ASSERT_TRUE(until([&] { return member.body_so_far().find("body") != std::string::npos; }));
    if (row.sees.empty()) {
      site.send(headers(1, row.trailers));
      ASSERT_TRUE(until([&] { return site.response(1).reset >= 0; }));
      EXPECT_TRUE(until([&] { return member.was_broken_off(); }));
      continue;
    }
    member.answer_with("answered");
    member.pump();
    site.send(headers(1, row.trailers));
    ASSERT_TRUE(until([&] { return site.response(1).ended; }));
    ASSERT_EQ(member.requests().size(), 1u);
    EXPECT_TRUE(member.requests()[0].ends_with(row.sees)) << member.requests()[0];
    expect_unambiguous(member.requests()[0]);
  }
}

}  // namespace
}  // namespace understudy::test
