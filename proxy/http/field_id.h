// SPDX-License-Identifier: Apache-2.0
// FieldId: a small number for each header field that some part of the proxy acts upon, found once
// while the head is parsed, so that no later step compares header names. Fields that no code
// acts upon are kOther. Pure; any thread. Used by the parser and by the readers of a FieldList.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace understudy::http {

// At most 64 values: FieldSet is one machine word.
enum class FieldId : uint8_t {
  kOther,     // none of those below
  kContract,  // is_contract_header() of cookies/contract.h, but no number of its own below
  kTwin,      // a name below written with '_' for '-': CGI-like servers would take it for that one

  // Framing, and what concerns one connection only.
  kConnection,
  kKeepAlive,
  kProxyConnection,
  kTe,
  kTrailer,
  kTransferEncoding,
  kUpgrade,
  kHttp2Settings,
  kContentLength,
  kHost,
  kExpect,

  kCookie,
  kSetCookie,

  // Who asked, and through whom.
  kXForwardedFor,
  kXForwardedProto,
  kXForwardedHost,
  kXForwardedPort,
  kXForwardedServer,
  kXForwardedPrefix,
  kForwarded,
  kXRealIp,
  kVia,

  // The contract between proxy and backend, cookies/contract.h.
  kUnderstudyView,
  kUnderstudyViewSeen,
  kUnderstudySession,
  kUnderstudyRoute,
  kUnderstudyRequestId,
  kUnderstudyFailover,
  kXWeblogicClusterList,
  kXWeblogicClusterHash,
  kXWeblogicJvmid,

  kAccept,
  kAcceptEncoding,
  kAcceptLanguage,
  kAuthorization,
  kCacheControl,
  kContentEncoding,
  kContentRange,
  kContentType,
  kDate,
  kEtag,
  kIfMatch,
  kIfModifiedSince,
  kIfNoneMatch,
  kIfRange,
  kLastModified,
  kLocation,
  kOrigin,
  kProxyAuthenticate,
  kProxyAuthorization,
  kRange,
  kReferer,
  kRetryAfter,
  kServer,
  kStrictTransportSecurity,
  kUserAgent,
  kVary,
  kWwwAuthenticate,
};
inline constexpr unsigned kFieldIdCount = static_cast<unsigned>(FieldId::kWwwAuthenticate) + 1;
static_assert(kFieldIdCount <= 64);

class FieldSet final {
 public:
  constexpr FieldSet() = default;
  constexpr FieldSet(std::initializer_list<FieldId> ids) {
    for (FieldId id : ids) add(id);
  }
  constexpr void add(FieldId id) { bits_ |= uint64_t{1} << static_cast<unsigned>(id); }
  constexpr bool has(FieldId id) const { return (bits_ >> static_cast<unsigned>(id) & 1) != 0; }
  constexpr bool meets(FieldSet other) const { return (bits_ & other.bits_) != 0; }
  constexpr FieldSet operator|(FieldSet other) const {
    FieldSet both;
    both.bits_ = bits_ | other.bits_;
    return both;
  }
  constexpr bool operator==(const FieldSet&) const = default;

 private:
  uint64_t bits_ = 0;
};

// Everything that only proxy and backend may say to each other.
inline constexpr FieldSet kContractFields{
    FieldId::kContract,           FieldId::kUnderstudyView,       FieldId::kUnderstudyViewSeen,
    FieldId::kUnderstudySession,  FieldId::kUnderstudyRoute,      FieldId::kUnderstudyRequestId,
    FieldId::kUnderstudyFailover, FieldId::kXWeblogicClusterList, FieldId::kXWeblogicClusterHash,
    FieldId::kXWeblogicJvmid};

// `name` must be a valid token (RFC 9110 5.6.2); any letter case.
FieldId field_id(std::string_view name);

// The usual spelling, "X-Forwarded-For"; empty for kOther, kContract and kTwin.
std::string_view field_name(FieldId id);

}  // namespace understudy::http
