// SPDX-License-Identifier: Apache-2.0
// A member is believed no more than a client: what HTTP/2 allows to say and HTTP/1.1 does not, and
// what costs us more than it costs the member. Each test is named for a bug that a peer has had.
#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/support/http2_member_site.h"

namespace understudy::test {
namespace {

// What a client is told when a member answers so.
std::string status_after(const std::string& bytes) {
  TestProxy::Options options;
  options.failover.idempotent = false;
  Http2MemberSite site(options);
  Peer& client = site.get();
  EXPECT_TRUE(site.run_until_asked(1));
  site.send(bytes);
  EXPECT_TRUE(site.run_until_answered(client));
  const std::string text = client.take();
  // Nothing of the member's is passed on, and what follows is not taken for an answer either.
  EXPECT_EQ(text.find("evil"), std::string::npos) << text;
  EXPECT_EQ(count_of(text, "HTTP/1.1 "), 1u) << text;
  return text.substr(9, 3);
}

// Response splitting (CVE-2023-25690 with the sides changed): a value that ends a line.
TEST(HostileHttp2Member, CannotSplitAResponse) {
  const std::vector<Fields> heads = {
      answer("200", {{"x", "a\r\nevil: 1"}}),
      answer("200", {{"x", "a\nevil: 1"}}),
      answer("200", {{"x", std::string("a\0evil", 6)}}),
      answer("200", {{"x\r\nevil", "1"}}),
      answer("200", {{"x: evil", "1"}}),
      answer("200\r\nevil: 1"),
      answer("200", {{"content-length", "0\r\n\r\nHTTP/1.1 200 evil"}}),
  };
  for (const Fields& head : heads) {
    SCOPED_TRACE(head.back().first + "=" + head.back().second);
    EXPECT_EQ(status_after(headers(1, head)), "502");
  }
}

// Response smuggling: two readings of where the body ends.
TEST(HostileHttp2Member, CannotSmuggleAResponse) {
  const std::vector<std::string> answers = {
      headers(1, answer("200", {{"transfer-encoding", "chunked"}}), 0) +
          data(1, "0\r\n\r\nevil", 1),
      headers(1, answer("200", {{"content-length", "1"}, {"content-length", "2"}}), 0),
      headers(1, answer("200", {{"content-length", "1, 2"}}), 0),
      headers(1, answer("200", {{"content-length", "-1"}}), 0),
      headers(1, answer("200", {{"content-length", "+5"}}), 0),
      headers(1, answer("200", {{"content-length", "5"}})),
      headers(1, answer("200", {{"connection", "close"}}), 0),
      headers(1, answer("200", {{"keep-alive", "x"}}), 0),
      headers(1, answer("200", {{"upgrade", "evil"}}), 0),
      headers(1, answer("101"), 0),
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(status_after(answers[i]), "502");
  }
}

TEST(HostileHttp2Member, CannotSendAHeadThatIsNone) {
  const std::vector<std::string> answers = {
      headers(1, {{"x", "evil"}}),
      headers(1, answer("20")),
      headers(1, answer("2000")),
      headers(1, answer("abc")),
      headers(1, answer("")),
      headers(1, {{":status", "200"}, {":status", "200"}}),
      headers(1, {{"x", "evil"}, {":status", "200"}}),
      headers(1, {{":status", "200"}, {":path", "/evil"}}),
      headers(1, answer("200", {{"X-Upper", "evil"}})),
      headers(1, answer("200", {{"", "evil"}})),
      headers(1, answer("200", {{"a b", "evil"}})),
      headers(1, answer("100")),
      data(1, "evil", kEndStream),
  };
  for (std::size_t i = 0; i < answers.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(status_after(answers[i]), "502");
  }
}

// CVE-2023-0056: a member brought the proxy down. 16 interim responses are forwarded, no more.
TEST(HostileHttp2Member, CannotFloodWithInterimResponses) {
  TestProxy::Options options;
  options.failover.idempotent = false;
  for (const unsigned count : {http::kInterimResponsesMax, http::kInterimResponsesMax + 1}) {
    Http2MemberSite site(options);
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(1));
    std::string bytes;
    for (unsigned i = 0; i < count; ++i) bytes += headers(1, answer("103"), 0);
    site.send(bytes + headers(1, answer("200")));
    const std::string last = count > http::kInterimResponsesMax ? " 502 " : " 200 ";
    EXPECT_TRUE(site.run_until([&] { return client.received().find(last) != std::string::npos; }))
        << count << " " << client.received();
  }
}

TEST(HostileHttp2Member, CannotSendMoreFieldsThanTheLimits) {
  const std::size_t most = config::Connections{}.fields_max;
  for (const std::size_t count : {most, most + 1}) {
    Fields many = answer("200");
    while (many.size() < count + 1) many.emplace_back("x", "y");
    const bool is_too_many = count > most;
    EXPECT_EQ(status_after(headers(1, many)), is_too_many ? "502" : "200");
  }
  EXPECT_EQ(status_after(headers(1, answer("200", {{"x", std::string(70'000, 'y')}}))), "502");
}

// HTTP/2 Bomb (CVE-2026-49975): fields of one byte each that stand for large ones.
TEST(HostileHttp2Member, CannotSendABombOfFields) {
  std::string block = header_block(answer("200"));
  block += std::string("\x40\x01x", 3) + '\x7f' + '\x81' + '\x1e' + std::string(4000, 'y');
  block += std::string(8000, '\xbe');
  EXPECT_EQ(status_after(frame(1, kEndHeaders | kEndStream, 1, block)), "502");
}

// CVE-2024-27316: CONTINUATION without an end.
TEST(HostileHttp2Member, CannotSendAHeaderBlockWithoutAnEnd) {
  std::string bytes = frame(1, 0, 1, header_block(answer("200")));
  for (int i = 0; i < 20; ++i) bytes += frame(9, 0, 1, header_block({{"x", "y"}}));
  EXPECT_EQ(status_after(bytes), "502");
}

TEST(HostileHttp2Member, CannotFloodWithFramesThatMeanNothing) {
  const auto many = [](const std::string& one, int count) {
    std::string out;
    for (int i = 0; i < count; ++i) out += one;
    return out;
  };
  EXPECT_EQ(status_after(many(ping(), 2000)), "502");
  EXPECT_EQ(status_after(many(settings({{4, 65535}}), 500)), "502");
  EXPECT_EQ(status_after(many(frame(0x7f, 0, 0, "x"), 4000)), "502");
}

TEST(HostileHttp2Member, CannotFloodWithEmptyData) {
  Http2MemberSite site;
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  std::string bytes = headers(1, answer("200"), 0);
  for (int i = 0; i < 2000; ++i) bytes += data(1, "");
  site.send(bytes);
  ASSERT_TRUE(site.run_until([&] { return client.is_closed(); }));
  EXPECT_FALSE(client.received().ends_with("0\r\n\r\n"));
  EXPECT_TRUE(site.run_until([&] { return site.link().peer->is_closed(); }));
}

TEST(HostileHttp2Member, CannotBreakTheProtocolAndBeHeard) {
  for (const std::string& bytes :
       {headers(2, answer("200", {{"x", "evil"}})), frame(0, 0, 0, "evil"), window_update(1, 0),
        frame(5, kEndHeaders, 1, std::string("\0\0\0\2", 4)),
        std::string("HTTP/1.1 200 OK\r\n\r\n")}) {
    EXPECT_EQ(status_after(bytes), "502") << bytes;
  }
}

// More or less body than was announced must break the answer off, and reach nobody else.
TEST(HostileHttp2Member, CannotSendAnotherLengthThanItAnnounced) {
  for (const std::string body : {"1234", "123456"}) {
    Http2MemberSite site;
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(1));
    site.send(headers(1, answer("200", {{"content-length", "5"}}), 0));
    ASSERT_TRUE(site.run_until([&] { return !client.received().empty(); }));
    site.send(data(1, body, kEndStream));
    EXPECT_TRUE(site.run_until([&] { return client.is_closed(); })) << body;
    EXPECT_EQ(client.received().find("123456"), std::string::npos);
  }
}

TEST(HostileHttp2Member, CannotSendABodyWhereNoneMayBe) {
  for (const std::string status : {"204", "304"}) {
    Http2MemberSite site;
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(1));
    site.send(headers(1, answer(status), 0) + data(1, "HTTP/1.1 200 evil", kEndStream));
    ASSERT_TRUE(site.run_until([&] { return !client.received().empty(); }));
    client.send("GET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    ASSERT_TRUE(site.run_until([&] {
      return site.asked(3).request.size() > 0 ||
             (site.links() > 1 && site.asked(1, 1).request.size() > 0);
    }));
    EXPECT_EQ(client.received().find("evil"), std::string::npos);
  }
}

TEST(HostileHttp2Member, CannotSendForbiddenTrailers) {
  for (const Fields& trailers : {Fields{{"content-length", "5"}}, Fields{{"x", "a\r\nevil: 1"}},
                                 Fields{{":status", "200"}}}) {
    Http2MemberSite site;
    Peer& client = site.get();
    ASSERT_TRUE(site.run_until_asked(1));
    site.send(headers(1, answer("200"), 0) + data(1, "abc") + headers(1, trailers));
    EXPECT_TRUE(site.run_until([&] { return client.is_closed(); }));
    EXPECT_EQ(client.received().find("evil"), std::string::npos);
    EXPECT_FALSE(client.received().ends_with("0\r\n\r\n"));
  }
}

// CVE-2026-26311: data for a stream that has been torn down, in the same segment.
TEST(HostileHttp2Member, DataBehindAResetReachesNobody) {
  Http2MemberSite site;
  Peer& first = site.get("/1");
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(headers(1, answer("200"), 0) + data(1, "a") + reset(1, 2) + data(1, "evil") +
            headers(1, answer("200")));
  ASSERT_TRUE(site.run_until([&] { return first.is_closed(); }));
  EXPECT_EQ(first.received().find("evil"), std::string::npos);
}

}  // namespace
}  // namespace understudy::test
