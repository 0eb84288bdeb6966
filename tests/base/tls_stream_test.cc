// SPDX-License-Identifier: Apache-2.0
#include "base/tls_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "tests/base/tls_pair.h"

namespace understudy {
namespace {

class Stream : public testing::Test {
 protected:
  TlsPair connected(TlsClient::Options options = {}) {
    TlsPair pair(*server, options);
    EXPECT_TRUE(pair.shake_hands()) << pair.stream->error_text();
    return pair;
  }
  SystemClock clock;
  TlsTickets tickets{clock};
  std::shared_ptr<const TlsServer> server = server_of({host_of({})}, tickets);
};

TEST_F(Stream, ReadsAllRecordsThatAreThere) {
  TlsPair pair = connected();
  ASSERT_TRUE(pair.client->write("one "));
  ASSERT_TRUE(pair.client->write("two "));
  ASSERT_TRUE(pair.client->write("three"));
  std::array<char, 64> bytes;
  const IoResult result = pair.stream->read(bytes);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(std::string_view(bytes.data(), result.bytes), "one two three");
  EXPECT_FALSE(pair.stream->has_buffered());
}

TEST_F(Stream, SaysThatMoreIsThereWhenTheSpanIsFull) {
  TlsPair pair = connected();
  ASSERT_TRUE(pair.client->write("abcdef"));
  std::array<char, 4> bytes;
  ASSERT_EQ(pair.stream->read(bytes).bytes, 4U);
  EXPECT_TRUE(pair.stream->has_buffered());
  ASSERT_EQ(pair.stream->read(bytes).bytes, 2U);
  EXPECT_FALSE(pair.stream->has_buffered());
}

TEST_F(Stream, HalfARecordIsNotMore) {
  TlsPair pair = connected();
  ASSERT_TRUE(pair.client->write("whole"));
  std::array<char, 256> wire;
  const ssize_t size = ::recv(pair.stream->fd(), wire.data(), wire.size(), 0);
  ASSERT_GT(size, 10);
  // The client's socket is written to behind its back: the same record in two pieces.
  ASSERT_EQ(::write(pair.client->fd(), wire.data(), 10), 10);
  std::array<char, 64> bytes;
  EXPECT_EQ(pair.stream->read(bytes).state, IoResult::State::kWouldBlock);
  EXPECT_FALSE(pair.stream->has_buffered());
  const auto rest = static_cast<size_t>(size) - 10;
  ASSERT_EQ(::write(pair.client->fd(), wire.data() + 10, rest), static_cast<ssize_t>(rest));
  const IoResult result = pair.stream->read(bytes);
  EXPECT_EQ(std::string_view(bytes.data(), result.bytes), "whole");
}

TEST_F(Stream, SmallPiecesShareARecord) {
  TlsPair pair = connected();
  const std::array<iovec, 3> pieces = {iovec{const_cast<char*>("a"), 1},
                                       iovec{const_cast<char*>(""), 0},
                                       iovec{const_cast<char*>("bc"), 2}};
  EXPECT_EQ(pair.stream->write(pieces).bytes, 3U);
  std::array<char, 256> wire;
  const ssize_t size = ::recv(pair.client->fd(), wire.data(), wire.size(), MSG_PEEK);
  // TLS 1.3: 5 bytes of header, 3 of text, 1 of type, 16 of tag.
  EXPECT_EQ(size, 5 + 3 + 1 + 16);
  ASSERT_TRUE(pair.client->move_on());
  EXPECT_EQ(pair.client->received(), "abc");
}

// Whatever the caller cuts its bytes into, and however often the socket is full, they arrive once
// and in order.
TEST_F(Stream, CarriesEverythingThroughAFullSocket) {
  const uint64_t seed = SystemRandom().next();
  SCOPED_TRACE(seed);
  SeededRandom random(seed);
  for (const bool only_tls12 : {false, true}) {
    TlsPair pair = connected({.only_tls12 = only_tls12});
    const int tiny = 4096;
    ::setsockopt(pair.stream->fd(), SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny);
    std::string text(400'000, ' ');
    for (char& c : text) c = static_cast<char>('a' + random.below(26));
    size_t sent = 0;
    bool was_full = false;
    while (sent < text.size()) {
      std::array<iovec, 3> pieces{};
      size_t offered = 0;
      for (iovec& piece : pieces) {
        const size_t left = text.size() - sent - offered;
        const size_t size = std::min<size_t>(left, random.below(random.below(2) ? 40'000 : 300));
        piece = {text.data() + sent + offered, size};
        offered += size;
      }
      if (offered == 0) continue;
      const IoResult result = pair.stream->write(pieces);
      ASSERT_NE(result.state, IoResult::State::kError) << pair.stream->error_text();
      if (result.ok()) sent += result.bytes;
      ASSERT_LE(result.bytes, offered);
      was_full = was_full || !result.ok() || result.bytes < offered;
      if (random.below(3) == 0) {
        ASSERT_TRUE(pair.client->move_on());
      }
    }
    ASSERT_TRUE(pair.client->move_on());
    EXPECT_TRUE(was_full);
    EXPECT_EQ(pair.client->received(), text);
  }
}

TEST_F(Stream, AHandshakeGoesOnWhenAFullSocketHasRoomAgain) {
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) names.push_back("host" + std::to_string(i) + ".example");
  const auto large = server_of({host_of({.names = names})}, tickets);
  auto [mine, theirs] = socket_pair();
  const int tiny = 4096;
  ::setsockopt(mine.value(), SOL_SOCKET, SO_SNDBUF, &tiny, sizeof tiny);
  TlsStream stream(*large, std::move(mine));
  TlsClient client(std::move(theirs), {});
  ASSERT_TRUE(client.move_on());
  std::array<char, 64> into;
  EXPECT_EQ(stream.read(into).state, IoResult::State::kWouldBlock);
  EXPECT_TRUE(stream.wants_writable());
  EXPECT_FALSE(stream.has_buffered());
  for (int turn = 0; turn < 100 && !stream.is_established(); ++turn) {
    ASSERT_TRUE(client.move_on());
    ASSERT_EQ(stream.read(into).state, IoResult::State::kWouldBlock);
  }
  EXPECT_TRUE(stream.is_established());
  EXPECT_FALSE(stream.wants_writable());
}

TEST_F(Stream, AShortCountMeansFull) {
  TlsPair pair = connected();
  const std::string text(4'000'000, 'x');
  const IoResult first = write_text(*pair.stream, text);
  ASSERT_TRUE(first.ok());
  EXPECT_LT(first.bytes, text.size());
  EXPECT_GT(first.bytes, 16'384U);  // more than one record
  EXPECT_EQ(write_text(*pair.stream, text.substr(first.bytes)).state, IoResult::State::kWouldBlock);
}

TEST_F(Stream, AnEndIsToldFromABreak) {
  TlsPair pair = connected();
  pair.stream->shutdown_write();
  ASSERT_TRUE(pair.client->move_on());
  EXPECT_TRUE(pair.client->has_ended());

  TlsPair cut = connected();
  ::shutdown(cut.client->fd(), SHUT_WR);
  EXPECT_FALSE(cut.read());
  EXPECT_FALSE(cut.stream->error_text().empty());
  EXPECT_EQ(write_text(*cut.stream, "x").state, IoResult::State::kError);
}

TEST_F(Stream, TheEndBehindBytesIsNotForgotten) {
  TlsPair pair = connected();
  ASSERT_TRUE(pair.client->write("last"));
  ASSERT_TRUE(pair.client->end());
  std::array<char, 64> bytes;
  EXPECT_EQ(pair.stream->read(bytes).bytes, 4U);
  EXPECT_TRUE(pair.stream->has_buffered());
  EXPECT_EQ(pair.stream->read(bytes).state, IoResult::State::kEnd);
}

TEST_F(Stream, ClosingSaysGoodbye) {
  TlsPair pair = connected();
  pair.stream.reset();
  ASSERT_TRUE(pair.client->move_on());
  EXPECT_TRUE(pair.client->has_ended());
}

TEST_F(Stream, BrokenBytesAreRefused) {
  const std::string cases[] = {
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
      std::string("\x16\x03\x01\x00\x04\x01\x00\x00\x00", 9),
      std::string("\x16\x03\x01\xff\xff", 5) + std::string(100, 'x'),
      std::string("\x80\x2e\x01\x00\x02", 5) + std::string(44, 'x'),
      std::string(64, '\0'),
  };
  for (const std::string& bytes : cases) {
    auto [mine, theirs] = socket_pair();
    TlsStream stream(*server, std::move(mine));
    ASSERT_EQ(::write(theirs.value(), bytes.data(), bytes.size()),
              static_cast<ssize_t>(bytes.size()));
    std::array<char, 64> into;
    EXPECT_EQ(stream.read(into).state, IoResult::State::kError);
    EXPECT_FALSE(stream.error_text().empty());
  }
}

TEST_F(Stream, AFlippedBitEndsTheConnection) {
  TlsPair pair = connected();
  ASSERT_TRUE(pair.client->write("payload"));
  std::array<char, 256> wire;
  const ssize_t size = ::recv(pair.stream->fd(), wire.data(), wire.size(), 0);
  ASSERT_GT(size, 10);
  wire[10] = static_cast<char>(wire[10] ^ 1);
  ASSERT_EQ(::write(pair.client->fd(), wire.data(), static_cast<size_t>(size)), size);
  std::array<char, 64> into;
  EXPECT_EQ(pair.stream->read(into).state, IoResult::State::kError);
}

// An error of one stream must not be taken for the next one's: OpenSSL has one queue per thread.
TEST_F(Stream, AnErrorStaysWithItsStream) {
  TlsPair good = connected();
  auto [mine, theirs] = socket_pair();
  TlsStream bad(*server, std::move(mine));
  ASSERT_EQ(::write(theirs.value(), "GET / HTTP/1.0\r\n\r\n", 18), 18);
  std::array<char, 64> into;
  ASSERT_EQ(bad.read(into).state, IoResult::State::kError);
  EXPECT_EQ(good.stream->read(into).state, IoResult::State::kWouldBlock);
  EXPECT_TRUE(write_text(*good.stream, "still here").ok());
}

TEST_F(Stream, RenegotiationIsRefused) {
  TlsPair pair = connected({.only_tls12 = true});
  EXPECT_FALSE(pair.client->renegotiate() && pair.move_on() && pair.client->is_established());
}

}  // namespace
}  // namespace understudy
