// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/hop_by_hop.h"

#include <gtest/gtest.h>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

TEST(FieldMask, FindsSetAndClearBitsAcrossWords) {
  FieldMask mask;
  EXPECT_EQ(mask.next_set(0, 200), 200u);
  EXPECT_EQ(mask.next_clear(0, 200), 0u);
  for (size_t i = 60; i < 130; ++i) mask.set(i);
  EXPECT_EQ(mask.next_set(0, 200), 60u);
  EXPECT_EQ(mask.next_clear(60, 200), 130u);
  EXPECT_EQ(mask.next_clear(60, 100), 100u);
  EXPECT_EQ(mask.next_set(130, 200), 200u);
  mask.set(kFieldsMax - 1);
  EXPECT_EQ(mask.next_set(130, kFieldsMax), kFieldsMax - 1);
  EXPECT_EQ(mask.next_clear(kFieldsMax - 1, kFieldsMax), kFieldsMax);
  mask.clear();
  EXPECT_EQ(mask.next_set(0, kFieldsMax), kFieldsMax);
}

struct KeptCase {
  const char* lines;
  const char* kept;
};

// RFC 9110 7.6.1.
TEST(HopByHop, RequestLosesWhatConcernsOneConnection) {
  const KeptCase cases[] = {
      {"Accept: a\r\nX: y\r\n", "Accept X "},
      {"Connection: keep-alive\r\nX: y\r\n", "X "},
      {"Keep-Alive: timeout=5\r\nX: y\r\n", "X "},
      {"Proxy-Connection: keep-alive\r\n", ""},
      {"TE: trailers\r\n", ""},
      {"HTTP2-Settings: AAMAAABkAAQAAP__\r\n", ""},
      {"Upgrade: websocket\r\nConnection: upgrade\r\n", ""},
      {"Connection: a, X\r\nA: 1\r\nx: 2\r\nB: 3\r\n", "B "},
      {"Connection: accept\r\nConnection: X\r\nAccept: 1\r\nX: 2\r\nB: 3\r\n", "B "},
      {"Connection: missing\r\nB: 3\r\n", "B "},
      {"Transfer-Encoding: chunked\r\nTrailer: X\r\n", "Transfer-Encoding Trailer "},
      {"Content-Length: 5\r\nTrailer: X\r\n", "Content-Length "},
      {"Expect: 100-continue\r\n", "Expect "},
  };
  for (const KeptCase& c : cases) {
    SCOPED_TRACE(c.lines);
    EXPECT_EQ(kept_of(c.lines), c.kept);
  }
}

TEST(HopByHop, OptionsKeepUpgradeAndDropFramingAndExpect) {
  EXPECT_EQ(kept_of("Upgrade: x\r\nConnection: upgrade\r\n", {.keep_upgrade = true}), "Upgrade ");
  EXPECT_EQ(kept_of("Transfer-Encoding: chunked\r\nTrailer: X\r\n", {.keep_framing = false}), "");
  EXPECT_EQ(kept_of("Content-Length: 1\r\nX: y\r\n", {.keep_framing = false}), "X ");
  EXPECT_EQ(kept_of("Expect: 100-continue\r\n", {.keep_expect = false}), "");
}

TEST(HopByHop, ContractNeverComesFromAClientNorReachesOne) {
  for (const char* name :
       {"Understudy-View-Seen", "understudy-request-id", "UNDERSTUDY_FAILOVER", "Understudy_Later",
        "X-WebLogic-Request-ClusterInfo", "X_WebLogic_Cluster_List", "WL-Proxy-SSL",
        "wl_proxy_client_ip", "Understudy-View", "Understudy-Session", "Understudy-Route"}) {
    SCOPED_TRACE(name);
    EXPECT_EQ(kept_of(std::string(name) + ": x\r\nA: b\r\n"), "A ");
    EXPECT_EQ(kept_of("Connection: " + std::string(name) + "\r\n" + name + ": x\r\nA: b\r\n"),
              "A ");
    const ParsedResponse response(ok_with(std::string(name) + ": x\r\nContent-Length: 0\r\n"));
    EXPECT_EQ(forwarded_response(response), ok_with("Content-Length: 0\r\n"));
  }
}

TEST(HopByHop, NominationCannotRemoveFramingHostOrWhoAsked) {
  const char* names[] = {"Host",
                         "Content-Length",
                         "Cookie",
                         "Authorization",
                         "X-Forwarded-For",
                         "X-Forwarded-Proto",
                         "X-Forwarded-Host",
                         "Forwarded",
                         "X-Real-IP",
                         "Via"};
  std::string nominations;
  std::string lines;
  std::string kept;
  for (const char* name : names) {
    nominations += std::string(name) + ", ";
    if (std::string_view(name) == "Host") continue;
    lines += std::string(name) + ": 1\r\n";
    kept += std::string(name) + ' ';
  }
  EXPECT_EQ(kept_of(lines + "Connection: " + nominations + "\r\n"), kept);
  const ParsedRequest chunked(
      get_with("Transfer-Encoding: chunked\r\nConnection: transfer-encoding, host\r\n"));
  EXPECT_EQ(forwarded_request(chunked), get_with("Transfer-Encoding: chunked\r\n"));
}

TEST(HopByHop, ResponseLosesWhatConcernsOneConnection) {
  const ParsedResponse response(
      ok_with("Connection: close, X\r\nKeep-Alive: timeout=5\r\nX: y\r\nSet-Cookie: a=b\r\n"
              "Content-Length: 3\r\nUpgrade: h2c\r\nProxy-Connection: close\r\nB: c\r\n"));
  EXPECT_EQ(forwarded_response(response),
            ok_with("Set-Cookie: a=b\r\nContent-Length: 3\r\nB: c\r\n"));
}

// RFC 9110 8.6: not in 1xx and 204.
TEST(HopByHop, ResponseWithoutABodyLosesFramingThatMeansNothing) {
  const ParsedResponse empty("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(forwarded_response(empty), "HTTP/1.1 204 x\r\n\r\n");
  const ParsedResponse unchanged("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(forwarded_response(unchanged), unchanged.bytes);
}

}  // namespace
}  // namespace understudy::http
