// SPDX-License-Identifier: Apache-2.0
#include "base/tls_dialer.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "tests/base/tls_pair.h"

namespace understudy {
namespace {

using Dialer = std::shared_ptr<const TlsDialer>;

Dialer dialer_of(TlsDialer::Options options) {
  auto made = TlsDialer::make(std::move(options));
  EXPECT_TRUE(made) << made.error().detail;
  return *std::move(made);
}

// A stream of ours and one of a server at the two ends of a socket pair, moved on in turns.
struct Dialled {
  std::unique_ptr<TlsStream> ours;
  std::unique_ptr<TlsStream> theirs;
  std::string theirs_received;

  Dialled(TlsTarget& target, const TlsServer& server) {
    auto [mine, other] = socket_pair();
    ours = std::make_unique<TlsStream>(target, std::move(mine));
    theirs = std::make_unique<TlsStream>(server, std::move(other));
  }
  bool shake_hands() {
    constexpr int kTurns = 8;
    for (int turn = 0; turn < kTurns; ++turn) {
      if (ours->shake_hands().state == IoResult::State::kError) return false;
      std::array<char, 1024> room;
      const IoResult result = theirs->read(room);
      if (result.ok()) theirs_received.append(room.data(), result.bytes);
    }
    return ours->is_established() && theirs->is_established();
  }
  // Tickets of TLS 1.3 come behind the handshake, with what is read.
  bool say(const std::string& text) {
    if (!write_text(*theirs, text).ok()) return false;
    std::array<char, 1024> room;
    const IoResult result = ours->read(room);
    return result.ok() && std::string_view(room.data(), result.bytes) == text;
  }
};

class Dialling : public testing::Test {
 protected:
  TestCertificate certificate(TestCertificateOptions options) {
    options.issuer = &authority;
    return make_test_certificate(options);
  }
  std::shared_ptr<const TlsServer> serving(const TestCertificate& shown,
                                           TlsHost::Options options = {}) {
    options.certificates.push_back(usable(shown));
    return server_of({host_of(std::move(options))}, tickets);
  }
  std::string why_not(const TestCertificate& shown, const std::string& name,
                      TlsDialer::Options options) {
    const auto server = serving(shown);
    TlsTarget target(dialer_of(std::move(options)), name);
    Dialled dialled(target, *server);
    return dialled.shake_hands() ? "" : std::string(dialled.ours->error_text());
  }

  SystemClock clock;
  TlsTickets tickets{clock};
  TestCertificate authority = make_test_certificate({.names = {"authority"}, .is_authority = true});
};

TEST_F(Dialling, WhoIsTrustedAndNamedIsSpokenTo) {
  const auto shown = certificate({.names = {"a.example", "127.0.0.1"}});
  for (const std::string name : {"a.example", "A.Example", "a.example.", "127.0.0.1"}) {
    EXPECT_EQ(why_not(shown, name, {.authorities = authority.chain}), "") << name;
  }
}

TEST_F(Dialling, EachReasonForRefusalHasItsOwnName) {
  const auto good = certificate({.names = {"a.example"}});
  const auto old = certificate({.names = {"a.example"}, .valid_from = -7200, .valid_until = -3600});
  const auto stranger = make_test_certificate({.names = {"a.example"}});
  struct Row {
    const TestCertificate& shown;
    std::string name;
    std::string authorities;
    std::string why;
  };
  const std::vector<Row> rows = {
      {good, "b.example", authority.chain, "hostname mismatch"},
      {good, "", authority.chain, "hostname mismatch"},
      {good, "127.0.0.1", authority.chain, "IP address mismatch"},
      {old, "a.example", authority.chain, "certificate has expired"},
      {stranger, "a.example", authority.chain, "self-signed certificate"},
      {good, "a.example", stranger.chain, "self-signed certificate in certificate chain"},
      {good, "a.example", "", "self-signed certificate in certificate chain"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name + " " + row.why);
    const std::string why = why_not(row.shown, row.name, {.authorities = row.authorities});
    EXPECT_NE(why.find(row.why), std::string::npos) << why;
  }
}

TEST_F(Dialling, WhatIsNotAskedForIsNotChecked) {
  const auto other = certificate({.names = {"b.example"}});
  const auto old = certificate({.names = {"a.example"}, .valid_from = -7200, .valid_until = -3600});
  const auto stranger = make_test_certificate({.names = {"b.example"}});
  EXPECT_EQ(why_not(other, "a.example", {.checks_name = false, .authorities = authority.chain}),
            "");
  EXPECT_EQ(why_not(old, "a.example", {.checks_time = false, .authorities = authority.chain}), "");
  EXPECT_EQ(why_not(stranger, "b.example", {.verifies = false}), "");
  EXPECT_EQ(why_not(stranger, "a.example", {.verifies = false, .checks_name = false}), "");
}

TEST_F(Dialling, TheNameIsShownToTheServer) {
  TlsHost::Options first{.names = {"a.example"}};
  TlsHost::Options second{.names = {"b.example"}};
  first.certificates.push_back(usable(certificate({.names = {"a.example"}})));
  second.certificates.push_back(usable(certificate({.names = {"b.example"}})));
  const auto server = server_of({host_of(std::move(first)), host_of(std::move(second))}, tickets);
  TlsTarget target(dialer_of({.authorities = authority.chain}), "b.example");
  Dialled dialled(target, *server);
  ASSERT_TRUE(dialled.shake_hands()) << dialled.ours->error_text();
  EXPECT_EQ(dialled.theirs->host()->names(), std::vector<std::string>{"b.example"});
}

TEST_F(Dialling, ATicketSparesTheNextHandshake) {
  const auto server = serving(certificate({.names = {"a.example"}}));
  for (const TlsVersion newest : {TlsVersion::kTls12, TlsVersion::kTls13}) {
    TlsTarget target(dialer_of({.authorities = authority.chain, .newest = newest}), "a.example");
    Dialled first(target, *server);
    ASSERT_TRUE(first.shake_hands()) << first.ours->error_text();
    ASSERT_TRUE(first.say("x"));
    ASSERT_GT(target.tickets(), 0u);
    Dialled second(target, *server);
    ASSERT_TRUE(second.shake_hands()) << second.ours->error_text();
    EXPECT_TRUE(second.ours->has_resumed());
  }
}

TEST_F(Dialling, NoMoreTicketsAreKeptThanTheLimit) {
  const auto server = serving(certificate({.names = {"a.example"}}));
  TlsTarget target(dialer_of({.authorities = authority.chain}), "a.example");
  for (size_t i = 0; i < 2 * TlsTarget::kTicketsMax; ++i) {
    Dialled one(target, *server);
    ASSERT_TRUE(one.shake_hands() && one.say("x"));
    EXPECT_LE(target.tickets(), TlsTarget::kTicketsMax);
  }
  target.forget_tickets();
  Dialled last(target, *server);
  ASSERT_TRUE(last.shake_hands());
  EXPECT_FALSE(last.ours->has_resumed());
}

// haproxy#3195: a session made with one name was resumed with another at the same address.
TEST_F(Dialling, ATicketOfOneNameIsNeverShownWithAnother) {
  const auto server = serving(certificate({.names = {"a.example"}}));
  const Dialer dialer = dialer_of({.authorities = authority.chain});
  TlsTarget known(dialer, "a.example");
  TlsTarget other(dialer, "b.example");
  Dialled first(known, *server);
  ASSERT_TRUE(first.shake_hands() && first.say("x"));
  Dialled second(other, *server);
  EXPECT_FALSE(second.shake_hands());
  EXPECT_NE(second.ours->error_text().find("hostname mismatch"), std::string::npos);
}

// As CVE-2025-23419 with the sides changed: what was proved to a lax policy proves nothing to a
// strict one.
TEST_F(Dialling, ATicketOfALaxDialerNeverOpensAStrictOne) {
  const auto server = serving(make_test_certificate({.names = {"a.example"}}));
  TlsTarget lax(dialer_of({.verifies = false}), "a.example");
  TlsTarget strict(dialer_of({.authorities = authority.chain}), "a.example");
  Dialled first(lax, *server);
  ASSERT_TRUE(first.shake_hands() && first.say("x"));
  ASSERT_GT(lax.tickets(), 0u);
  Dialled second(strict, *server);
  EXPECT_FALSE(second.shake_hands());
  EXPECT_FALSE(second.ours->has_resumed());
}

// CVE-2026-1642: plain bytes from the server's side were taken for an answer.
TEST_F(Dialling, PlainBytesAroundTheHandshakeAreNoAnswer) {
  TlsTarget target(dialer_of({.authorities = authority.chain}), "a.example");
  const std::string injected = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
  auto [mine, other] = socket_pair();
  TlsStream stream(target, std::move(mine));
  ASSERT_EQ(::send(other.value(), injected.data(), injected.size(), 0),
            static_cast<ssize_t>(injected.size()));
  EXPECT_EQ(stream.shake_hands().state, IoResult::State::kError);
  EXPECT_FALSE(stream.error_text().empty());
  std::array<char, 64> room;
  EXPECT_EQ(stream.read(room).state, IoResult::State::kError);
}

TEST_F(Dialling, OurCertificateIsShownToWhoAsks) {
  const auto server = serving(
      certificate({.names = {"a.example"}}),
      {.client_certificate = ClientCertificate::kRequired, .client_authorities = authority.chain});
  TlsTarget without(dialer_of({.authorities = authority.chain, .newest = TlsVersion::kTls12}),
                    "a.example");
  EXPECT_FALSE(Dialled(without, *server).shake_hands());
  TlsDialer::Options options{.authorities = authority.chain};
  options.certificate = usable(certificate({.names = {"proxy"}}));
  TlsTarget with(dialer_of(std::move(options)), "a.example");
  Dialled dialled(with, *server);
  EXPECT_TRUE(dialled.shake_hands()) << dialled.ours->error_text();
}

TEST_F(Dialling, BothSidesAgreeOnAProtocolOrPart) {
  const auto shown = certificate({.names = {"a.example"}});
  const auto both = serving(shown, {.protocols = {"h2", "http/1.1"}});
  TlsTarget wants_h2(dialer_of({.authorities = authority.chain, .protocols = {"h2"}}), "a.example");
  Dialled dialled(wants_h2, *both);
  ASSERT_TRUE(dialled.shake_hands());
  EXPECT_EQ(dialled.ours->protocol(), "h2");
  const auto old = serving(shown);
  EXPECT_FALSE(Dialled(wants_h2, *old).shake_hands());
}

TEST_F(Dialling, IdentitiesTellApartWhatIsTrustedShownAndOffered) {
  const auto identity = [](TlsDialer::Options options) {
    return dialer_of(std::move(options))->identity();
  };
  const auto plain = identity({.authorities = authority.chain});
  EXPECT_EQ(plain, identity({.authorities = authority.chain}));
  EXPECT_NE(plain, identity({}));
  EXPECT_NE(plain, identity({.verifies = false, .authorities = authority.chain}));
  EXPECT_NE(plain, identity({.checks_name = false, .authorities = authority.chain}));
  EXPECT_NE(plain, identity({.authorities = authority.chain, .protocols = {"h2"}}));
  TlsDialer::Options with_own{.authorities = authority.chain};
  with_own.certificate = usable(certificate({.names = {"proxy"}}));
  EXPECT_NE(plain, identity(std::move(with_own)));
}

TEST_F(Dialling, ABadFileOfAuthoritiesIsRefused) {
  for (const std::string text : {"no pem", "-----BEGIN CERTIFICATE-----\nAA==\n"}) {
    const auto made = TlsDialer::make({.authorities = text});
    EXPECT_FALSE(made) << text;
  }
}

}  // namespace
}  // namespace understudy
