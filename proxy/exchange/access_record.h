// SPDX-License-Identifier: Apache-2.0
// What there is to say about an exchange that has ended, and the seam to the access log that writes
// it down. The record's views die with the call. Formatting is not done here. Worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "proxy/exchange/downstream.h"

namespace understudy {

// As nginx writes it; it is in no response.
inline constexpr unsigned kClientClosedRequest = 499;

// What became of a second try beside the first (HedgeDelay).
enum class HedgeOutcome : uint8_t { kNone, kLost, kWon };

struct AccessRecord {
  const Client& client;  // our peer
  // Of whom a trusted proxy speaks; empty: the peer is the client.
  std::string_view remote_host = {};
  // The request's head as received, request line and empty line included. Empty when it could not
  // be understood or was not HTTP/1.
  std::string_view head;
  std::string_view method;
  std::string_view target;
  std::string_view version;  // "HTTP/1.1"

  unsigned status = 0;  // kClientClosedRequest: the client went away before it got one
  uint64_t body_bytes_sent = 0;
  uint64_t body_bytes_received = 0;
  // Of the response's head and of framing that we added; under HTTP/2 before compression.
  uint64_t head_bytes_sent = 0;
  bool keeps_alive = false;       // the connection, behind this response
  uint64_t earlier_requests = 0;  // on the same connection
  // "name: value" CRLF, those of AccessLog::response_fields() that the response had.
  std::string_view response_fields = {};
  Duration duration{};
  bool aborted = false;  // the response is not complete

  std::string_view member = {};          // the one that answered, or was asked last; empty: none
  std::optional<uint32_t> primary = {};  // of the cookie
  std::optional<uint32_t> secondary = {};
  std::string_view why = {};              // why that member: routing::ChoiceText
  std::string_view failure = {};          // why there is no better answer; empty when all is well
  uint64_t request_id = 0;                // 0: none was given
  std::string_view kept_request_id = {};  // of a trusted proxy, in place of ours
  HedgeOutcome hedge = HedgeOutcome::kNone;
  unsigned tries = 0;  // members asked
};

class AccessLog {
 public:
  virtual ~AccessLog() = default;
  // What of a response's head has to be kept until write().
  virtual const std::vector<std::string>& response_fields() const = 0;
  virtual void write(const AccessRecord& record) = 0;
};

}  // namespace understudy
