// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "tests/base/test_certificates.h"
#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

class MemberTls : public testing::Test {
 protected:
  MemberTls() {
    const auto made = make_test_certificate({.names = {"authority"}, .is_authority = true});
    files_.add("ca.pem", made.chain);
    files_.add("own.pem", made.chain + made.key);
    files_.add("no.pem", "nothing");
  }
  // `text` stands in the location; line 2 is its first.
  Loaded load_location(const std::string& text) {
    LoadOptions options;
    options.files = &files_;
    options.parse.environment = nullptr;
    options.load_keyring = keyring_for_tests;
    return load_text(
        "t.conf",
        "<Location />\n" + text + "\n</Location>\nSessionCookieFormat route\nListen 127.0.0.1:80\n",
        options);
  }
  std::string said(const std::string& text) {
    const std::string all = load_location(text).diagnostics;
    return all.substr(0, all.find('\n'));
  }
  const Cluster cluster(const std::string& text) {
    const Loaded loaded = load_location(text);
    EXPECT_TRUE(loaded) << loaded.diagnostics;
    return loaded ? loaded.config->clusters.front() : Cluster();
  }
  conf::MemoryFiles files_;
};

TEST_F(MemberTls, SecureProxyAndHttpsMeanTheSame) {
  for (const std::string text :
       {"SecureProxy On\nBackendCluster a:1,b:1", "BalancerMember https://a:1\n",
        "SecureProxy On\nBackendHost a\nBackendPort 1\n",
        "SSLProxyEngine On\nBalancerMember https://a\n"}) {
    const Cluster found = cluster(text);
    ASSERT_NE(found.tls, nullptr) << text;
    EXPECT_TRUE(found.tls->verifies()) << text;
  }
  EXPECT_EQ(cluster("ProxyPass https://a/\n").seeds.front().address, "a:443");
  EXPECT_EQ(cluster("BalancerMember http://a\nSSLProxyEngine On").tls, nullptr);
}

// As in Apache, who may have https:// members behind a ProxyPass and no authority named.
TEST_F(MemberTls, BehindProxyPassItIsVerifiedWhenSslProxyVerifySaysSo) {
  EXPECT_FALSE(cluster("ProxyPass https://a/\n").tls->verifies());
  EXPECT_FALSE(cluster("SSLProxyVerify optional_no_ca\nProxyPass https://a/\n").tls->verifies());
  EXPECT_TRUE(cluster("SSLProxyVerify require\nProxyPass https://a/\n").tls->verifies());
  EXPECT_TRUE(cluster("SSLProxyVerify optional\nProxyPass https://a/\n").tls->verifies());
}

TEST_F(MemberTls, TheNameIsLookedAtUnlessBothDirectivesLeaveItOut) {
  const auto identity = [this](const std::string& text) {
    return cluster(text + "\nProxyPass https://a/\n").tls->identity();
  };
  const auto looks = identity("");
  EXPECT_EQ(identity("SSLProxyCheckPeerName On\nSSLProxyCheckPeerCN Off"), looks);
  EXPECT_EQ(identity("SSLProxyCheckPeerName Off\nSSLProxyCheckPeerCN On"), looks);
  const auto does_not = identity("SSLProxyCheckPeerName Off");
  EXPECT_NE(does_not, looks);
  EXPECT_EQ(identity("SSLProxyCheckPeerCN Off"), does_not);
  EXPECT_EQ(identity("SSLProxyCheckPeerName Off\nSSLProxyCheckPeerCN Off"), does_not);
}

TEST_F(MemberTls, ThePlugInsNamesAreKnown) {
  EXPECT_NE(cluster("SecureProxy ON\nTrustedCAFile ca.pem\nRequireSSLHostMatch true\n"
                    "WebLogicSSLVersion TLSv1_2\nWLSRequest On\nWebLogicCluster a:1")
                .tls,
            nullptr);
}

TEST_F(MemberTls, MistakesAreShownWhereTheyStand) {
  struct Row {
    std::string text;
    std::string first_line;
  };
  const std::vector<Row> rows = {
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyCACertificateFile none.pem",
       "t.conf:4:27: error: none.pem cannot be read: No such file or directory"},
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyCACertificateFile no.pem",
       "t.conf:4:27: error: no.pem: it holds no certificate in PEM form"},
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyMachineCertificateFile ca.pem",
       "t.conf:4:32: error: ca.pem: "},
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyProtocol TLSv1.1",
       "t.conf:4:18: error: TLSv1.1 is not offered any more (RFC 8996)"},
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyCipherSuite NO-SUCH",
       "t.conf:4:21: error: no cipher of TLS 1.2 is left"},
      {"SecureProxy On\nBalancerMember a:1\nSSLProxyVerify perhaps", "t.conf:4:16: error: "},
      {"SecureProxy On\nBalancerMember http://a:1",
       "t.conf:2:13: error: SecureProxy is On, but a:1 is named with http://"},
      {"SecureProxy Off\nBalancerMember https://a:1",
       "t.conf:2:13: error: SecureProxy is Off, but a:1 is named with https://"},
      {"SSLProxyEngine Off\nBalancerMember https://a:1",
       "t.conf:2:16: error: SSLProxyEngine is Off, but a:1 is named with https://"},
      {"BalancerMember https://a:1\nBalancerMember b:1",
       "t.conf:1:11: error: write http:// or https:// for each member: a:1 is spoken to with TLS, "
       "and b:1 says nothing of it"},
      {"BalancerMember https://a:1\nSSLProxyVerify none",
       "t.conf:3:16: warning: who has signed a member's certificate is not looked at"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.text);
    EXPECT_EQ(said(row.text).substr(0, row.first_line.size()), row.first_line) << said(row.text);
  }
}

TEST_F(MemberTls, BackendProtocolSaysWhatIsSpoken) {
  EXPECT_EQ(cluster("BalancerMember a:1").protocol, MemberProtocol::kHttp1);
  EXPECT_EQ(cluster("BackendProtocol h2\nBalancerMember a:1").protocol, MemberProtocol::kHttp2);
  EXPECT_EQ(cluster("BackendProtocol auto\nBalancerMember https://a").protocol,
            MemberProtocol::kAuto);
  EXPECT_EQ(said("BackendProtocol h3\nBalancerMember a:1").substr(0, 17), "t.conf:2:17: erro");
}

TEST_F(MemberTls, AProxyHeaderForbidsToKeepConnections) {
  const Cluster plain = cluster("BalancerMember a:1");
  EXPECT_EQ(plain.proxy_header, ProxyHeader::kNone);
  EXPECT_TRUE(plain.connections.keep_alive);
  const Cluster v2 = cluster("BackendProxyProtocol v2\nBalancerMember a:1");
  EXPECT_EQ(v2.proxy_header, ProxyHeader::kV2);
  EXPECT_FALSE(v2.connections.keep_alive);
  EXPECT_EQ(said("BackendProxyProtocol v1\nKeepAliveEnabled On\nBalancerMember a:1"),
            "t.conf:3:18: error: with BackendProxyProtocol each connection belongs to one request, "
            "so it cannot be kept; write KeepAliveEnabled Off, or leave it out");
  EXPECT_EQ(
      cluster("BackendProxyProtocol v1\nKeepAliveEnabled Off\nBalancerMember a:1").proxy_header,
      ProxyHeader::kV1);
}

TEST_F(MemberTls, MembersMayBeOnUnixDomainSockets) {
  for (const std::string text :
       {"BalancerMember unix:/run/a.sock|http://a/ route=x", "ProxyPass unix:/run/a.sock|http://a/",
        "BalancerMember unix:/run/a.sock"}) {
    const Cluster found = cluster(text);
    ASSERT_EQ(found.seeds.size(), 1u) << text;
    EXPECT_EQ(found.seeds[0].address, "unix:/run/a.sock") << text;
    EXPECT_EQ(found.tls, nullptr);
  }
  EXPECT_EQ(said("BalancerMember unix:/run/a.sock|https://a/"),
            "t.conf:2:16: error: a member on a unix-domain socket is spoken to with http://");
  const std::vector<std::string> wrong_ones = {"unix:run/a.sock|http://a/", "unix:|http://a/",
                                               "unix:/" + std::string(107, 'x') + "|http://a/"};
  for (const std::string& wrong : wrong_ones) {
    EXPECT_EQ(
        said("BalancerMember " + wrong),
        "t.conf:2:16: error: expected unix:/PATH|http://NAME/ with a PATH of at most 107 bytes");
  }
}

TEST_F(MemberTls, NamesAreLookedUpAgain) {
  using std::chrono::seconds;
  EXPECT_EQ(cluster("BalancerMember a:1").dns_refresh_interval, seconds(60));
  EXPECT_EQ(cluster("WLDNSRefreshInterval 5\nBalancerMember a:1").dns_refresh_interval, seconds(5));
  EXPECT_EQ(cluster("DNSRefreshInterval 0\nBalancerMember a:1").dns_refresh_interval, seconds(0));
}

TEST_F(MemberTls, OtherTrustIsAnotherClusterSoNothingIsSharedWithIt) {
  const auto same = [this](const std::string& a, const std::string& b) {
    const std::string members = "SecureProxy On\nBalancerMember a:1\n";
    return cluster(members + a).is_same_as(cluster(members + b));
  };
  EXPECT_TRUE(same("", ""));
  EXPECT_TRUE(same("SSLProxyCACertificateFile ca.pem", "SSLProxyCACertificateFile ca.pem"));
  EXPECT_FALSE(same("", "SSLProxyCACertificateFile ca.pem"));
  EXPECT_FALSE(same("", "SSLProxyVerify none"));
  EXPECT_FALSE(same("", "SSLProxyCheckPeerName Off"));
  EXPECT_FALSE(same("", "SSLProxyMachineCertificateFile own.pem"));
  EXPECT_FALSE(same("", "SSLProxyPeerName b.example"));
  EXPECT_FALSE(
      cluster("BalancerMember http://a:1").is_same_as(cluster("BalancerMember https://a:1")));
}

}  // namespace
}  // namespace understudy::config
