// SPDX-License-Identifier: Apache-2.0
// A whole server with TLS: workers on their threads, clients on OpenSSL alone.
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <algorithm>
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

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

using Session = std::shared_ptr<ssl_session_st>;

class Secure : public ::testing::Test {
 protected:
  Secure() {
    std::string pattern = ::testing::TempDir() + "tls-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    loop_ = *EventLoop::open();
    member_ = std::make_unique<ToyBackend>(*loop_, "a");
    save("lax", make_test_certificate({.names = {"lax.example"}}));
    save("strict", make_test_certificate({.names = {"strict.example"}}));
    authority_ = make_test_certificate({.names = {"authority"}, .is_authority = true});
    save("authority", authority_);
    open();
  }
  ~Secure() override {
    server_->stop();
    loop_->run();
    std::filesystem::remove_all(directory_);
  }

  void save(const std::string& name, const TestCertificate& made) {
    std::ofstream(directory_ + "/" + name + ".pem") << made.chain << made.key;
  }
  std::shared_ptr<const config::Config> load() const {
    const std::string text =
        said_ +
        "Workers 2\nListen 127.0.0.1:0\nDynamicServerList Off\n<Location />\nBackendCluster " +
        member_->address() +
        "\n</Location>\n"
        "<VirtualHost *>\nServerName lax.example\nSSLEngine On\nSSLCertificateFile lax.pem\n"
        "</VirtualHost>\n"
        "<VirtualHost *>\nServerName strict.example\nSSLEngine On\nSSLCertificateFile strict.pem\n"
        "SSLVerifyClient require\nSSLCACertificateFile authority.pem\n</VirtualHost>\n";
    const config::Loaded loaded = config::load_text(directory_ + "/test.conf", text);
    EXPECT_TRUE(loaded) << loaded.diagnostics;
    return loaded.config;
  }
  void open() {
    auto opened = Server::open(
        *loop_,
        {.config = load(),
         .load = [this]() -> Result<std::shared_ptr<const config::Config>> { return load(); }});
    ASSERT_TRUE(opened) << opened.error().detail;
    server_ = *std::move(opened);
    server_->start();
  }
  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + 20s;
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(1ms);
    }
    return true;
  }
  std::unique_ptr<TlsClient> connect(const TlsClient::Options& options) {
    Fd fd = *connect_tcp(server_->addresses()[0]);
    pollfd entry{fd.value(), POLLOUT, 0};
    EXPECT_EQ(::poll(&entry, 1, 10'000), 1);
    return std::make_unique<TlsClient>(std::move(fd), options);
  }
  // What came back; empty when the handshake has failed.
  std::string ask(TlsClient& client, const std::string& host) {
    bool works = true;
    until([&] { return !(works = client.move_on()) || client.is_established(); });
    client.write("GET / HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    until([&] { return !client.move_on() || client.has_ended(); });
    return client.received();
  }
  std::string get(const TlsClient::Options& options, const std::string& host) {
    return ask(*connect(options), host);
  }
  Session visit(const std::string& name) {
    const auto client = connect({.server_name = name});
    EXPECT_TRUE(ask(*client, name).starts_with("HTTP/1.1 200"));
    return {client->take_session(), free_session};
  }

  std::string directory_;
  std::string said_;  // in the configuration, besides
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ToyBackend> member_;
  TestCertificate authority_;
  std::unique_ptr<Server> server_;
};

TEST_F(Secure, ServesAndSaysGoodbye) {
  const auto client = connect({.server_name = "lax.example", .protocols = {"http/1.1"}});
  EXPECT_TRUE(ask(*client, "lax.example").starts_with("HTTP/1.1 200"));
  EXPECT_TRUE(client->has_ended());
  EXPECT_EQ(client->protocol(), "http/1.1");
  EXPECT_EQ(client->server_name_shown(), "lax.example");
}

TEST_F(Secure, ATicketIsGoodAtEveryWorkerAndAfterAReload) {
  for (int i = 0; i < 8; ++i) {
    const Session session = visit("lax.example");
    if (i == 4) {
      ASSERT_TRUE(server_->reload());
    }
    const auto client = connect({.server_name = "lax.example", .session = session.get()});
    EXPECT_TRUE(ask(*client, "lax.example").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(client->has_resumed()) << i;
  }
}

// That sends nothing, a part of a ClientHello, or that byte by byte.
TEST_F(Secure, AHandshakeThatDoesNotEndInTimeIsEnded) {
  said_ = "RequestReadTimeout handshake=100ms header=0\nKeepAliveTimeout 1h\nTimeout 1h\n";
  ASSERT_TRUE(server_->reload());
  const std::string begin("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::size_t at_once : {std::size_t{0}, begin.size(), std::size_t{1}}) {
    // Until the workers have heard of it there may be connections of before.
    EXPECT_TRUE(until([&] {
      const Fd fd = *connect_tcp(server_->addresses()[0]);
      pollfd entry{fd.value(), POLLOUT, 0};
      EXPECT_EQ(::poll(&entry, 1, 10'000), 1);
      std::size_t sent = 0;
      const TimePoint end = SystemClock().now() + 2s;
      for (char byte; SystemClock().now() < end;) {
        if (sent < begin.size() && at_once != 0) {
          const std::size_t bytes = std::min(at_once, begin.size() - sent);
          sent +=
              std::max<ssize_t>(0, ::send(fd.value(), begin.data() + sent, bytes, MSG_NOSIGNAL));
        }
        entry.events = POLLIN;
        ::poll(&entry, 1, 20);
        if (entry.revents != 0 && ::recv(fd.value(), &byte, 1, MSG_DONTWAIT) <= 0) return true;
        loop_->run_once(0ms);
      }
      return false;
    })) << at_once;
  }
}

// RFC 8446 C.4: a ticket is to be used once.
TEST_F(Secure, AConnectionResumedByATicketGetsAnotherOne) {
  Session session = visit("lax.example");
  for (int i = 0; i < 3; ++i) {
    const auto client = connect({.server_name = "lax.example", .session = session.get()});
    EXPECT_TRUE(ask(*client, "lax.example").starts_with("HTTP/1.1 200"));
    EXPECT_TRUE(client->has_resumed()) << i;
    session = Session(client->take_session(), free_session);
    ASSERT_TRUE(session) << i;
  }
}

TEST_F(Secure, AReloadShowsTheNewCertificate) {
  save("lax", make_test_certificate({.names = {"renewed.example", "lax.example"}}));
  ASSERT_TRUE(server_->reload());
  EXPECT_TRUE(until([&] {
    const auto client = connect({.server_name = "lax.example"});
    ask(*client, "lax.example");
    return client->server_name_shown() == "renewed.example";
  }));
}

TEST_F(Secure, AskingForACertificateCannotBeAvoided) {
  const TestCertificate user = make_test_certificate({.names = {"u"}, .issuer = &authority_});
  EXPECT_TRUE(get({.server_name = "strict.example", .certificate = &user}, "strict.example")
                  .starts_with("HTTP/1.1 200"));
  EXPECT_EQ(get({.server_name = "strict.example"}, "strict.example"), "");
  // By another name in the handshake than in the request (CVE-2025-23419 and its like).
  EXPECT_TRUE(get({.server_name = "lax.example"}, "strict.example").starts_with("HTTP/1.1 421"));
  EXPECT_TRUE(get({}, "STRICT.example:443").starts_with("HTTP/1.1 421"));
  const Session session = visit("lax.example");
  EXPECT_EQ(get({.server_name = "strict.example", .session = session.get()}, "strict.example"), "");
  // Nor does a certificate for one host keep its owner from the others.
  EXPECT_TRUE(get({.server_name = "strict.example", .certificate = &user}, "lax.example")
                  .starts_with("HTTP/1.1 200"));
}

TEST_F(Secure, CarriesATunnel) {
  const auto client = connect({.server_name = "lax.example", .protocols = {"http/1.1"}});
  ASSERT_TRUE(until([&] { return !client->move_on() || client->is_established(); }));
  client->write(
      "GET / HTTP/1.1\r\nHost: lax.example\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n");
  const std::string text(10'000, 'x');
  ASSERT_TRUE(
      until([&] { return !client->move_on() || client->received().ends_with("\r\n\r\n"); }));
  EXPECT_TRUE(client->received().starts_with("HTTP/1.1 101 "));
  const std::size_t before = client->received().size();
  client->write(text);
  EXPECT_TRUE(until(
      [&] { return !client->move_on() || client->received().size() == before + text.size(); }));
  EXPECT_EQ(client->received().substr(before), text);
}

TEST_F(Secure, APlainRequestIsToldThatThePortSpeaksTls) {
  ToyClient client(server_->addresses()[0]);
  client.say("GET / HTTP/1.1\r\nHost: lax.example\r\n\r\n");
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.has_ended();
  }));
  EXPECT_TRUE(client.heard().starts_with("HTTP/1.1 400 ")) << client.heard();
  EXPECT_NE(client.heard().find("https://"), std::string::npos);
}

TEST_F(Secure, PlainBytesEndTheConnection) {
  ToyClient client(server_->addresses()[0]);
  client.say(std::string("\x01\x02\x03\x04\x05\x06\x07\x08", 8));
  EXPECT_TRUE(until([&] {
    client.turn();
    return client.has_ended();
  }));
  EXPECT_EQ(client.heard().find("HTTP/"), std::string::npos);
}

// RFC 9113 3.2: ALPN has said h2.
TEST_F(Secure, Http11BehindAnAgreementOnHttp2EndsTheConnection) {
  server_->stop();
  loop_->run();
  said_ = "Protocols h2 http/1.1\n";
  open();
  const auto client = connect({.server_name = "lax.example", .protocols = {"h2"}});
  EXPECT_EQ(ask(*client, "lax.example"), "");
}

}  // namespace
}  // namespace understudy
