// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/preface/proxy_protocol.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace understudy::http {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr size_t kFixedBytes = 16;  // of version 2, before the addresses

constexpr size_t kIpv4Bytes = 12;
constexpr size_t kIpv6Bytes = 36;
constexpr size_t kUnixBytes = 216;
constexpr size_t kTlvHeadBytes = 3;
constexpr uint8_t kTlvChecksum = 0x03;
constexpr size_t kChecksumBytes = 4;

ProxyHeader refused(ProxyRefusal refusal) {
  return {.progress = Progress::kRefused, .refusal = refusal};
}

uint8_t byte_at(std::string_view bytes, size_t at) {
  return static_cast<uint8_t>(bytes[at]);
}

uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

// ---- Version 1.

// The next word of a line in which one blank stands between two.
std::string_view take_word(std::string_view& rest) {
  const size_t blank = std::min(rest.find(' '), rest.size());
  const std::string_view word = rest.substr(0, blank);
  rest.remove_prefix(std::min(blank + 1, rest.size()));
  return word;
}

std::optional<uint16_t> port_of(std::string_view word) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), port);
  const bool is_right = error == std::errc() && end == word.data() + word.size() &&
                        (word.size() == 1 || word.front() != '0');
  return is_right ? std::optional(port) : std::nullopt;
}

Address ip_address(int family, const void* ip, uint16_t port) {
  if (family == AF_INET) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, ip, sizeof v4.sin_addr);
    return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v4), sizeof v4);
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, ip, sizeof v6.sin6_addr);
  return Address::from_sockaddr(reinterpret_cast<const sockaddr*>(&v6), sizeof v6);
}

// Unset when that is no address of the family.
Address address_of(int family, std::string_view host, std::string_view port) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  std::array<unsigned char, 16> ip;
  const auto number = port_of(port);
  if (!number || host.size() >= text.size()) return {};
  std::copy(host.begin(), host.end(), text.begin());
  if (inet_pton(family, text.data(), ip.data()) != 1) return {};
  return ip_address(family, ip.data(), *number);
}

ProxyHeader parse_line(std::string_view bytes) {
  const size_t end = bytes.substr(0, kProxyLineBytesMax).find("\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= kProxyLineBytesMax) return refused(ProxyRefusal::kLineTooLong);
    // A line ends with CR LF and holds neither alone.
    const size_t stray = bytes.find_first_of("\r\n"sv);
    const bool may_go_on =
        stray == bytes.npos || (bytes[stray] == '\r' && stray + 1 == bytes.size());
    return may_go_on ? ProxyHeader{} : refused(ProxyRefusal::kBadLine);
  }
  std::string_view rest = bytes.substr(kLineStart.size(), end - kLineStart.size());
  if (rest.find_first_of("\r\n\0"sv) != rest.npos) return refused(ProxyRefusal::kBadLine);
  ProxyHeader header{.progress = Progress::kComplete, .bytes = end + 2};
  const std::string_view family = take_word(rest);
  if (family == "UNKNOWN") return header;
  if (family != "TCP4" && family != "TCP6") return refused(ProxyRefusal::kBadLine);
  const int number = family == "TCP4" ? AF_INET : AF_INET6;
  std::array<std::string_view, 4> words;  // source, destination, source port, destination port
  for (std::string_view& word : words) word = take_word(rest);
  header.client = address_of(number, words[0], words[2]);
  header.destination = address_of(number, words[1], words[3]);
  const bool is_right = header.client.is_set() && header.destination.is_set() && rest.empty() &&
                        bytes[end - 1] != ' ';
  return is_right ? header : refused(ProxyRefusal::kBadLine);
}

// ---- Version 2.

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t rest = i;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ ((rest & 1) != 0 ? 0x82f63b78U : 0);
    table[i] = rest;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

// CRC32c (RFC 9260, appendix A) of the header with the four bytes of the checksum taken for zeros.
uint32_t checksum(std::string_view header, size_t checksum_at) {
  uint32_t crc = ~uint32_t{0};
  for (size_t i = 0; i < header.size(); ++i) {
    const bool is_checksum = i >= checksum_at && i < checksum_at + kChecksumBytes;
    const uint8_t byte = is_checksum ? 0 : byte_at(header, i);
    crc = crc >> 8 ^ kCrcTable[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

ProxyRefusal check_tlvs(std::string_view header, size_t at) {
  while (at < header.size()) {
    if (header.size() - at < kTlvHeadBytes) return ProxyRefusal::kBadTlv;
    const uint8_t type = byte_at(header, at);
    const size_t bytes = number_at(header, at + 1);
    at += kTlvHeadBytes;
    if (header.size() - at < bytes) return ProxyRefusal::kBadTlv;
    if (type == kTlvChecksum) {
      if (bytes != kChecksumBytes) return ProxyRefusal::kBadTlv;
      const uint32_t said = uint32_t{number_at(header, at)} << 16 | number_at(header, at + 2);
      if (said != checksum(header, at)) return ProxyRefusal::kBadChecksum;
    }
    at += bytes;
  }
  return ProxyRefusal::kNone;
}

ProxyHeader parse_binary(std::string_view bytes) {
  if (bytes.size() < kFixedBytes) return {};
  const uint8_t command = byte_at(bytes, 12);
  if (command != 0x20 && command != 0x21) return refused(ProxyRefusal::kBadVersion);
  const size_t whole = kFixedBytes + number_at(bytes, 14);
  if (whole > kProxyHeaderBytesMax) return refused(ProxyRefusal::kTooLong);
  const uint8_t family = byte_at(bytes, 13);
  const bool is_local = command == 0x20;
  size_t addresses = 0;
  switch (family) {
    case 0x00:
      break;
    case 0x11:
      addresses = kIpv4Bytes;
      break;
    case 0x21:
      addresses = kIpv6Bytes;
      break;
    case 0x31:
      addresses = kUnixBytes;
      break;
    default:
      // A balancer that speaks for itself may leave there whatever it likes.
      if (!is_local) return refused(ProxyRefusal::kBadFamily);
  }
  if (!is_local && whole < kFixedBytes + addresses) return refused(ProxyRefusal::kTooShort);
  if (bytes.size() < whole) return {};
  const std::string_view header = bytes.substr(0, whole);
  ProxyHeader out{.progress = Progress::kComplete, .bytes = whole};
  if (is_local || family == 0x00) return out;
  const ProxyRefusal refusal = check_tlvs(header, kFixedBytes + addresses);
  if (refusal != ProxyRefusal::kNone) return refused(refusal);
  if (family == 0x31) return out;
  const int number = family == 0x11 ? AF_INET : AF_INET6;
  const size_t ip = family == 0x11 ? 4 : 16;
  const char* const at = header.data() + kFixedBytes;
  out.client = ip_address(number, at, number_at(header, kFixedBytes + 2 * ip));
  out.destination = ip_address(number, at + ip, number_at(header, kFixedBytes + 2 * ip + 2));
  return out;
}

bool may_become(std::string_view bytes, std::string_view start) {
  const size_t common = std::min(bytes.size(), start.size());
  return bytes.substr(0, common) == start.substr(0, common);
}

}  // namespace

std::string_view to_text(ProxyRefusal refusal) {
  switch (refusal) {
    case ProxyRefusal::kNone:
      return "none";
    case ProxyRefusal::kNoHeader:
      return "the connection does not begin with the PROXY protocol";
    case ProxyRefusal::kLineTooLong:
      return "the PROXY line has no end";
    case ProxyRefusal::kBadLine:
      return "the PROXY line is malformed";
    case ProxyRefusal::kBadVersion:
      return "the PROXY header has an unknown version or command";
    case ProxyRefusal::kBadFamily:
      return "the PROXY header names neither TCP nor a unix socket";
    case ProxyRefusal::kTooShort:
      return "the PROXY header is too short for its addresses";
    case ProxyRefusal::kTooLong:
      return "the PROXY header is too long";
    case ProxyRefusal::kBadTlv:
      return "a TLV of the PROXY header does not end within it";
    case ProxyRefusal::kBadChecksum:
      return "the checksum of the PROXY header is wrong";
  }
  return "";
}

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (bytes.empty()) return {};
  if (may_become(bytes, kLineStart)) {
    return bytes.size() < kLineStart.size() ? ProxyHeader{} : parse_line(bytes);
  }
  if (may_become(bytes, kSignature)) {
    return bytes.size() < kSignature.size() ? ProxyHeader{} : parse_binary(bytes);
  }
  return refused(ProxyRefusal::kNoHeader);
}

}  // namespace understudy::http
