// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/ajp/ajp_request.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proxy/http/hop_by_hop.h"
#include "tests/proxy/http/heads.h"
#include "tests/proxy/support/ajp.h"

namespace understudy::http {
namespace {

using test::ajp::Fields;

// The content of the packet that a request becomes; empty when there is no room.
std::string content_of(const std::string& request, const AjpFacts& facts = {},
                       std::string_view added = {}, std::string_view target = {},
                       std::size_t room = kAjpPacketBytesDefault) {
  const ParsedRequest parsed(request);
  EXPECT_TRUE(parsed.complete()) << to_text(parsed.result.refusal);
  FieldMask dropped;
  drop_from_request(parsed.head, {}, dropped);
  std::string bytes(room, '\0');
  bytes.resize(write_ajp_request(parsed.head,
                                 {.dropped = dropped, .added = added, .target = target, .host = {}},
                                 facts, bytes));
  if (bytes.empty()) return {};
  std::vector<std::string> packets;
  EXPECT_TRUE(test::ajp::take_packets(bytes, packets));
  EXPECT_EQ(packets.size(), 1u);
  EXPECT_EQ(bytes, "");
  return packets.empty() ? "" : packets.front();
}

test::ajp::Request forwarded(const std::string& request, const AjpFacts& facts = {},
                             std::string_view added = {}, std::string_view target = {}) {
  const std::string content = content_of(request, facts, added, target);
  test::ajp::Request out = test::ajp::RequestReader(content).read();
  EXPECT_TRUE(out.is_whole);
  return out;
}

TEST(AjpRequest, SaysWhatTheRequestLineAndTheConnectionSay) {
  const auto out = forwarded("GET /a/b?x=1&y=%20 HTTP/1.1\r\nHost: shop.example:8443\r\n\r\n",
                             {.remote_address = "192.0.2.7",
                              .local_address = "198.51.100.1",
                              .remote_port = 40000,
                              .is_tls = true});
  EXPECT_EQ(out.method, 2u);
  EXPECT_EQ(out.protocol, "HTTP/1.1");
  EXPECT_EQ(out.uri, "/a/b");
  EXPECT_EQ(out.remote_address, "192.0.2.7");
  EXPECT_EQ(out.remote_host, "192.0.2.7");
  EXPECT_EQ(out.server, "shop.example");
  EXPECT_EQ(out.port, 8443u);
  EXPECT_TRUE(out.tls);
  EXPECT_EQ(out.fields, (Fields{{"A00B", "shop.example:8443"}}));
  EXPECT_EQ(out.attributes, (Fields{{"5", "x=1&y=%20"},
                                    {"AJP_REMOTE_PORT", "40000"},
                                    {"AJP_LOCAL_ADDR", "198.51.100.1"}}));
}

TEST(AjpRequest, AHostWithoutAPortHasThatOfItsScheme) {
  EXPECT_EQ(forwarded(get_with("")).port, 80u);
  EXPECT_EQ(forwarded(get_with(""), {.is_tls = true}).port, 443u);
}

TEST(AjpRequest, MethodsHaveCodesAndOthersAreStored) {
  const struct {
    const char* method;
    unsigned code;
  } kCases[] = {{"OPTIONS", 1}, {"GET", 2},     {"HEAD", 3},         {"POST", 4},
                {"PUT", 5},     {"DELETE", 6},  {"PROPFIND", 8},     {"LOCK", 13},
                {"ACL", 15},    {"REPORT", 16}, {"SEARCH", 21},      {"MERGE", 25},
                {"PATCH", 255}, {"get", 255},   {"MKCALENDAR", 255}, {"MKACTIVITY", 27}};
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.method);
    const auto out = forwarded(std::string(test.method) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(out.method, test.code);
    EXPECT_EQ(out.attribute("13"), test.code == 255 ? test.method : "(none)");
  }
}

TEST(AjpRequest, KnownFieldsGoByTheirCodesInAnyLetterCase) {
  const auto out =
      forwarded(get_with("ACCEPT: 1\r\nAccept-Charset: 2\r\nAccept-Encoding: 3\r\n"
                         "Accept-Language: 4\r\nAuthorization: 5\r\n"
                         "Content-Type: 7\r\nCookie: 9\r\nCookie2: 10\r\n"
                         "Pragma: 12\r\nReferer: 13\r\nUser-Agent: 14\r\nX-Odd: o\r\n"));
  EXPECT_EQ(out.fields, (Fields{{"A001", "1"},
                                {"A002", "2"},
                                {"A003", "3"},
                                {"A004", "4"},
                                {"A005", "5"},
                                {"A007", "7"},
                                {"A009", "9"},
                                {"A00A", "10"},
                                {"A00C", "12"},
                                {"A00D", "13"},
                                {"A00E", "14"},
                                {"X-Odd", "o"},
                                {"A00B", "a"}}));
}

TEST(AjpRequest, WhatConcernsOneConnectionOrTheFramingStaysHere) {
  const auto out = forwarded(
      "POST / HTTP/1.1\r\nHost: a\r\nConnection: X-Gone\r\nX-Gone: 1\r\nTransfer-Encoding: "
      "chunked\r\nTE: trailers\r\nTrailer: X-T\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(out.fields, (Fields{{"A00B", "a"}}));
  EXPECT_EQ(forwarded("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n").field("A008"),
            "7");
}

TEST(AjpRequest, LinesOfTheCallerAndAnotherTargetAreForwarded) {
  const auto out =
      forwarded(get_with("A: b\r\n"), {}, "X-Forwarded-For: 192.0.2.7\r\nE: \r\n", "/shop/x?q");
  EXPECT_EQ(out.uri, "/shop/x");
  EXPECT_EQ(out.attribute("5"), "q");
  EXPECT_EQ(out.fields,
            (Fields{{"A", "b"}, {"A00B", "a"}, {"X-Forwarded-For", "192.0.2.7"}, {"E", ""}}));
}

TEST(AjpRequest, AnEmptyQueryIsOne) {
  EXPECT_EQ(forwarded("GET /? HTTP/1.1\r\nHost: a\r\n\r\n").attribute("5"), "");
  EXPECT_EQ(forwarded(get_with("")).attribute("5"), "(none)");
}

TEST(AjpRequest, WhatIsKnownOfTheClientGoesIntoAttributes) {
  const AjpAttribute mine[] = {{"AJP_DEPARTMENT", "7"}};
  const auto out = forwarded(get_with(""), {.is_tls = true,
                                            .user = "ann",
                                            .auth_type = "Basic",
                                            .secret = "s",
                                            .certificate = "-----BEGIN",
                                            .cipher = "AES",
                                            .key_bits = 256,
                                            .tls_protocol = "TLSv1.3",
                                            .attributes = mine});
  EXPECT_EQ(out.attributes, (Fields{{"3", "ann"},
                                    {"4", "Basic"},
                                    {"7", "-----BEGIN"},
                                    {"8", "AES"},
                                    {"11", "256"},
                                    {"AJP_SSL_PROTOCOL", "TLSv1.3"},
                                    {"12", "s"},
                                    {"AJP_DEPARTMENT", "7"}}));
}

TEST(AjpRequest, NoFactOfTlsIsToldOfAPlainConnection) {
  const auto out = forwarded(get_with(""), {.certificate = "c", .cipher = "AES", .key_bits = 128});
  EXPECT_TRUE(out.attributes.empty());
}

// Attributes of AJP are trusted (CVE-2020-1938): only ours may get there, whatever a client writes.
TEST(AjpRequest, NoHeaderOfAClientBecomesAnAttribute) {
  for (const std::string& line : std::vector<std::string>{
           "AJP_REMOTE_PORT: 1\r\n", "javax.servlet.include.request_uri: /\r\n", "X: \x0a\r\n",
           "X: a\xff\x0c\r\n", "secret: s\r\n", "REMOTE_USER: root\r\n"}) {
    SCOPED_TRACE(testing::PrintToString(line));
    const ParsedRequest parsed(get_with(line));
    if (!parsed.complete()) continue;
    const auto out = forwarded(get_with(line));
    EXPECT_TRUE(out.attributes.empty());
  }
}

// Its length in two bytes would be read as the code of another name.
TEST(AjpRequest, ANameWhoseLengthLooksLikeACodeIsNotForwarded) {
  const std::string long_name(0xA00B, 'n');
  RequestHead head;
  const Field fields[] = {{long_name, "v", FieldId::kOther}};
  head.method_text = "GET";
  head.path = "/";
  head.fields = FieldList(fields, {});
  const FieldMask dropped;
  std::string room(kAjpPacketBytesMax, '\0');
  EXPECT_EQ(write_ajp_request(head, {.dropped = dropped, .added = {}, .target = {}, .host = {}}, {},
                              room),
            0u);
}

TEST(AjpRequest, HasTheRoomOfOnePacketAndNoMore) {
  const std::string request = get_with("X: " + std::string(7000, 'x') + "\r\n");
  const std::size_t bytes = content_of(request).size() + 4;
  EXPECT_NE(content_of(request, {}, {}, {}, bytes), "");
  EXPECT_EQ(content_of(request, {}, {}, {}, bytes - 1), "");
}

TEST(AjpRequest, AHeaderStandsInFrontOfEachPartOfABody) {
  const auto header = ajp_body_header(0x1ffa);
  EXPECT_EQ(std::string(header.data(), header.size()), "\x12\x34\x1f\xfc\x1f\xfa");
}

}  // namespace
}  // namespace understudy::http
