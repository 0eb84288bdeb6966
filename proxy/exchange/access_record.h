// SPDX-License-Identifier: Apache-2.0
// What there is to say about an exchange that has ended, and the seam to whoever writes it down.
// The record's views die with the call. Formatting is not done here. Worker thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "proxy/exchange/downstream.h"

namespace understudy {

// As nginx writes it; it is in no response.
inline constexpr unsigned kClientClosedRequest = 499;

struct AccessRecord {
  const Client& client;
  // The request's head as received, request line and empty line included. Empty when it could not
  // be understood or was not HTTP/1.
  std::string_view head;
  std::string_view method;
  std::string_view target;
  std::string_view version;  // "HTTP/1.1"

  unsigned status = 0;  // kClientClosedRequest: the client went away before it got one
  uint64_t body_bytes_sent = 0;
  uint64_t body_bytes_received = 0;
  Duration duration{};
  bool aborted = false;  // the response is not complete

  std::string_view member = {};          // the one that answered, or was asked last; empty: none
  std::optional<uint32_t> primary = {};  // of the cookie
  std::optional<uint32_t> secondary = {};
  std::string_view why = {};      // why that member: routing::ChoiceText
  std::string_view failure = {};  // why there is no better answer; empty when all is well
  uint64_t request_id = 0;        // 0: none was given
  unsigned tries = 0;             // members asked
};

class AccessLog {
 public:
  virtual ~AccessLog() = default;
  virtual void write(const AccessRecord& record) = 0;
};

}  // namespace understudy
