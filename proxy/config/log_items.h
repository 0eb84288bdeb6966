// SPDX-License-Identifier: Apache-2.0
// The letters of a LogFormat (Apache's mod_log_config, mod_ssl's %{NAME}x, and %{NAME}u of our
// own), read once when the configuration is loaded. The access log's writer renders them. A value
// of the immutable Config; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/tls_peer.h"

namespace understudy::config {

inline constexpr std::size_t kLogItemsMax = 128;

enum class LogLetter : std::uint8_t {
  kText,
  kClientHost,  // %h %a: of whom a trusted proxy speaks, else the peer
  kPeerHost,    // %{c}a %{c}h
  kNothing,     // what a proxy never knows: a dash
  kTime,        // in Apache's form
  kTimeInFormat,
  kRequestLine,
  kStatus,
  kBodySentOrDash,
  kBodySent,
  kBytesReceived,
  kBytesSent,
  kBytesMoved,
  kMicroseconds,
  kMilliseconds,
  kSeconds,
  kRequestField,
  kResponseField,
  kCookie,
  kVersion,
  kMethod,
  kPath,
  kQuery,
  kServerName,
  kHost,
  kLocalPort,
  kRemotePort,
  kEarlierRequests,   // %k
  kConnectionStatus,  // %X
  kTls,
  kPrimary,
  kSecondary,
  kMember,
  kWhy,
  kFailure,
  kTries,
  kHedge,
  kRequestId,
};

struct LogItem {
  LogLetter letter = LogLetter::kText;
  std::string text = {};  // kText; the name or format of others
  TlsFact fact = TlsFact::kProtocol;
  bool is_end = false;  // of the times: when the response ended
  // "%400,503{X}i" and "%!200i": only for these, or only for others; empty: always.
  std::vector<std::uint16_t> statuses = {};
  bool is_negated = false;
};

// How what comes from outside is written, so that no byte of it can begin a line or end a value.
enum class LogEscape : std::uint8_t { kApache, kJson };

// kInvalid names the letter that is not known. `dashes`, where given, gets those that mean nothing
// here and are logged as a dash, each with the reason.
Result<std::vector<LogItem>> parse_log_format(std::string_view format,
                                              std::string* dashes = nullptr);

}  // namespace understudy::config
