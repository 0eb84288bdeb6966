// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/proxy_header.h"

#include "tests/proxy/upstream/asking.h"

namespace understudy {
namespace {

using config::ProxyHeader;

const Address kClient4 = *Address::parse("192.0.2.7:40000");
const Address kServer4 = *Address::parse("192.0.2.1:80");
const Address kClient6 = *Address::parse("[2001:db8::7]:40000");
const Address kServer6 = *Address::parse("[2001:db8::1]:443");

TEST(ProxyHeader, Version1IsALineOfText) {
  EXPECT_EQ(proxy_header(ProxyHeader::kV1, kClient4, kServer4),
            "PROXY TCP4 192.0.2.7 192.0.2.1 40000 80\r\n");
  EXPECT_EQ(proxy_header(ProxyHeader::kV1, kClient6, kServer6),
            "PROXY TCP6 2001:db8::7 2001:db8::1 40000 443\r\n");
}

TEST(ProxyHeader, Version2IsBinary) {
  const std::string signature("\r\n\r\n\0\r\nQUIT\n", 12);
  EXPECT_EQ(
      proxy_header(ProxyHeader::kV2, kClient4, kServer4),
      signature +
          std::string("\x21\x11\x00\x0c\xc0\x00\x02\x07\xc0\x00\x02\x01\x9c\x40\x00\x50", 16));
  const std::string v6 = proxy_header(ProxyHeader::kV2, kClient6, kServer6);
  EXPECT_EQ(v6.substr(12, 4), std::string("\x21\x21\x00\x24", 4));
  EXPECT_EQ(v6.size(), 16u + 36u);
}

TEST(ProxyHeader, WhatCannotBeSaidIsSaidToBeUnknown) {
  constexpr std::string_view local("\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
  for (const auto& [client, server] :
       {std::pair(Address(), kServer4), std::pair(kClient4, kServer6),
        std::pair(*Address::parse("unix:/x"), kServer4)}) {
    EXPECT_EQ(proxy_header(ProxyHeader::kV1, client, server), "PROXY UNKNOWN\r\n");
    EXPECT_EQ(proxy_header(ProxyHeader::kV2, client, server), local);
  }
  EXPECT_EQ(proxy_header(ProxyHeader::kNone, kClient4, kServer4), "");
}

// A connection that says whose it is serves nobody else.
TEST_F(Connections, OneWithAProxyHeaderSendsItFirstAndIsNeverShared) {
  open({.proxy_header = ProxyHeader::kV1, .keep_alive = true});
  Asker asker(*scratch);
  auto upstream = connections->connect(asker, {.client = &kClient4, .server = &kServer4});
  ASSERT_TRUE(upstream.has_value());
  asker.upstream = *upstream;
  ASSERT_TRUE(run_until([&] { return asker.connected && accepted_fds.size() == 1; }));
  std::string text(200, '\0');
  const ssize_t got = ::read(accepted_fds[0].value(), text.data(), text.size());
  ASSERT_GT(got, 0);
  EXPECT_TRUE(text.starts_with("PROXY TCP4 192.0.2.7 192.0.2.1 40000 80\r\nGET / HTTP/1.1\r\n"));
  say(0, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(run_until([&] { return asker.upstream == nullptr; }));
  EXPECT_EQ(connections->open_count(), 0u);
}

}  // namespace
}  // namespace understudy
