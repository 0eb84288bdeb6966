// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "proxy/config/config.h"
#include "proxy/config/load.h"
#include "tests/base/test_certificates.h"
#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

constexpr const char* kTwoFiles =
    "SSLCertificateFile shop.crt\nSSLCertificateKeyFile shop.key.pem\n";

class Tls : public testing::Test {
 protected:
  Tls() {
    add("shop", {.names = {"shop.example", "*.shop.example"}});
    static const TestCertificate rsa =
        make_test_certificate({.names = {"shop.example"}, .is_rsa = true});
    add("rsa", rsa);
    add("old", {.names = {"shop.example"}, .valid_from = -7200, .valid_until = -3600});
    add("young", {.names = {"shop.example"}, .valid_from = 3600});
    authority_ = add("authority", {.names = {"authority"}, .is_authority = true});
  }
  TestCertificate add(const std::string& name, const TestCertificateOptions& options) {
    return add(name, make_test_certificate(options));
  }
  TestCertificate add(const std::string& name, const TestCertificate& made) {
    files_.add(name + ".crt", made.chain);
    files_.add(name + ".key.pem", made.key);
    files_.add(name + ".both", made.chain + made.key);
    return made;
  }
  // `text` stands in a host with SSLEngine On; line 6 is its first.
  Loaded load_host(const std::string& text) {
    return load_whole("<VirtualHost 127.0.0.1:8443>\nSSLEngine On\n" + text + "\n</VirtualHost>\n");
  }
  Loaded load_whole(const std::string& text) {
    LoadOptions options;
    options.files = &files_;
    options.parse.environment = nullptr;
    options.load_keyring = keyring_for_tests;
    return load_text("t.conf",
                     "<Location />\nBalancerMember 127.0.0.1:7001\n</Location>\n" + text +
                         "Listen 127.0.0.1:8080\nListen 127.0.0.1:8443\n",
                     options);
  }
  std::string said(const std::string& text) {
    const std::string all = load_host(text).diagnostics;
    return all.substr(0, all.find('\n'));
  }
  conf::MemoryFiles files_;
  TestCertificate authority_;
};

TEST_F(Tls, AHostWithACertificateLoads) {
  const Loaded loaded =
      load_host("ServerName shop.example\nServerAlias a.shop.example\n" + std::string(kTwoFiles));
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.diagnostics, "");
  const auto& hosts = loaded.config->hosts.all();
  EXPECT_EQ(hosts[0].tls, nullptr);
  ASSERT_NE(hosts[1].tls, nullptr);
  EXPECT_EQ(hosts[1].tls->names(), (std::vector<std::string>{"shop.example", "a.shop.example"}));
  EXPECT_EQ(loaded.config->hosts.serving(*Address::parse("127.0.0.1:8443")),
            std::vector<std::size_t>{1});
  EXPECT_EQ(loaded.config->hosts.serving(*Address::parse("127.0.0.1:8080")),
            std::vector<std::size_t>{0});
}

TEST_F(Tls, KeysMayStandWithTheirCertificatesAndOutside) {
  EXPECT_TRUE(load_host("SSLCertificateFile shop.both\n"));
  EXPECT_TRUE(load_host("SSLCertificateFile shop.both\nSSLCertificateFile rsa.both\n"));
  const Loaded inherited = load_whole(
      "SSLCertificateFile shop.both\n<VirtualHost *:8443>\n"
      "SSLEngine On\n</VirtualHost>\n");
  ASSERT_TRUE(inherited) << inherited.diagnostics;
  EXPECT_NE(inherited.config->hosts.all()[1].tls, nullptr);
  EXPECT_EQ(inherited.config->hosts.all()[0].tls, nullptr);
  EXPECT_TRUE(load_host(std::string(kTwoFiles) + "SSLCertificateChainFile authority.crt\n"));
  const Loaded everywhere = load_whole("SSLEngine On\n" + std::string(kTwoFiles));
  ASSERT_TRUE(everywhere) << everywhere.diagnostics;
  EXPECT_NE(everywhere.config->hosts.all()[0].tls, nullptr);
}

TEST_F(Tls, MistakesAreShownWhereTheyStand) {
  files_.add("locked.pem",
             "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED "
             "PRIVATE KEY-----\n");
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"", "t.conf:5:1: error: SSLEngine On needs an SSLCertificateFile"},
      {"SSLCertificateFile no.crt",
       "t.conf:6:20: error: no.crt cannot be read: No such file or directory"},
      {"SSLCertificateFile shop.key.pem",
       "t.conf:6:20: error: shop.key.pem: it holds no certificate in PEM form"},
      {"SSLCertificateFile shop.crt",
       "t.conf:6:20: error: shop.crt: it holds no private key in PEM form"},
      {"SSLCertificateFile shop.crt\nSSLCertificateKeyFile no.pem",
       "t.conf:7:23: error: no.pem cannot be read: No such file or directory"},
      {"SSLCertificateFile shop.crt\nSSLCertificateKeyFile rsa.key.pem",
       "t.conf:7:23: error: rsa.key.pem: this key is not the one of the certificate"},
      {"SSLCertificateFile shop.crt\nSSLCertificateKeyFile locked.pem",
       "t.conf:7:23: error: locked.pem: its private key is encrypted; store it without a "
       "passphrase"},
      {"SSLCertificateFile shop.both\nSSLCertificateFile old.both",
       "t.conf:7:20: error: there is another certificate with a key of the kind EC"},
      {std::string(kTwoFiles) + "SSLCertificateKeyFile rsa.key.pem",
       "t.conf:8:1: error: there are 2 SSLCertificateKeyFile for 1 SSLCertificateFile"},
      {"SSLProtocol TLSv1.1", "t.conf:6:13: error: TLSv1.1 is not offered any more (RFC 8996)"},
      {"SSLProtocol TLSv4", "t.conf:6:13: error: expected TLSv1.2, TLSv1.3 or all, not 'TLSv4'"},
      {"SSLProtocol all -TLSv1.2 -TLSv1.3",
       "t.conf:6:26: error: SSLProtocol leaves no version of TLS"},
      {"SSLCipherSuite PERFECT",
       "t.conf:6:16: error: no cipher of TLS 1.2 is left (no cipher match)"},
      {"SSLCipherSuite TLSv1.3 PERFECT",
       "t.conf:6:24: error: not cipher suites of TLS 1.3 (no cipher match)"},
      {"SSLCipherSuite TLSv1.1 HIGH", "t.conf:6:16: error: expected SSL or TLSv1.3, not 'TLSv1.1'"},
      {"Protocols http/1.0", "t.conf:6:11: error: expected h2, h2c or http/1.1, not 'http/1.0'"},
      {"SSLVerifyClient require",
       "t.conf:6:1: error: SSLVerifyClient needs an SSLCACertificateFile"},
      {"SSLVerifyClient optional\nSSLCACertificateFile no.crt",
       "t.conf:7:22: error: no.crt cannot be read: No such file or directory"},
      {"SSLVerifyClient require\nSSLCACertificateFile shop.key.pem",
       "t.conf:7:22: error: shop.key.pem: it holds no certificate in PEM form"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.text);
    EXPECT_EQ(said(one.text), one.error);
    EXPECT_FALSE(load_host(one.text));
  }
}

TEST_F(Tls, WhatClientsWillMindIsAWarning) {
  const auto with = [](const std::string& name) {
    return "ServerName shop.example\nSSLCertificateFile " + name + ".both";
  };
  EXPECT_EQ(said(with("old")), "t.conf:7:20: warning: the certificate has expired");
  EXPECT_EQ(said(with("young")), "t.conf:7:20: warning: the certificate is not valid yet");
  EXPECT_EQ(said("ServerName other.example\nSSLCertificateFile shop.both"),
            "t.conf:7:20: warning: the certificate is not for other.example, so clients refuse "
            "it");
  EXPECT_TRUE(load_host(with("old")));
}

TEST_F(Tls, Http2IsSpokenWhereProtocolsNamesItForTheKindOfListener) {
  const Loaded loaded = load_whole(
      "<VirtualHost 127.0.0.1:8443>\nSSLEngine On\nSSLCertificateFile shop.both\nProtocols h2 "
      "http/1.1\n</VirtualHost>\n<VirtualHost *:8080>\nProtocols h2 http/1.1\n</VirtualHost>\n"
      "<VirtualHost *:8080>\nProtocols H2C http/1.1\n</VirtualHost>\n");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  const auto& hosts = loaded.config->hosts.all();
  EXPECT_FALSE(hosts[0].http2);
  EXPECT_TRUE(hosts[1].http2);
  EXPECT_FALSE(hosts[2].http2);
  EXPECT_TRUE(hosts[3].http2);
  EXPECT_EQ(load_host("Protocols h2\n" + std::string(kTwoFiles)).error_count, 1U);
}

TEST_F(Tls, ProtocolsAreAddedAndTakenAway) {
  for (const char* good : {"all", "all -SSLv3 -TLSv1 -TLSv1.1", "-all +TLSv1.3", "TLSv1.3",
                           "tlsv1.2 TLSV1.3", "All -TLSv1.3"}) {
    SCOPED_TRACE(good);
    EXPECT_TRUE(load_host(std::string(kTwoFiles) + "SSLProtocol " + good));
  }
}

TEST_F(Tls, ListensSpeakTlsOrTheyDoNot) {
  const Loaded mixed = load_whole(
      "<VirtualHost *:8443>\nServerName a\nSSLEngine On\nSSLCertificateFile shop.both\n"
      "</VirtualHost>\n<VirtualHost 127.0.0.1:8443>\nServerName b\n</VirtualHost>\n");
  EXPECT_FALSE(mixed);
  EXPECT_NE(mixed.diagnostics.find("t.conf:9:2: error: SSLEngine is On in one host of Listen "
                                   "127.0.0.1:8443 and Off in another"),
            std::string::npos)
      << mixed.diagnostics;
}

TEST_F(Tls, AnOcspResponseThatIsNoGoodIsLeftOut) {
  const TestCertificate signed_one =
      add("signed", {.names = {"shop.example"}, .issuer = &authority_});
  files_.add("good.ocsp", make_test_ocsp_response(signed_one, authority_, true));
  files_.add("bad.ocsp", make_test_ocsp_response(signed_one, authority_, false));
  const std::string text = "SSLCertificateFile signed.both\nSSLUseStapling On\nSSLStaplingFile ";
  EXPECT_EQ(said(text + "good.ocsp"), "");
  EXPECT_EQ(said(text + "bad.ocsp"),
            "t.conf:8:17: warning: the OCSP response says that the certificate is revoked; it is "
            "not shown to clients");
  EXPECT_TRUE(load_host(text + "bad.ocsp"));
  EXPECT_FALSE(load_host(text + "no.ocsp"));
}

TEST_F(Tls, ClientCertificatesAreBound) {
  const Loaded loaded = load_host(std::string(kTwoFiles) +
                                  "SSLVerifyClient require\nSSLVerifyDepth 2\nSSLCACertificateFile "
                                  "authority.crt\n");
  ASSERT_TRUE(loaded) << loaded.diagnostics;
  EXPECT_EQ(loaded.config->hosts.all()[1].tls->client_certificate(), ClientCertificate::kRequired);
}

constexpr const char* kVerifies =
    "SSLCertificateFile shop.both\nSSLVerifyClient require\nSSLCACertificateFile authority.crt\n";

TEST_F(Tls, RevocationListsAreReadFromFilesAndDirectories) {
  files_.add("revoked.pem", make_test_revocation_list(authority_, {}));
  files_.add("lists/12345678.r0", make_test_revocation_list(authority_, {}));
  files_.add("lists/12345678.r1", make_test_revocation_list(authority_, {}));
  files_.add("lists/readme.txt", "no list");
  for (const std::string lines :
       {"SSLCARevocationCheck chain\nSSLCARevocationFile revoked.pem",
        "SSLCARevocationCheck LEAF no_crl_for_cert_ok\nSSLCARevocationFile revoked.pem",
        "SSLCARevocationCheck leaf\nSSLCARevocationPath lists", "SSLCARevocationCheck none",
        "SSLCARevocationCheck chain\nSSLCARevocationFile revoked.pem\nSSLCARevocationPath lists"}) {
    SCOPED_TRACE(lines);
    const Loaded loaded = load_host(kVerifies + lines);
    EXPECT_TRUE(loaded);
    EXPECT_EQ(loaded.diagnostics, "");
  }
}

TEST_F(Tls, WhatIsWrongWithRevocationListsRefusesTheStart) {
  files_.add("expired.pem", make_test_revocation_list(authority_, {}, -3600));
  files_.add("broken.pem", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
  files_.add("lists/12345678.r0", "nothing");
  const struct {
    const char* lines;
    const char* said;
  } kCases[] = {
      {"SSLCARevocationCheck chain", "error: SSLCARevocationCheck needs a SSLCARevocationFile"},
      {"SSLCARevocationCheck all", "error: expected chain, leaf or none"},
      {"SSLCARevocationCheck chain strictly", "error: expected chain, leaf or none"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationFile missing.pem", "cannot be read"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationFile authority.crt",
       "error: authority.crt: it holds no revocation list in PEM form"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationFile broken.pem",
       "error: broken.pem: it holds a revocation list that cannot be read"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationPath empty",
       "error: empty holds no revocation list that `openssl rehash` has named"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationPath lists",
       "error: lists/12345678.r0: it holds no revocation list in PEM form"},
      {"SSLCARevocationCheck leaf\nSSLCARevocationFile expired.pem",
       "warning: expired.pem should have been replaced by now"},
      {"SSLCARevocationFile expired.pem",
       "warning: nobody looks into it: SSLCARevocationCheck is none"},
  };
  for (const auto& one : kCases) {
    SCOPED_TRACE(one.lines);
    const Loaded loaded = load_host(kVerifies + std::string(one.lines));
    EXPECT_NE(loaded.diagnostics.find(one.said), std::string::npos) << loaded.diagnostics;
    EXPECT_EQ(static_cast<bool>(loaded), std::string(one.said).starts_with("warning"));
  }
}

}  // namespace
}  // namespace understudy::config
