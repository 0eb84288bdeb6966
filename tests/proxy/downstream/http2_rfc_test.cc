// SPDX-License-Identifier: Apache-2.0
// RFC 9113 sections 3 to 6, one row for each MUST that bytes can break or keep: said by a client to
// the proxy, and by a member to it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/http/preface/http2_preface.h"
#include "tests/proxy/downstream/http2_site.h"
#include "tests/proxy/support/http2_member_site.h"

namespace understudy::test {
namespace {

constexpr int64_t kProtocol = 1;
constexpr int64_t kFlowControl = 3;
constexpr int64_t kStreamClosed = 5;
constexpr int64_t kFrameSize = 6;
constexpr int64_t kCompression = 9;

// Frame types.
constexpr uint8_t kData = 0;
constexpr uint8_t kHeaders = 1;
constexpr uint8_t kPriority = 2;
constexpr uint8_t kReset = 3;
constexpr uint8_t kSettings = 4;
constexpr uint8_t kPush = 5;
constexpr uint8_t kPing = 6;
constexpr uint8_t kGoaway = 7;
constexpr uint8_t kWindow = 8;
constexpr uint8_t kContinuation = 9;

constexpr uint8_t kAck = 1;
constexpr uint32_t kWindowMax = 0x7fffffff;
constexpr std::size_t kFrameMax =
    16'384;  // SETTINGS_MAX_FRAME_SIZE, which the proxy leaves as it is

std::string u32(uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
  return out;
}

std::string zeros(std::size_t count) {
  return std::string(count, '\0');
}

// What follows.
enum class Then : uint8_t {
  kFine,        // the next exchange works
  kStream,      // the stream of the exchange ends with the error, and the next exchange works
  kConnection,  // the connection ends, with the error; 5.4.2 lets us do so for a stream's, too
};

struct Row {
  const char* must;
  std::string bytes;
  Then then = Then::kConnection;
  int64_t error = kProtocol;
};

// What both sides may not say; stream 1 is open, and 5 idle.
std::vector<Row> common_rows() {
  const std::string block = header_block({{"x-a", "1"}});
  return {
      {"4.1: unknown types are ignored", frame(0x42, 0xff, 1, "any"), Then::kFine},
      {"4.1: the reserved bit is ignored", frame(kPing, 0, 0x80000000, "12345678"), Then::kFine},
      {"4.1: flags that a type does not define are ignored", frame(kPing, 0xf0, 0, "12345678"),
       Then::kFine},
      {"4.2: larger than SETTINGS_MAX_FRAME_SIZE", frame(0x42, 0, 0, zeros(kFrameMax + 1)),
       Then::kConnection, kFrameSize},
      {"4.3: a block that cannot be decoded", frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff"),
       Then::kConnection, kCompression},
      {"4.3, 6.2: nothing between HEADERS and CONTINUATION",
       frame(kHeaders, 0, 1, block) + ping() + frame(kContinuation, kEndHeaders, 1)},
      {"5.5: no unknown frame there either",
       frame(kHeaders, 0, 1, block) + frame(0x42, 0, 1) + frame(kContinuation, kEndHeaders, 1)},
      {"6.10: CONTINUATION of another stream",
       frame(kHeaders, 0, 1, block) + frame(kContinuation, kEndHeaders, 3)},
      {"5.1: DATA on an idle stream", data(5, "x")},
      {"5.1, 6.4: RST_STREAM on an idle stream", reset(5)},
      {"5.1: WINDOW_UPDATE on an idle stream", window_update(5, 1)},
      {"6.1: DATA on stream 0", data(0, "x")},
      {"6.1: padding as long as the payload", frame(kData, kPadded, 1,
                                                    "\x05"
                                                    "abcd")},
      {"6.2: HEADERS on stream 0", headers(0, {{"x-a", "1"}})},
      {"6.2: padding as long as the payload",
       frame(kHeaders, kEndHeaders | kPadded, 1, std::string("\xff") + block)},
      {"6.3: PRIORITY on stream 0", frame(kPriority, 0, 0, zeros(5))},
      {"6.4: RST_STREAM on stream 0", reset(0)},
      {"6.4: RST_STREAM of another length", frame(kReset, 0, 1, zeros(3)), Then::kConnection,
       kFrameSize},
      {"6.5: SETTINGS with ACK and a payload", frame(kSettings, kAck, 0, zeros(6)),
       Then::kConnection, kFrameSize},
      {"6.5: SETTINGS on a stream", frame(kSettings, 0, 1)},
      {"6.5: SETTINGS of a length that no 6 divides", frame(kSettings, 0, 0, zeros(5)),
       Then::kConnection, kFrameSize},
      {"6.5.2: unknown settings are ignored", settings({{0x4242, 1}}), Then::kFine},
      {"6.5.2: SETTINGS_ENABLE_PUSH is 0 or 1", settings({{2, 2}})},
      {"6.5.2: SETTINGS_INITIAL_WINDOW_SIZE above 2^31-1", settings({{4, kWindowMax + 1}}),
       Then::kConnection, kFlowControl},
      {"6.5.2: SETTINGS_MAX_FRAME_SIZE below 2^14", settings({{5, 16'383}})},
      {"6.5.2: SETTINGS_MAX_FRAME_SIZE above 2^24-1", settings({{5, 16'777'216}})},
      {"6.7: PING on a stream", frame(kPing, 0, 1, zeros(8))},
      {"6.7: PING of another length", frame(kPing, 0, 0, zeros(7)), Then::kConnection, kFrameSize},
      {"6.8: GOAWAY on a stream", frame(kGoaway, 0, 1, zeros(8))},
      {"6.9: WINDOW_UPDATE of 0 on the connection", window_update(0, 0)},
      {"6.9: WINDOW_UPDATE of another length", frame(kWindow, 0, 0, zeros(3)), Then::kConnection,
       kFrameSize},
      {"6.9.1: a window of the connection above 2^31-1", window_update(0, kWindowMax),
       Then::kConnection, kFlowControl},
      {"6.9.2: SETTINGS that lift a window above 2^31-1",
       window_update(1, kWindowMax - 65'535) + settings({{4, 65'536}}), Then::kConnection,
       kFlowControl},
      {"6.10: CONTINUATION without HEADERS", frame(kContinuation, kEndHeaders, 1)},
      {"6.10: CONTINUATION on stream 0", frame(kContinuation, kEndHeaders, 0)},
  };
}

// A client with a POST under way on stream 1.
class Http2RfcClient : public testing::TestWithParam<Row> {};

std::vector<Row> client_rows() {
  std::vector<Row> rows = common_rows();
  const std::vector<Row> more = {
      {"5.1.1: an even stream", headers(2, get("/"))},
      {"5.1.1: a stream below one that was opened", headers(7, get("/")) + headers(5, get("/"))},
      {"5.3.1: a stream that depends on itself", frame(kPriority, 0, 1, u32(1) + "\x10"),
       Then::kFine},
      {"6.3: PRIORITY of another length", frame(kPriority, 0, 1, zeros(4)), Then::kConnection,
       kFrameSize},
      {"6.6, 8.4: PUSH_PROMISE of a client", frame(kPush, kEndHeaders, 1, u32(2))},
      {"6.9: WINDOW_UPDATE of 0 on a stream", window_update(1, 0)},
      {"6.9.1: a window of a stream above 2^31-1", window_update(1, kWindowMax), Then::kStream,
       kFlowControl},
      {"6.5.3: SETTINGS are acknowledged, 6.7: PING is answered", settings({{4, 70'000}}) + ping(),
       Then::kFine},
  };
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

TEST_P(Http2RfcClient, GetsWhatTheRfcWants) {
  const Row& row = GetParam();
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, post("/", {{"content-length", "100"}}), 0));
  site.run_a_little();
  site.send(row.bytes);
  if (row.then == Then::kConnection) {
    ASSERT_TRUE(site.run_until_sent_away());
    EXPECT_EQ(site.client.goaway_error(), row.error);
    return;
  }
  site.send(headers(9, get("/")));
  ASSERT_TRUE(site.run_until_ended(9));
  EXPECT_EQ(site.response(9).status, "200");
  EXPECT_EQ(site.client.goaway_error(), -1);
  EXPECT_EQ(site.response(1).reset, row.then == Then::kStream ? row.error : -1);
}
INSTANTIATE_TEST_SUITE_P(Musts, Http2RfcClient, testing::ValuesIn(client_rows()));

// 3.4: the preface, and behind it SETTINGS.
TEST(Http2Rfc, AConnectionBeginsWithThePrefaceAndSettings) {
  const std::string preface(http::kHttp2Preface);
  for (const std::string& first : {preface + ping(), preface + headers(1, get("/"))}) {
    TestProxy::Options options;
    options.http2 = true;
    TestProxy proxy(options);
    Peer& peer = proxy.connect();
    Http2Client client;
    peer.send(first);
    EXPECT_TRUE(proxy.run_until([&] {
      client.read(peer.take());
      return client.goaway_error() >= 0;
    }));
    EXPECT_EQ(client.goaway_error(), kProtocol);
  }
}

// A member that is asked for stream 1 and answers that way; its client gets no part of it.
class Http2RfcMember : public testing::TestWithParam<Row> {};

std::vector<Row> member_rows() {
  std::vector<Row> rows = common_rows();
  const std::vector<Row> more = {
      {"5.1.1, 8.4: a stream that the member opens", headers(2, answer("200"))},
      {"6.5.2: a server does not enable push", settings({{2, 1}})},
      {"6.6: PUSH_PROMISE where push is disabled",
       frame(kPush, kEndHeaders, 1, u32(2) + header_block(get("/pushed")))},
      {"6.9: WINDOW_UPDATE of 0 on a stream", window_update(1, 0)},
      {"6.5.3: SETTINGS are acknowledged, 6.7: PING is answered", settings({{4, 70'000}}) + ping(),
       Then::kFine},
  };
  rows.insert(rows.end(), more.begin(), more.end());
  return rows;
}

TEST_P(Http2RfcMember, GetsWhatTheRfcWants) {
  const Row& row = GetParam();
  TestProxy::Options options;
  options.failover.idempotent = false;
  Http2MemberSite site(options);
  Peer& client = site.get();
  ASSERT_TRUE(site.run_until_asked(1));
  site.send(row.bytes);
  if (row.then == Then::kFine) site.send(headers(1, answer("200")));
  ASSERT_TRUE(site.run_until_answered(client));
  const std::string text = client.take();
  EXPECT_EQ(text.substr(9, 3), row.then == Then::kFine ? "200" : "502") << text;
  const auto& reader = site.link().reader;
  if (row.then == Then::kConnection) {
    EXPECT_TRUE(site.run_until([&] { return reader.goaway_error() >= 0; }));
    EXPECT_EQ(reader.goaway_error(), row.error);
  } else {
    site.run_a_little();
    EXPECT_EQ(reader.goaway_error(), -1);
    EXPECT_FALSE(site.link().peer->is_closed());
  }
}
INSTANTIATE_TEST_SUITE_P(Musts, Http2RfcMember, testing::ValuesIn(member_rows()));

// What gtest prints of a row.
void PrintTo(const Row& row, std::ostream* out) {
  *out << row.must;
}

}  // namespace
}  // namespace understudy::test
