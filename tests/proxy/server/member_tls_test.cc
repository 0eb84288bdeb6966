// SPDX-License-Identifier: Apache-2.0
// A whole server in front of another one that is its member: TLS between them, HTTP/1.1 and HTTP/2
// inside.
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "proxy/server/server.h"
#include "tests/base/test_certificates.h"
#include "tests/proxy/server/toy_backend.h"

namespace understudy {
namespace {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

class Chain : public ::testing::Test {
 protected:
  Chain() {
    std::string pattern = ::testing::TempDir() + "chain-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
    loop_ = *EventLoop::open();
    backend_ = std::make_unique<ToyBackend>(*loop_, "a");
    authority_ = make_test_certificate({.names = {"authority"}, .is_authority = true});
    save("authority", authority_);
    save("good", make_test_certificate({.names = {"127.0.0.1"}, .issuer = &authority_}));
    save("other", make_test_certificate({.names = {"other.example"}, .issuer = &authority_}));
    save("old", make_test_certificate({.names = {"127.0.0.1"},
                                       .valid_from = -7200,
                                       .valid_until = -3600,
                                       .issuer = &authority_}));
  }
  ~Chain() override {
    end(front_);
    for (auto& member : others_) end(member);
    std::filesystem::remove_all(directory_);
  }

  void end(std::unique_ptr<Server>& server) {
    if (!server) return;
    server->stop();
    loop_->run();
    server.reset();
  }
  void save(const std::string& name, const TestCertificate& made) {
    std::ofstream(directory_ + "/" + name + ".pem") << made.chain << made.key;
  }
  std::unique_ptr<Server> serve(const std::string& text) {
    const config::Loaded loaded = config::load_text(directory_ + "/test.conf", text);
    EXPECT_TRUE(loaded) << loaded.diagnostics;
    auto opened = Server::open(*loop_, {.config = loaded.config});
    EXPECT_TRUE(opened) << opened.error().detail;
    (*opened)->start();
    return *std::move(opened);
  }
  // The servers that are members, each with a certificate.
  void serve_members(const std::vector<std::string>& certificates) {
    for (const std::string& certificate : certificates) {
      others_.push_back(
          serve("Workers 1\nListen 127.0.0.1:0\nProtocols h2 http/1.1\n"
                "SSLEngine On\nSSLCertificateFile " +
                certificate + ".pem\n<Location />\nBalancerMember " + backend_->address() +
                "\n</Location>\n"));
    }
  }
  void serve_front(const std::string& lines) {
    std::string text = "Workers 1\nListen 127.0.0.1:0\n<Location />\n" + lines + "\n";
    for (const auto& member : others_) {
      text += "BalancerMember https://" + member->addresses()[0].to_string() + "\n";
    }
    front_ = serve(text + "SSLProxyCACertificateFile authority.pem\n</Location>\n");
  }
  bool until(const std::function<bool()>& done) {
    const TimePoint end = SystemClock().now() + 20s;
    while (!done()) {
      if (SystemClock().now() > end) return false;
      loop_->run_once(1ms);
    }
    return true;
  }
  std::string get() {
    ToyClient client(front_->addresses()[0]);
    client.say("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(until([&] {
      client.turn();
      return client.has_ended();
    }));
    return client.heard();
  }

  std::string directory_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<ToyBackend> backend_;
  TestCertificate authority_;
  std::vector<std::unique_ptr<Server>> others_;
  std::unique_ptr<Server> front_;
};

TEST_F(Chain, EachProtocolIsSpokenInsideTls) {
  serve_members({"good"});
  for (const std::string protocol : {"h1", "h2", "auto"}) {
    serve_front("BackendProtocol " + protocol);
    for (int i = 0; i < 3; ++i) {
      const std::string answer = get();
      EXPECT_TRUE(answer.starts_with("HTTP/1.1 200")) << protocol << answer;
      EXPECT_TRUE(answer.ends_with("\r\n\r\na")) << protocol << answer;
    }
    end(front_);
  }
}

TEST_F(Chain, AMemberThatCannotProveItsNameIsPassedOver) {
  serve_members({"other", "old", "good"});
  serve_front("");
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(get().starts_with("HTTP/1.1 200")) << i;
}

TEST_F(Chain, NobodyIsAskedWhoCannotProveItsName) {
  serve_members({"other", "old"});
  serve_front("ConnectTimeoutSecs 200ms\nConnectRetrySecs 50ms");
  EXPECT_TRUE(get().starts_with("HTTP/1.1 503"));
  end(front_);
  // The same members, for who asks for less.
  serve_front("SSLProxyCheckPeerName Off\nSSLProxyCheckPeerExpire Off");
  EXPECT_TRUE(get().starts_with("HTTP/1.1 200"));
}

}  // namespace
}  // namespace understudy
