// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/forwarded.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

constexpr Peer kPeer{.address = "192.0.2.7", .local_port = 8080, .tls = true};

// What a backend sees of get_with(lines).
std::string seen(std::string_view lines, const ForwardedOptions& options = {}) {
  const ParsedRequest request(get_with(lines));
  EXPECT_TRUE(request.complete()) << lines;
  std::array<char, 1024> block;
  LineArena arena(block);
  FieldMask dropped;
  HeadSpans spans;
  drop_from_request(request.head, {}, dropped);
  forward_peer(request.head, options, kPeer, dropped, arena);
  EXPECT_TRUE(
      compose_request(request.head, {.dropped = dropped, .added = arena.text()}, arena, spans));
  return text_of(spans);
}

constexpr std::string_view kOurs =
    "X-Forwarded-Proto: https\r\nX-Forwarded-Host: a\r\nX-Forwarded-Port: 8080\r\n";

std::string with_ours(std::string_view addresses) {
  return get_with("X-Forwarded-For: " + std::string(addresses) + "\r\n" + std::string(kOurs));
}

TEST(Forwarded, PeerIsAddedBehindWhatItSent) {
  EXPECT_EQ(seen(""), with_ours("192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n"), with_ours("1.2.3.4, 192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nx-forwarded-for: 9.9.9.9\r\n"),
            with_ours("1.2.3.4, 5.6.7.8, 9.9.9.9, 192.0.2.7"));
  EXPECT_EQ(seen("X-Forwarded-For:\r\n"), with_ours("192.0.2.7"));
}

TEST(Forwarded, PeerCanReplaceWhatItSent) {
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n", {.policy = ForwardedFor::kReplace}),
            with_ours("192.0.2.7"));
}

TEST(Forwarded, OffAddsNothingAndLetsNoClaimOfAClientThrough) {
  const ForwardedOptions off{.policy = ForwardedFor::kOff};
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\n", off), get_with(""));
  const ForwardedOptions trusting{.policy = ForwardedFor::kOff, .trusted_hops = 1};
  EXPECT_EQ(seen("X-Forwarded-For: 1.2.3.4\r\n", trusting),
            get_with("X-Forwarded-For: 1.2.3.4\r\n"));
}

// A forgotten name of the family is a hole of its own (GHSA-6384-m2mw-rf54).
TEST(Forwarded, NoClaimOfAnUntrustedClientPasses) {
  for (const char* name :
       {"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Forwarded-Server",
        "X-Forwarded-Prefix", "Forwarded", "X-Real-IP", "X_Forwarded_For", "X_Forwarded-Proto",
        "x_forwarded_host", "X_Real_IP"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(seen(std::string(name) + ": evil\r\n"), with_ours("192.0.2.7"));
  }
}

TEST(Forwarded, TrustedProxysClaimsStand) {
  EXPECT_EQ(seen("X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\nX-Forwarded-For: 1.2.3.4\r\n",
                 {.trusted_hops = 1}),
            get_with("X-Forwarded-Proto: http\r\nX-Forwarded-Host: b\r\n"
                     "X-Forwarded-For: 1.2.3.4, 192.0.2.7\r\nX-Forwarded-Port: 8080\r\n"));
}

TEST(Forwarded, ClientAddressIsWhatTheOutermostTrustedProxySaw) {
  const struct {
    const char* lines;
    unsigned hops;
    const char* address;
  } cases[] = {
      {"X-Forwarded-For: 1.1.1.1\r\n", 0, "192.0.2.7"},
      {"", 1, "192.0.2.7"},
      {"X-Forwarded-For: 1.1.1.1\r\n", 1, "1.1.1.1"},
      {"X-Forwarded-For: 1.1.1.1, 2.2.2.2\r\n", 1, "2.2.2.2"},
      {"X-Forwarded-For: 1.1.1.1,2.2.2.2\r\n", 2, "1.1.1.1"},
      {"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n", 1, "2.2.2.2"},
      {"X-Forwarded-For: 1.1.1.1\r\nX-Forwarded-For: 2.2.2.2\r\n", 2, "1.1.1.1"},
      {"X-Forwarded-For: 1.1.1.1, ,\r\n", 1, "1.1.1.1"},
      {"X-Forwarded-For: 1.1.1.1\r\n", 5, "1.1.1.1"},
      {"X-Forwarded-For: ,\r\n", 1, "192.0.2.7"},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(std::string(c.lines) + std::to_string(c.hops));
    const ParsedRequest request(get_with(c.lines));
    EXPECT_EQ(client_address(request.head, {.trusted_hops = c.hops}, kPeer), c.address);
  }
}

TEST(Forwarded, LongListFillsTheArenaAndIsToldSo) {
  const ParsedRequest request(get_with("X-Forwarded-For: " + std::string(2000, '1') + "\r\n"));
  std::array<char, 1024> block;
  LineArena arena(block);
  FieldMask dropped;
  forward_peer(request.head, {}, kPeer, dropped, arena);
  EXPECT_FALSE(arena.ok());
}

}  // namespace
}  // namespace understudy::http
