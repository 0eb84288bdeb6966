// SPDX-License-Identifier: Apache-2.0
// A whole server behind a balancer that speaks the PROXY protocol, and what members and responses
// say of TLS clients with certificates.
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "proxy/server/server.h"
#include "tests/base/test_certificates.h"
#include "tests/base/tls_client.h"
#include "tests/proxy/server/toy_backend.h"

namespace understudy {
namespace {

using namespace std::string_literals;
using std::chrono_literals::operator""ms;

class Proxied : public ::testing::Test {
 protected:
  Proxied() {
    std::string pattern = ::testing::TempDir() + "proxied-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    loop_ = *EventLoop::open();
    member_ = std::make_unique<ToyBackend>(*loop_, "a");
  }
  ~Proxied() override {
    if (server_) {
      server_->stop();
      loop_->run();
    }
    std::filesystem::remove_all(directory_);
  }

  void open(const std::string& directives) {
    const config::Loaded loaded = config::load_text(
        directory_ + "/test.conf", "Workers 1\nListen 127.0.0.1:0\n" + directives +
                                       "\n<Location />\nBalancerMember " + member_->address() +
                                       "\n</Location>\n");
    ASSERT_TRUE(loaded) << loaded.diagnostics;
    auto opened = Server::open(*loop_, {.config = loaded.config, .load = [] {
                                          return Result<std::shared_ptr<const config::Config>>(
                                              Error{.code = ErrorCode::kInvalid});
                                        }});
    ASSERT_TRUE(opened) << opened.error().detail;
    server_ = *std::move(opened);
    server_->start();
  }
  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + std::chrono::seconds(20);
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(1ms);
    }
    return true;
  }
  // What comes back until the connection ends; a reset is an end too.
  std::string say(const std::vector<std::string>& pieces) {
    ToyClient client(server_->addresses()[0]);
    for (const std::string& piece : pieces) {
      client.say(piece);
      for (int turn = 0; turn < 5; ++turn) client.turn();
      loop_->run_once(1ms);
    }
    const bool ended = until([&] {
      client.turn();
      return client.has_ended() || client.is_broken();
    });
    EXPECT_TRUE(ended);
    return client.heard();
  }
  bool member_saw(std::string_view line) {
    return member_->last_request().find(line) != std::string::npos;
  }

  std::string directory_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ToyBackend> member_;
  std::unique_ptr<Server> server_;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const std::string kLine = "PROXY TCP4 203.0.113.9 198.51.100.1 4711 443\r\n";

TEST_F(Proxied, TheHeaderNamesTheClient) {
  open("RemoteIPInternalProxy 127.0.0.1\nRemoteIPProxyProtocol On");
  EXPECT_TRUE(say({kLine + kGet}).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(member_saw("X-Forwarded-For: 203.0.113.9\r\n")) << member_->last_request();
  EXPECT_TRUE(member_saw("X-Forwarded-Port: 443\r\n"));

  const std::string binary =
      "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xcb\0\x71\x0a\x7f\0\0\x01\x10\0\x01\xbb"s;
  EXPECT_TRUE(say({binary, kGet}).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(member_saw("X-Forwarded-For: 203.0.113.10\r\n"));

  const std::string local = "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"s;
  EXPECT_TRUE(say({local + kGet}).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(member_saw("X-Forwarded-For: 127.0.0.1\r\n"));
}

TEST_F(Proxied, TheHeaderMayComeInPieces) {
  open("RemoteIPInternalProxy 127.0.0.1\nRemoteIPProxyProtocol On");
  EXPECT_TRUE(say({kLine.substr(0, 3), kLine.substr(3, 20), kLine.substr(23) + kGet.substr(0, 5),
                   kGet.substr(5)})
                  .starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(member_saw("X-Forwarded-For: 203.0.113.9\r\n"));
}

TEST_F(Proxied, WithoutAHeaderOrWithABadOneNobodyIsServed) {
  open("RemoteIPInternalProxy 127.0.0.1\nRemoteIPProxyProtocol On");
  EXPECT_EQ(say({kGet}), "");
  EXPECT_EQ(say({"PROXY TCP4 203.0.113.9 198.51.100.1 4711\r\n" + kGet}), "");
  EXPECT_EQ(member_->last_request(), "");
}

TEST_F(Proxied, AHeaderThatDoesNotComeIsNotWaitedForBeyondTheHeadersTime) {
  open(
      "RemoteIPInternalProxy 127.0.0.1\nRemoteIPProxyProtocol On\nRequestReadTimeout header=100ms");
  EXPECT_EQ(say({kLine.substr(0, 10)}), "");
}

TEST_F(Proxied, WhoIsNotTrustedIsRefusedAndWhoIsExceptedIsPlain) {
  open("RemoteIPInternalProxy 10.0.0.0/8\nRemoteIPProxyProtocol On");
  EXPECT_EQ(say({kLine + kGet}), "");
  EXPECT_EQ(member_->last_request(), "");
}

TEST_F(Proxied, WhoIsExceptedIsPlainAndMayNotSendOne) {
  open(
      "RemoteIPInternalProxy 10.0.0.0/8\nRemoteIPProxyProtocol On\n"
      "RemoteIPProxyProtocolExceptions 127.0.0.0/8");
  EXPECT_TRUE(say({kGet}).starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(say({kLine + kGet}).starts_with("HTTP/1.1 400"));
}

TEST_F(Proxied, TlsBeginsBehindTheHeaderAndItsFactsReachMembersAndClients) {
  const TestCertificate authority =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const TestCertificate own = make_test_certificate({.names = {"a.example"}});
  const TestCertificate shown = make_test_certificate({.names = {"someone"}, .issuer = &authority});
  std::ofstream(directory_ + "/own.pem") << own.chain << own.key;
  std::ofstream(directory_ + "/authority.pem") << authority.chain;
  open(
      "SSLEngine On\nSSLCertificateFile own.pem\nSSLVerifyClient optional\n"
      "SSLCACertificateFile authority.pem\nClientCertHeaders chain\n"
      "RemoteIPInternalProxy 127.0.0.1\nRemoteIPProxyProtocol On\n"
      "RequestHeader set X-Subject \"%{SSL_CLIENT_S_DN}s\"\n"
      "Header set X-Tls \"%{SSL_PROTOCOL}s %{SSL_CLIENT_VERIFY}s\"");
  for (const bool has_certificate : {true, false}) {
    Fd fd = *connect_tcp(server_->addresses()[0]);
    pollfd entry{fd.value(), POLLOUT, 0};
    ASSERT_EQ(::poll(&entry, 1, 10'000), 1);
    ASSERT_EQ(::send(fd.value(), kLine.data(), kLine.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(kLine.size()));
    TlsClient client(std::move(fd), {.server_name = "a.example",
                                     .certificate = has_certificate ? &shown : nullptr});
    ASSERT_TRUE(until([&] { return !client.move_on() || client.is_established(); }));
    client.write(
        "GET / HTTP/1.1\r\nHost: a.example\r\nClient-Cert: :ZXZpbA==:\r\nConnection: "
        "close\r\n\r\n");
    ASSERT_TRUE(until([&] { return !client.move_on() || client.has_ended(); }));
    EXPECT_TRUE(client.received().starts_with("HTTP/1.1 200")) << client.received();
    EXPECT_TRUE(member_saw("X-Forwarded-For: 203.0.113.9\r\n")) << member_->last_request();
    EXPECT_TRUE(member_saw("X-Forwarded-Proto: https\r\n"));
    EXPECT_FALSE(member_saw("ZXZpbA"));
    EXPECT_EQ(member_saw("Client-Cert: :MII"), has_certificate);
    EXPECT_EQ(member_saw("X-Subject: CN=someone\r\n"), has_certificate) << member_->last_request();
    EXPECT_EQ(member_saw("X-Subject: (null)\r\n"), !has_certificate);
    const std::string tls = "X-Tls: TLSv1.3 "s + (has_certificate ? "SUCCESS" : "NONE") + "\r\n";
    EXPECT_NE(client.received().find(tls), std::string::npos) << client.received();
  }
}

}  // namespace
}  // namespace understudy
