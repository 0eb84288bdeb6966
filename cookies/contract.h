// SPDX-License-Identifier: Apache-2.0
#pragma once

// The names that proxy and backend use towards each other in HTTP, and the short texts that
// travel under them. It knows nothing of messages or connections. Pure functions and constants,
// any thread. Used by proxy/exchange (which adds and strips) and backend_sdk (which reads and
// adds).

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace understudy {

// Request, proxy to backend.
inline constexpr std::string_view kViewSeenHeader = "Understudy-View-Seen";    // 16 hex digits
inline constexpr std::string_view kRequestIdHeader = "Understudy-Request-Id";  // 16 hex digits
inline constexpr std::string_view kFailoverHeader = "Understudy-Failover";     // kFailover...
inline constexpr std::string_view kDrainingHeader = "Understudy-Draining";     // kDraining...
// Milliseconds since the request came to the proxy; not said below one.
inline constexpr std::string_view kWaitedHeader = "Understudy-Waited";
// Ids of earlier requests whose whole answers have come to the proxy: it sends none of them again.
inline constexpr std::string_view kAnsweredHeader = "Understudy-Answered";  // format_answered

// Member to member: relayed once already (PROTOCOL 1.4); relay_mark.h.
inline constexpr std::string_view kRelayedHeader = "Understudy-Relayed";

// Response, backend to proxy.
inline constexpr std::string_view kViewHeader = "Understudy-View";        // view_header.h
inline constexpr std::string_view kSessionHeader = "Understudy-Session";  // kSession...
inline constexpr std::string_view kRouteHeader = "Understudy-Route";      // a mid, with 421
inline constexpr std::string_view kHandledHeader =
    "Understudy-Handled";  // kHandledNo, with 421 or 503

// The weblogic dialect. Request.
inline constexpr std::string_view kWeblogicClusterInfoHeader = "X-WebLogic-Request-ClusterInfo";
inline constexpr std::string_view kWeblogicForceJvmidHeader = "X-WebLogic-Force-JVMID";
inline constexpr std::string_view kWeblogicKeepAliveHeader = "X-WebLogic-KeepAliveSecs";
inline constexpr std::string_view kWlProxySslHeader = "WL-Proxy-SSL";
inline constexpr std::string_view kWlProxyClientIpHeader = "WL-Proxy-Client-IP";
inline constexpr std::string_view kWlProxyClientPortHeader = "WL-Proxy-Client-Port";
inline constexpr std::string_view kWlProxyClientCertHeader = "WL-Proxy-Client-Cert";
inline constexpr std::string_view kProxyClientIpHeader = "Proxy-Client-IP";
// In every dialect, RFC 9440: of a client's certificate that was verified.
inline constexpr std::string_view kClientCertHeader = "Client-Cert";
inline constexpr std::string_view kClientCertChainHeader = "Client-Cert-Chain";
// The weblogic dialect again. Request and response.
inline constexpr std::string_view kWeblogicClusterHashHeader = "X-WebLogic-Cluster-Hash";
// Response.
inline constexpr std::string_view kWeblogicClusterListHeader = "X-WebLogic-Cluster-List";
inline constexpr std::string_view kWeblogicJvmidHeader = "X-WebLogic-JVMID";

// Understudy-Failover: why the proxy does not ask the member that the cookie names as primary.
inline constexpr std::string_view kFailoverRefused = "refused";  // its port refused the connection
inline constexpr std::string_view kFailoverTimeout = "timeout";  // no answer, or no address
inline constexpr std::string_view kFailoverUnreachable =
    "unreachable";                                           // it may live: no way there
inline constexpr std::string_view kFailoverReset = "reset";  // the connection broke
inline constexpr std::string_view kFailoverView = "view";    // the view says dead or left
inline constexpr std::string_view kFailoverUnavailable = "unavailable";  // it answered 503
inline constexpr std::string_view kFailoverRoute = "route";              // it answered 421
inline constexpr std::string_view kFailoverCheck = "check";              // a health check failed
inline constexpr std::string_view kFailoverDrain = "drain";  // an operator sends its sessions away

// Understudy-Draining: the member that is asked gets no new sessions, because an operator or the
// member itself wants it so. Those it has stay, or go elsewhere with their next request.
inline constexpr std::string_view kDrainingKeep = "keep";
inline constexpr std::string_view kDrainingMove = "move";

// Understudy-Session: what the client's session has been through.
inline constexpr std::string_view kSessionSolo = "solo";            // no copy exists right now
inline constexpr std::string_view kSessionLost = "lost";            // a new one replaces it
inline constexpr std::string_view kSessionRecovered = "recovered";  // served without the last proof
// With 503: its client may have been shown more since it sent this request, and only the cookie
// that it has by now can tell. Sent again by a proxy it would be refused again.
inline constexpr std::string_view kSessionOutdated = "outdated";

// Understudy-Handled: the handler has not seen the request, nor will it: whoever still has all of
// it may send it elsewhere, whatever its method.
inline constexpr std::string_view kHandledNo = "no";

// GET kViewPath is answered by the SDK itself, never by the application, with 200 and the same text
// as the Understudy-View header as body. With `?wait=MS` and Understudy-View-Seen: HASH it is a
// long poll: answered when the view's hash is no longer HASH, or after MS with the hash alone.
inline constexpr std::string_view kViewPath = "/.understudy/view";
inline constexpr std::string_view kViewWaitParameter = "wait";
inline constexpr std::chrono::milliseconds kViewWaitMax{60'000};

// The cluster's name where the configuration gives none; proxy and members must agree on it,
// because every signature covers it.
inline constexpr std::string_view kDefaultClusterName = "understudy";

// The out-of-line part of is_contract_header; call that one.
bool has_contract_prefix(std::string_view name);

// True for every name that only proxy and backend may use: understudy-*, x-weblogic-*, wl-proxy-*,
// client-cert*, proxy-client-ip*, in any letter case and with '_' for '-'. Matches by prefix, so
// that names of later versions cannot pass either. Called for every header line: most are refused
// by their first byte.
inline bool is_contract_header(std::string_view name) {
  if (name.size() < 9) return false;  // shorter than "WL-Proxy-"
  const char first = static_cast<char>(name[0] | 0x20);
  return (first == 'u' || first == 'x' || first == 'w' || first == 'c' || first == 'p') &&
         has_contract_prefix(name);
}

// A request id or a view's hash: exactly 16 lower-case hex digits.
inline constexpr std::size_t kHex64Bytes = 16;
using Hex64 = std::array<char, kHex64Bytes>;
Hex64 format_hex64(std::uint64_t value);
// Nothing but 16 lower-case hex digits is accepted, so one value has one text.
std::optional<std::uint64_t> parse_hex64(std::string_view text);

// Understudy-Answered: 1 to 4 request ids of 16 hex digits, separated by commas.
inline constexpr std::size_t kAnsweredIdsMax = 4;
using AnsweredText = std::array<char, kAnsweredIdsMax*(kHex64Bytes + 1) - 1>;
// `ids`: 1 to kAnsweredIdsMax. The view is into `room`.
std::string_view format_answered(std::span<const std::uint64_t> ids, AnsweredText& room);
struct AnsweredIds {
  std::array<std::uint64_t, kAnsweredIdsMax> ids{};
  std::size_t count = 0;

  std::span<const std::uint64_t> view() const { return {ids.data(), count}; }
  bool operator==(const AnsweredIds&) const = default;
};
// None at all of a list with anything else in it, and none where 0 is named, which is no id: a
// member that forgets too little loses memory, one that forgets too much runs a request twice.
AnsweredIds parse_answered(std::string_view text);

// A member's incarnation number in cookies, views and Understudy-Route: its four bytes, most
// significant first, as 6 characters of base64url.
inline constexpr std::size_t kMidBytes = 6;
using MidText = std::array<char, kMidBytes>;
MidText format_mid(std::uint32_t mid);
std::optional<std::uint32_t> parse_mid(std::string_view text);

// A JVMID is a signed decimal on the wire; inside it is a mid of the same 32 bits.
// Refused: a plus sign, leading zeros, "-0", anything outside 32 bits.
std::optional<std::uint32_t> parse_jvmid(std::string_view text);
inline std::int32_t jvmid(std::uint32_t mid) {
  return static_cast<std::int32_t>(mid);
}

}  // namespace understudy
