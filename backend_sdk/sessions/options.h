// SPDX-License-Identifier: Apache-2.0
// SessionOptions: the named limits of sessions and of requests that wait (PROTOCOL 2.1, 2.4). A
// value.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"

namespace understudy {

struct SessionOptions {
  Duration timeout = std::chrono::minutes(30);  // of a session that sets none itself
  // A login's former id leads to the session for requests that came before it, for so long; and
  // for those that came so much later, for they may have been in flight from their client (I5).
  Duration alias_kept = std::chrono::seconds(30);
  Duration alias_in_flight = std::chrono::seconds(1);
  Duration tombstone_kept = std::chrono::minutes(5);  // at least 2 G
  Duration pointer_kept = std::chrono::minutes(5);
  Duration exclusive_wait = std::chrono::seconds(5);
  Duration park_max = std::chrono::seconds(45);  // a request waits for ownership; at least G + 2 s
  Duration lookup_timeout = std::chrono::milliseconds(500);
  Duration retry_after = std::chrono::seconds(1);
  Duration drain_timeout = std::chrono::seconds(30);
  Duration quiet_before_bulk = std::chrono::seconds(2);  // after a view, before copying in bulk
  // A committed request is remembered for so long, unless its proxy says before that it has the
  // answer. A request that is older is not run. At least 2 park_max.
  Duration request_memory = std::chrono::seconds(120);
  // For a session that no member has room for: the first pause, doubled up to the second.
  Duration place_retry = std::chrono::seconds(1);
  Duration place_retry_max = std::chrono::seconds(60);

  size_t sessions_max = 1'000'000;
  uint64_t sessions_bytes_max = 4ull << 30;  // of all sessions served here
  size_t bytes_soft = 256u << 10;            // logged once per session
  size_t bytes_max = 4u << 20;
  size_t stored_response_max = 16u << 10;
  size_t requests_max = 65'536;   // between begin and commit
  size_t parked_max = 16'384;     // of them waiting for ownership
  size_t session_queue_max = 32;  // waiting for exclusivity, for the same request id, or for room
  size_t requests_remembered = 128;      // of one session, those that run included
  size_t answered_index_max = 1u << 20;  // remembered requests that are found by an answered id
  size_t lookups_max = 1024;
  size_t tombstones_max = 200'000;
  size_t pointers_max = 1'000'000;
  uint64_t bulk_bytes_per_second = 50u << 20;
  size_t slice = 125;  // sessions that change hands in one turn of the loop
};

}  // namespace understudy
