// SPDX-License-Identifier: Apache-2.0
// Members that speak TLS.
#include <array>

#include "base/tls_server.h"
#include "base/tls_stream.h"
#include "tests/base/tls_pair.h"
#include "tests/proxy/upstream/asking.h"

namespace understudy {
namespace {

class SecureMember : public Connections {
 protected:
  void SetUp() override { serve(signed_for({.names = {"m.example"}})); }

  TestCertificate signed_for(TestCertificateOptions options) {
    options.issuer = &authority;
    return make_test_certificate(options);
  }
  void serve(const TestCertificate& certificate, TlsHost::Options options = {}) {
    options.certificates.push_back(usable(certificate));
    server = server_of({host_of(std::move(options))}, tickets);
  }
  void reach(TlsDialer::Options dialer, const std::string& name = "m.example") {
    auto made = TlsDialer::make(std::move(dialer));
    ASSERT_TRUE(made) << made.error().detail;
    open({.tls = *std::move(made), .tls_name = name});
  }
  // Turns the loop; the member answers each complete request.
  bool serve_until(const std::function<bool()>& done) {
    return run_until([&] {
      while (members.size() < accepted_fds.size()) {
        members.push_back(
            {std::make_unique<TlsStream>(*server, std::move(accepted_fds[members.size()])), ""});
      }
      for (Played& member : members) play(member);
      return done();
    });
  }
  struct Played {
    std::unique_ptr<TlsStream> stream;
    std::string received;
  };
  void play(Played& member) {
    std::array<char, 4096> room;
    const IoResult result = member.stream->read(room);
    if (!result.ok()) return;
    member.received.append(room.data(), result.bytes);
    if (!member.received.ends_with("\r\n\r\n")) return;
    member.received.clear();
    EXPECT_TRUE(write_text(*member.stream, answer).ok());
  }
  std::string ask() {
    Asker asker(*scratch);
    auto upstream = connections->connect(asker);
    EXPECT_TRUE(upstream.has_value());
    asker.upstream = *upstream;
    EXPECT_TRUE(serve_until([&] { return asker.upstream == nullptr; }));
    failed = asker.failed;
    return asker.failed ? asker.why : asker.text;
  }

  SystemClock clock;
  TlsTickets tickets{clock};
  TestCertificate authority = make_test_certificate({.names = {"authority"}, .is_authority = true});
  std::shared_ptr<const TlsServer> server;
  std::vector<Played> members;
  std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  std::optional<ErrorCode> failed;
};

TEST_F(SecureMember, IsAskedInsideTlsAndKept) {
  reach({.authorities = authority.chain});
  EXPECT_EQ(ask(), "ok");
  EXPECT_EQ(connections->idle_count(), 1u);
  EXPECT_EQ(members[0].stream->host()->names(), std::vector<std::string>{});
  // Tickets that come while it is idle are no unasked answer.
  EXPECT_TRUE(serve_until([turns = 0]() mutable { return ++turns > 10; }));
  EXPECT_EQ(connections->idle_count(), 1u);
}

TEST_F(SecureMember, TheSecondConnectionIsResumed) {
  answer = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";
  reach({.authorities = authority.chain});
  EXPECT_EQ(ask(), "ok");
  EXPECT_EQ(ask(), "ok");
  ASSERT_EQ(members.size(), 2u);
  EXPECT_FALSE(members[0].stream->has_resumed());
  EXPECT_TRUE(members[1].stream->has_resumed());
}

TEST_F(SecureMember, WhoCannotProveItsNameIsNotAsked) {
  reach({.authorities = authority.chain}, "other.example");
  EXPECT_NE(ask().find("(other.example) failed: certificate verify failed: hostname mismatch"),
            std::string::npos);
  EXPECT_EQ(failed, ErrorCode::kTls);
  EXPECT_EQ(members[0].received, "");
  EXPECT_EQ(connections->open_count(), 0u);
}

TEST_F(SecureMember, TheReasonsAreToldApart) {
  serve(signed_for({.names = {"m.example"}, .valid_from = -7200, .valid_until = -3600}));
  reach({.authorities = authority.chain});
  EXPECT_NE(ask().find("certificate has expired"), std::string::npos);
  EXPECT_EQ(failed, ErrorCode::kTls);
}

TEST_F(SecureMember, WithAnUnknownIssuerIsNotAsked) {
  serve(make_test_certificate({.names = {"m.example"}}));
  reach({.authorities = authority.chain});
  EXPECT_NE(ask().find("self-signed certificate"), std::string::npos);
  EXPECT_EQ(failed, ErrorCode::kTls);
}

// CVE-2026-1642: bytes in plain before the handshake were relayed as the answer.
TEST_F(SecureMember, WhoAnswersInPlainIsNotHeard) {
  reach({.authorities = authority.chain});
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return accepted_fds.size() == 1; }));
  say(0, answer);
  ASSERT_TRUE(run_until([&] { return asker.upstream == nullptr; }));
  EXPECT_EQ(asker.failed, ErrorCode::kTls);
  EXPECT_EQ(asker.status, 0u);
}

TEST_F(SecureMember, WhoClosesDuringTheHandshakeIsNotAsked) {
  reach({.authorities = authority.chain});
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return accepted_fds.size() == 1; }));
  accepted_fds.clear();
  ASSERT_TRUE(run_until([&] { return asker.upstream == nullptr; }));
  EXPECT_EQ(asker.failed, ErrorCode::kTls);
}

TEST_F(SecureMember, ASilentHandshakeCanBeGivenUp) {
  reach({.authorities = authority.chain});
  Asker asker(*scratch);
  asker.upstream = *connections->connect(asker);
  ASSERT_TRUE(run_until([&] { return accepted_fds.size() == 1; }));
  EXPECT_FALSE(asker.connected);
  asker.release();
  EXPECT_EQ(connections->open_count(), 0u);
}

}  // namespace
}  // namespace understudy
