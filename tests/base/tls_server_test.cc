// SPDX-License-Identifier: Apache-2.0
#include "base/tls_server.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/base/tls_pair.h"

namespace understudy {
namespace {

class Server : public testing::Test {
 protected:
  std::shared_ptr<const TlsServer> serve(std::vector<std::shared_ptr<const TlsHost>> hosts) {
    return server_of(std::move(hosts), tickets);
  }
  // A first visit, to come back from; null when the server gives no ticket.
  std::shared_ptr<ssl_session_st> visit(const TlsServer& server, TlsClient::Options options) {
    TlsPair pair(server, options);
    EXPECT_TRUE(pair.shake_hands()) << pair.stream->error_text();
    return {pair.client->take_session(), free_session};
  }
  bool resumes(const TlsServer& server, TlsClient::Options options,
               const std::shared_ptr<ssl_session_st>& session) {
    options.session = session.get();
    TlsPair pair(server, options);
    EXPECT_TRUE(pair.shake_hands()) << pair.stream->error_text();
    return pair.client->has_resumed();
  }

  ManualClock clock;
  TlsTickets tickets{clock};
};

TEST_F(Server, ChoosesTheHostByName) {
  const auto server =
      serve({host_of({.names = {"first.example"}}), host_of({.names = {"one.example", "alias"}}),
             host_of({.names = {"*.one.example"}}), host_of({.names = {"one.example"}})});
  const struct {
    std::string asked;
    std::string shown;
  } cases[] = {
      {"one.example", "one.example"},
      {"ONE.Example", "one.example"},
      {"alias", "one.example"},
      {"a.one.example", "*.one.example"},
      {"a.b.one.example", "first.example"},
      {"unknown.example", "first.example"},
      {"", "first.example"},
      {std::string(255, 'x'), "first.example"},
  };
  for (const auto& one : cases) {
    for (const bool only_tls12 : {false, true}) {
      SCOPED_TRACE(one.asked + (only_tls12 ? " 1.2" : " 1.3"));
      TlsPair pair(*server, {.server_name = one.asked, .only_tls12 = only_tls12});
      ASSERT_TRUE(pair.shake_hands()) << pair.stream->error_text();
      EXPECT_EQ(pair.client->server_name_shown(), one.shown);
      EXPECT_EQ(pair.stream->host()->names().front(), one.shown);
    }
  }
  EXPECT_EQ(server->host_named("one.example.").names().front(), "one.example");
  EXPECT_EQ(server->host_named(".one.example").names().front(), "first.example");
  EXPECT_EQ(server->host_named(std::string(256, 'x')).names().front(), "first.example");
}

TEST_F(Server, ShowsTheCertificateTheClientUnderstands) {
  TlsHost::Options options{.names = {"a"}};
  options.certificates.push_back(usable(make_test_certificate({.names = {"a"}, .is_rsa = true})));
  options.certificates.push_back(usable(make_test_certificate({.names = {"a"}})));
  const auto server = serve({host_of(std::move(options))});
  TlsPair rsa(*server, {.only_tls12 = true, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"});
  ASSERT_TRUE(rsa.shake_hands());
  EXPECT_EQ(rsa.client->key_kind_shown(), "RSA");
  TlsPair ec(*server, {.only_tls12 = true, .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256"});
  ASSERT_TRUE(ec.shake_hands());
  EXPECT_EQ(ec.client->key_kind_shown(), "EC");
}

TEST_F(Server, SpeaksWhatBothSpeak) {
  const auto server = serve(
      {host_of({.names = {"a"}}), host_of({.names = {"b"}, .protocols = {"h2", "http/1.1"}})});
  const struct {
    std::string name;
    std::vector<std::string> offered;
    std::string spoken;
  } cases[] = {
      {"a", {}, ""},
      {"a", {"http/1.1"}, "http/1.1"},
      {"a", {"h2", "http/1.1"}, "http/1.1"},
      {"b", {"http/1.1", "h2"}, "h2"},
      {"b", {"http/1.1"}, "http/1.1"},
  };
  for (const auto& one : cases) {
    TlsPair pair(*server, {.server_name = one.name, .protocols = one.offered});
    ASSERT_TRUE(pair.shake_hands()) << pair.stream->error_text();
    EXPECT_EQ(pair.client->protocol(), one.spoken);
    EXPECT_EQ(pair.stream->protocol(), one.spoken);
  }
  TlsPair nothing_in_common(*server, {.server_name = "a", .protocols = {"h2", "spdy/3"}});
  EXPECT_FALSE(nothing_in_common.shake_hands());
}

TEST_F(Server, VersionsAreThoseOfTheChosenHost) {
  const auto server = serve({host_of({.names = {"both"}}),
                             host_of({.names = {"new"}, .oldest = TlsVersion::kTls13}),
                             host_of({.names = {"old"}, .newest = TlsVersion::kTls12})});
  const struct {
    TlsClient::Options client;
    std::string version;  // empty: refused
  } cases[] = {
      {{.server_name = "both"}, "TLSv1.3"},
      {{.server_name = "both", .only_tls12 = true}, "TLSv1.2"},
      {{.server_name = "both", .only_tls11 = true}, ""},
      {{.server_name = "new"}, "TLSv1.3"},
      {{.server_name = "new", .only_tls12 = true}, ""},
      {{.server_name = "old"}, "TLSv1.2"},
      {{.server_name = "old", .only_tls13 = true}, ""},
      {{.server_name = "old", .only_tls11 = true}, ""},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.client.server_name + " " + one.version);
    TlsPair pair(*server, one.client);
    ASSERT_EQ(pair.shake_hands(), !one.version.empty());
    if (!one.version.empty()) {
      EXPECT_EQ(pair.client->version(), one.version);
    }
  }
}

TEST_F(Server, OffersNothingWeak) {
  const auto server = serve({host_of({})});
  for (const char* weak :
       {"AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES128-SHA256",
        "DHE-RSA-AES128-GCM-SHA256", "aNULL", "eNULL"}) {
    SCOPED_TRACE(weak);
    TlsPair pair(*server, {.only_tls12 = true, .ciphers = std::string(weak) + ":@SECLEVEL=0"});
    EXPECT_FALSE(pair.shake_hands());
  }
}

TEST_F(Server, CiphersAndTheirOrderCanBeChosen) {
  const auto server = serve(
      {host_of({.names = {"a"},
                .ciphers = "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
                .server_chooses_cipher = true}),
       host_of(
           {.names = {"b"}, .oldest = TlsVersion::kTls13, .suites = "TLS_AES_256_GCM_SHA384"})});
  TlsPair ordered(*server, {.server_name = "a",
                            .only_tls12 = true,
                            .ciphers = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-"
                                       "SHA384"});
  ASSERT_TRUE(ordered.shake_hands());
  EXPECT_EQ(ordered.client->cipher(), "ECDHE-ECDSA-AES256-GCM-SHA384");
  TlsPair suite(*server, {.server_name = "b"});
  ASSERT_TRUE(suite.shake_hands());
  EXPECT_EQ(suite.client->cipher(), "TLS_AES_256_GCM_SHA384");
}

TEST_F(Server, AClientComesBackWithItsTicket) {
  const auto server = serve({host_of({.names = {"a"}}), host_of({.names = {"b"}})});
  // After a reload the same secrets serve another set of contexts.
  const auto reloaded = serve({host_of({.names = {"a"}}), host_of({.names = {"b"}})});
  for (const bool only_tls12 : {false, true}) {
    SCOPED_TRACE(only_tls12);
    const TlsClient::Options options{.server_name = "b", .only_tls12 = only_tls12};
    EXPECT_TRUE(resumes(*server, options, visit(*server, options)));
    EXPECT_TRUE(resumes(*reloaded, options, visit(*server, options)));
  }
}

TEST_F(Server, ATicketOpensNoOtherHost) {
  const TestCertificate authority =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const auto server = serve({host_of({.names = {"a"}}), host_of({.names = {"b"}}),
                             host_of({.names = {"strict"},
                                      .client_certificate = ClientCertificate::kRequired,
                                      .client_authorities = authority.chain})});
  for (const bool only_tls12 : {false, true}) {
    SCOPED_TRACE(only_tls12);
    const auto session = visit(*server, {.server_name = "a", .only_tls12 = only_tls12});
    ASSERT_TRUE(session);
    EXPECT_FALSE(resumes(*server, {.server_name = "b", .only_tls12 = only_tls12}, session));
    TlsPair pair(*server,
                 {.server_name = "strict", .only_tls12 = only_tls12, .session = session.get()});
    EXPECT_FALSE(pair.shake_hands());
  }
}

TEST_F(Server, ATicketExpiresWithItsSecret) {
  const auto server = serve({host_of({})});
  const auto session = visit(*server, {});
  ASSERT_TRUE(session);
  clock.advance(TlsTickets::kLife);
  EXPECT_TRUE(resumes(*server, {}, session));
  clock.advance(TlsTickets::kLife);
  EXPECT_FALSE(resumes(*server, {}, session));
}

TEST_F(Server, WithoutTicketsNobodyComesBack) {
  const auto server = serve({host_of({.has_tickets = false})});
  for (const bool only_tls12 : {false, true}) {
    const TlsClient::Options options{.only_tls12 = only_tls12};
    const auto session = visit(*server, options);
    if (session) {
      EXPECT_FALSE(resumes(*server, options, session));
    }
  }
}

TEST_F(Server, AsksForCertificatesWhereItShould) {
  const TestCertificate authority =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const TestCertificate good = make_test_certificate({.names = {"user"}, .issuer = &authority});
  const TestCertificate stranger = make_test_certificate({.names = {"user"}});
  const auto with = [&](const char* name, ClientCertificate wanted) {
    return host_of(
        {.names = {name}, .client_certificate = wanted, .client_authorities = authority.chain});
  };
  const auto server =
      serve({host_of({.names = {"none"}}), with("optional", ClientCertificate::kOptional),
             with("required", ClientCertificate::kRequired)});
  const struct {
    std::string name;
    const TestCertificate* shown;
    bool works;
  } cases[] = {
      {"none", nullptr, true},   {"none", &stranger, true},      {"optional", nullptr, true},
      {"optional", &good, true}, {"optional", &stranger, false}, {"required", nullptr, false},
      {"required", &good, true}, {"required", &stranger, false},
  };
  for (const auto& one : cases) {
    for (const bool only_tls12 : {false, true}) {
      SCOPED_TRACE(one.name + (one.shown == &good ? " good" : one.shown ? " stranger" : ""));
      TlsPair pair(*server,
                   {.server_name = one.name, .only_tls12 = only_tls12, .certificate = one.shown});
      EXPECT_EQ(pair.shake_hands(), one.works) << pair.stream->error_text();
    }
  }
}

TEST_F(Server, StaplesWhatItHas) {
  const TestCertificate authority =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const TestCertificate made = make_test_certificate({.names = {"a"}, .issuer = &authority});
  const std::string response = make_test_ocsp_response(made, authority, true);
  TlsHost::Options options{.names = {"a"}};
  options.certificates.push_back(usable(made));
  ASSERT_TRUE(
      options.certificates.back()->set_ocsp_response(response, wall_clock_us() / 1'000'000));
  const auto server = serve({host_of(std::move(options))});
  for (const bool only_tls12 : {false, true}) {
    TlsPair asking(*server, {.only_tls12 = only_tls12, .asks_for_ocsp = true});
    ASSERT_TRUE(asking.shake_hands()) << asking.stream->error_text();
    EXPECT_EQ(asking.client->ocsp_response(), response);
    TlsPair not_asking(*server, {.only_tls12 = only_tls12});
    ASSERT_TRUE(not_asking.shake_hands());
    EXPECT_EQ(not_asking.client->ocsp_response(), "");
  }
}

TEST_F(Server, AHandshakeOutlivesItsServer) {
  auto server = serve({host_of({.names = {"a"}})});
  TlsPair pair(*server, {.server_name = "a"});
  server.reset();
  EXPECT_TRUE(pair.shake_hands()) << pair.stream->error_text();
}

TEST(TlsHost, SaysWhatCannotBeUsed) {
  EXPECT_TRUE(TlsHost::check_ciphers("HIGH:!MD5"));
  EXPECT_FALSE(TlsHost::check_ciphers("PERFECT"));
  EXPECT_FALSE(TlsHost::check_ciphers("aNULL"));
  EXPECT_TRUE(TlsHost::check_suites("TLS_AES_128_GCM_SHA256"));
  EXPECT_FALSE(TlsHost::check_suites("ECDHE-RSA-AES128-GCM-SHA256"));
  EXPECT_FALSE(TlsHost::check_suites(""));
  const std::string one = make_test_certificate({.is_authority = true}).chain;
  EXPECT_TRUE(TlsHost::check_authorities(one + one));
  EXPECT_FALSE(TlsHost::check_authorities(""));
  EXPECT_FALSE(TlsHost::check_authorities("no certificate"));
  EXPECT_FALSE(TlsHost::check_authorities(one + one.substr(0, one.size() / 2)));
}

}  // namespace
}  // namespace understudy
