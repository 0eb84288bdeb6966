// SPDX-License-Identifier: Apache-2.0
// RFC 9112 4 to 7 for what members answer: it is forwarded as one answer with one end, or it is not
// forwarded, or it is broken off where it turned out to be none. The next request over the same
// connection of the client gets its own answer, whatever came before.
#include "tests/proxy/strictness/client_end.h"
#include "tests/proxy/strictness/member_end.h"
#include "tests/proxy/strictness/site.h"

namespace understudy::test {
namespace {

using namespace std::string_literals;

enum class Outcome { kForwarded, kRefused, kBrokenOff };

// Over HTTP/2 means: by a member of HTTP/2, which says the same in frames.
struct Answer {
  const char* rule;
  std::string text;
  Outcome outcome = Outcome::kForwarded;
  std::string body = {};  // what the client gets
  std::string status = "200";
  std::string trailers = {};
  const char* method = "GET";
  bool closes = false;
  OverHttp2 over_http2 = OverHttp2::kTheSame;
  const char* why = "";
};
using Answers = std::vector<Answer>;

constexpr auto kRefused = Outcome::kRefused;
constexpr auto kBrokenOff = Outcome::kBrokenOff;
constexpr const char* kNoLines = "HTTP/2 has no lines";
constexpr const char* kNoChunks = "HTTP/2 has frames in place of chunks";
constexpr const char* kOwnConnection = "RFC 9113 8.2.2: no fields of the connection";

std::string answer(const std::string& lines, const std::string& body = {}) {
  return "HTTP/1.1 200 OK\r\n" + lines + "\r\n" + body;
}
std::string chunked(const std::string& body) {
  return answer("Transfer-Encoding: chunked\r\n", body);
}
std::string length(const std::string& value) {
  return answer("Content-Length:" + value + "\r\n", "evil!");
}
std::string coding(const std::string& value) {
  return answer("Transfer-Encoding:" + value + "\r\n", "4\r\nevil\r\n0\r\n\r\n");
}

Answers text_only(const char* why, Answers answers) {
  for (Answer& each : answers) {
    each.over_http2 = OverHttp2::kNothing;
    each.why = why;
  }
  return answers;
}

class ResponseRules : public ::testing::TestWithParam<Way> {
 protected:
  void check(const Answers& answers) {
    for (const Answer& each : answers) check(each);
  }
  void check(const Answer& row) {
    SCOPED_TRACE(row.rule);
    SCOPED_TRACE(row.text);
    const bool in_frames = GetParam().member == Speaks::kHttp2;
    EXPECT_EQ(row.over_http2 == OverHttp2::kTheSame, *row.why == '\0') << "a row needs its reason";
    if (in_frames && row.over_http2 == OverHttp2::kNothing) return;
    const bool refused_in_frames = in_frames && row.over_http2 == OverHttp2::kRefused;
    const Outcome outcome = refused_in_frames ? kRefused : row.outcome;
    TestProxy::Options options;
    options.failover.idempotent = false;  // one try, one answer
    TestProxy proxy(options_for(GetParam(), options));
    MemberEnd member(proxy, GetParam().member);
    ClientEnd client(proxy, GetParam());
    const auto until = [&](const std::function<bool()>& done) {
      return proxy.run_until([&] {
        member.pump();
        client.pump();
        return done();
      });
    };
    member.answer_with("behind");
    member.answer_once(row.text, row.closes);
    member.pump();
    client.ask(row.method + " /x HTTP/1.1\r\nHost: a\r\n\r\n"s);
    ASSERT_TRUE(until([&] { return client.is_answered() || client.is_broken_off(); }));
    if (outcome == Outcome::kForwarded) {
      EXPECT_EQ(client.status(), row.status);
      EXPECT_EQ(client.body(), row.body);
      EXPECT_EQ(client.trailers(), row.trailers);
      EXPECT_FALSE(client.is_broken_off());
    } else if (outcome == kRefused) {
      EXPECT_EQ(client.status(), "502");
      EXPECT_EQ(client.raw().find("evil"), std::string::npos) << client.raw();
    } else {
      EXPECT_TRUE(client.is_broken_off()) << client.raw();
    }
    if (client.is_broken_off() && GetParam().client == Speaks::kHttp1) return;
    client.ask("GET /behind HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(until([&] { return client.is_answered(); }));
    EXPECT_EQ(client.status(), "200");
    EXPECT_EQ(client.body(), "behind");
    EXPECT_EQ(member.requests().size(), 2u);
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, ResponseRules, ::testing::ValuesIn(all_ways()), name_of);

TEST_P(ResponseRules, WhereABodyEnds) {
  const std::string both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  check({
      {"6.2: a length", answer("Content-Length: 5\r\n", "hello"), {}, "hello"},
      {"6.2: zero", answer("Content-Length: 0\r\n")},
      {"6.3: chunked", chunked("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), {}, "hello"},
      {"7.1.2: with trailers",
       chunked("5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n"),
       {},
       "hello",
       "200",
       "x-sum: 7\r\n"},
      {"6.3: none to HEAD", answer("Content-Length: 5\r\n"), {}, "", "200", "", "HEAD"},
      {"6.3: none with 204", "HTTP/1.1 204 No\r\n\r\n", {}, "", "204"},
      {"6.3: none with 304, whose length is another's",
       "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n",
       {},
       "",
       "304"},
      {"6.2: nothing", length(""), kRefused},
      {"6.2: a comma", length(" ,"), kRefused},
      {"6.2: a sign", length(" +5"), kRefused},
      {"6.2: another sign", length(" -5"), kRefused},
      {"6.2: hexadecimal", length(" 0x5"), kRefused},
      {"6.2: letters behind it", length(" 5a"), kRefused},
      {"6.2: a blank in it", length(" 5 5"), kRefused},
      {"2^64 + 5", length(" 18446744073709551621"), kRefused},
      {"6.3: a list that differs", length(" 5, 6"), kRefused},
      {"6.3: twice, and not the same",
       answer("Content-Length: 5\r\nContent-Length: 6\r\n", "evil!"), kRefused},
      {"6.3: beside a Transfer-Encoding", answer(both, "4\r\nevil\r\n0\r\n\r\n"), kRefused},
      {"6.1: two codings", coding(" gzip, chunked"), kRefused},
      {"6.1: chunked twice", coding(" chunked, chunked"), kRefused},
      {"6.1: nothing", coding(""), kRefused},
      {"6.1: identity", coding(" identity"), kRefused},
      {"6.1: no chunked at all", coding(" gzip"), kRefused},
      {"a vertical tab before it", coding(" \vchunked"), kRefused},
      {"a blank in its name", answer("Transfer-Encoding : chunked\r\n", "4\r\nevil\r\n0\r\n\r\n"),
       kRefused},
  });
  check(text_only(
      "over HTTP/2 a body ends with its stream",
      {
          {"6.3: with the connection", answer("", "hello"), {}, "hello", "200", "", "GET", true},
          {"8: before its length", answer("Content-Length: 6\r\n", "hello"), kBrokenOff, "", "", "",
           "GET", true},
          {"8: within its chunks", chunked("5\r\nhello\r\n"), kBrokenOff, "", "", "", "GET", true},
      }));
}

TEST_P(ResponseRules, Chunks) {
  check(text_only(
      kNoChunks,
      {
          {"7.1.1: an extension", chunked("1;a=b\r\nx\r\n0;c\r\n\r\n"), {}, "x"},
          {"7.1: no size", chunked("\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: no hexadecimal digit", chunked("g\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: 0x", chunked("0x1\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: a sign", chunked("+1\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: a blank behind", chunked("1 \r\nx\r\n0 \r\n\r\n"), {}, "x"},
          {"9110 6.5.1: a length for a trailer",
           chunked("1\r\nx\r\n0\r\nContent-Length: 5\r\n\r\n"),
           {},
           "x"},
          {"7.1: 2^64 + 1", chunked("10000000000000001\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: LF behind a size", chunked("1\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1: data longer than their size", chunked("1\r\nxy\r\n0\r\n\r\n"), kBrokenOff},
          {"7.1.1: LF in an extension", chunked("1;a\nb\r\nx\r\n0\r\n\r\n"), kBrokenOff},
          {"a trailer without a colon", chunked("1\r\nx\r\n0\r\nA\r\n\r\n"), kBrokenOff},
          {"a folded trailer", chunked("1\r\nx\r\n0\r\nA: b\r\n c\r\n\r\n"), kBrokenOff},
      }));
  check({
      {"9110 6.5.1: a cookie for a trailer",
       chunked("1\r\nx\r\n0\r\nSet-Cookie: evil=1\r\n\r\n"),
       {},
       "x"},
      {"a line in a trailer", chunked("1\r\nx\r\n0\r\nA: b\rc\r\n\r\n"), kBrokenOff},
      {"a trailer with an empty name", chunked("1\r\nx\r\n0\r\n: b\r\n\r\n"), kBrokenOff},
  });
}

TEST_P(ResponseRules, Heads) {
  const std::string zero = "Content-Length: 0\r\n";
  check({
      {"9110 15: two digits", "HTTP/1.1 20 OK\r\nX: evil\r\n\r\n", kRefused},
      {"9110 15: four digits", "HTTP/1.1 2000 OK\r\nX: evil\r\n\r\n", kRefused},
      {"9110 15: no digits", "HTTP/1.1 abc OK\r\nX: evil\r\n\r\n", kRefused},
      {"9110 15: below all classes", "HTTP/1.1 099 OK\r\nX: evil\r\n\r\n", kRefused},
      {"9110 7.8: 101 that no request asked for", "HTTP/1.1 101 OK\r\nX: evil\r\n\r\n", kRefused},
      {"bare CR in a value", answer(zero + "X: evil\rb\r\n"), kRefused},
      {"NUL in a value", answer(zero + "X: evil\0b\r\n"s), kRefused},
      {"5.1: a blank before the colon", answer(zero + "X : evil\r\n"), kRefused},
      {"9110 5.1: an empty name", answer(zero + ": evil\r\n"), kRefused},
      {"9110 5.1: a name that is no token", answer(zero + "X(y): evil\r\n"), kRefused},
      {"9110 15.2: interim answers before it",
       "HTTP/1.1 103 Hints\r\nLink: </a>\r\n\r\n" + answer("Content-Length: 2\r\n", "ok"),
       {},
       "ok"},
  });
  check(text_only(
      kNoLines,
      {
          {"4: another protocol", "HTTX/1.1 200 OK\r\nX: evil\r\n\r\n", kRefused},
          {"4: another major version", "HTTP/2.0 200 OK\r\nX: evil\r\n\r\n", kRefused},
          {"4: no status", "HTTP/1.1\r\nX: evil\r\n\r\n", kRefused},
          {"4: no reason is needed", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", {}, "ok"},
          {"2.2: bare LF behind the status line", "HTTP/1.1 200 OK\nX: evil\r\n\r\n", kRefused},
          {"2.2: bare LF behind a field", answer(zero + "X: evil\n"), kRefused},
          {"9110 5.1: no colon", answer(zero + "evil\r\n"), kRefused},
          {"5.2: a blank before the first field", "HTTP/1.1 200 OK\r\n X: evil\r\n\r\n", kRefused},
          {"what is no head at all", "evil evil evil\r\n\r\n", kRefused},
      }));
}

// RFC 9110 7.6.1: what concerns the member's connection says nothing to the client.
TEST_P(ResponseRules, FieldsOfTheConnection) {
  Answers answers = {
      {"Connection", answer("Content-Length: 2\r\nConnection: X\r\nX: evil\r\n", "ok"), {}, "ok"},
      {"Keep-Alive", answer("Content-Length: 2\r\nKeep-Alive: evil\r\n", "ok"), {}, "ok"},
      {"Proxy-Connection",
       answer("Content-Length: 2\r\nProxy-Connection: evil\r\n", "ok"),
       {},
       "ok"},
      {"Upgrade", answer("Content-Length: 2\r\nUpgrade: evil\r\n", "ok"), {}, "ok"},
  };
  for (Answer& each : answers) {
    each.over_http2 = OverHttp2::kRefused;
    each.why = kOwnConnection;
  }
  check(answers);
}

}  // namespace
}  // namespace understudy::test
