// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/forwarded.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

constexpr Peer kPeer{.address = "192.0.2.7", .local_port = 8080, .tls = true};

struct Options {
  bool x_forwarded = true;
  bool forwarded = false;
  bool trusts_peer = false;
  bool passes_claims = false;
  std::string header = "X-Forwarded-For";
  Peer peer = kPeer;
};

// What a backend sees of get_with(lines).
std::string seen(std::string_view lines, const Options& options = {}) {
  const ParsedRequest request(get_with(lines));
  EXPECT_TRUE(request.complete()) << lines;
  TrustedHops trusted;
  trusted.header = options.header;
  trusted.id = field_id(options.header);
  trusted.internal = {*AddressRange::parse(options.trusts_peer ? "192.0.2.0/24" : "10.0.0.0/8")};
  const RemoteClient client =
      find_remote_client(trusted, request.head.fields, IpAddress::parse(options.peer.address));
  std::array<char, 1024> block;
  LineArena arena(block);
  FieldMask dropped;
  HeadSpans spans;
  drop_from_request(request.head, {}, dropped);
  forward_peer(request.head,
               {.x_forwarded = options.x_forwarded,
                .forwarded = options.forwarded,
                .trusted = &trusted,
                .client = &client,
                .passes_claims = options.passes_claims},
               options.peer, dropped, arena);
  EXPECT_TRUE(
      compose_request(request.head, {.dropped = dropped, .added = arena.text()}, arena, spans));
  return text_of(spans);
}

constexpr std::string_view kOurs =
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\nX-Forwarded-Port: 8080\r\n";

std::string with_ours(std::string_view addresses) {
  return get_with("X-Forwarded-For: " + std::string(addresses) + "\r\n" + std::string(kOurs));
}

TEST(Forwarded, AnUntrustedPeersOwnListIsReplaced) {
  EXPECT_EQ(seen(""), with_ours("192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n"), with_ours("192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nx-forwarded-for: 9.9.9.9\r\n"),
            with_ours("192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For:\r\n"), with_ours("192.0.2.7"));
}

TEST(Forwarded, ApachesWayPassesClaimsOnWithThePeerBehindThem) {
  const Options apache{.passes_claims = true};
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\nx-forwarded-for: 5.6.7.8\r\n", apache),
            with_ours("1.2.3.4, 5.6.7.8, 192.0.2.7"));
  EXPECT_EQ(seen("", apache), with_ours("192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-Proto: http\r\nX-Real-IP: 1.2.3.4\r\n", apache),
            get_with("X-Forwarded-Proto: http\r\nX-Real-IP: 1.2.3.4\r\n"
                     "X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Host: a\r\n"
                     "X-Forwarded-Port: 80\r\n"));
  EXPECT_EQ(seen("X_Forwarded_For: evil\r\n", apache), with_ours("192.0.2.7"));
}

// A forgotten name of the family is a hole of its own (GHSA-6384-m2mw-rf54).
TEST(Forwarded, NoClaimOfAnUntrustedClientPasses) {
  for (const char* name :
       {"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
        "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X_Forwarded_For", "X_Forwarded-Proto",
        "x_forwarded_host", "X_Real_IP", "Client-Cert", "client-cert-chain", "Client_Cert",
        "Proxy-Client-IP", "WL-Proxy-SSL", "WL-Proxy-Client-Cert"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(seen(std::string(name) + ": evil\r\n"), with_ours("192.0.2.7"));
  }
}

TEST(Forwarded, OffAddsNothingAndLetsNoClaimOfAClientThrough) {
  const Options off{.x_forwarded = false};
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n", off), get_with(""));
  const Options trusting{.x_forwarded = false, .trusts_peer = true};
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n", trusting),
            get_with("X-Forwarded-For: 1.2.3.4\r\n"));
}

TEST(Forwarded, ATrustedProxysClaimsStand) {
  EXPECT_EQ(seen("X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nX-Forwarded-For: 1.2.3.4\r\n",
                 {.trusts_peer = true}),
            get_with("X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\n"
                     "X-Forwarded-For: 1.2.3.4, 192.0.2.7\r\nX-Forwarded-Port: 80\r\n"))
      << "the port is that of the scheme and the host that it said";
}

TEST(Forwarded, WhatStandsLeftOfTheClientWasSaidByNobodyAndGoes) {
  const Options trusting{.trusts_peer = true};
  EXPECT_EQ(seen("X-Forwarded-For: evil, 1.2.3.4, 192.0.2.9\r\n", trusting),
            with_ours("1.2.3.4, 192.0.2.9, 192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4, evil\r\n", trusting), with_ours("192.0.2.7"));
}

TEST(Forwarded, AnotherHeaderNamesTheClientOfATrustedProxyOnly) {
  const std::string line = "CF-Connecting-IP: 1.2.3.4\r\n";
  EXPECT_EQ(seen(line, {.trusts_peer = true, .header = "CF-Connecting-IP"}),
            get_with(line + "X-Forwarded-For: 1.2.3.4, 192.0.2.7\r\n" + std::string(kOurs)));
  EXPECT_EQ(seen(line, {.header = "CF-Connecting-IP"}), with_ours("192.0.2.7"));
}

TEST(Forwarded, WritesRfc7239) {
  const Options ours{.x_forwarded = false, .forwarded = true};
  const std::string end = ";host=\"a\";proto=https\r\n";
  EXPECT_EQ(seen("Forwarded: for=evil\r\n", ours), get_with("Forwarded: for=192.0.2.7" + end));
  Options trusting = ours;
  trusting.trusts_peer = true;
  EXPECT_EQ(seen("Forwarded: for=x\r\nForwarded: for=y\r\n", trusting),
            get_with("Forwarded: for=x, for=y, for=192.0.2.7" + end));
  EXPECT_EQ(seen("X-Forwarded-For: 2001:db8::9\r\n", trusting),
            get_with("X-Forwarded-For: 2001:db8::9\r\n"
                     "Forwarded: for=\"[2001:db8::9]\", for=192.0.2.7" +
                     end));
  Options v6 = ours;
  v6.peer.address = "fe80::1";
  v6.peer.tls = false;
  EXPECT_EQ(seen("", v6), get_with("Forwarded: for=\"[fe80::1]\";host=\"a\";proto=http\r\n"));
}

TEST(Forwarded, LongListFillsTheArenaAndIsToldSo) {
  const ParsedRequest request(get_with("Forwarded: " + std::string(2000, '1') + "\r\n"));
  std::array<char, 1024> block;
  LineArena arena(block);
  FieldMask dropped;
  const TrustedHops trusted{.internal = {*AddressRange::parse("0.0.0.0/0")}};
  const RemoteClient client{.peer_is_trusted = true};
  forward_peer(request.head, {.forwarded = true, .trusted = &trusted, .client = &client}, kPeer,
               dropped, arena);
  EXPECT_FALSE(arena.ok());
}

}  // namespace
}  // namespace understudy::http
