// SPDX-License-Identifier: Apache-2.0
#include "proxy/server/log_format.h"

#include <gtest/gtest.h>

#include <string>

#include "base/random.h"

namespace understudy {
namespace {

using std::chrono_literals::operator""ms;

constexpr std::string_view kHead =
    "GET /cart?item=1 HTTP/1.1\r\n"
    "Host: Shop.example:8080\r\n"
    "Referer: http://x/\"><script>\r\n"
    "Cookie: a=1; UNDERSTUDY=1.sid; b=2\r\n"
    "X-Empty:\r\n"
    "\r\n";

class Line {
 public:
  Line() {
    client.address = *Address::parse("192.0.2.7:50000");
    client.local_port = 8080;
    record.head = kHead;
    record.method = "GET";
    record.target = "/cart?item=1";
    record.version = "HTTP/1.1";
    record.status = 200;
    record.body_bytes_sent = 1234;
    record.body_bytes_received = 10;
    record.duration = 2345ms;
    record.head_bytes_sent = 100;
    record.keeps_alive = true;
    record.earlier_requests = 3;
    record.response_fields = "Server: x y\r\n";
  }

  std::string of(std::string_view format,
                 config::LogEscape escape = config::LogEscape::kApache) const {
    auto compiled = LogFormat::compile(format, escape);
    if (!compiled) return "error: " + compiled.error().detail;
    std::string out;
    compiled->append(record, {.server_name = "shop.example", .wall_us = 1'700'000'002'345'678},
                     out);
    EXPECT_TRUE(out.ends_with('\n'));
    EXPECT_EQ(out.find('\n'), out.size() - 1) << "one exchange, one line";
    out.pop_back();
    return out;
  }

  Client client;
  AccessRecord record{.client = client};
};

TEST(LogFormat, KnowsApachesLetters) {
  const struct {
    std::string_view format;
    std::string_view line;
  } kCases[] = {
      {"%h %a %l %u", "192.0.2.7 192.0.2.7 - -"},
      {"\"%r\"", "\"GET /cart?item=1 HTTP/1.1\""},
      {"%s %>s %<s", "200 200 200"},
      {"%b %B", "1234 1234"},
      {"%D %T %{ms}T %{us}T %{s}T", "2345000 2 2345 2345000 2"},
      {"%H %m %U %q", "HTTP/1.1 GET /cart ?item=1"},
      {"%v %V %p %{local}p %{remote}p", "shop.example Shop.example:8080 8080 8080 50000"},
      {"%{Host}i %{hOST}i", "Shop.example:8080 Shop.example:8080"},
      {"%{X-Empty}i %{X-None}i", "- -"},
      {"%{UNDERSTUDY}C %{b}C %{c}C", "1.sid 2 -"},
      {"100%% \\t%m", "100% \tGET"},
      {"%{sec}t %{msec}t %{usec_frac}t", "1700000000 1700000000000 000678"},
      {"%{end:sec}t %{begin:sec}t", "1700000002 1700000000"},
      {"%O", "1334"},
      {"%k %X", "3 +"},
      {"%{c}a %{Server}o %{server}o %{None}o", "192.0.2.7 x y x y -"},
      {"%{SSL_PROTOCOL}x", "-"},
      {"%200,304{Host}i %!200{Host}i %404m %!404m", "Shop.example:8080 - - GET"},
      {"%L", "-"},
  };
  const Line line;
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.format);
    EXPECT_EQ(line.of(test.format), test.line);
  }
}

TEST(LogFormat, CountsTheRequestsHeadAmongTheBytesReceived) {
  EXPECT_EQ(Line().of("%I"), std::to_string(kHead.size() + 10));
  EXPECT_EQ(Line().of("%S"), std::to_string(kHead.size() + 10 + 1334));
}

TEST(LogFormat, TellsHowTheRequestWasRouted) {
  Line line;
  line.record.primary = 1;
  line.record.member = "b";
  line.record.why = "cookie-secondary:refused";
  line.record.failure = "nobody there";
  line.record.request_id = 0xabc;
  line.record.tries = 2;
  EXPECT_EQ(line.of("%{primary}u %{secondary}u %{member}u %{why}u"),
            "AAAAAQ - b cookie-secondary:refused");
  EXPECT_EQ(line.of("%{failure}u %{tries}u %{id}u"), "nobody there 2 0000000000000abc");
  EXPECT_EQ(line.of("%{hedge}u"), "-");
  line.record.kept_request_id = "their-id";
  EXPECT_EQ(line.of("%{id}u %L"), "their-id their-id");
  line.record.remote_host = "203.0.113.9";
  EXPECT_EQ(line.of("%h %a %{c}a %{c}h"), "203.0.113.9 203.0.113.9 192.0.2.7 192.0.2.7");
  line.record.keeps_alive = false;
  EXPECT_EQ(line.of("%X"), "-");
  line.record.aborted = true;
  EXPECT_EQ(line.of("%X"), "X");
}

TEST(LogFormat, HasDashesWhereNothingIsKnown) {
  Client client;
  const AccessRecord record{.client = client};
  std::string out;
  LogFormat::compile("%h %r %s %b %H %m %U %v %{why}u %{member}u")->append(record, {}, out);
  EXPECT_EQ(out, "- - - - - - - - - -\n");
}

TEST(LogFormat, WritesTheTimeAsApacheDoes) {
  const std::string time = Line().of("%t");
  EXPECT_EQ(time.size(), std::string("[22/Nov/2026:03:10:46 +0000]").size()) << time;
  EXPECT_TRUE(time.starts_with('[') && time.ends_with(']')) << time;
}

TEST(LogFormat, WritesTheSameTimeWithAMemoAsWithout) {
  const auto format = *LogFormat::compile("%t");
  LogFormat::TimeMemo memo;
  const Line line;
  for (const int64_t wall_us : {1'700'000'002'000'000, 1'700'000'002'999'999, 1'700'000'003'000'000,
                                1'699'999'999'000'000}) {
    std::string with;
    std::string without;
    format.append(line.record, {.wall_us = wall_us, .memo = &memo}, with);
    format.append(line.record, {.wall_us = wall_us}, without);
    EXPECT_EQ(with, without);
  }
}

TEST(LogFormat, LetsNoByteFromOutsideEndTheQuoteOrTheLine) {
  Line line;
  const std::string head = std::string("GET /\x01\"\\\n HTTP/1.1\r\nX: \x1b[31m\xff\ttab\r\n\r\n");
  line.record.head = head;
  EXPECT_EQ(line.of("\"%r\""), "\"GET /\\x01\\\"\\\\\"");
  EXPECT_EQ(line.of("%{X}i"), "\\x1b[31m\\xff\\ttab");
  EXPECT_EQ(Line().of("%{Referer}i"), "http://x/\\\"><script>");
}

TEST(LogFormat, EscapesForJson) {
  Line line;
  const std::string head =
      std::string("GET / HTTP/1.1\r\nX: \"\\\x1b\xff\ttab\r\nCookie: a=\"b\r\n\r\n");
  line.record.head = head;
  EXPECT_EQ(line.of("{\"x\":\"%{X}i\"}", config::LogEscape::kJson),
            "{\"x\":\"\\\"\\\\\\u001b\\u00ff\\u0009tab\"}");
}

TEST(LogFormat, SaysWhichResponseFieldsItWants) {
  EXPECT_EQ(LogFormat::compile("%{A}o %{B}i %{C}o")->response_fields(),
            (std::vector<std::string>{"A", "C"}));
}

TEST(LogFormat, CutsAValueAtItsLimit) {
  Line line;
  const std::string member(kLogValueBytesMax + 1, 'x');
  line.record.member = member;
  EXPECT_EQ(line.of("%{member}u").size(), kLogValueBytesMax);
  line.record.member = std::string_view(member).substr(1);
  EXPECT_EQ(line.of("%{member}u").size(), kLogValueBytesMax);
}

TEST(LogFormat, RefusesWhatItDoesNotKnow) {
  for (const std::string_view format :
       {"%Z",     "%",       "%{a",         "%{}i",   "%{x}Z",   "%{other}u", "%{min}T",
        "abc %>", "%{x}p",   "%Q",          "%y",     "%{c}Y",   "%c",     "%d",
        "%^FB",   "%{X}^ti", "%{NO_SUCH}x", "%!{X}i", "%99{X}i", "%600s",     "%{c}m"}) {
    SCOPED_TRACE(format);
    const auto compiled = LogFormat::compile(format);
    ASSERT_FALSE(compiled);
    EXPECT_EQ(compiled.error().code, ErrorCode::kInvalid);
  }
}

TEST(LogFormat, HoldsAsManyPartsAsItsLimit) {
  std::string format;
  for (std::size_t i = 0; i < config::kLogItemsMax; ++i) format += "%m";
  EXPECT_TRUE(LogFormat::compile(format));
  EXPECT_EQ(LogFormat::compile(format + "%m").error().code, ErrorCode::kTooLarge);
}

TEST(LogFormat, NeverBreaksTheLineWhateverTheRequest) {
  constexpr uint64_t kSeed = 20264;
  SCOPED_TRACE(kSeed);
  SeededRandom random(kSeed);
  Line line;
  for (int round = 0; round < 2000; ++round) {
    std::string head;
    for (uint64_t size = random.below(60); size > 0; --size) {
      head += static_cast<char>(random.below(256));
    }
    line.record.head = head;
    line.record.target = head;
    ASSERT_EQ(line.of("%r %U %q %{a}i %V").find_first_of("\r\n\x1b"), std::string::npos);
  }
}

}  // namespace
}  // namespace understudy
