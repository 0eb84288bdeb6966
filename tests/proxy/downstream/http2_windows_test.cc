// SPDX-License-Identifier: Apache-2.0
// The windows and blocks of one HTTP/2 connection, to the byte, and how it is asked to end.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/clock.h"
#include "proxy/http/http2/http2_limits.h"
#include "proxy/http/http2/http2_server_codec.h"
#include "tests/proxy/downstream/http2_site.h"

namespace understudy::test {
namespace {

constexpr int64_t kFlowControl = 3;
constexpr int64_t kCalm = 0xb;

// The codec alone: nobody consumes what comes, so no window opens.
class Unread {
 public:
  Unread() { feed(Http2Client::greeting()); }

  void feed(std::string bytes) {
    while (!bytes.empty()) {
      http::Http2Event event;
      const std::size_t fed = codec_.feed(bytes, now_, event);
      if (event.head) codec_.set_user(event.stream, this);
      data_ += event.data.size();
      bytes.erase(0, fed);
      if (fed == 0 && !take()) return;
    }
    take();
  }
  std::size_t data() const { return data_; }
  Http2Client& client() { return client_; }

 private:
  bool take() {
    std::array<char, 65536> room;
    const std::size_t bytes = codec_.take(room);
    client_.read({room.data(), bytes});
    return bytes != 0 && !codec_.is_over();
  }

  const TimePoint now_{};
  http::Http2ServerCodec codec_{http::HeadLimits{}};
  Http2Client client_;
  std::size_t data_ = 0;
};

std::string data_frames(uint32_t stream, std::size_t bytes) {
  std::string out;
  while (bytes != 0) {
    const std::size_t piece = std::min(bytes, http::kHttp2FramePayloadBytesMax);
    out += data(stream, std::string(piece, 'x'));
    bytes -= piece;
  }
  return out;
}

TEST(Http2Windows, AStreamTakes65535BytesAndNotOneMore) {
  Unread codec;
  codec.feed(headers(1, post("/"), 0) + data_frames(1, http::kHttp2StreamWindowBytes));
  EXPECT_EQ(codec.data(), http::kHttp2StreamWindowBytes);
  EXPECT_EQ(codec.client().goaway_error(), -1);
  EXPECT_EQ(codec.client().response(1).reset, -1);
  codec.feed(data_frames(1, 1));
  EXPECT_TRUE(codec.client().goaway_error() == kFlowControl ||
              codec.client().response(1).reset == kFlowControl);
}

TEST(Http2Windows, AConnectionTakesOneMebibyteAndNotOneMore) {
  Unread codec;
  std::size_t left = http::kHttp2ConnectionWindowBytes;
  uint32_t stream = 1;
  for (; left > http::kHttp2StreamWindowBytes; stream += 2) {
    codec.feed(headers(stream, post("/"), 0) + data_frames(stream, http::kHttp2StreamWindowBytes));
    left -= http::kHttp2StreamWindowBytes;
  }
  codec.feed(headers(stream, post("/"), 0) + data_frames(stream, left));
  EXPECT_EQ(codec.data(), http::kHttp2ConnectionWindowBytes);
  EXPECT_EQ(codec.client().goaway_error(), -1);
  codec.feed(data_frames(stream, 1));
  EXPECT_EQ(codec.data(), http::kHttp2ConnectionWindowBytes);
  EXPECT_EQ(codec.client().goaway_error(), kFlowControl);
}

// Compressed, before anything of it is decoded.
TEST(Http2Windows, AHeaderBlockOf64KibAndNotOneByteMore) {
  const std::string begin = header_block(get("/"));
  for (const std::size_t more : {0u, 1u}) {
    SCOPED_TRACE(more);
    const std::size_t wanted = http::kHttp2HeaderBlockBytesMax + more;
    std::string block;
    for (std::size_t bytes = wanted - begin.size(); block.size() != wanted; --bytes) {
      block = begin + header_block({{"x", std::string(bytes, 'v')}});
    }
    std::string frames;
    for (std::size_t at = 0; at < block.size(); at += http::kHttp2FramePayloadBytesMax) {
      const bool last = at + http::kHttp2FramePayloadBytesMax >= block.size();
      frames += frame(at == 0 ? 1 : 9, (at == 0 ? kEndStream : 0) | (last ? kEndHeaders : 0), 1,
                      std::string_view(block).substr(at, http::kHttp2FramePayloadBytesMax));
    }
    Http2Site site;
    site.send_all(frames);
    ASSERT_TRUE(
        site.run_until([&] { return site.response(1).ended || site.client.goaway_error() >= 0; }));
    // As long as this it is decoded, and is no field that anybody takes.
    EXPECT_EQ(site.response(1).status, more == 0 ? "431" : "");
    EXPECT_EQ(site.client.goaway_error(), more == 0 ? -1 : kCalm);
  }
}

TEST(Http2Windows, UpdatesThatNoDataCallForAreBounded) {
  for (const uint32_t stream : {0u, 1u}) {
    SCOPED_TRACE(stream);
    Http2Site site;
    site.send(headers(1, get("/")));
    ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
    std::string bytes;
    for (unsigned i = 0; i < http::kHttp2WindowUpdates.burst; ++i)
      bytes += window_update(stream, 1);
    site.send_all(bytes);
    site.run_a_little();
    EXPECT_EQ(site.client.goaway_error(), -1);
    site.send_all(bytes);
    ASSERT_TRUE(site.run_until_sent_away());
    EXPECT_EQ(site.client.goaway_error(), kCalm);
  }
}

// Two updates for each frame of data, as many clients do.
TEST(Http2Windows, UpdatesOfADownloadAreNot) {
  Http2Site site;
  const std::string body(700'000, 'x');
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
  Peer& member = site.member().connection();
  member.send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  std::size_t sent = 0;
  ASSERT_TRUE(site.run_until([&] {
    // Pieces so small that there are many frames.
    sent += member.send_some(std::string_view(body).substr(sent, 1000));
    return site.response(1).ended || site.client.goaway_error() >= 0;
  }));
  EXPECT_EQ(site.client.goaway_error(), -1);
  EXPECT_GT(2 * site.client.data_frames(), std::size_t{http::kHttp2WindowUpdates.burst});
}

TEST(Http2Reload, WhatIsUnderWayIsAnsweredAndTheClientIsAskedToComeBack) {
  Http2Site site;
  site.send(headers(1, get("/")));
  ASSERT_TRUE(site.run_until([&] { return site.member().accepted() == 1; }));
  site.proxy.connection().on_reload();
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0);
  site.member().connection().send(ok("done"));
  ASSERT_TRUE(site.run_until_ended(1));
  EXPECT_EQ(site.response(1).body, "done");
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
  EXPECT_FALSE(site.peer.was_reset());
}

TEST(Http2Reload, AnIdleConnectionEndsAtOnce) {
  Http2Site site;
  site.run_a_little();
  site.proxy.connection().on_reload();
  ASSERT_TRUE(site.run_until_sent_away());
  EXPECT_EQ(site.client.goaway_error(), 0);
  ASSERT_TRUE(site.run_until([&] { return site.peer.is_closed(); }));
}

}  // namespace
}  // namespace understudy::test
