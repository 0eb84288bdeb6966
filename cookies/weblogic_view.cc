// SPDX-License-Identifier: Apache-2.0
#include "cookies/weblogic_view.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "cookies/mac.h"

namespace understudy {
namespace {

// JVMID!host!port!sslport, and perhaps more.
constexpr std::size_t kFieldsMin = 4;
constexpr std::size_t kFieldsMax = 12;
constexpr int kClosedPort = -1;
constexpr std::size_t kHostBytesMax = 253;

constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool is_host_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '-' || c == '_' || c == ':';
}

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// The host as an address has it: IPv6 in brackets, a signed decimal as the IPv4 address it means.
// Nothing else may consist of digits only: a resolver would take it for an address too.
std::optional<std::string> parse_host(std::string_view text) {
  if (const auto packed = parse_number<std::int32_t>(text)) {
    const auto bits = static_cast<std::uint32_t>(*packed);
    return std::to_string(bits >> 24) + "." + std::to_string(bits >> 16 & 255) + "." +
           std::to_string(bits >> 8 & 255) + "." + std::to_string(bits & 255);
  }
  if (text.find_first_not_of("0123456789") == std::string_view::npos) return std::nullopt;
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  if (text.empty() || text.size() > kHostBytesMax ||
      !std::all_of(text.begin(), text.end(), is_host_char)) {
    return std::nullopt;
  }
  const bool is_ipv6 = text.find(':') != std::string_view::npos;
  return is_ipv6 ? "[" + std::string(text) + "]" : std::string(text);
}

// A port, or kClosedPort.
std::optional<int> parse_port(std::string_view text) {
  const auto port = parse_number<int>(text);
  if (!port || (*port != kClosedPort && (*port < 1 || *port > 65535))) return std::nullopt;
  return port;
}

// `entry` is left out of the view when its address stays empty.
ViewRefusal parse_entry(std::string_view text, WeblogicPort which, ViewEntry& entry) {
  std::array<std::string_view, kFieldsMin> fields;
  std::size_t count = 0;
  while (true) {
    const std::size_t end = text.find('!');
    if (count == kFieldsMax) return ViewRefusal::kMalformed;
    if (count < fields.size()) fields[count] = text.substr(0, end);
    ++count;
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  if (count < kFieldsMin) return ViewRefusal::kMalformed;
  const auto mid = parse_jvmid(fields[0]);
  const auto host = parse_host(fields[1]);
  const auto plain = parse_port(fields[2]);
  const auto tls = parse_port(fields[3]);
  if (!mid || !host || !plain || !tls) return ViewRefusal::kMalformed;
  const int port = which == WeblogicPort::kPlain ? *plain : *tls;
  entry.mid = *mid;
  if (port == kClosedPort) return ViewRefusal::kNone;
  entry.address = *host + ":" + std::to_string(port);
  entry.name = entry.address;
  return ViewRefusal::kNone;
}

bool may_be_connected(const ViewEntry& entry) {
  return (entry.alive == AliveState::kAlive || entry.alive == AliveState::kSuspect) &&
         entry.operator_state != OperatorState::kDisabled;
}

}  // namespace

DecodedView decode_weblogic_list(std::string_view list, WeblogicPort port) {
  DecodedView decoded{.view = {}, .refusal = ViewRefusal::kNone};
  const auto refused = [](ViewRefusal refusal) {
    return DecodedView{.view = {}, .refusal = refusal};
  };
  if (list.empty()) return refused(ViewRefusal::kNoList);
  if (list.size() > kViewTextBytesMax) return refused(ViewRefusal::kOverlong);
  std::vector<ViewEntry>& entries = decoded.view.entries;
  for (std::size_t count = 0;; ++count) {
    if (count == kViewMembersMax) return refused(ViewRefusal::kOverlong);
    const std::size_t end = list.find('|');
    ViewEntry entry;
    const ViewRefusal refusal = parse_entry(list.substr(0, end), port, entry);
    if (refusal != ViewRefusal::kNone) return refused(refusal);
    if (!entry.address.empty()) entries.push_back(std::move(entry));
    if (end == std::string_view::npos) break;
    list.remove_prefix(end + 1);
  }
  const auto by_mid = [](const ViewEntry& a, const ViewEntry& b) { return a.mid < b.mid; };
  std::sort(entries.begin(), entries.end(), by_mid);
  const auto twice =
      std::adjacent_find(entries.begin(), entries.end(),
                         [](const ViewEntry& a, const ViewEntry& b) { return a.mid == b.mid; });
  if (twice != entries.end()) return refused(ViewRefusal::kMalformed);
  return decoded;
}

std::optional<std::string> encode_weblogic_list(const ClusterView& view, WeblogicPort port) {
  std::string list;
  for (const ViewEntry& entry : view.entries) {
    if (!may_be_connected(entry)) continue;
    const std::size_t colon = entry.address.rfind(':');
    if (colon == std::string::npos) return std::nullopt;
    const std::string_view address = entry.address;
    const auto host = parse_host(address.substr(0, colon));
    const auto number = parse_port(address.substr(colon + 1));
    if (!host || !number || *number == kClosedPort) return std::nullopt;
    const std::string open = std::to_string(*number);
    const std::string closed = std::to_string(kClosedPort);
    if (!list.empty()) list += '|';
    list.append(std::to_string(jvmid(entry.mid))).append("!").append(*host).append("!");
    const bool is_plain = port == WeblogicPort::kPlain;
    list.append(is_plain ? open : closed).append("!").append(is_plain ? closed : open);
  }
  return list;
}

std::string weblogic_hash(std::string_view list) {
  constexpr std::size_t kHashedBytes = 20;
  const Digest digest = sha256(list);
  std::string text;
  std::uint32_t held = 0;
  int bits = 0;
  for (std::size_t i = 0; i < kHashedBytes; ++i) {
    held = held << 8 | digest[i];
    for (bits += 8; bits >= 6;) {
      bits -= 6;
      text += kBase64[held >> bits & 63];
    }
  }
  text += kBase64[held << (6 - bits) & 63];
  return text;
}

bool is_weblogic_hash(std::string_view text) {
  return !text.empty() && text.size() <= kWeblogicHashBytesMax &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != ',' && c != ';'; });
}

}  // namespace understudy
