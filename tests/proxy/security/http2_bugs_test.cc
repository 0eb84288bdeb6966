// SPDX-License-Identifier: Apache-2.0
// Security bugs of other proxies that concern HTTP/2. What one connection may cost is tested limit
// by limit in tests/proxy/downstream/http2_limits_test.cc; here it is what members get to feel.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "base/clock.h"
#include "proxy/http/http2/http2_limits.h"
#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

using http::kHttp2StreamsMax;

uint32_t stream_of(std::size_t index) {
  return static_cast<uint32_t>(2 * index + 1);
}

std::size_t busy_at_member(Http2Site& site) {
  std::size_t busy = 0;
  for (const auto& connection : site.member().connections()) {
    busy += connection->is_open() && !connection->is_closed() ? 1 : 0;
  }
  return busy;
}

// Resets free the slot at once; the work behind it must be freed with it.
TEST(SecurityBugs, CVE_2023_44487_RapidResetNeverHasMoreAtMembersThanStreamsMax) {
  Http2Site site;
  std::size_t most = 0;
  for (std::size_t i = 0; i < 2000 && !site.peer.is_closed(); ++i) {
    site.send_all(headers(stream_of(i), get("/")) + reset(stream_of(i)));
    if (i % 50 != 0) continue;
    site.run_a_little();
    most = std::max(most, busy_at_member(site));
  }
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0xb);
  EXPECT_LE(most, kHttp2StreamsMax);
  ASSERT_TRUE(site.run_until([&] { return busy_at_member(site) == 0; }));
}

// The same, with the resets coming from our side.
TEST(SecurityBugs, CVE_2025_8671_MadeYouResetNeverHasMoreAtMembersThanStreamsMax) {
  Http2Site site;
  std::size_t most = 0;
  for (std::size_t i = 0; i < 2000 && !site.peer.is_closed(); ++i) {
    site.send_all(headers(stream_of(i), get("/")) + window_update(stream_of(i), 0));
    if (i % 50 != 0) continue;
    site.run_a_little();
    most = std::max(most, busy_at_member(site));
  }
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_LE(most, kHttp2StreamsMax);
  ASSERT_TRUE(site.run_until([&] { return busy_at_member(site) == 0; }));
}

// Envoy: closing a connection was quadratic in its streams. Here they have a maximum; closing with
// all of them open leaves nothing behind and is told to each member's connection.
TEST(SecurityBugs, CVE_2021_32778_AConnectionWithAllItsStreamsClosesAtOnce) {
  Http2Site site;
  std::string bytes;
  for (std::size_t i = 0; i < kHttp2StreamsMax; ++i) bytes += headers(stream_of(i), get("/"));
  site.send_all(bytes);
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == kHttp2StreamsMax; }));
  const SystemClock clock;
  site.peer.close();
  const TimePoint begin = clock.now();
  site.proxy.run_a_little();
  EXPECT_LT(clock.now() - begin, std::chrono::seconds(2));
  EXPECT_EQ(site.proxy.open_connections(), 0u);
  ASSERT_TRUE(site.proxy.run_until([&] { return busy_at_member(site) == 0; }));
  EXPECT_EQ(site.proxy.log().lines.size(), kHttp2StreamsMax);
}

// HAProxy: the end of the stream before the announced length, and the next request was eaten.
TEST(SecurityBugs, CVE_2026_33555_AShortBodyIsNotFilledUpByTheNextRequest) {
  for (const std::size_t bytes : {0u, 50u, 99u}) {
    SCOPED_TRACE(bytes);
    Http2Site site;
    site.send(headers(1, post("/x", {{"content-length", "100"}}), 0));
    ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
    site.send(data(1, std::string(bytes, 'x'), kEndStream) + headers(3, get("/next")));
    ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 2; }));
    EXPECT_EQ(message_bytes(site.member().connections()[0]->received()), 0u);
    ASSERT_TRUE(site.run_until(
        [&] { return site.member().connections()[1]->received().starts_with("GET /next "); }));
  }
}

// Envoy: data for a stream that was torn down already, in one segment with the reset.
TEST(SecurityBugs, CVE_2026_26311_DataBehindAResetAreDropped) {
  Http2Site site;
  site.send(headers(1, post("/x"), 0) + data(1, "a") + reset(1) + data(1, "b") + data(1, "c") +
            headers(3, get("/next")));
  ASSERT_TRUE(site.run_until(
      [&] { return site.member().received().find("GET /next ") != std::string::npos; }));
  EXPECT_EQ(site.member().received().find("\r\nb\r\n"), std::string::npos);
}

// nginx: what HTTP/2 allows in a field became lines of its own towards the backend.
TEST(SecurityBugs, CVE_2026_42926_NoFieldBecomesTwoTowardsTheMember) {
  const Fields rows[] = {
      {{"x-a", "b\r\nx-injected: c"}},      {{"x-a", "b\nx-injected: c"}},
      {{"x-a\r\nx-injected", "c"}},         {{"x-a: b\r\nx-injected", "c"}},
      {{"cookie", "a=b\r\nx-injected: c"}},
  };
  for (const Fields& row : rows) {
    Http2Site site;
    site.send(headers(1, get("/x", row)) + headers(3, get("/next")));
    ASSERT_TRUE(site.run_until(
        [&] { return site.member().received().find("GET /next ") != std::string::npos; }));
    EXPECT_EQ(site.member().received().find("injected"), std::string::npos);
    EXPECT_EQ(site.member().received().find("GET /x "), std::string::npos);
  }
}

// Slow readers: a window that opens by the byte does not hold a member for ever.
TEST(SecurityBugs, Slowloris_AWindowThatOpensByTheByteIsOneThatStaysShut) {
  TestProxy::Options options;
  options.timeouts.silence = std::chrono::milliseconds(200);
  Http2Site site(options, {{4, 0}});
  site.client.opens_windows = false;
  site.member().answer = [](std::string_view) { return ok(std::string(100'000, 'x')); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.response(1).status == "200"; }));
  // A byte each time it has been taken: always some progress, and never enough.
  std::size_t asked = 0;
  ASSERT_TRUE(site.run_until([&] {
    if (site.response(1).reset < 0 && site.response(1).body.size() == asked && asked < 20) {
      site.send(window_update(1, 1));
      ++asked;
    }
    return site.response(1).reset >= 0;
  }));
  EXPECT_LE(site.response(1).body.size(), 20u);
  ASSERT_TRUE(site.run_until([&] { return busy_at_member(site) == 0; }));
}

// And who takes enough in each period is served, however slowly.
TEST(SecurityBugs, Slowloris_WhoTakesEnoughIsServedToTheEnd) {
  TestProxy::Options options;
  options.timeouts.silence = std::chrono::seconds(1);
  Http2Site site(options, {{4, 0}});
  site.client.opens_windows = false;
  const std::string body(3000, 'x');
  site.member().answer = [&](std::string_view) { return ok(body); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.response(1).status == "200"; }));
  TimePoint next = site.proxy.loop().now();
  ASSERT_TRUE(site.run_until([&] {
    // 40 bytes every 20 ms: eight times the least rate, over more than a period.
    if (site.proxy.loop().now() >= next && !site.response(1).ended) {
      site.send(window_update(1, 40));
      next = site.proxy.loop().now() + std::chrono::milliseconds(20);
    }
    return site.response(1).ended || site.response(1).reset >= 0;
  }));
  EXPECT_EQ(site.response(1).reset, -1);
  EXPECT_EQ(site.response(1).body, body);
}

}  // namespace
}  // namespace understudy::test
