// SPDX-License-Identifier: Apache-2.0
#include "proxy/upstream/proxy_header.h"

#include <netinet/in.h>

#include <cstring>

namespace understudy {
namespace {

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr char kLocal = 0x20;  // version 2, LOCAL
constexpr char kProxy = 0x21;  // version 2, PROXY
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

int family_of(const Address& client, const Address& server) {
  if (!client.is_set() || !server.is_set()) return AF_UNSPEC;
  const int family = client.raw()->sa_family;
  const bool is_ip = family == AF_INET || family == AF_INET6;
  return is_ip && server.raw()->sa_family == family ? family : AF_UNSPEC;
}

std::string_view address_bytes(const Address& address) {
  if (address.raw()->sa_family == AF_INET) {
    const auto& in = *reinterpret_cast<const sockaddr_in*>(address.raw());
    return {reinterpret_cast<const char*>(&in.sin_addr), sizeof in.sin_addr};
  }
  const auto& in6 = *reinterpret_cast<const sockaddr_in6*>(address.raw());
  return {reinterpret_cast<const char*>(&in6.sin6_addr), sizeof in6.sin6_addr};
}

void append_number(uint16_t number, std::string& out) {
  out += static_cast<char>(number >> 8);
  out += static_cast<char>(number & 0xff);
}

std::string version_1(int family, const Address& client, const Address& server) {
  if (family == AF_UNSPEC) return "PROXY UNKNOWN\r\n";
  return std::string("PROXY ") + (family == AF_INET ? "TCP4 " : "TCP6 ") + client.host() + ' ' +
         server.host() + ' ' + std::to_string(client.port()) + ' ' + std::to_string(server.port()) +
         "\r\n";
}

std::string version_2(int family, const Address& client, const Address& server) {
  std::string out(kSignature);
  if (family == AF_UNSPEC) {
    out += kLocal;
    out += '\0';
    append_number(0, out);
    return out;
  }
  const std::string_view from = address_bytes(client);
  const std::string_view to = address_bytes(server);
  out += kProxy;
  out += family == AF_INET ? kTcp4 : kTcp6;
  append_number(static_cast<uint16_t>(from.size() + to.size() + 4), out);
  out.append(from).append(to);
  append_number(client.port(), out);
  append_number(server.port(), out);
  return out;
}

}  // namespace

std::string proxy_header(config::ProxyHeader version, const Address& client,
                         const Address& server) {
  const int family = family_of(client, server);
  switch (version) {
    case config::ProxyHeader::kNone:
      return {};
    case config::ProxyHeader::kV1:
      return version_1(family, client, server);
    case config::ProxyHeader::kV2:
      break;
  }
  return version_2(family, client, server);
}

}  // namespace understudy
