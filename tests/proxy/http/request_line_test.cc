// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/proxy/http/heads.h"

namespace understudy::http {
namespace {

std::string with_line(std::string_view line, std::string_view host = "Host: a\r\n") {
  return std::string(line) + "\r\n" + std::string(host) + "\r\n";
}

TEST(RequestLine, IsReadInItsParts) {
  const ParsedRequest request(with_line("GET /a/b?c=d&e HTTP/1.1"));
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.method, Method::kGet);
  EXPECT_EQ(request.head.method_text, "GET");
  EXPECT_EQ(request.head.target, "/a/b?c=d&e");
  EXPECT_EQ(request.head.path, "/a/b");
  EXPECT_EQ(request.head.query, "?c=d&e");
  EXPECT_EQ(request.head.version, Version::kHttp11);
  EXPECT_EQ(request.head.target_form, TargetForm::kOrigin);
  EXPECT_EQ(request.result.head_bytes, request.bytes.size());
}

TEST(RequestLine, NamesEveryMethodCaseSensitively) {
  for (Method method : {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kDelete,
                        Method::kPatch, Method::kTrace}) {
    const std::string name(to_text(method));
    EXPECT_EQ(ParsedRequest(with_line(name + " / HTTP/1.1")).head.method, method) << name;
    std::string lower = name;
    lower[0] = static_cast<char>(lower[0] | 0x20);
    EXPECT_EQ(ParsedRequest(with_line(lower + " / HTTP/1.1")).head.method, Method::kOther);
  }
  EXPECT_EQ(ParsedRequest(with_line("OPTIONS * HTTP/1.1")).head.method, Method::kOptions);
  EXPECT_EQ(ParsedRequest(with_line("PROPFIND / HTTP/1.1")).head.method_text, "PROPFIND");
}

struct LineCase {
  const char* line;
  Refusal refusal;
};

TEST(RequestLine, IsRefusedForAPreciseReason) {
  using enum Refusal;
  // RFC 9112 3 and 3.2, RFC 9110 9.1.
  const LineCase cases[] = {
      {"GET / HTTP/1.1", kNone},
      {"G@T / HTTP/1.1", kInvalidMethod},
      {" GET / HTTP/1.1", kInvalidMethod},
      {"GET\t/ HTTP/1.1", kControlByte},
      {"GET", kInvalidMethod},
      {"GET\v/ HTTP/1.1", kControlByte},
      {"GET  / HTTP/1.1", kInvalidTarget},
      {"GET  HTTP/1.1", kInvalidTarget},
      {"GET /\xc3\xa4 HTTP/1.1", kInvalidTarget},
      {"GET /\x7f HTTP/1.1", kControlByte},
      {"GET /\x01 HTTP/1.1", kControlByte},
      {"GET /\t HTTP/1.1", kControlByte},
      {"GET /a\"b HTTP/1.1", kInvalidTarget},
      {"GET /<b> HTTP/1.1", kInvalidTarget},
      {"GET /a\\b HTTP/1.1", kInvalidTarget},
      {"GET /a?b\\c\\d HTTP/1.1", kNone},
      {"GET /a?b=[1]{2}|^` HTTP/1.1", kNone},
      {"GET /#top HTTP/1.1", kTargetFragment},
      {"GET /a?b#top HTTP/1.1", kTargetFragment},
      {"GET http://a/#top HTTP/1.1", kTargetFragment},
      {"GET index.html HTTP/1.1", kInvalidTarget},
      {"GET a:80 HTTP/1.1", kInvalidTarget},
      {"GET http:/a HTTP/1.1", kInvalidTarget},
      {"GET ftp://a/ HTTP/1.1", kInvalidTarget},
      {"GET http:///x HTTP/1.1", kInvalidHost},
      {"GET http://u@a/ HTTP/1.1", kUserinfo},
      {"GET http://u:p@a/ HTTP/1.1", kUserinfo},
      {"GET http://a:99999/ HTTP/1.1", kInvalidHost},
      {"GET * HTTP/1.1", kTargetForm},
      {"OPTIONS * HTTP/1.1", kNone},
      {"OPTIONS ** HTTP/1.1", kInvalidTarget},
      {"CONNECT / HTTP/1.1", kTargetForm},
      {"CONNECT a HTTP/1.1", kTargetForm},
      {"TRACE / HTTP/1.1", kNone},
      {"GET /", kInvalidVersion},
      {"GET / ", kInvalidVersion},
      {"GET / HTTP/1.1 ", kInvalidVersion},
      {"GET / HTTP/1.1\t", kControlByte},
      {"GET / x HTTP/1.1", kInvalidVersion},
      {"GET / http/1.1", kInvalidVersion},
      {"GET / HTTP/1", kInvalidVersion},
      {"GET / HTTP/1.10", kInvalidVersion},
      {"GET / HTTP/01.1", kInvalidVersion},
      {"GET / HTTP/1,1", kInvalidVersion},
      {"GET / HTTP/1.0", kNone},
      {"GET / HTTP/1.2", kNone},
      {"GET / HTTP/1.9", kNone},
      {"GET / HTTP/0.9", kUnsupportedVersion},
      {"GET / HTTP/2.0", kUnsupportedVersion},
      {"GET / HTTP/3.1", kUnsupportedVersion},
  };
  for (const LineCase& c : cases) {
    SCOPED_TRACE(c.line);
    EXPECT_EQ(refusal_of_request(with_line(c.line)), c.refusal);
  }
}

TEST(RequestLine, RefusesNulBareCrAndBareLf) {
  using namespace std::string_literals;
  EXPECT_EQ(refusal_of_request("GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s), Refusal::kControlByte);
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.1\nHost: a\r\n\r\n"), Refusal::kBareLf);
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.1\rHost: a\r\n\r\n"), Refusal::kBareCr);
  EXPECT_EQ(refusal_of_request("GET /\nHost: a\r\n\r\n"), Refusal::kBareLf);
  EXPECT_EQ(refusal_of_request("GET /\rHost: a\r\n\r\n"), Refusal::kBareCr);
  EXPECT_EQ(refusal_of_request("GET\n/ HTTP/1.1\r\nHost: a\r\n\r\n"), Refusal::kBareLf);
}

// RFC 9112 2.2.
TEST(RequestLine, OneEmptyLineMayStandBeforeIt) {
  const ParsedRequest request("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.result.head_bytes, request.bytes.size());
  EXPECT_EQ(request.head.bytes, std::string_view(request.bytes).substr(2));
  EXPECT_EQ(refusal_of_request("\r\n\r\nGET / HTTP/1.1\r\n"), Refusal::kLeadingEmptyLines);
  EXPECT_EQ(refusal_of_request("\nGET / HTTP/1.1\r\n"), Refusal::kBareLf);
  EXPECT_EQ(refusal_of_request("\rGET / HTTP/1.1\r\n"), Refusal::kBareCr);
}

// RFC 9110 2.5.
TEST(RequestLine, HigherMinorVersionCountsAs11) {
  EXPECT_EQ(ParsedRequest(with_line("GET / HTTP/1.7")).head.version, Version::kHttp11);
  EXPECT_EQ(ParsedRequest(with_line("GET / HTTP/1.0")).head.version, Version::kHttp10);
}

// RFC 9112 3.2.2 and 3.2.4.
TEST(RequestTarget, AbsoluteFormIsTakenApart) {
  const ParsedRequest request(
      with_line("GET HTTP://A.example:8080/x?y HTTP/1.1", "Host: a.example:8080\r\n"));
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.target_form, TargetForm::kAbsolute);
  EXPECT_EQ(request.head.path, "/x");
  EXPECT_EQ(request.head.query, "?y");
  EXPECT_EQ(request.head.authority, "A.example:8080");
  EXPECT_EQ(request.head.host, "A.example");
  EXPECT_EQ(request.head.port, 8080);

  const ParsedRequest bare(with_line("GET http://a?y HTTP/1.1"));
  EXPECT_EQ(bare.head.path, "/");
  EXPECT_EQ(bare.head.query, "?y");
  EXPECT_EQ(ParsedRequest(with_line("OPTIONS http://a HTTP/1.1")).head.path, "*");
  EXPECT_EQ(ParsedRequest(with_line("OPTIONS http://a/ HTTP/1.1")).head.path, "/");
}

TEST(RequestTarget, AuthorityFormBelongsToConnect) {
  const ParsedRequest request(with_line("CONNECT [::1]:443 HTTP/1.1", "Host: [::1]:443\r\n"));
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.target_form, TargetForm::kAuthority);
  EXPECT_EQ(request.head.host, "[::1]");
  EXPECT_EQ(request.head.port, 443);
  EXPECT_EQ(request.head.path, "");
}

struct HostCase {
  const char* target;
  const char* lines;
  Refusal refusal;
};

// RFC 9112 3.2, RFC 9110 7.2.
TEST(Host, IsRequiredOnceValidAndTheSameAsTheTargets) {
  using enum Refusal;
  const HostCase cases[] = {
      {"/", "Host: a\r\n", kNone},
      {"/", "host: a.example:80\r\n", kNone},
      {"/", "Host: a:\r\n", kNone},
      {"/", "Host: 127.0.0.1:8080\r\n", kNone},
      {"/", "Host: [::1]\r\n", kNone},
      {"/", "Host: [::ffff:1.2.3.4]:8080\r\n", kNone},
      {"/", "Host: my_host.example\r\n", kNone},
      {"/", "", kMissingHost},
      {"http://a/", "", kMissingHost},
      {"/", "Host: a\r\nHost: a\r\n", kDuplicateHost},
      {"/", "Host: a\r\nX: y\r\nHOST: b\r\n", kDuplicateHost},
      {"/", "Host:\r\n", kInvalidHost},
      {"/", "Host: a b\r\n", kInvalidHost},
      {"/", "Host: a, b\r\n", kInvalidHost},
      {"/", "Host: a,b\r\n", kInvalidHost},
      {"/", "Host: a/b\r\n", kInvalidHost},
      {"/", "Host: a?b\r\n", kInvalidHost},
      {"/", "Host: :80\r\n", kInvalidHost},
      {"/", "Host: a:b\r\n", kInvalidHost},
      {"/", "Host: a:0\r\n", kInvalidHost},
      {"/", "Host: a:65535\r\n", kNone},
      {"/", "Host: a:65536\r\n", kInvalidHost},
      {"/", "Host: a:000080\r\n", kInvalidHost},
      {"/", "Host: a:80:80\r\n", kInvalidHost},
      {"/", "Host: [::1\r\n", kInvalidHost},
      {"/", "Host: []\r\n", kInvalidHost},
      {"/", "Host: [g::1]\r\n", kInvalidHost},
      {"/", "Host: [::1]x\r\n", kInvalidHost},
      {"/", "Host: u@a\r\n", kUserinfo},
      {"/", "Host: \xc3\xa4\r\n", kInvalidHost},
      {"http://a/", "Host: a\r\n", kNone},
      {"http://a/", "Host: A\r\n", kNone},
      {"http://a/", "Host: a:80\r\n", kNone},
      {"http://a:80/", "Host: a\r\n", kNone},
      {"https://a/", "Host: a:443\r\n", kNone},
      {"https://a/", "Host: a:80\r\n", kNone},
      {"http://a:81/", "Host: a\r\n", kNone},
      {"http://a/", "Host: b\r\n", kNone},
      {"/", "Host: 0.0.0.0=5000\r\n", kNone},
      {"/", "Host: a!$&'()*+;=b\r\n", kNone},
      {"/", "Host: a%2Db\r\n", kNone},
      {"/", "Host: a%2\r\n", kInvalidHost},
      {"/", "Host: a%zzb\r\n", kInvalidHost},
      {"http://a/", "Host: b@a\r\n", kUserinfo},
  };
  for (const HostCase& c : cases) {
    SCOPED_TRACE(std::string(c.target) + " " + c.lines);
    EXPECT_EQ(
        refusal_of_request("GET " + std::string(c.target) + " HTTP/1.1\r\n" + c.lines + "\r\n"),
        c.refusal);
  }
}

TEST(Host, MayBeMissingInHttp10Only) {
  const ParsedRequest request("GET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.authority, "");
  EXPECT_EQ(refusal_of_request("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"),
            Refusal::kDuplicateHost);
  const ParsedRequest absolute("GET http://a/ HTTP/1.0\r\n\r\n");
  EXPECT_EQ(absolute.head.authority, "a");
}

}  // namespace
}  // namespace understudy::http
