// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/preface/proxy_protocol.h"

#include <gtest/gtest.h>

#include <string>

namespace understudy::http {
namespace {

using namespace std::string_literals;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kIpv4 = "\xc0\x00\x02\x01\xc6\x33\x64\x02\x1f\x90\x01\xbb"s;

// A header of version 2 with the length of what follows.
std::string binary(char command, char family, const std::string& rest) {
  std::string out = kSignature + command + family;
  out += static_cast<char>(rest.size() >> 8);
  out += static_cast<char>(rest.size() & 0xff);
  return out + rest;
}

std::string tlv(char type, const std::string& value) {
  std::string out(1, type);
  out += static_cast<char>(value.size() >> 8);
  out += static_cast<char>(value.size() & 0xff);
  return out + value;
}

TEST(ProxyProtocol, NamesTheClientAndWhereItConnected) {
  const struct {
    std::string bytes, client, destination;
  } kCases[] = {
      {"PROXY TCP4 192.0.2.1 198.51.100.2 8080 443\r\n", "192.0.2.1:8080", "198.51.100.2:443"},
      {"PROXY TCP6 2001:db8::1 ::1 1 65535\r\n", "[2001:db8::1]:1", "[::1]:65535"},
      {"PROXY TCP4 0.0.0.0 255.255.255.255 0 0\r\n", "0.0.0.0:0", "255.255.255.255:0"},
      {"PROXY UNKNOWN\r\n", "", ""},
      {"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", "", ""},
      {binary(0x21, 0x11, kIpv4), "192.0.2.1:8080", "198.51.100.2:443"},
      {binary(0x21, 0x21,
              std::string(15, '\0') + "\x01"s + std::string(16, '\0') + "\0\x50\0\x51"s),
       "[::1]:80", "[::]:81"},
      {binary(0x21, 0x31, std::string(216, 'x')), "", ""},
      {binary(0x21, 0x00, ""), "", ""},
      {binary(0x21, 0x00, "whatever"), "", ""},
      {binary(0x20, 0x00, ""), "", ""},
      {binary(0x20, 0x11, kIpv4), "", ""},
      {binary(0x20, 0x7f, "whatever"), "", ""},
      {binary(0x21, 0x11, kIpv4 + tlv(0x01, "h2") + tlv(0x04, "")), "192.0.2.1:8080",
       "198.51.100.2:443"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(testing::PrintToString(test.bytes));
    // What follows is not the header's.
    const ProxyHeader header = parse_proxy_header(test.bytes + "GET / HTTP/1.1\r\n");
    ASSERT_EQ(header.progress, Progress::kComplete) << to_text(header.refusal);
    EXPECT_EQ(header.bytes, test.bytes.size());
    EXPECT_EQ(header.client.is_set() ? header.client.to_string() : "", test.client);
    EXPECT_EQ(header.destination.is_set() ? header.destination.to_string() : "", test.destination);
    for (std::size_t size = 0; size < test.bytes.size(); ++size) {
      EXPECT_EQ(parse_proxy_header(test.bytes.substr(0, size)).progress, Progress::kIncomplete)
          << size;
    }
  }
}

TEST(ProxyProtocol, RefusesEveryMalformedForm) {
  const struct {
    std::string bytes;
    ProxyRefusal refusal;
  } kCases[] = {
      {"GET / HTTP/1.1\r\n", ProxyRefusal::kNoHeader},
      {"proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", ProxyRefusal::kNoHeader},
      {"PROXY\tTCP4", ProxyRefusal::kNoHeader},
      {"\x16\x03\x01", ProxyRefusal::kNoHeader},
      {"\r\n\r\nGET", ProxyRefusal::kNoHeader},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r1\r\n", ProxyRefusal::kBadLine},
      {"PROXY \r\n", ProxyRefusal::kBadLine},
      {"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 ::1 ::1 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4 1.2.3.4 1 x\r\n", ProxyRefusal::kBadLine},
      {"PROXY TCP4 1.2.3.4\0 1.2.3.4 1 1\r\n"s, ProxyRefusal::kBadLine},
      {"PROXY UNKNOWN a\0b\r\n"s, ProxyRefusal::kBadLine},
      {"PROXY UNKNOWN " + std::string(kProxyLineBytesMax, 'x'), ProxyRefusal::kLineTooLong},
      {binary(0x11, 0x11, kIpv4), ProxyRefusal::kBadVersion},
      {binary(0x31, 0x11, kIpv4), ProxyRefusal::kBadVersion},
      {binary(0x22, 0x11, kIpv4), ProxyRefusal::kBadVersion},
      {binary(0x21, 0x12, kIpv4), ProxyRefusal::kBadFamily},
      {binary(0x21, 0x22, std::string(36, 'x')), ProxyRefusal::kBadFamily},
      {binary(0x21, 0x32, std::string(216, 'x')), ProxyRefusal::kBadFamily},
      {binary(0x21, 0x41, kIpv4), ProxyRefusal::kBadFamily},
      {binary(0x21, 0x11, kIpv4.substr(1)), ProxyRefusal::kTooShort},
      {binary(0x21, 0x21, kIpv4), ProxyRefusal::kTooShort},
      {binary(0x21, 0x31, std::string(215, 'x')), ProxyRefusal::kTooShort},
      {binary(0x21, 0x11, kIpv4 + "\x01"s), ProxyRefusal::kBadTlv},
      {binary(0x21, 0x11, kIpv4 + "\x01\0"s), ProxyRefusal::kBadTlv},
      {binary(0x21, 0x11, kIpv4 + "\x01\0\x02x"s), ProxyRefusal::kBadTlv},
      {binary(0x21, 0x11, kIpv4 + tlv(0x03, "abc")), ProxyRefusal::kBadTlv},
      {binary(0x21, 0x11, kIpv4 + tlv(0x03, "abcd")), ProxyRefusal::kBadChecksum},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(testing::PrintToString(test.bytes));
    const ProxyHeader header = parse_proxy_header(test.bytes);
    EXPECT_EQ(header.progress, Progress::kRefused);
    EXPECT_EQ(header.refusal, test.refusal) << to_text(header.refusal);
    EXPECT_FALSE(header.client.is_set());
  }
}

// HAProxy 488ee7fb: the length of a TLV reached beyond the header, into the request behind it that
// had come in the same segment. Each length but the right one is refused, also where there are
// bytes enough, and none of them is taken.
TEST(ProxyProtocol, ATlvIsNotReadBeyondItsHeader) {
  const std::string payload = "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(70'000, 'x');
  for (const unsigned length : {0U, 1U, 2U, 3U, 4U, 5U, 16U, 255U, 256U, 4096U, 65535U}) {
    SCOPED_TRACE(length);
    std::string one(1, '\x04');
    one += static_cast<char>(length >> 8);
    one += static_cast<char>(length & 0xff);
    const std::string header = binary(0x21, 0x11, kIpv4 + tlv(0x04, "ab") + one + "xy");
    const ProxyHeader parsed = parse_proxy_header(header + payload);
    if (length == 2) {
      EXPECT_EQ(parsed.progress, Progress::kComplete);
      EXPECT_EQ(parsed.bytes, header.size());
    } else {
      EXPECT_EQ(parsed.refusal, ProxyRefusal::kBadTlv);
      EXPECT_EQ(parsed.bytes, 0u);
      EXPECT_FALSE(parsed.client.is_set());
    }
  }
}

TEST(ProxyProtocol, ALineEndsAtItsLimit) {
  const std::string fits = "PROXY UNKNOWN " + std::string(kProxyLineBytesMax - 16, 'x') + "\r\n";
  ASSERT_EQ(fits.size(), kProxyLineBytesMax);
  EXPECT_EQ(parse_proxy_header(fits).progress, Progress::kComplete);
  const std::string longer = "PROXY UNKNOWN " + std::string(kProxyLineBytesMax - 15, 'x') + "\r\n";
  EXPECT_EQ(parse_proxy_header(longer).refusal, ProxyRefusal::kLineTooLong);
}

TEST(ProxyProtocol, AHeaderOfVersionTwoEndsAtItsLimit) {
  const std::size_t room = kProxyHeaderBytesMax - 16 - kIpv4.size() - 3;
  const std::string fits = binary(0x21, 0x11, kIpv4 + tlv(0x04, std::string(room, 'x')));
  ASSERT_EQ(fits.size(), kProxyHeaderBytesMax);
  EXPECT_EQ(parse_proxy_header(fits).progress, Progress::kComplete);
  // The length alone decides: nobody waits for bytes that would not be taken.
  const std::string longer = binary(0x21, 0x11, kIpv4 + tlv(0x04, std::string(room + 1, 'x')));
  EXPECT_EQ(parse_proxy_header(longer.substr(0, 16)).refusal, ProxyRefusal::kTooLong);
}

// Bit by bit, so that it shares nothing with the table of the product.
uint32_t crc32c(const std::string& bytes) {
  uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78U : 0);
  }
  return ~crc;
}

TEST(ProxyProtocol, AChecksumIsCheckedWhereItIs) {
  ASSERT_EQ(crc32c("123456789"), 0xe3069283U);  // RFC 3720, B.4 uses the same polynomial
  std::string bytes = binary(0x21, 0x11, kIpv4 + tlv(0x03, std::string(4, '\0')) + tlv(0x04, "x"));
  const uint32_t sum = crc32c(bytes);
  const std::size_t at = 16 + kIpv4.size() + 3;
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(sum >> (24 - 8 * i));
  EXPECT_EQ(parse_proxy_header(bytes).progress, Progress::kComplete);
  for (std::size_t i = 16; i < bytes.size(); ++i) {
    if (i >= at - 3 && i < at) continue;  // another type or length is another mistake
    if (i >= at + 4 && i < at + 7) continue;
    std::string broken = bytes;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    EXPECT_EQ(parse_proxy_header(broken).refusal, ProxyRefusal::kBadChecksum) << i;
  }
}

}  // namespace
}  // namespace understudy::http
