// SPDX-License-Identifier: Apache-2.0
#include "cookies/contract.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>

namespace understudy {
namespace {

TEST(Contract, ClaimsAllOfItsNames) {
  for (std::string_view name : {kViewSeenHeader,
                                kRequestIdHeader,
                                kFailoverHeader,
                                kViewHeader,
                                kSessionHeader,
                                kRouteHeader,
                                kWeblogicClusterInfoHeader,
                                kWeblogicForceJvmidHeader,
                                kWeblogicKeepAliveHeader,
                                kWlProxySslHeader,
                                kWlProxyClientIpHeader,
                                kWlProxyClientPortHeader,
                                kWlProxyClientCertHeader,
                                kWeblogicClusterHashHeader,
                                kWeblogicClusterListHeader,
                                kWeblogicJvmidHeader,
                                kProxyClientIpHeader,
                                kClientCertHeader,
                                kClientCertChainHeader,
                                kWaitedHeader,
                                kAnsweredHeader,
                                kHandledHeader,
                                kDrainingHeader}) {
    EXPECT_TRUE(is_contract_header(name)) << name;
  }
}

TEST(Contract, ClaimsANameInAnyCaseAndWithUnderscores) {
  for (const char* name : {"understudy-view", "UNDERSTUDY-VIEW", "uNdErStUdY_vIeW",
                           "Understudy_View_Seen", "x_weblogic_jvmid", "X-WEBLOGIC_Cluster-List",
                           "wl_proxy_ssl", "WL_PROXY-CLIENT_IP", "understudy-of-a-later-version"}) {
    EXPECT_TRUE(is_contract_header(name)) << name;
  }
}

TEST(Contract, LeavesEveryOtherNameAlone) {
  for (const char* name :
       {"", "U", "X", "W", "Host", "Understudy", "Understudies-View", "User-Agent",
        "Upgrade-Insecure-Requests", "X-Forwarded-For", "X-WebLogical-Hash", "WL-Prox",
        "WWW-Authenticate", "Proxy-Client", "Client-Ce", "Content-Length", "Proxy-Authorization",
        "My-Understudy-View", "\xd5nderstudy-View"}) {
    EXPECT_FALSE(is_contract_header(name)) << name;
  }
}

TEST(Hex64, HasOneTextPerValue) {
  const Hex64 text = format_hex64(0x0123456789abcdef);
  EXPECT_EQ(std::string_view(text.data(), text.size()), "0123456789abcdef");
  for (std::uint64_t value : {0UL, 1UL, 0xfedcba9876543210UL, ~0UL}) {
    const Hex64 written = format_hex64(value);
    EXPECT_EQ(parse_hex64({written.data(), written.size()}), value);
  }
  for (const char* other : {"", "0123456789abcde", "0123456789abcdef0", "0123456789ABCDEF",
                            "0x23456789abcdef", " 123456789abcdef", "0123456789abcdeg"}) {
    EXPECT_FALSE(parse_hex64(other)) << other;
  }
}

TEST(Answered, ListsIdsAndReadsThemBack) {
  constexpr std::array<std::uint64_t, kAnsweredIdsMax + 1> kIds = {1, 0xfedcba9876543210, 3, ~0UL,
                                                                   5};
  AnsweredText room;
  EXPECT_EQ(format_answered(std::span(kIds).first(2), room), "0000000000000001,fedcba9876543210");
  for (std::size_t count = 1; count <= kAnsweredIdsMax; ++count) {
    const auto ids = std::span(kIds).first(count);
    const AnsweredIds read = parse_answered(format_answered(ids, room));
    EXPECT_TRUE(std::equal(ids.begin(), ids.end(), read.view().begin(), read.view().end()));
  }
  EXPECT_EQ(format_answered(kIds, room).size(), room.size()) << "no more than fit";
}

TEST(Answered, OfAListThatIsNotOneNothingIsBelieved) {
  const std::string one = "0123456789abcdef";
  for (const std::string& text :
       {std::string(), std::string(","), one + ",", "," + one, one + ", " + one, one + ";" + one,
        one.substr(1), one + "0", std::string("0123456789ABCDEF"), one + ",xyz",
        std::string("0000000000000000"), one + ",0000000000000000",
        one + "," + one + "," + one + "," + one + "," + one}) {
    EXPECT_EQ(parse_answered(text).count, 0U) << text;
  }
}

TEST(Mid, IsItsFourBytesInOrder) {
  const MidText text = format_mid(0x12345678);
  EXPECT_EQ(std::string_view(text.data(), text.size()), "EjRWeA");
  EXPECT_EQ(parse_mid("EjRWeA"), 0x12345678U);
  EXPECT_EQ(parse_mid("_____w"), 0xffffffffU);
  for (const char* other : {"", "EjRWe", "EjRWeAA", "EjRWeB", "EjRWe=", "-"}) {
    EXPECT_FALSE(parse_mid(other)) << other;
  }
}

TEST(Jvmid, IsASignedDecimalOf32Bits) {
  EXPECT_EQ(parse_jvmid("0"), 0U);
  EXPECT_EQ(parse_jvmid("1104478448"), 1104478448U);
  EXPECT_EQ(parse_jvmid("-1407317905"), static_cast<std::uint32_t>(-1407317905));
  EXPECT_EQ(jvmid(*parse_jvmid("-2147483648")), INT32_MIN);
  EXPECT_EQ(jvmid(*parse_jvmid("2147483647")), INT32_MAX);
  for (const char* other : {"", "-", "+1", "01", "-0", "-01", "2147483648", "-2147483649", "1 ",
                            " 1", "1a", "NONE", "99999999999999999999"}) {
    EXPECT_FALSE(parse_jvmid(other)) << other;
  }
}

}  // namespace
}  // namespace understudy
