// SPDX-License-Identifier: Apache-2.0
// Security bugs of other proxies, each held shut by a test with its name.
#include <gtest/gtest.h>

#include <random>

#include "tests/proxy/http/composed.h"

namespace understudy::http {
namespace {

// Pingora: length and coding together, HTTP/1.0 with a coding, a coding that is not the last.
TEST(PeerBugs, Cve20262835LengthCodingAndHttp10AreNeverCombined) {
  const char* versions[] = {"1.0", "1.1"};
  const char* codings[] = {"chunked", "identity", "chunked, identity", "gzip, chunked",
                           "\vchunked"};
  for (const char* version : versions) {
    for (const char* coding : codings) {
      for (const char* other : {"Content-Length: 6\r\n", "Transfer-Encoding: chunked\r\n"}) {
        for (bool first : {true, false}) {
          const std::string te = "Transfer-Encoding: " + std::string(coding) + "\r\n";
          const std::string lines = first ? te + other : other + te;
          SCOPED_TRACE(version + lines);
          const ParsedRequest request("POST / HTTP/" + std::string(version) + "\r\nHost: a\r\n" +
                                      lines + "\r\n0\r\n\r\nG");
          EXPECT_EQ(request.result.progress, Progress::kRefused);
          EXPECT_EQ(status_of(request.result.refusal), 400u);
        }
      }
    }
  }
}

// Pingora: a request's body never ends with its connection.
TEST(PeerBugs, Cve20262835RequestWithoutFramingHasNoBody) {
  const ParsedRequest request("POST / HTTP/1.0\r\nHost: a\r\n\r\nGET / HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(request.complete());
  EXPECT_EQ(request.head.body.kind, Framing::kNone);
  EXPECT_FALSE(request.head.body.has_bytes());
}

// HAProxy: an empty name ended the list of fields.
TEST(PeerBugs, Cve202325725EmptyNameIsRefused) {
  EXPECT_EQ(refusal_of_request(get_with(": x\r\nTransfer-Encoding: chunked\r\n")),
            Refusal::kEmptyFieldName);
  EXPECT_EQ(refusal_of_request(get_with(":\r\nContent-Length: 5\r\n")), Refusal::kEmptyFieldName);
  EXPECT_EQ(refusal_of_request(get_with(" : x\r\n")), Refusal::kFoldedLine);
}

// HAProxy: an empty Content-Length was passed on.
TEST(PeerBugs, Cve202340225OddLengthsAreRefused) {
  for (const char* value : {"", ",", "5,", ",5", "+5", "-0", "0x5", "5 6", "5,5", "5,6", "5\t5",
                            "1e3", "\xef\xbc\x95", "5\xa0"}) {
    SCOPED_TRACE(value);
    EXPECT_EQ(refusal_of_request(get_with("Content-Length: " + std::string(value) + "\r\n")),
              Refusal::kInvalidContentLength);
  }
  EXPECT_EQ(refusal_of_request(get_with("Content-Length: 5\r\nContent-Length: 6\r\n")),
            Refusal::kDuplicateContentLength);
  EXPECT_EQ(refusal_of_request(get_with("Content-Length:\r\nContent-Length: 6\r\n")),
            Refusal::kInvalidContentLength);
}

// HAProxy: the length of a name overflowed its bits and became another name's.
TEST(PeerBugs, Cve202140346LengthsOfNamesDoNotWrap) {
  HeadLimits limits;
  limits.field_bytes_max = 70'000;
  limits.head_bytes_max = 80'000;
  for (size_t size : {255u, 256u, 257u, 270u, 511u, 512u, 65'535u, 65'536u, 65'550u, 65'600u}) {
    SCOPED_TRACE(size);
    std::string name = "Content-Length";
    name.resize(size, 'a');
    const ParsedRequest request(get_with(name + ": 5\r\n"), limits);
    ASSERT_TRUE(request.complete());
    EXPECT_EQ(request.head.fields[1].id, FieldId::kOther);
    EXPECT_EQ(request.head.fields[1].name.size(), size);
    EXPECT_EQ(request.head.body.kind, Framing::kNone);
    EXPECT_EQ(ParsedRequest(get_with(name + ": 5\r\n")).complete(), size + 3 <= 8190);
  }
}

// HAProxy: a backend's answer crashed the proxy. Here: no answer is read past its end or accepted
// with two meanings, whatever single bytes are changed.
TEST(PeerBugs, Cve20230056HostileResponsesAreReadOrRefused) {
  const uint32_t seed = std::random_device{}();
  std::mt19937 random(seed);
  SCOPED_TRACE(seed);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kPlainResponse);
    for (int change = 0; change < 3; ++change) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.insert(at, 1, "\r\n:, \t"[random() % 6]);
          break;
        default:
          text.erase(at, 1);
      }
    }
    const ParsedResponse response(text);
    if (!response.complete()) continue;
    ASSERT_EQ(response.head.bytes.substr(response.head.bytes.size() - 4), "\r\n\r\n");
    for (const Field& field : response.head.fields) {
      ASSERT_FALSE(field.name.empty());
      ASSERT_EQ(field.value.find_first_of("\r\n"), std::string_view::npos);
    }
  }
}

TEST(PeerBugs, Cve20230056EndlessHeadsOfBackendsEnd) {
  std::string text = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 101; ++i) text += "A: b\r\n";
  EXPECT_EQ(refusal_of_response(text), Refusal::kTooManyFields);
  std::string large = "HTTP/1.1 200 OK\r\n";
  while (large.size() < kHeadBytesMax) large += "A: " + std::string(4000, 'x') + "\r\n";
  EXPECT_EQ(refusal_of_response(large), Refusal::kHeadTooLarge);
}

// Traefik, httpd: the client nominates what the proxy adds, and the proxy drops its own line.
TEST(PeerBugs, Cve202445410NominationsDoNotRemoveWhatTheProxyAdds) {
  const ParsedRequest request(get_with(
      "Connection: close, X-Forwarded-For, X-Forwarded-Proto, X-Real-IP, Understudy-Request-Id\r\n"
      "X-Forwarded-For: 1.2.3.4\r\n"));
  ASSERT_TRUE(request.complete());
  std::array<char, 1024> block;
  LineArena arena(block);
  FieldMask dropped;
  HeadSpans spans;
  drop_from_request(request.head, {}, dropped);
  forward_peer(request.head, {}, {.address = "192.0.2.7"}, dropped, arena);
  arena.add_line("Understudy-Request-Id", "0123456789abcdef");
  ASSERT_TRUE(
      compose_request(request.head, {.dropped = dropped, .added = arena.text()}, arena, spans));
  EXPECT_EQ(text_of(spans),
            get_with("X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\n"
                     "X-Forwarded-Host: a\r\nUnderstudy-Request-Id: 0123456789abcdef\r\n"));
}

// Traefik, Caddy: names with underscores survived the stripping.
TEST(PeerBugs, Cve202652845UnderscoreTwinsAreDropped) {
  for (const char* name : {"X_Forwarded_For", "X-Forwarded_Proto", "x_real_ip", "Understudy_View",
                           "X_WebLogic_Cluster_List", "WL_Proxy_Client_IP", "Content_Length",
                           "Transfer_Encoding", "Host_", "_Host"}) {
    SCOPED_TRACE(name);
    const bool twin = std::string_view(name).find("Host") == std::string_view::npos;
    EXPECT_EQ(kept_of(std::string(name) + ": 1\r\n"), twin ? "" : std::string(name) + ' ');
  }
}

// WebLogic plug-in for Apache: overlong tokens of every kind.
TEST(PeerBugs, Cve20083257OverlongTokensAreRefused) {
  for (size_t size : {4'096u, 8'192u, 16'384u, 65'536u, 100'000u}) {
    SCOPED_TRACE(size);
    const std::string token(size, 'A');
    const bool fits = size < 8'000;
    EXPECT_EQ(ParsedRequest(token + " / HTTP/1.1\r\nHost: a\r\n\r\n").complete(), fits);
    EXPECT_EQ(ParsedRequest("GET /" + token + " HTTP/1.1\r\nHost: a\r\n\r\n").complete(), fits);
    EXPECT_EQ(refusal_of_request("GET / HTTP/1." + token + "\r\nHost: a\r\n\r\n"),
              Refusal::kInvalidVersion);
    EXPECT_EQ(ParsedRequest(get_with("Cookie: " + token + "\r\n")).complete(), fits);
    EXPECT_EQ(ParsedRequest(get_with(token + ": x\r\n")).complete(), fits);
    EXPECT_EQ(ParsedResponse(ok_with("X-WebLogic-Cluster-List: " + token + "\r\n")).complete(),
              fits);
    EXPECT_EQ(ParsedResponse("HTTP/1.1 200 " + token + "\r\n\r\n").complete(), fits);
  }
}

}  // namespace
}  // namespace understudy::http
