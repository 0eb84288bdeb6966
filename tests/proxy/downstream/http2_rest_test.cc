// SPDX-License-Identifier: Apache-2.0
// An idle HTTP/2 connection's memory is packed, and no client can tell.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <array>
#include <string>
#include <vector>

#include "base/clock.h"
#include "proxy/downstream/http2_connection.h"
#include "proxy/http/http2/http2_server_codec.h"
#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

// Header blocks that refer to earlier ones, as clients write them.
class Encoder {
 public:
  Encoder() { EXPECT_EQ(nghttp2_hd_deflate_new(&deflater_, 4096), 0); }
  ~Encoder() { nghttp2_hd_deflate_del(deflater_); }
  Encoder(const Encoder&) = delete;

  std::string headers(uint32_t stream, const Fields& fields) {
    std::vector<nghttp2_nv> list;
    for (const auto& [name, value] : fields) {
      list.push_back({reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
                      reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(),
                      value.size(), NGHTTP2_NV_FLAG_NONE});
    }
    std::string block(nghttp2_hd_deflate_bound(deflater_, list.data(), list.size()), '\0');
    const ssize_t bytes = nghttp2_hd_deflate_hd(deflater_, reinterpret_cast<uint8_t*>(block.data()),
                                                block.size(), list.data(), list.size());
    EXPECT_GT(bytes, 0);
    block.resize(static_cast<std::size_t>(bytes));
    return frame(1, kEndStream | kEndHeaders, stream, block);
  }

 private:
  nghttp2_hd_deflater* deflater_ = nullptr;
};

// Both HPACK tables, the settings and the windows are what they were.
TEST(Http2Rest, ACodecThatRestsBetweenRequestsUnderstandsAndIsUnderstood) {
  http::Http2ServerCodec codec{http::HeadLimits{}};
  Encoder encoder;
  Http2Client client;
  std::string up = Http2Client::greeting();
  std::array<char, 65536> room;
  int user = 0;
  for (uint32_t stream = 1; stream < 101; stream += 2) {
    const std::string path = fmt::format("/{}", stream % 6);
    const std::string agent = fmt::format("agent of round {}", stream % 10);
    up += encoder.headers(stream, {{":method", "GET"},
                                   {":scheme", "http"},
                                   {":authority", "shop.example"},
                                   {":path", path},
                                   {"user-agent", agent}});
    while (!up.empty()) {
      http::Http2Event event;
      up.erase(0, codec.feed(up, TimePoint{}, event));
      if (event.head) {
        std::array<http::Field, 100> fields;
        const http::RequestHead request = codec.head()->view(fields);
        EXPECT_EQ(request.path, path);
        EXPECT_NE(request.bytes.find(agent), std::string_view::npos);
        codec.set_user(event.stream, &user);
        http::ResponseHead head;
        head.status = 200;
        const std::string lines = fmt::format("x-answer: {}\r\n", stream % 14);
        codec.send_head(event.stream, head, {.dropped = {}, .added = lines}, nullptr);
      }
      up += client.read({room.data(), codec.take(room)});
    }
    EXPECT_EQ(client.response(stream).status, "200");
    EXPECT_EQ(client.response(stream).field("x-answer"), std::to_string(stream % 14));
    ASSERT_EQ(codec.closed().size(), 1U);
    codec.closed().clear();
    codec.rest();
    EXPECT_FALSE(codec.is_over());
    EXPECT_FALSE(codec.has_output());
    codec.rest();
  }
  codec.refuse_new_streams();
  client.read({room.data(), codec.take(room)});
  EXPECT_EQ(client.goaway_error(), 0);
}

TEST(Http2Rest, NothingRestsWhileAStreamIsOpenOrSomethingIsToBeSent) {
  http::Http2ServerCodec codec{http::HeadLimits{}};
  std::array<char, 65536> room;
  codec.rest();
  EXPECT_TRUE(codec.has_output());
  std::string up = Http2Client::greeting() + headers(1, post("/"), 0);
  while (!up.empty()) {
    http::Http2Event event;
    up.erase(0, codec.feed(up, TimePoint{}, event));
    codec.take(room);
  }
  codec.rest();
  // It would be gone.
  EXPECT_NE(codec.head(), nullptr);
}

TEST(Http2Rest, AConnectionThatRestsEndsByKeepAliveTimeoutAndNotBefore) {
  TestProxy::Options options;
  options.timeouts.keep_alive =
      std::chrono::duration_cast<std::chrono::milliseconds>(kRestAfter) * 5 / 4;
  Http2Site site(options);
  site.member().answer = [](std::string_view) { return ok("x"); };
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until_ended(1));
  const TimePoint idle = site.proxy.loop().now();
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0);
  EXPECT_GE(site.proxy.loop().now() - idle, *options.timeouts.keep_alive * 9 / 10);
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
}

}  // namespace
}  // namespace understudy::test
