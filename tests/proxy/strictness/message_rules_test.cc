// SPDX-License-Identifier: Apache-2.0
// RFC 9112 2, 3 and 5, and the rules of RFC 9110 for fields that concern one connection: lines,
// targets, versions, names and values.
#include "tests/proxy/strictness/site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

std::string get(const std::string& lines) {
  return "GET /x HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n";
}
std::string line(const std::string& first) {
  return first + "\r\nHost: a\r\n\r\n";
}

// Why HTTP/2 has no such row, or another one.
constexpr const char* kNoLines = "HTTP/2 has no lines";
constexpr const char* kNoVersion = "HTTP/2 requests name no version";
constexpr const char* kOwnConnection = "RFC 9113 8.2.2: no fields of the connection";

class MessageRules : public ::testing::TestWithParam<Way> {
 protected:
  void check(const Rules& rules) {
    for (const Rule& rule : rules) Site(GetParam()).check(rule);
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, MessageRules, ::testing::ValuesIn(all_ways()), name_of);

TEST_P(MessageRules, Lines) {
  check({
      {"2.2: bare CR in a value", get("A: b\rc\r\n"), 400},
      {"2.2: bare CR in a name", get("A\rB: c\r\n"), 400},
      {"9110 5.5: NUL in a value", get("A: b\0c\r\n"s), 400},
      {"9110 5.5: NUL in a name", get("A\0B: c\r\n"s), 400},
      {"NUL in the target", "GET /\0x HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"NUL in the method", "G\0T /x HTTP/1.1\r\nHost: a\r\n\r\n"s, 400},
      {"9110 5.5: another control byte in a value", get("A: b\x01\r\n"), 400},
      {"5.1: a blank before the colon", get("A : b\r\n"), 400},
      {"5.1: a tab before the colon of a length", get("Content-Length\t: 50\r\n"), 400},
      {"5.1: blanks around a value are none of it", get("A: \t b \t\r\n"), 0, "A: "},
      {"9110 5.1: an empty name", get(": b\r\n"), 400},
      {"9110 5.1: a name that is no token", get("A(b): c\r\n"), 400},
      {"9110 5.1: a quote in a name", get("\"A\": c\r\n"), 400},
      {"9110 5.1: a byte beyond ASCII in a name", get("\xc3\xa4: c\r\n"), 400},
      {"9110 5.5: bytes beyond ASCII in a value are opaque", get("A: \xc3\xa4\r\n"), 0,
       "A: \xc3\xa4\r\n"},
  });
  check(text_only(
      kNoLines,
      {
          {"2.2: one empty line before a request is skipped", "\r\n" + get(""), 0, "GET /x "},
          {"2.2: and no second one", "\r\n\r\n" + get(""), 400},
          {"2.2: bare LF behind the request line", "GET /x HTTP/1.1\nHost: a\r\n\r\n", 400},
          {"2.2: bare LF behind a field", "GET /x HTTP/1.1\r\nHost: a\n\r\n", 400},
          {"2.2: bare LF as the empty line", "GET /x HTTP/1.1\r\nHost: a\r\n\n", 400},
          {"2.2: bare CR in the request line", "GET /x\rHTTP/1.1\r\nHost: a\r\n\r\n", 400},
          {"2.2: a blank before the first field", "GET /x HTTP/1.1\r\n Host: a\r\n\r\n", 400},
          {"5.2: obs-fold with a blank", get("A: b\r\n c\r\n"), 400},
          {"5.2: obs-fold with a tab", get("A: b\r\n\tc\r\n"), 400},
          {"5.2: obs-fold that hides a length", get("A: b\r\n Content-Length: 50\r\n"), 400},
          {"9110 5.1: a line without a colon", get("A\r\n"), 400},
      }));
}

TEST_P(MessageRules, RequestLineAndVersion) {
  check({
      {"3.1: a method that is no token", line("G{T /x HTTP/1.1"), 400},
      {"3.1: methods know upper and lower case", line("get /x HTTP/1.1"), 0, "get /x HTTP/1.1\r\n"},
      {"3: two blanks before the target", line("GET  /x HTTP/1.1"), 400},
      {"3: a word too many", line("GET /x y HTTP/1.1"), 400},
      {"9110 9.3.6: CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
      {"9110 9.3.8: TRACE", line("TRACE /x HTTP/1.1"), 405},
  });
  check(text_only(kNoLines, {
                                {"3: two blanks before the version", line("GET /x  HTTP/1.1"), 400},
                                {"3: a tab for a blank", line("GET\t/x HTTP/1.1"), 400},
                                {"3: a blank behind the version", line("GET /x HTTP/1.1 "), 400},
                                {"HTTP/0.9 without a version", "GET /x\r\n\r\n", 400},
                            }));
  check(text_only(kNoVersion, {
                                  {"HTTP/0.9 with one", line("GET /x HTTP/0.9"), 505},
                                  {"2.3: another major version", line("GET /x HTTP/2.0"), 505},
                                  {"2.3: lower case", line("GET /x http/1.1"), 400},
                                  {"2.3: two digits", line("GET /x HTTP/1.10"), 400},
                                  {"9110 2.5: a higher minor version counts as 1.1",
                                   line("GET /x HTTP/1.2"), 0, "GET /x HTTP/1.1\r\n"},
                              }));
}

TEST_P(MessageRules, TargetAndHost) {
  const auto with_host = [](const std::string& target, const std::string& host) {
    return "GET " + target + " HTTP/1.1\r\n" + host + "\r\n";
  };
  check(refused_over_http2("9113 8.3.1: there it may be no other",
                           {
                               {"3.2.2: another host than Host's",
                                with_host("http://b/x", "Host: a\r\n"), 0, "Host: b\r\n"},
                               {"3.2.2: another port than Host's",
                                with_host("http://a:81/x", "Host: a\r\n"), 0, "Host: a:81\r\n"},
                           }));
  check({
      {"3.2: a fragment", line("GET /x#y HTTP/1.1"), 400},
      {"3.2: a target without a slash", line("GET x HTTP/1.1"), 400},
      {"3.2.3: authority-form is CONNECT's", line("GET a:80 HTTP/1.1"), 400},
      {"3.2.4: asterisk-form is OPTIONS's", line("GET * HTTP/1.1"), 400},
      {"9110 7.6.2: Max-Forwards is counted", line("OPTIONS /x HTTP/1.1\r\nMax-Forwards: 5"), 0,
       "Max-Forwards: 4\r\n"},
      {"9110 7.6.2: but of OPTIONS only", line("GET /x HTTP/1.1\r\nMax-Forwards: 5"), 0,
       "Max-Forwards: 5\r\n"},
      {"3.2.4: OPTIONS *", line("OPTIONS * HTTP/1.1"), 0, "OPTIONS * HTTP/1.1\r\n"},
      {"3.2.2: an absolute-form becomes an origin-form", with_host("http://a/x?y=1", "Host: a\r\n"),
       0, "GET /x?y=1 HTTP/1.1\r\n"},
      {"3.2.2: one without a path", with_host("http://a", "Host: a\r\n"), 0, "GET / HTTP/1.1\r\n"},
      {"3.2.2: its host in other letters", with_host("http://A/x", "Host: a\r\n"), 0, "GET /x "},
      {"9110 4.2.4: user information in the target", with_host("http://u@a/x", "Host: a\r\n"), 400},
      {"3.2: no Host", with_host("/x", ""), 400},
      {"3.2: two Hosts that differ", with_host("/x", "Host: a\r\nHost: b\r\n"), 400},
      {"9110 7.2: an empty Host", with_host("/x", "Host:\r\n"), 400},
      {"9110 7.2: a list of hosts", with_host("/x", "Host: a, b\r\n"), 400},
      {"9110 7.2: a path in Host", with_host("/x", "Host: a/b\r\n"), 400},
      {"9110 7.2: user information in Host", with_host("/x", "Host: u@a\r\n"), 400},
      {"9110 7.2: a port beyond all ports", with_host("/x", "Host: a:65536\r\n"), 400},
      {"a backslash in the path", line("GET /a\\b HTTP/1.1"), 400},
      {"a blank in the path", line("GET /a b HTTP/1.1"), 400},
  });
  check(text_only("RFC 9113 8.3.1: :authority is enough, and a host may repeat it",
                  {
                      {"3.2: two Hosts", with_host("/x", "Host: a\r\nHost: a\r\n"), 400},
                      {"3.2: no Host beside an absolute-form", with_host("http://a/x", ""), 400},
                  }));
}

TEST_P(MessageRules, HopByHop) {
  const std::string empty = "Content-Length: 0\r\n";
  check({
      {"9110 7.6.1: Connection that is no list of tokens", get("Connection: a b\r\n"), 400},
      {"9110 10.1.1: an unknown expectation", get("Expect: 200-ok\r\n"), 417},
      {"9110 10.1.1: with a body that is here nobody waits",
       get("Expect: 100-continue\r\nContent-Length: 4\r\n") + "body", 0, "body", "Expect"},
      {"a twin with an underscore (CVE-2026-52845)", get("X_Forwarded_For: 1.2.3.4\r\n"), 0,
       "GET /x ", "1.2.3.4"},
      {"an empty body may be announced", "POST /x HTTP/1.1\r\nHost: a\r\n" + empty + "\r\n", 0,
       "Content-Length: 0\r\n"},
  });
  check(refused_over_http2(
      kOwnConnection,
      {
          {"9110 7.6.1: Connection is not forwarded", get("Connection: x\r\nX: y\r\n"), 0,
           "GET /x ", "Connection"},
          {"9110 7.6.1: nor what it names", get("Connection: x\r\nX: y\r\n"), 0, "GET /x ", "X: y"},
          {"9110 7.6.1: in any letters", get("Connection: FOO\r\nfoo: y\r\n"), 0, "GET /x ", "foo"},
          {"it does not take away the host", get("Connection: host\r\n"), 0, "Host: a\r\n"},
          {"nor the framing", get("Connection: content-length\r\nContent-Length: 4\r\n") + "body",
           0, "Content-Length: 4\r\n"},
          {"nor a cookie", get("Connection: cookie\r\nCookie: a=b\r\n"), 0, "Cookie: a=b\r\n"},
          {"nor who asked (CVE-2022-31813)", get("Connection: x-forwarded-for\r\n"), 0,
           "X-Forwarded-For: "},
          {"Keep-Alive", get("Keep-Alive: timeout=5\r\n"), 0, "GET /x ", "Keep-Alive"},
          {"Proxy-Connection", get("Proxy-Connection: keep-alive\r\n"), 0, "GET /x ",
           "Proxy-Connection"},
          {"9110 10.1.4: TE concerns this connection", get("TE: gzip\r\nConnection: TE\r\n"), 0,
           "GET /x ", "gzip"},
          {"9110 7.8: Upgrade without Connection", get("Upgrade: websocket\r\n"), 0, "GET /x ",
           "Upgrade"},
          {"9113 3.1: Upgrade: h2c is not passed on",
           get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: "
               "AAMAAABk\r\n"),
           0, "GET /x ", "h2c"},
          {"9110 7.8: nor any Upgrade with a body",
           get("Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n") + "body", 0,
           "body", "pgrade"},
      }));
}

// RFC 9112 9.3 and RFC 9110 2.5: what 1.0 does not know. Such a connection ends behind its answer.
TEST_P(MessageRules, Http10) {
  struct Row {
    const char* rule;
    std::string request;
    std::string sees;
    std::string sees_not;
  };
  const Row rows[] = {
      {"Expect means nothing", "GET /x HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
       "GET /x HTTP/1.1\r\n", "Expect"},
      {"Upgrade means nothing",
       "GET /x HTTP/1.0\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
       "GET /x HTTP/1.1\r\n", "pgrade"},
      {"without Host the member is the host", "GET /x HTTP/1.0\r\n\r\n", "Host: 127.0.0.1:", ""},
      {"a body by its length", "POST /x HTTP/1.0\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody",
       "body", ""},
  };
  if (GetParam().client == Speaks::kHttp2) GTEST_SKIP() << kNoVersion;
  for (const Row& row : rows) {
    SCOPED_TRACE(row.rule);
    TestProxy proxy(options_for(GetParam()));
    MemberEnd member(proxy, GetParam().member);
    member.answer_with("x");
    member.pump();
    Peer& client = connect(proxy, GetParam());
    client.send(row.request + "GET /behind HTTP/1.0\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(proxy.run_until([&] {
      member.pump();
      return client.is_closed();
    }));
    ASSERT_EQ(member.requests().size(), 1u);
    expect_unambiguous(member.requests()[0]);
    expect_seen(member.requests()[0], row.sees, row.sees_not);
    EXPECT_FALSE(member.has_any_of("/behind"));
  }
}

}  // namespace
}  // namespace understudy::test
