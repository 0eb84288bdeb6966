// SPDX-License-Identifier: Apache-2.0
#include "base/address.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <functional>
#include <tuple>

namespace understudy {
namespace {

// "7." and so on, of each octet; copied whole.
struct OctetText {
  char text[4] = {};
  uint8_t size = 0;
};
constexpr std::array<OctetText, 256> make_octet_texts() {
  std::array<OctetText, 256> texts;
  for (size_t octet = 0; octet < texts.size(); ++octet) {
    auto& [text, size] = texts[octet];
    if (octet >= 100) text[size++] = static_cast<char>('0' + octet / 100);
    if (octet >= 10) text[size++] = static_cast<char>('0' + octet / 10 % 10);
    text[size++] = static_cast<char>('0' + octet % 10);
    text[size++] = '.';
  }
  return texts;
}
constexpr std::array<OctetText, 256> kOctetTexts = make_octet_texts();

constexpr std::string_view kUnixPrefix = "unix:";

struct HostPort {
  std::string host;
  uint16_t port = 0;
};

Error bad_address(std::string_view text, std::string_view why) {
  return {.code = ErrorCode::kInvalid,
          .detail = "'" + std::string(text) + "' is not an address: " + std::string(why) +
                    "; write HOST:PORT, [IPV6]:PORT or unix:/PATH"};
}

Result<HostPort> split(std::string_view text, uint16_t default_port) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return bad_address(text, "']' is missing");
    host = text.substr(1, close - 1);
    std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && rest[0] != ':') return bad_address(text, "':' expected after ']'");
    if (!rest.empty()) port = rest.substr(1);
  } else if (const size_t colon = text.rfind(':'); colon != std::string_view::npos) {
    if (text.find(':') != colon) return bad_address(text, "an IPv6 address needs brackets");
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    if (port.empty()) return bad_address(text, "the port is empty");
  }
  if (host.empty()) return bad_address(text, "the host is empty");
  HostPort out{std::string(host), default_port};
  if (!port.empty()) {
    unsigned number = 0;
    auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (ec != std::errc() || end != port.data() + port.size() || number > 65535) {
      return bad_address(text, "the port is not a number in 0..65535");
    }
    out.port = static_cast<uint16_t>(number);
  } else if (default_port == 0) {
    return bad_address(text, "the port is missing");
  }
  return out;
}

}  // namespace

Result<Address> Address::parse(std::string_view text, uint16_t default_port) {
  if (text.starts_with(kUnixPrefix)) {
    std::string_view path = text.substr(kUnixPrefix.size());
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof un.sun_path) {
      return bad_address(text, "the path is empty or longer than 107 bytes");
    }
    std::memcpy(un.sun_path, path.data(), path.size());
    return from_sockaddr(reinterpret_cast<sockaddr*>(&un),
                         static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1));
  }
  auto parts = split(text, default_port);
  if (!parts) return std::move(parts).error();
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(parts->port);
  if (inet_pton(AF_INET, parts->host.c_str(), &in.sin_addr) == 1) {
    return from_sockaddr(reinterpret_cast<sockaddr*>(&in), sizeof in);
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(parts->port);
  if (inet_pton(AF_INET6, parts->host.c_str(), &in6.sin6_addr) == 1) {
    return from_sockaddr(reinterpret_cast<sockaddr*>(&in6), sizeof in6);
  }
  return bad_address(text, "'" + parts->host + "' is not a numeric IPv4 or IPv6 address");
}

Address Address::from_sockaddr(const sockaddr* address, socklen_t size) {
  Address out;
  static_assert(sizeof(sockaddr_in) == kKeptOfIpv4 + 1);
  if (address->sa_family == AF_INET) size = kKeptOfIpv4;
  if (address->sa_family == AF_INET6) size = sizeof(sockaddr_in6);
  out.bytes_.assign(reinterpret_cast<const char*>(address), size);
  return out;
}

Address Address::loopback(uint16_t port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port);
  in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return from_sockaddr(reinterpret_cast<sockaddr*>(&in), sizeof in);
}

bool Address::is_unix() const {
  return is_set() && raw()->sa_family == AF_UNIX;
}

bool Address::is_loopback() const {
  if (!is_set()) return false;
  if (raw()->sa_family == AF_INET) {
    return (ntohl(reinterpret_cast<const sockaddr_in*>(raw())->sin_addr.s_addr) >> 24) == 127;
  }
  if (raw()->sa_family == AF_INET6) {
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(raw())->sin6_addr);
  }
  return true;
}

uint16_t Address::port() const {
  if (!is_set()) return 0;
  if (raw()->sa_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(raw())->sin_port);
  }
  if (raw()->sa_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(raw())->sin6_port);
  }
  return 0;
}

Address Address::with_port(uint16_t port) const {
  Address out = *this;
  if (!is_set() || is_unix()) return out;
  // sin_port and sin6_port share their offset.
  const uint16_t network = htons(port);
  std::memcpy(out.bytes_.data() + offsetof(sockaddr_in, sin_port), &network, sizeof network);
  return out;
}

std::string_view Address::host(HostText& room) const {
  static_assert(std::tuple_size_v<HostText> >= INET6_ADDRSTRLEN);
  if (!is_set()) return {};
  if (is_unix()) return reinterpret_cast<const sockaddr_un*>(raw())->sun_path;
  if (raw()->sa_family == AF_INET) {
    const in_addr& ip = reinterpret_cast<const sockaddr_in*>(raw())->sin_addr;
    const char* const end = write_ipv4(reinterpret_cast<const uint8_t*>(&ip), room.data());
    return {room.data(), static_cast<size_t>(end - room.data())};
  }
  return inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(raw())->sin6_addr, room.data(),
                   static_cast<socklen_t>(room.size()));
}

std::string Address::host() const {
  HostText room;
  return std::string(host(room));
}

char* write_ipv4(const uint8_t* bytes, char* out) {
  for (int i = 0; i < 4; ++i) {
    const auto& [text, size] = kOctetTexts[bytes[i]];
    std::memcpy(out, text, sizeof text);
    out += size;
  }
  return out - 1;
}

std::string Address::to_string() const {
  if (!is_set()) return "-";
  if (is_unix()) return std::string(kUnixPrefix) + host();
  if (raw()->sa_family == AF_INET6) return "[" + host() + "]:" + std::to_string(port());
  return host() + ":" + std::to_string(port());
}

Result<std::vector<Address>> resolve(std::string_view host_and_port, uint16_t default_port) {
  if (auto numeric = Address::parse(host_and_port, default_port)) {
    return std::vector<Address>{std::move(*numeric)};
  }
  auto parts = split(host_and_port, default_port);
  if (!parts) return std::move(parts).error();
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* list = nullptr;
  const int rc =
      getaddrinfo(parts->host.c_str(), std::to_string(parts->port).c_str(), &hints, &list);
  if (rc != 0) {
    return Error{.code = ErrorCode::kInvalid,
                 .detail = "cannot resolve '" + parts->host + "': " + gai_strerror(rc)};
  }
  std::vector<Address> out;
  for (addrinfo* entry = list; entry; entry = entry->ai_next) {
    out.push_back(Address::from_sockaddr(entry->ai_addr, entry->ai_addrlen));
  }
  freeaddrinfo(list);
  return out;
}

}  // namespace understudy

size_t std::hash<understudy::Address>::operator()(const understudy::Address& address) const {
  return std::hash<std::string_view>()(
      std::string_view(reinterpret_cast<const char*>(address.raw()), address.raw_size()));
}
