// SPDX-License-Identifier: Apache-2.0
// Whether the way to the machine at the other end of a TCP connection is still there: what its
// kernel acknowledges, whatever the application does there. No loop, no state; any thread.
//
// TCP_USER_TIMEOUT is no part of it: Linux also ends a connection by it whose peer acknowledges
// everything but keeps its window closed, that is, one that is only slow to read.
#pragma once

#include <chrono>
#include <optional>

#include "base/fd.h"
#include "base/result.h"

namespace understudy {

// Has the kernel ask for a sign of life whenever the connection is idle; without one for `time`
// (at least kProbingMin) it breaks with ETIMEDOUT. While bytes of ours wait to be taken or
// acknowledged it does not ask. TCP only.
inline constexpr std::chrono::seconds kProbingMin{2};
void probe_when_idle(const Fd& fd, std::chrono::seconds time);

// What the peer's machine has let us know of what it was sent.
struct Acknowledgements {
  bool is_waited_for = false;              // sent data, or a probe, has not been acknowledged
  std::chrono::milliseconds since_ack{};   // the last one came so long ago
  std::chrono::milliseconds since_sent{};  // data was sent so long ago, or sent again
};
// nullopt: no TCP connection.
std::optional<Acknowledgements> acknowledgements(int fd);

// What a connection broke of, by its errno: kReadTimeout when nothing came from the peer's machine
// any more, or the network said that it cannot be reached; else kReset.
ErrorCode broken_code(int error_number);

}  // namespace understudy
