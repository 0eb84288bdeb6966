// SPDX-License-Identifier: Apache-2.0
#include "proxy/config/forwarding.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/proxy/config/loading.h"

namespace understudy::config {
namespace {

const VirtualHost& host_of(const std::shared_ptr<const Config>& config) {
  return only_host(*config);
}

TEST(Forwarding, NobodySpeaksForOthersUnlessTheConfigurationSaysSo) {
  const auto config = config_of(kShop);
  EXPECT_EQ(host_of(config).trusted_hops, nullptr);
  EXPECT_FALSE(host_of(config).proxy_protocol);
  const Forwarding& forwarding = host_of(config).locations.at(0).forwarding;
  EXPECT_TRUE(forwarding.x_forwarded);
  EXPECT_FALSE(forwarding.forwarded);
  EXPECT_EQ(forwarding.request_id_header, "");
  EXPECT_EQ(forwarding.client_cert, ClientCertLines::kCert);
}

TEST(Forwarding, IsReadInApachesWords) {
  const auto config = config_of(
      "RemoteIPHeader X-Real-IP\nRemoteIPInternalProxy 10.0.0.0/8 ::1\nRemoteIPTrustedProxy "
      "192.0.2.1\nRemoteIPProxyProtocol On\nRemoteIPProxyProtocolExceptions 10.1.0.0/16\n"
      "ForwardedHeaders both\nRequestIdHeader X-Request-Id\nClientCertHeaders chain\n"
      "WLProxySSL On\nWLProxySSLPassThrough On\nWLProxyPassThrough On\n" +
      std::string(kShop));
  const VirtualHost& host = host_of(config);
  ASSERT_NE(host.trusted_hops, nullptr);
  EXPECT_EQ(host.trusted_hops->header, "X-Real-IP");
  EXPECT_EQ(host.trusted_hops->internal.size(), 2u);
  EXPECT_EQ(host.trusted_hops->external.size(), 1u);
  ASSERT_TRUE(host.proxy_protocol);
  using Rule = ProxyProtocol::Rule;
  EXPECT_EQ(host.proxy_protocol->rule_for(IpAddress::parse("10.2.0.1")), Rule::kExpected);
  EXPECT_EQ(host.proxy_protocol->rule_for(IpAddress::parse("192.0.2.1")), Rule::kExpected);
  EXPECT_EQ(host.proxy_protocol->rule_for(IpAddress::parse("10.1.0.1")), Rule::kPlain);
  EXPECT_EQ(host.proxy_protocol->rule_for(IpAddress::parse("192.0.2.2")), Rule::kRefused);
  const Forwarding& forwarding = host.locations.at(0).forwarding;
  EXPECT_TRUE(forwarding.x_forwarded && forwarding.forwarded);
  EXPECT_EQ(forwarding.request_id_header, "X-Request-Id");
  EXPECT_EQ(forwarding.client_cert, ClientCertLines::kChain);
  EXPECT_TRUE(forwarding.claims_tls && forwarding.passes_tls && forwarding.passes_client);
  EXPECT_FALSE(host_of(config_of("ProxyAddHeaders Off\n" + std::string(kShop)))
                   .locations.at(0)
                   .forwarding.x_forwarded);
}

TEST(Forwarding, SaysWhatIsWrongWhereItStands) {
  const struct {
    std::string text, said;
  } kCases[] = {
      {"RemoteIPInternalProxy 10.0.0.0/40",
       "1:23: error: expected a network such as 10.0.0.0/8 or an address: 10.0.0.0/40: the "
       "network's length is a number from 0 to 32"},
      {"RemoteIPTrustedProxy lb.example",
       "1:22: error: expected a network such as 10.0.0.0/8 or an address: lb.example: no IP "
       "address"},
      {"RemoteIPHeader X-Real-IP",
       "1:1: warning: RemoteIPHeader believes any client, as in Apache: each may say who it is, to "
       "the access rules too; RemoteIPInternalProxy and RemoteIPTrustedProxy say whose word is "
       "believed"},
      {"RemoteIPProxyProtocol On",
       "1:1: warning: RemoteIPProxyProtocol believes any client, as in Apache: each may say who it "
       "is, to the access rules too; RemoteIPInternalProxy and RemoteIPTrustedProxy say whose word "
       "is believed"},
      {"WLProxySSLPassThrough On",
       "1:1: warning: WLProxySSLPassThrough believes any client, as the plug-in does; with "
       "RemoteIPInternalProxy it believes your balancer only"},
      {"RemoteIPInternalProxy ::1\nRemoteIPHeader Forwarded",
       "2:16: error: RemoteIPHeader names a list of addresses such as X-Forwarded-For; Forwarded "
       "is "
       "none"},
      {"RequestIdHeader Content-Length",
       "1:17: error: Content-Length cannot be used here: it belongs to the connection or says "
       "where "
       "the message ends"},
      {"ForwardedHeaders xff",
       "1:18: error: ForwardedHeaders is one of X-Forwarded, Forwarded, both, not 'xff'"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.text);
    EXPECT_EQ(said_of(test.text + "\n" + kShop), "t.conf:" + test.said);
  }
}

TEST(Forwarding, TheHostsOfOneListenAgreeAboutTheProxyProtocol) {
  EXPECT_EQ(said_of("RemoteIPInternalProxy ::1\n<VirtualHost *:8080>\nServerName a\n"
                    "RemoteIPProxyProtocol On\n</VirtualHost>\n<VirtualHost *:8080>\nServerName b\n"
                    "</VirtualHost>\n" +
                    std::string(kShop)),
            "t.conf:6:2: error: the hosts of Listen 127.0.0.1:8080 do not say the same about "
            "RemoteIPProxyProtocol");
}

}  // namespace
}  // namespace understudy::config
