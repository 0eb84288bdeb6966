// SPDX-License-Identifier: Apache-2.0
#include "base/socket.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "base/stream.h"
#include "base/tls_stream.h"

namespace understudy {
namespace {

// A second program on the port hears of it, and no client is let in who would be reset.
TEST(Socket, ABoundOneFindsAnotherListenerAndLetsNoClientIn) {
  const auto listener = listen_tcp(Address::loopback(0), {.reuse_port = true});
  ASSERT_TRUE(listener);
  EXPECT_FALSE(bind_tcp(local_address(*listener), {}));
  const auto bound = bind_tcp(Address::loopback(0), {});
  ASSERT_TRUE(bound);
  const Address address = local_address(*bound);
  Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_TRUE(client);
  EXPECT_EQ(::connect(client.value(), address.raw(), address.raw_size()), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
  ASSERT_TRUE(listen_on(*bound, {}));
  client = Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  EXPECT_EQ(::connect(client.value(), address.raw(), address.raw_size()), 0);
}

TEST(Address, ReadsWhatItWrites) {
  for (const char* text : {"127.0.0.1:80", "[::1]:65535", "unix:/tmp/x.sock", "0.0.0.0:1"}) {
    SCOPED_TRACE(text);
    auto address = Address::parse(text);
    ASSERT_TRUE(address);
    EXPECT_EQ(address->to_string(), text);
  }
}

TEST(Address, RefusesWhatIsNoneAndSaysWhy) {
  const struct {
    const char* text;
    const char* why;
  } cases[] = {
      {"", "the host is empty"},           {"127.0.0.1", "the port is missing"},
      {"127.0.0.1:", "the port is empty"}, {"127.0.0.1:65536", "0..65535"},
      {"127.0.0.1:+1", "0..65535"},        {"::1:80", "needs brackets"},
      {"[::1", "']' is missing"},          {"[::1]80", "':' expected"},
      {"unix:", "empty or longer"},        {"example.org:80", "not a numeric"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    auto address = Address::parse(c.text);
    ASSERT_FALSE(address);
    EXPECT_NE(address.error().detail.find(c.why), std::string::npos) << address.error().detail;
  }
}

TEST(Address, TakesTheDefaultPortAndKnowsLoopback) {
  EXPECT_EQ(Address::parse("127.0.0.1", 7001)->port(), 7001);
  EXPECT_TRUE(Address::parse("127.9.9.9:1")->is_loopback());
  EXPECT_TRUE(Address::parse("[::1]:1")->is_loopback());
  EXPECT_FALSE(Address::parse("10.0.0.1:1")->is_loopback());
  EXPECT_EQ(Address::parse("[::1]:1")->with_port(9).to_string(), "[::1]:9");
  EXPECT_EQ(Address().to_string(), "-");
}

TEST(Resolve, FindsLocalhostAndRefusesNonsense) {
  auto found = resolve("localhost:80");
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->front().is_loopback());
  EXPECT_FALSE(resolve("no such host:80"));
}

struct Connection {
  Fd client;
  Fd server;
};

bool wait_for(const Fd& fd, short what) {
  pollfd entry{fd.value(), what, 0};
  return ::poll(&entry, 1, 10000) == 1;
}

Connection connect_pair(const Address& listen_on) {
  auto listener = listen_tcp(listen_on, {});
  EXPECT_TRUE(listener);
  auto client = connect_tcp(listen_on.is_unix() ? listen_on : local_address(*listener));
  EXPECT_TRUE(client);
  EXPECT_TRUE(wait_for(*client, POLLOUT));
  EXPECT_TRUE(connect_outcome(*client, listen_on));
  EXPECT_TRUE(wait_for(*listener, POLLIN));
  auto accepted = accept_tcp(*listener);
  EXPECT_TRUE(accepted && accepted->fd);
  auto nobody = accept_tcp(*listener);
  EXPECT_TRUE(nobody && !nobody->fd);
  return {std::move(*client), std::move(accepted->fd)};
}

TEST(Socket, ConnectsOverIpv4Ipv6AndUnix) {
  const std::string path = "unix:/tmp/understudy-test-" + std::to_string(::getpid()) + ".sock";
  for (const std::string& text : {std::string("127.0.0.1:0"), std::string("[::1]:0"), path}) {
    SCOPED_TRACE(text);
    Connection pair = connect_pair(*Address::parse(text));
    ASSERT_EQ(::write(pair.client.value(), "ping", 4), 4);
    ASSERT_TRUE(wait_for(pair.server, POLLIN));
    char bytes[8];
    EXPECT_EQ(::read(pair.server.value(), bytes, sizeof bytes), 4);
  }
  ::unlink(path.c_str() + 5);
}

TEST(Socket, ARefusedConnectIsToldApart) {
  auto listener = listen_tcp(Address::loopback(0), {});
  ASSERT_TRUE(listener);
  const Address gone = local_address(*listener);
  listener->reset();
  auto client = connect_tcp(gone);
  Result<void> outcome;
  if (!client) {
    outcome = std::move(client).error();
  } else {
    ASSERT_TRUE(wait_for(*client, POLLOUT));
    outcome = connect_outcome(*client, gone);
  }
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, ErrorCode::kConnectRefused);
  EXPECT_NE(outcome.error().detail.find(gone.to_string()), std::string::npos);
}

TEST(Socket, ATakenPortIsAnErrorThatNamesIt) {
  auto listener = listen_tcp(Address::loopback(0), {});
  ASSERT_TRUE(listener);
  auto second = listen_tcp(local_address(*listener), {});
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().detail.find(local_address(*listener).to_string()), std::string::npos);
}

TEST(Socket, ReusePortLetsWorkersShareAPort) {
  auto first = listen_tcp(Address::loopback(0), {.reuse_port = true});
  ASSERT_TRUE(first);
  EXPECT_TRUE(listen_tcp(local_address(*first), {.reuse_port = true}));
}

TEST(TcpStream, TellsEndFromEmptyFromBytes) {
  Connection pair = connect_pair(Address::loopback(0));
  TcpStream stream(std::move(pair.server));
  char bytes[16];
  EXPECT_EQ(stream.read(bytes).state, IoResult::State::kWouldBlock);
  const iovec pieces[] = {{const_cast<char*>("ab"), 2}, {const_cast<char*>("cd"), 2}};
  TcpStream client(std::move(pair.client));
  EXPECT_EQ(client.write(pieces).bytes, 4u);
  pollfd entry{stream.fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&entry, 1, 10000), 1);
  const IoResult read = stream.read(bytes);
  EXPECT_EQ(std::string_view(bytes, read.bytes), "abcd");
  client.shutdown_write();
  ASSERT_EQ(::poll(&entry, 1, 10000), 1);
  EXPECT_EQ(stream.read(bytes).state, IoResult::State::kEnd);
}

struct TlsPair {
  std::unique_ptr<TlsContext> client_context;
  std::unique_ptr<TlsContext> server_context;
  std::unique_ptr<TlsStream> client;
  std::unique_ptr<TlsStream> server;

  TlsPair(unsigned char client_key, unsigned char server_key, const char* client_identity = "c1") {
    unsigned char key[32];
    std::fill(std::begin(key), std::end(key), client_key);
    client_context = std::move(*TlsContext::make_psk(key, client_identity));
    std::fill(std::begin(key), std::end(key), server_key);
    server_context = std::move(*TlsContext::make_psk(key, "c1"));
    Connection pair = connect_pair(Address::loopback(0));
    client = std::make_unique<TlsStream>(*client_context, std::move(pair.client),
                                         TlsStream::Role::kClient);
    server = std::make_unique<TlsStream>(*server_context, std::move(pair.server),
                                         TlsStream::Role::kServer);
  }

  // Lets both sides move until each has finished or one has failed.
  bool shake_hands() {
    char bytes[16];
    for (int i = 0; i < 1000; ++i) {
      for (TlsStream* side : {client.get(), server.get()}) {
        if (side->read(bytes).state == IoResult::State::kError) return false;
      }
      if (client->is_established() && server->is_established()) return true;
      pollfd entries[] = {{client->fd(), POLLIN, 0}, {server->fd(), POLLIN, 0}};
      ::poll(entries, 2, 100);
    }
    return false;
  }
};

TEST(TlsStream, CarriesBytesBetweenHoldersOfOneKey) {
  TlsPair pair(7, 7);
  ASSERT_TRUE(pair.shake_hands()) << pair.client->error_text() << " / "
                                  << pair.server->error_text();
  std::string sent(100000, 'x');
  std::string got;
  size_t written = 0;
  char bytes[4096];
  while (got.size() < sent.size()) {
    if (written < sent.size()) {
      const iovec piece{sent.data() + written, sent.size() - written};
      const IoResult result = pair.client->write({&piece, 1});
      ASSERT_NE(result.state, IoResult::State::kError);
      written += result.ok() ? result.bytes : 0;
    }
    const IoResult result = pair.server->read(bytes);
    ASSERT_NE(result.state, IoResult::State::kError);
    if (result.ok()) got.append(bytes, result.bytes);
  }
  EXPECT_EQ(got, sent);
}

// What this process lacks says nothing about the peer.
TEST(Socket, WithoutADescriptorThePeerIsNotToBlame) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit none = before;
  none.rlim_cur = 0;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto connected = connect_tcp(*Address::parse("127.0.0.1:1"));
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_FALSE(connected);
  EXPECT_EQ(connected.error().code, ErrorCode::kUnavailable);
}

TEST(Socket, WhatConnectFailedBySaysWhoMayBeToBlame) {
  const Address address = *Address::parse("127.0.0.1:1");
  EXPECT_EQ(connect_error(ECONNREFUSED, address).code, ErrorCode::kConnectRefused);
  EXPECT_EQ(connect_error(ETIMEDOUT, address).code, ErrorCode::kConnectTimeout);
  EXPECT_EQ(connect_error(EACCES, address).code, ErrorCode::kConnectFailed);
  EXPECT_EQ(system_error("open", EACCES).code, ErrorCode::kSystem);
  EXPECT_EQ(system_error("open", EACCES).detail, "open: Permission denied");
}

TEST(TlsStream, AnotherKeyDoesNotGetThrough) {
  TlsPair pair(7, 8);
  EXPECT_FALSE(pair.shake_hands());
}

TEST(TlsStream, AnotherIdentityDoesNotGetThrough) {
  TlsPair pair(7, 7, "c2");
  EXPECT_FALSE(pair.shake_hands());
}

TEST(TlsStream, PlainBytesAreRefused) {
  TlsPair pair(7, 7);
  ASSERT_EQ(::write(pair.client->fd(), "GET / HTTP/1.1\r\n\r\n", 18), 18);
  pollfd entry{pair.server->fd(), POLLIN, 0};
  ASSERT_EQ(::poll(&entry, 1, 10000), 1);
  char bytes[64];
  EXPECT_EQ(pair.server->read(bytes).state, IoResult::State::kError);
  EXPECT_FALSE(pair.server->error_text().empty());
}

}  // namespace
}  // namespace understudy
