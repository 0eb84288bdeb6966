// SPDX-License-Identifier: Apache-2.0
// What one HTTP/2 connection may cost: each limit at its maximum and one beyond, and the bugs of
// our peers by their names.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "proxy/http/http2/http2_limits.h"
#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

using http::kHttp2Resets;
using http::kHttp2StreamsMax;

constexpr int64_t kProtocol = 1;
constexpr int64_t kRefused = 7;
constexpr uint32_t kCancel = 8;
constexpr int64_t kCalm = 0xb;

std::size_t waiting_at_members(Http2Site& site) {
  std::size_t open = 0;
  for (const auto& connection : site.member().connections()) {
    if (connection->is_open() && !connection->is_closed()) ++open;
  }
  return open;
}

uint32_t stream_of(std::size_t index) {
  return static_cast<uint32_t>(2 * index + 1);
}

TEST(Http2Limits, AHundredStreamsAndNotOneMore) {
  Http2Site site;
  site.run_a_little();
  EXPECT_EQ(site.client.server_settings().at(3), kHttp2StreamsMax);
  std::string bytes;
  for (std::size_t i = 0; i < kHttp2StreamsMax; ++i) bytes += headers(stream_of(i), get("/"));
  site.send(bytes);
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == kHttp2StreamsMax; }));
  EXPECT_EQ(site.client.goaway_error(), -1);
  site.send(headers(stream_of(kHttp2StreamsMax), get("/")));
  const uint32_t beyond = stream_of(kHttp2StreamsMax);
  ASSERT_TRUE(site.run_until([&] { return site.response(beyond).reset >= 0; }));
  EXPECT_EQ(site.response(beyond).reset, kRefused);
  EXPECT_EQ(site.member().accepted(), kHttp2StreamsMax);
  EXPECT_EQ(site.client.goaway_error(), -1);
  // One that is given up makes room for another.
  site.send(reset(stream_of(0), kCancel) + headers(beyond + 2, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == kHttp2StreamsMax + 1; }));
}

// RFC 9113 5.1.1, 5.1 and 6.3; trailers that were under way when we reset their stream are none of
// these.
TEST(Http2Limits, AStreamsIdIsUsedOnceAndGoesUp) {
  const auto goaway_after = [](const std::string& frames) {
    Http2Site site;
    site.member().answer = [](std::string_view) { return ok("x"); };
    site.send(headers(5, get("/")));
    EXPECT_TRUE(site.run_until_ended(5));
    site.send(frames + headers(7, get("/")));
    EXPECT_TRUE(
        site.run_until([&] { return site.response(7).ended || site.client.goaway_error() >= 0; }));
    return site.client.goaway_error();
  };
  EXPECT_EQ(goaway_after(headers(3, get("/"))), kProtocol);
  EXPECT_EQ(goaway_after(headers(5, get("/"))), kProtocol);
  EXPECT_EQ(goaway_after(frame(2, 0, 0, std::string("\0\0\0\1\x10", 5))), kProtocol);
  EXPECT_EQ(goaway_after(frame(2, 0, 3, std::string("\0\0\0\1\x10", 5))), -1);
}

TEST(Http2Limits, TrailersOfAStreamThatWasResetMeanNothing) {
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, post("/", {{"content-length", "1"}}), 0) + data(1, "ab"));
  ASSERT_TRUE(site.run_until([&] { return site.response(1).reset >= 0; }));
  site.send(headers(1, {{"x-sum", "1"}}) + headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.client.goaway_error(), -1);
}

TEST(Http2Limits, AHundredFieldsAndNotOneMore) {
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  const auto with = [](std::size_t count, const char* name) {
    Fields more;
    for (std::size_t i = 0; i < count; ++i) more.emplace_back(name, "v=1");
    return get("/", more);
  };
  uint32_t stream = 1;
  for (const char* name : {"x-a", "cookie"}) {
    SCOPED_TRACE(name);
    site.send(headers(stream, with(100, name)) + headers(stream + 2, with(101, name)));
    ASSERT_TRUE(site.run_until_ended(stream));
    ASSERT_TRUE(site.run_until_ended(stream + 2));
    EXPECT_EQ(site.response(stream).status, "200");
    EXPECT_EQ(site.response(stream + 2).status, "431");
    stream += 4;
  }
}

TEST(Http2Limits, AFieldOf8190BytesAndNotOneMore) {
  Http2Site site;
  site.member().answer = [](std::string_view) { return ok("x"); };
  const auto with = [](std::size_t bytes) {
    return get("/", {{"x-a", std::string(bytes - 4, 'v')}});
  };
  site.send(headers(1, with(8190)) + headers(3, with(8191)));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  EXPECT_EQ(site.response(1).status, "200");
  EXPECT_EQ(site.response(3).status, "431");
}

// CVE-2023-44487.
TEST(Http2Limits, RapidResetIsEndedAndLeavesNothingAtMembers) {
  Http2Site site;
  std::string bytes;
  for (std::size_t i = 0; i < kHttp2Resets.burst; ++i) {
    bytes += headers(stream_of(i), get("/")) + reset(stream_of(i));
  }
  site.send_all(bytes);
  site.run_a_little();
  EXPECT_EQ(site.client.goaway_error(), -1);
  bytes.clear();
  for (std::size_t i = kHttp2Resets.burst; i < 10'000; ++i) {
    bytes += headers(stream_of(i), get("/")) + reset(stream_of(i));
  }
  site.send_all(bytes);
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), kCalm);
  ASSERT_TRUE(site.run_until([&] { return waiting_at_members(site) == 0; }));
  ASSERT_TRUE(site.run_until([&] { return site.proxy.open_connections() == 0; }));
  // A fast client may get a few more in, as time passes.
  EXPECT_LT(site.proxy.log().lines.size(), 400u);
}

// CVE-2025-8671: each of these makes us reset a stream that works.
TEST(Http2Limits, MadeYouResetCountsLikeAReset) {
  const auto primitives = {
      +[](uint32_t stream) { return window_update(stream, 0); },
      +[](uint32_t stream) { return window_update(stream, 0x7fffffff); },
      +[](uint32_t stream) { return data(stream, "x"); },
      +[](uint32_t stream) {
        return headers(stream, {{"a", "b"}});
      },
  };
  for (const auto& primitive : primitives) {
    Http2Site site;
    std::string bytes;
    for (std::size_t i = 0; i < 1000; ++i) {
      bytes += headers(stream_of(i), get("/")) + primitive(stream_of(i));
    }
    site.send_all(bytes);
    ASSERT_TRUE(site.run_until_sent_away());
    EXPECT_NE(site.client.goaway_error(), 0);
    ASSERT_TRUE(site.run_until([&] { return waiting_at_members(site) == 0; }));
    EXPECT_LT(site.proxy.log().lines.size(), 400u);
  }
}

// CVE-2024-27316, CVE-2024-28182.
TEST(Http2Limits, AHeaderBlockEnds) {
  Http2Site site;
  site.send(frame(1, kEndStream, 1, header_block(get("/"))));
  std::string bytes;
  for (int i = 0; i < 1'000'000 && !site.peer.is_closed(); i += 1000) {
    bytes.clear();
    for (int j = 0; j < 1000; ++j) bytes += frame(9, 0, 1, "");
    site.send_all(bytes);
  }
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), kCalm);
  EXPECT_EQ(site.proxy.log().lines.size(), 0u);
}

TEST(Http2Limits, EightContinuationsAndNotOneMore) {
  for (const unsigned count : {http::kHttp2ContinuationsMax, http::kHttp2ContinuationsMax + 1}) {
    SCOPED_TRACE(count);
    Http2Site site;
    site.member().answer = [](std::string_view) { return ok("x"); };
    const std::string block = header_block(get("/"));
    std::string bytes = frame(1, kEndStream, 1, block.substr(0, 3));
    for (unsigned i = 1; i < count; ++i) bytes += frame(9, 0, 1, block.substr(3 * i, 3));
    bytes += frame(9, kEndHeaders, 1, block.substr(3 * count));
    site.send(bytes);
    ASSERT_TRUE(
        site.run_until([&] { return site.response(1).ended || site.client.goaway_error() >= 0; }));
    EXPECT_EQ(site.response(1).ended, count == http::kHttp2ContinuationsMax);
  }
}

// CVE-2026-49975, CVE-2026-47774: a byte on the wire is a field of four kilobytes for us, and the
// windows stay shut.
TEST(Http2Limits, TheBombOfIndexedFieldsCostsNoMemory) {
  Http2Site site;
  // With incremental indexing: entry 62 from now on.
  const std::string name = "x-bomb";
  std::string block = header_block(get("/"));
  std::string literal = "\x40";
  literal += static_cast<char>(name.size());
  literal += name;
  literal += std::string("\x7f\xa1\x1e", 3) + std::string(4000, 'b');  // 127 + 33 + 30 * 128
  site.send(frame(1, kEndStream | kEndHeaders, 1, block + literal));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
  const std::string refs(12'000, '\xbe');
  std::string bytes;
  for (uint32_t i = 1; i < 50; ++i) {
    bytes += frame(1, kEndStream | kEndHeaders, stream_of(i), block + refs);
  }
  site.send_all(bytes);
  ASSERT_TRUE(site.run_until_reset(stream_of(49)));
  EXPECT_EQ(site.member().accepted(), 1u);
  EXPECT_LE(site.proxy.blocks().in_use(), 4u);
}

TEST(Http2Limits, AClientThatKeepsItsWindowShutIsResetInTime) {
  TestProxy::Options options;
  options.timeouts.silence = std::chrono::milliseconds(100);
  Http2Site site(options, {{4, 0}});  // INITIAL_WINDOW_SIZE
  site.member().answer = [](std::string_view) { return ok(std::string(100'000, 'x')); };
  for (uint32_t i = 0; i < 20; ++i) site.send(headers(stream_of(i), get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.response(1).status == "200"; }));
  for (uint32_t i = 0; i < 20; ++i) ASSERT_TRUE(site.run_until_reset(stream_of(i)));
  EXPECT_EQ(site.response(1).body, "");
  ASSERT_TRUE(site.run_until([&] { return waiting_at_members(site) == 0; }));
}

TEST(Http2Limits, SettingsPingsAndIdleFramesAreBounded) {
  const struct {
    const char* what;
    std::string frame;
    unsigned max;
  } rows[] = {
      {"SETTINGS", settings(), http::kHttp2Settings.burst - 2},  // the greeting and its answer
      {"PING", ping(), http::kHttp2Pings.burst},
      {"PRIORITY", frame(2, 0, 3, std::string("\0\0\0\0\1", 5)), http::kHttp2Idlers.burst},
      {"unknown", frame(0x77, 0, 0, "x"), http::kHttp2Idlers.burst},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.what);
    Http2Site site;
    site.run_a_little();
    std::string bytes;
    for (unsigned i = 0; i < row.max; ++i) bytes += row.frame;
    site.send_all(bytes);
    site.run_a_little();
    EXPECT_EQ(site.client.goaway_error(), -1);
    // Time passes: a few more than one.
    for (unsigned i = 0; i < row.max; ++i) bytes += row.frame;
    site.send_all(bytes);
    ASSERT_TRUE(site.run_until_sent_away());
    EXPECT_EQ(site.client.goaway_error(), kCalm);
  }
}

TEST(Http2Limits, EmptyDataIsBounded) {
  Http2Site site;
  site.send(headers(1, post("/"), 0));
  std::string bytes;
  for (unsigned i = 0; i < 2 * http::kHttp2EmptyData.burst; ++i) bytes += data(1, "");
  site.send_all(bytes);
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), kCalm);
}

// CVE-2026-27135: nghttp2 is given nothing behind the frame that ended the connection.
TEST(Http2Limits, NothingIsFedBehindTheEnd) {
  const std::string fatal[] = {
      frame(8, 0, 0, std::string(4, '\0')),          // WINDOW_UPDATE of 0 for the connection
      frame(0, 0, 0, "x"),                           // DATA on stream 0
      frame(4, 0, 0, "abc"),                         // SETTINGS of an odd length
      frame(6, 0, 0, "1"),                           // PING of a wrong length
      frame(1, kEndHeaders, 1, "\xff\xff\xff\xff"),  // no HPACK
      frame(5, kEndHeaders, 1, "abcd"),              // PUSH_PROMISE
      frame(9, kEndHeaders, 1, ""),                  // CONTINUATION of nothing
      frame(10, 0, 0, "x"),                          // ALTSVC
      frame(16, 0, 0, ""),                           // PRIORITY_UPDATE without a stream
  };
  for (const std::string& first : fatal) {
    for (const std::string& second : fatal) {
      Http2Site site;
      site.send(first + second + headers(3, get("/")) + frame(3, 0, 3, "ab"));
      for (int turns = 0; turns < 4; ++turns) site.turn();
      site.peer.close();
      ASSERT_TRUE(site.run_until([&] { return site.proxy.open_connections() == 0; }));
    }
  }
}

// CVE-2026-33555: the member never sees the next request as the rest of this one's body.
TEST(Http2Limits, ALengthThatDoesNotFitResetsTheStreamAndDropsTheMembersConnection) {
  for (const std::size_t bytes : {0u, 50u, 150u}) {
    SCOPED_TRACE(bytes);
    Http2Site site;
    site.send(headers(1, post("/", {{"content-length", "100"}}), 0));
    ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
    site.send(data(1, std::string(bytes, 'x'), kEndStream));
    ASSERT_TRUE(site.run_until_reset(1));
    ASSERT_TRUE(site.run_until([&] { return site.member().connection().is_closed(); }));
    site.member().answer = [](std::string_view) { return ok("x"); };
    site.send(headers(3, get("/")));
    ASSERT_TRUE(site.run_until_ended(3));
    EXPECT_EQ(site.member().accepted(), 2u);
  }
}

// CVE-2024-45506: no spinning with a window of a byte, resets and pauses.
TEST(Http2Limits, ADownloadByTheByteMakesProgressAndDoesNotSpin) {
  Http2Site site({}, {{4, 1}});
  site.client.opens_windows = false;
  site.member().answer = [](std::string_view) { return ok("abcdefgh"); };
  site.send(headers(1, get("/")) + headers(3, get("/")));
  for (std::size_t i = 1; i < 8; ++i) {
    ASSERT_TRUE(site.run_until([&] { return site.response(1).body.size() == i; }));
    site.run_a_little();
    EXPECT_EQ(site.response(1).body.size(), i);
    site.send(window_update(1, 1));
  }
  ASSERT_TRUE(site.run_until_ended(1));
  site.send(reset(3));
  ASSERT_TRUE(site.run_until([&] { return site.proxy.log().lines.size() == 2; }));
}

// CVE-2026-26311.
TEST(Http2Limits, DataBehindAResetReachesNobody) {
  Http2Site site;
  site.send(headers(1, post("/"), 0) + data(1, "a") + reset(1) + data(1, "b") +
            data(1, "c", kEndStream));
  ASSERT_TRUE(site.run_until([&] { return site.proxy.log().lines.size() == 1; }));
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(3));
}

TEST(Http2Limits, AnIdleConnectionEndsAndHoldsNoBuffer) {
  TestProxy::Options options;
  options.timeouts.keep_alive = std::chrono::milliseconds(100);
  Http2Site site(options);
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  site.run_a_little();
  EXPECT_EQ(site.proxy.blocks().in_use(), 0u);
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0);
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
}

TEST(Http2Limits, AGracefulStopFinishesWhatIsUnderWay) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return !site.member().received().empty(); }));
  site.proxy.connection().stop();
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0);
  // It was on its way when the client heard of it.
  site.send(headers(3, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 2; }));
  ASSERT_TRUE(site.run_until([&] { return site.client.goaway_last() == 3; }));
  for (auto& connection : site.member().connections()) connection->send(ok("bye"));
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
}

TEST(Http2Limits, TheLastRequestOfAConnectionIsAnnounced) {
  TestProxy::Options options;
  options.timeouts.requests_per_connection = 2;
  Http2Site site(options);
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.client.goaway_error(), -1);
  site.send(headers(3, get("/")));
  ASSERT_TRUE(site.run_until_ended(3));
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_last(), 3u);
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
}

// ---- Flow control.

TEST(Http2Flow, ABodyIsAcknowledgedOnlyWhenTheMemberHasTakenIt) {
  Http2Site site;
  site.send(headers(1, post("/"), 0));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
  site.member().connection().reads_by_itself = false;
  const std::string block(16'384, 'x');
  // As much as the windows allow; the member's socket takes some of it, and then no more.
  std::size_t sent = 0;
  std::size_t windows = 65'535;
  for (int i = 0; i < 2000 && sent + block.size() <= windows; ++i) {
    site.send_all(data(1, block));
    sent += block.size();
    site.turn();
    if (sent + block.size() > windows) site.run_a_little();
    windows = 65'535 + site.client.stream_window_bytes(1);
  }
  site.run_a_little(3);
  windows = 65'535 + site.client.stream_window_bytes(1);
  EXPECT_LT(windows - sent, 16'384u);
  EXPECT_LT(sent, 30'000'000u);
  site.member().connection().reads_by_itself = true;
  ASSERT_TRUE(
      site.run_until([&] { return 65'535 + site.client.stream_window_bytes(1) > sent + 30'000; }));
}

TEST(Http2Flow, ALargeResponseWaitsForTheWindows) {
  Http2Site site;
  site.client.opens_windows = false;
  const std::string body(300'000, 'y');
  site.member().answer = [&](std::string_view) { return ok(body); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.response(1).body.size() == 65'535; }));
  site.run_a_little(3);
  EXPECT_EQ(site.response(1).body.size(), 65'535u);
  site.send(window_update(0, 400'000) + window_update(1, 400'000));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, body);
}

TEST(Http2Flow, StreamsShareTheConnection) {
  Http2Site site;
  site.client.opens_windows = false;
  const std::string body(1'000'000, 'y');
  site.member().answer = [&](std::string_view) {
    return "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n" + body.substr(0, 200'000);
  };
  site.send(headers(1, get("/")) + headers(3, get("/")));
  site.send(window_update(1, 1 << 20) + window_update(3, 1 << 20));
  site.run_a_little(3);
  for (int i = 0; i < 20; ++i) {
    site.send(window_update(0, 65'536));
    site.run_a_little(2);
  }
  ASSERT_TRUE(site.run_until_ended(1));
  ASSERT_TRUE(site.run_until_ended(3));
  const auto& order = site.client.data_order();
  const auto first = std::find(order.begin(), order.end(), 3u) - order.begin();
  EXPECT_LT(static_cast<std::size_t>(first), order.size() / 2);
}

}  // namespace
}  // namespace understudy::test
