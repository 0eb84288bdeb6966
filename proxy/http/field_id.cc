// SPDX-License-Identifier: Apache-2.0
#include "proxy/http/field_id.h"

#include <algorithm>

#include "cookies/contract.h"
#include "proxy/http/field_table.h"

namespace understudy::http {
namespace {

// By FieldId; the first three have no name.
constexpr std::array<std::string_view, kFieldIdCount> kNames = {
    "",
    "",
    "",
    "Connection",
    "Keep-Alive",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "HTTP2-Settings",
    "Content-Length",
    "Host",
    "Expect",
    "Cookie",
    "Set-Cookie",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Server",
    "X-Forwarded-Prefix",
    "Forwarded",
    "X-Real-IP",
    "Via",
    kViewHeader,
    kViewSeenHeader,
    kSessionHeader,
    kRouteHeader,
    kRequestIdHeader,
    kFailoverHeader,
    kWeblogicClusterListHeader,
    kWeblogicClusterHashHeader,
    kWeblogicJvmidHeader,
    "Accept",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "Cache-Control",
    "Content-Encoding",
    "Content-Range",
    "Content-Type",
    "Date",
    "ETag",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "Last-Modified",
    "Location",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "Retry-After",
    "Server",
    "Strict-Transport-Security",
    "User-Agent",
    "Vary",
    "WWW-Authenticate",
};

constexpr internal::KnownNames make_known_names() {
  internal::KnownNames known{};
  for (size_t id = 0; id < kNames.size(); ++id) {
    known[id].size = static_cast<uint8_t>(kNames[id].size());
    for (size_t i = 0; i < kNames[id].size(); ++i) known[id].folded[i] = to_lower(kNames[id][i]);
  }
  return known;
}

constexpr unsigned slot_of_name(std::string_view name) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(name[i])); };
  return internal::slot_of(static_cast<uint32_t>(name.size()), byte(0),
                           byte(name.size() - 2) | byte(name.size() - 1) << 8);
}

constexpr bool is_perfect() {
  std::array<bool, 256> taken{};
  for (std::string_view name : kNames) {
    if (name.empty()) continue;
    if (name.size() < 2 || name.size() > internal::kKnownNameBytesMax) return false;
    if (taken[slot_of_name(name)]) return false;
    taken[slot_of_name(name)] = true;
  }
  return true;
}
static_assert(is_perfect(), "two names share a slot: choose another multiplier");

constexpr std::array<FieldId, 256> make_slots() {
  std::array<FieldId, 256> slots{};
  for (size_t id = 0; id < kNames.size(); ++id) {
    if (!kNames[id].empty()) slots[slot_of_name(kNames[id])] = static_cast<FieldId>(id);
  }
  return slots;
}

// The name as a CGI-like server would see it, had it been written with '-'.
bool is_twin(std::string_view name) {
  std::array<char, internal::kKnownNameBytesMax> dashed;
  if (name.size() > dashed.size() || name.find('_') == std::string_view::npos) return false;
  std::replace_copy(name.begin(), name.end(), dashed.begin(), '_', '-');
  return internal::known_field({dashed.data(), name.size()}) != FieldId::kOther;
}

}  // namespace

namespace internal {
constexpr KnownNames kKnownNames = make_known_names();
constexpr std::array<FieldId, 256> kSlots = make_slots();
}  // namespace internal

FieldId field_id(std::string_view name) {
  const FieldId id = internal::known_field(name);
  if (id != FieldId::kOther) return id;
  if (is_contract_header(name)) return FieldId::kContract;
  return is_twin(name) ? FieldId::kTwin : FieldId::kOther;
}

std::string_view field_name(FieldId id) {
  return kNames[static_cast<size_t>(id)];
}

}  // namespace understudy::http
