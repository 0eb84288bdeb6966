// SPDX-License-Identifier: Apache-2.0
#include "base/tls_certificate.h"

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/base/test_certificates.h"

namespace understudy {
namespace {

int64_t now() {
  return wall_clock_us() / 1'000'000;
}

TEST(TlsCertificate, KnowsItsTimesNamesAndKind) {
  const TestCertificate made = make_test_certificate({.names = {"a.example", "*.b.example"}});
  const auto certificate = TlsCertificate::parse(made.chain);
  ASSERT_TRUE(certificate);
  EXPECT_NEAR(static_cast<double>((*certificate)->valid_from()), static_cast<double>(now() - 3600),
              60);
  EXPECT_NEAR(static_cast<double>((*certificate)->valid_until()),
              static_cast<double>(now() + 86400), 60);
  EXPECT_TRUE((*certificate)->covers("a.example"));
  EXPECT_TRUE((*certificate)->covers("x.b.example"));
  EXPECT_FALSE((*certificate)->covers("x.y.b.example"));
  EXPECT_FALSE((*certificate)->covers("b.example"));
  EXPECT_EQ((*certificate)->key_kind(), "EC");
  EXPECT_EQ((*TlsCertificate::parse(make_test_certificate({.is_rsa = true}).chain))->key_kind(),
            "RSA");
}

TEST(TlsCertificate, TakesOnlyItsOwnKey) {
  const TestCertificate made = make_test_certificate();
  const auto certificate = TlsCertificate::parse(made.chain);
  EXPECT_TRUE((*certificate)->set_key(made.key));
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {make_test_certificate().key, "this key is not the one of the certificate"},
      {make_test_certificate({.is_rsa = true}).key, "this key is not the one of the certificate"},
      {"", "it holds no private key in PEM form"},
      {made.chain, "it holds no private key in PEM form"},
      {"-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
       "its private key is encrypted; store it without a passphrase"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.error);
    const auto result = (*certificate)->set_key(one.text);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().detail, one.error);
  }
}

TEST(TlsCertificate, TextsWithoutACertificateAreRefused) {
  const std::string whole = make_test_certificate().chain;
  for (const std::string& text : {std::string(), std::string("no"),
                                  whole.substr(0, whole.size() / 2), make_test_certificate().key}) {
    const auto certificate = TlsCertificate::parse(text);
    ASSERT_FALSE(certificate);
    EXPECT_EQ(certificate.error().detail, "it holds no certificate in PEM form");
  }
}

TEST(TlsCertificate, AChainHasAMaximum) {
  const std::string one = make_test_certificate().chain;
  std::string text;
  for (size_t i = 0; i < TlsCertificate::kChainMax; ++i) text += one;
  EXPECT_TRUE(TlsCertificate::parse(text));
  const auto more = TlsCertificate::parse(text + one);
  ASSERT_FALSE(more);
  EXPECT_EQ(more.error().detail, "it holds more than 16 certificates");
}

TEST(TlsCertificate, StaplesOnlyWhatItsIssuerSaysWell) {
  const TestCertificate authority =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const TestCertificate stranger =
      make_test_certificate({.names = {"authority"}, .is_authority = true});
  const TestCertificate made = make_test_certificate({.issuer = &authority});
  const TestCertificate other = make_test_certificate({.issuer = &authority});
  const auto certificate = TlsCertificate::parse(made.chain);
  ASSERT_TRUE(certificate);
  const std::string good = make_test_ocsp_response(made, authority, true);
  const struct {
    std::string response;
    int64_t at;
    std::string error;
  } cases[] = {
      {"", now(), "it is no successful OCSP response"},
      {good.substr(1), now(), "it is no successful OCSP response"},
      {make_test_ocsp_response(made, authority, false), now(),
       "the OCSP response says that the certificate is revoked"},
      {make_test_ocsp_response(other, authority, true), now(),
       "the OCSP response is about another certificate"},
      {good, now() + 3601, "the OCSP response is out of date"},
      {good, now() - 7200, "the OCSP response is out of date"},
  };
  for (const auto& one : cases) {
    SCOPED_TRACE(one.error);
    const auto result = (*certificate)->set_ocsp_response(one.response, one.at);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().detail, one.error);
  }
  const auto forged =
      (*certificate)->set_ocsp_response(make_test_ocsp_response(made, stranger, true), now());
  ASSERT_FALSE(forged);
  EXPECT_NE(forged.error().detail.find("not signed by the certificate's issuer"),
            std::string::npos);
  EXPECT_TRUE((*certificate)->set_ocsp_response(good, now()));
  EXPECT_EQ((*certificate)->ocsp_response(), good);
}

}  // namespace
}  // namespace understudy
