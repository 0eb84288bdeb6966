// SPDX-License-Identifier: Apache-2.0
// A client and one of our streams at the two ends of a socket pair, in one thread: each moves as
// far as it can, in turns, until neither can.
#pragma once

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/tls_server.h"
#include "base/tls_stream.h"
#include "tests/base/tls_client.h"

namespace understudy {

inline std::unique_ptr<TlsCertificate> usable(const TestCertificate& made) {
  auto certificate = TlsCertificate::parse(made.chain);
  EXPECT_TRUE(certificate) << certificate.error().detail;
  const auto has_key = (*certificate)->set_key(made.key);
  EXPECT_TRUE(has_key) << has_key.error().detail;
  return *std::move(certificate);
}

inline std::shared_ptr<const TlsHost> host_of(TlsHost::Options options) {
  if (options.certificates.empty()) {
    std::vector<std::string> names = options.names;
    if (names.empty()) names = {"localhost"};
    options.certificates.push_back(usable(make_test_certificate({.names = names})));
  }
  auto host = TlsHost::make(std::move(options));
  EXPECT_TRUE(host) << host.error().detail;
  return *std::move(host);
}

inline std::shared_ptr<const TlsServer> server_of(std::vector<std::shared_ptr<const TlsHost>> hosts,
                                                  TlsTickets& tickets) {
  auto server = TlsServer::make(std::move(hosts), tickets);
  EXPECT_TRUE(server);
  return *std::move(server);
}

inline std::pair<Fd, Fd> socket_pair() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  return {Fd(ends[0]), Fd(ends[1])};
}

struct TlsPair {
  std::unique_ptr<TlsClient> client;
  std::unique_ptr<TlsStream> stream;
  std::string received;  // by the stream
  bool has_ended = false;

  TlsPair(const TlsServer& server, const TlsClient::Options& options) {
    auto [mine, theirs] = socket_pair();
    client = std::make_unique<TlsClient>(std::move(theirs), options);
    stream = std::make_unique<TlsStream>(server, std::move(mine));
  }

  // False when either side has failed.
  bool move_on() {
    constexpr int kTurns = 8;  // more than the flights of any handshake
    for (int turn = 0; turn < kTurns; ++turn) {
      if (!client->move_on() || !read()) return false;
    }
    return true;
  }
  bool shake_hands() { return move_on() && client->is_established() && stream->is_established(); }
  bool read() {
    std::array<char, 16384> bytes;
    for (;;) {
      const IoResult result = stream->read(bytes);
      if (result.ok()) received.append(bytes.data(), result.bytes);
      has_ended = has_ended || result.state == IoResult::State::kEnd;
      if (!result.ok() || !stream->has_buffered()) {
        return result.state != IoResult::State::kError;
      }
    }
  }
};

inline IoResult write_text(TlsStream& stream, const std::string& text) {
  const iovec piece{const_cast<char*>(text.data()), text.size()};
  return stream.write({&piece, 1});
}

}  // namespace understudy
